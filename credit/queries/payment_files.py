"""Reads what is in a file for the bank. Nothing here writes."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Sum
from moneyed import Money

from credit.models import PaymentFile, Withdrawal
from lib import money


@dataclass(frozen=True)
class Part:
    """The withdrawals of a file in one currency."""

    count: int
    total: Money  # its control sum


def part(file: PaymentFile, currency: str) -> Part:
    """How many withdrawals in this currency are in the file, and what their amounts come to,
    without fees. Where books are in cells, those that were moved to another cell since are not
    counted.
    """
    found = Withdrawal.objects.filter(batch=file.name, currency=currency)
    total = found.aggregate(total=Sum("amount", default=Decimal(0)))["total"]
    return Part(found.count(), money.of(total, currency))
