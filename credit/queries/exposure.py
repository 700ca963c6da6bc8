"""On whom the used part of a limit hangs: all open orders are read. Nothing here writes."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Sum
from moneyed import Money

from credit.models import CreditLine, Order
from merchants import money


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
