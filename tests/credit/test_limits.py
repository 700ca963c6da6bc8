"""Setting a limit by decision."""

from typing import Any

import pytest
from moneyed import Money

from credit.models import LimitEntry
from credit.operations import limits
from lib.refusals import Invalid, Refused
from tests import shops
from tests.amounts import usd
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

AT = "2026-11-03 10:00"


def set_limit(shop: shops.Shop, amount: Any, currency: str = "USD", reason: str = "asked") -> None:
    limits.set_limit(
        merchant_id=shop.line.pk,
        limit=Money(amount, currency),
        actor="olga@tael.example",
        reason=reason,
        now=shop.at(AT),
    )


def test_a_limit_below_what_is_used_leaves_nothing_until_payments_come() -> None:
    shop = shops.join("2026-11-01 10:00")
    shop.place("2026-11-02 10:00", "A", "1000.00")
    set_limit(shop, "400")
    assert shop.limit() == ("400.00", "1000.00", "0.00")
    assert shop.place(AT, "B", "0.01") == "declined insufficient_credit"
    shop.pay(AT, "A", "700.00")
    assert shop.limit() == ("400.00", "300.00", "100.00")
    entry = LimitEntry.objects.get(kind="LIMIT_SET")
    figures = (entry.limit_change, entry.limit_after, entry.used_after)
    assert figures == (usd(-4600), usd(400), usd(1000))
    assert (entry.actor, entry.reason) == ("olga@tael.example", "asked")


@pytest.mark.parametrize(
    ("amount", "currency", "reason"),
    [
        ("-0.01", "USD", "asked"),
        ("5000", "USD", "asked"),
        ("5000.001", "USD", "asked"),
        ("6000", "EUR", "asked"),
        ("6000", "USD", " "),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(amount: str, currency: str, reason: str) -> None:
    shop = shops.join("2026-11-01 10:00")
    with nothing_changes(), pytest.raises((Invalid, Refused)):
        set_limit(shop, amount, currency, reason)
