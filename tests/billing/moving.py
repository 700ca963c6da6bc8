"""What tests of a change of time zone have in common: a shop that moves on 1 December 2026."""

from datetime import datetime
from typing import Any

from tests import shops
from tests.billing import deciding

ASKED = "2026-11-10T12:00Z"


def moving(old: str, new: str, **more: Any) -> shops.Shop:
    """A shop that joined on 1 November 2026, so that 1 December is a plan date, and that moves to
    the time zone `new` on that day.
    """
    given = {"billing_threshold": "1000.00", "plan_price": "39.00", "timezone": old} | more
    shop = shops.join("2026-11-01 10:00", **given)
    period = deciding.change_time_zone(shop, ASKED, new)
    assert str(period.starts_on) == "2026-12-01"
    return shop


def at(text: str) -> datetime:
    """The instant in UTC."""
    return shops.instant(text)


def zones(shop: shops.Shop) -> set[tuple[str, str, datetime | None]]:
    """Zone, first day and instant of it, of the account and of the line; one if they agree."""
    return {
        (books.timezone, str(books.timezone_since_on), books.timezone_since_at)
        for books in (shop.account, shop.line)
    }
