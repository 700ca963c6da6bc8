"""On whom the used part of a limit hangs, and what one buyer owes. Nothing here writes."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, F, Q, Sum
from moneyed import Money

from credit.models import CreditLine, Order
from lib import money


@dataclass(frozen=True)
class Exposure:
    """How much of what is used hangs on one buyer, or on buyers of one risk."""

    buyer: str
    buyer_risk: int | None
    orders: int
    outstanding: Money
    share: Decimal  # of what is used, 0 to 1

    @property
    def percent(self) -> int:
        return int(self.share * 100)


def by_buyer(line: CreditLine, most: int = 20) -> list[Exposure]:
    """The buyers who owe most, largest first."""
    rows = (
        Order.objects.filter(line=line)
        .open()
        .values("buyer")
        .annotate(orders=Count("pk"), owed=Sum("outstanding"))
        .order_by("-owed", "buyer")[:most]
    )
    return [_exposure(line, row["buyer"], None, row["orders"], row["owed"]) for row in rows]


OWED = F("outstanding") + F("written_off") - F("recovered") - F("refunded_written_off")


def owed_by(line: CreditLine, buyer: str) -> Decimal:
    """What the buyer owes the shop: of open orders, and of what was written off.

    Buyers are told apart exactly as the platform writes them. The index `order_owed_by_buyer` has
    these orders alone. Rule 6.3.
    """
    owing = Q(status__in=[Order.Status.OPEN, Order.Status.WRITTEN_OFF])
    owed: Decimal = Order.objects.filter(owing, line=line, buyer=buyer).aggregate(
        owed=Sum(OWED, default=Decimal(0))
    )["owed"]
    return owed


def by_risk(line: CreditLine) -> list[Exposure]:
    """What buyers of each risk rank owe, by rank."""
    rows = (
        Order.objects.filter(line=line)
        .open()
        .values("buyer_risk")
        .annotate(orders=Count("pk"), owed=Sum("outstanding"))
        .order_by("buyer_risk")
    )
    return [_exposure(line, "", row["buyer_risk"], row["orders"], row["owed"]) for row in rows]


def _exposure(
    line: CreditLine, buyer: str, risk: int | None, orders: int, owed: Decimal
) -> Exposure:
    share = owed / line.used if line.used else Decimal(0)
    return Exposure(buyer, risk, orders, money.of(owed, line.currency), share)
