"""Reads credit lines. Nothing here writes."""

from collections.abc import Sequence
from datetime import datetime

from credit.models import CreditLine
from lib import prepared
from merchants.models import Merchant

DAY_ENDS_FROM = "SELECT min(open_until) FROM credit_creditline"


def with_a_day_to_work_off(now: datetime) -> Sequence[int]:
    """The ids of the lines, closed ones included, whose open day has ended by `now`; in their
    order.
    """
    return list(
        CreditLine.objects.filter(open_until__lte=now).order_by("pk").values_list("pk", flat=True)
    )


def day_ends_from() -> datetime | None:
    """The earliest instant at which the open day of any line ends; None if there is no line."""
    row = prepared.row(DAY_ENDS_FROM, ())
    return row[0] if row else None


def of_merchant(merchant: Merchant) -> CreditLine | None:
    """The merchant's credit line, or None before it has one."""
    return CreditLine.objects.filter(merchant=merchant).first()
