"""Reads credit lines. Nothing here writes."""

from collections.abc import Sequence
from datetime import datetime

from credit.models import CreditLine
from merchants.models import Merchant


def with_a_day_to_work_off(now: datetime) -> Sequence[int]:
    """The ids of the lines whose open day has ended by `now`."""
    return list(
        CreditLine.objects.filter(open_until__lte=now).order_by("pk").values_list("pk", flat=True)
    )


def of_merchant(merchant: Merchant) -> CreditLine | None:
    return CreditLine.objects.filter(merchant=merchant).first()
