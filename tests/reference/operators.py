"""What people decide of a merchant, which no event tells (chapters 6, 7, 8, 14, 15 and 19)."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .credit import Freeze, Refused

if TYPE_CHECKING:
    from .model import Merchant


def change_zone(owner: "Merchant", zone: str) -> None:
    """From the next local month on; a later choice before that takes its place."""
    next_month = (owner.open_day.replace(day=1) + timedelta(days=32)).replace(day=1)
    owner.calendar.change(next_month, zone)


def change_plan(owner: "Merchant", plan: tuple[Decimal, int]) -> None:
    """From the next plan date on, without proration."""
    check_open(owner)
    owner.account.next_plan = plan


def change_threshold(owner: "Merchant", threshold: Decimal) -> None:
    """It bills nothing by itself."""
    check_open(owner)
    owner.account.threshold = threshold


def grant_credit(owner: "Merchant", credit: tuple[str, str, Decimal]) -> None:
    fee, category, amount = credit
    owner.account.grant(fee, category, amount, owner.open_day, fee=fee)


def void(owner: "Merchant", _: None) -> None:
    """The bill issued last of those that are open."""
    owner.account.void()
    owner.lift_if_paid()


def set_limit(owner: "Merchant", limit: Decimal) -> None:
    if limit == owner.line.limit:
        raise Refused("invalid")
    check_open(owner)
    owner.line.change("LIMIT_SET", limit=limit - owner.line.limit)


def change_days(owner: "Merchant", days: tuple[int, int]) -> None:
    """For deliveries and payments from now on."""
    if days == (owner.line.payment_days, owner.line.settlement_days):
        raise Refused("invalid")
    owner.line.payment_days, owner.line.settlement_days = days


def pause(owner: "Merchant", is_paused: bool) -> None:
    check_open(owner)
    owner.line.is_paused = is_paused


def set_caps(owner: "Merchant", caps: tuple[Decimal | None, Decimal | None]) -> None:
    check_open(owner)
    owner.line.order_cap, owner.line.buyer_cap = caps


def freeze(owner: "Merchant", reason: str) -> None:
    """A person's freezes add up; on a closed line only that for suspected fraud does anything."""
    if reason != "SUSPECTED_FRAUD":
        check_open(owner)
    owner.line.freezes.append(Freeze(reason, owner.open_day))


def lift(owner: "Merchant", reason: str) -> None:
    """The oldest in force; one for overdue orders comes back while its cause holds."""
    if reason not in owner.line.frozen_by():
        raise Refused("none")
    owner.line.lift(reason, owner.open_day)


def check_open(owner: "Merchant") -> None:
    if owner.line.is_closed:
        raise Refused("account_closed")


ACTS: dict[str, Callable[["Merchant", Any], None]] = {
    "zone": change_zone,
    "plan": change_plan,
    "threshold": change_threshold,
    "credit": grant_credit,
    "void": void,
    "limit": set_limit,
    "days": change_days,
    "pause": pause,
    "caps": set_caps,
    "freeze": freeze,
    "lift": lift,
}
