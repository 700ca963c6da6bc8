"""How much of a limit's use each buyer, or each risk rank of buyers, owes. Nothing here writes."""

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count, F, Q, Sum
from moneyed import Money

from credit.models import CreditLine, Order
from lib import money


@dataclass(frozen=True)
class Exposure:
    """What one buyer, or all buyers of one risk rank, owe of open orders, and its share of what is
    used.
    """

    buyer: str
    buyer_risk: int | None
    orders: int
    outstanding: Money
    share: Decimal  # of what is used, 0 to 1

    @property
    def percent(self) -> int:
        """The share of what the line uses that is owed here, in whole percent, rounded down."""
        return int(self.share * 100)


def by_buyer(line: CreditLine, most: int = 20) -> list[Exposure]:
    """The buyers who owe the most on open orders, largest debt first, at most `most` of them. Their
    `buyer_risk` is None.
    """
    rows = (
        Order.objects.filter(line=line)
        .open()
        .values("buyer")
        .annotate(orders=Count("pk"), owed=Sum("outstanding"))
        .order_by("-owed", "buyer")[:most]
    )
    return [_exposure(line, row["buyer"], None, row["orders"], row["owed"]) for row in rows]


LOST = F("written_off") - F("recovered") - F("refunded_written_off")


class Debt(NamedTuple):
    """What a buyer owes a shop."""

    outstanding: Money  # on open orders
    lost: Money  # written off, and neither recovered nor refunded

    @property
    def owed(self) -> Money:
        """All that the buyer owes: what is outstanding, and what was written off and is neither
        recovered nor refunded.
        """
        return self.outstanding + self.lost


def owed_by(line: CreditLine, buyer: str) -> Money:
    """The amount that the buyer owes the shop, all of `debt_of` together. Rule 6.3."""
    return debt_of(line, buyer).owed


def debt_of(line: CreditLine, buyer: str) -> Debt:
    """What the buyer owes the shop, over all of its open and written-off orders; 0 of both for a
    buyer who owes nothing or is not known. A buyer is the exact name that the platform sends. Rule
    6.3.
    """
    owing = Q(status__in=[Order.Status.OPEN, Order.Status.WRITTEN_OFF])
    sums = Order.objects.filter(owing, line=line, buyer=buyer).aggregate(
        outstanding=Sum("outstanding", default=Decimal(0)), lost=Sum(LOST, default=Decimal(0))
    )
    return Debt(money.of(sums["outstanding"], line.currency), money.of(sums["lost"], line.currency))


def by_risk(line: CreditLine) -> list[Exposure]:
    """What is owed on open orders by the risk rank that their buyers had when each was placed,
    lowest rank first; a rank without open orders is left out. The `buyer` of each is "".
    """
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
    """The exposure with this amount owed on so many orders, and its share of what is used of the
    line; a share of 0 if nothing is used. `risk` is None in a grouping by buyer.
    """
    outstanding = money.of(owed, line.currency)
    share = outstanding / line.used if line.used else Decimal(0)
    return Exposure(buyer, risk, orders, outstanding, share)
