"""The freezes of a line, and how close overdue payments are to one. Nothing here writes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import QuerySet
from moneyed import Money

from credit.models import CreditLine, Freeze
from credit.queries import policies
from credit.queries.overdue import overdue_of


@dataclass(frozen=True)
class Overdue:
    """What is overdue on a line, and the overdue amount that freezes it."""

    amount: Money
    freezes_from: Money  # so much overdue freezes; below, the freeze is lifted
    ratio: Decimal  # of the limit, 0 to 1

    @property
    def percent(self) -> Decimal:
        """The share of the limit that must be overdue for a freeze, as a number of percent."""
        return self.ratio * 100


def in_force(line: CreditLine) -> Sequence[Freeze]:
    """The line's freezes in force, oldest first."""
    return list(line.freezes.filter(lifted_at__isnull=True).order_by("placed_at", "pk"))


def are_for_invoices(merchant_id: int) -> bool:
    """Whether a freeze for an unpaid bill (UNPAID_BILL) is in force on the merchant's line; False
    without a line.
    """
    unpaid = Freeze.objects.filter(line=merchant_id, reason=Freeze.Reason.UNPAID_BILL)
    return unpaid.filter(lifted_at__isnull=True).exists()


def for_unpaid_from(line: CreditLine, standing: Iterable[Freeze], *, today: date) -> date | None:
    """The first day after `today` that freezes the line if a bill that is unpaid now still is as
    it starts; None if no bill will, or one of the freezes in force, `standing`, is for a bill
    already. Rule 16.11.
    """
    if any(freeze.is_for_an_unpaid_bill for freeze in standing):
        return None
    return min((day for day in line.unpaid_bill_days if day > today), default=None)


def past(line: CreditLine, *, reason: str = "") -> QuerySet[Freeze]:
    """The line's freezes that were lifted, in no order; only those for this reason, if one is
    given.
    """
    found = line.freezes.filter(lifted_at__isnull=False)
    return found.filter(reason=reason) if reason else found


def overdue(line: CreditLine, *, today: date) -> Overdue:
    """What is overdue on the line's open day, and how much freezes it by the policy in force on
    `today`.
    """
    ratio = policies.in_force(line.currency, today).overdue_ratio
    return Overdue(overdue_of(line), line.limit * ratio, ratio)
