"""How a merchant's buyer has ordered and paid (rule 8.23). Nothing here writes.

A buyer is the exact name that the platform sends, or the pseudonym that replaced it.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_stubs_ext import StrOrPromise
from moneyed import Money

from credit.models import CreditLine, Order, OrderPayment
from credit.queries import buyer_list
from credit.queries.exposure import Debt, debt_of
from credit.rules import INSTALMENT_DAYS
from lib import calendar, money
from merchants.queries import local_day

LATEST = 1000  # orders of one buyer that are looked at
NEAR = timedelta(days=2)  # of a day's end, by which days of two time zones can differ


class Outcome(TextChoices):
    """What became of an order, as far as its buyer is concerned."""

    OPEN = "OPEN", pgettext_lazy("order", "Open")
    OVERDUE = "OVERDUE", _("Overdue")
    ON_TIME = "ON_TIME", _("Paid on time")
    LATE = "LATE", _("Paid late")
    WRITTEN_OFF = "WRITTEN_OFF", _("Written off")
    REFUNDED = "REFUNDED", _("Refunded")
    CANCELLED = "CANCELLED", _("Cancelled")
    DECLINED = "DECLINED", _("Declined")


@dataclass(frozen=True)
class Record:
    """How a buyer has ordered and paid at this shop: the LATEST orders, newest first."""

    buyer: str
    orders: Sequence[Order]
    outcome_of: dict[int, Outcome]  # by primary key
    has_more: bool  # older orders that are not looked at
    risk: int  # as the platform told it with the last order: 0 unknown, 1 low, 2 medium, 3 high
    bought: Money  # the orders that were neither declined nor cancelled
    debt: Debt  # by all of its orders, those that are not looked at too

    @property
    def counts(self) -> dict[str, int]:
        """How many of the latest orders came to each outcome; outcomes without orders are left
        out.
        """
        return Counter(self.outcome_of.values())

    @property
    def standings(self) -> list[tuple[str, StrOrPromise]]:
        """What there is to say of the buyer: codes of buyer_list.Standing, with their labels."""
        return buyer_list.standings_of(
            late=bool(self.counts.get(Outcome.OVERDUE)),
            lost=bool(self.debt.lost),
            holds=bool(self.debt.outstanding),
        )

    def keys(self, outcome: str) -> Sequence[int]:
        """The primary keys of the orders with this outcome, or of all for ""."""
        return [pk for pk, found in self.outcome_of.items() if outcome in ("", found)]


def record(line: CreditLine, buyer: str, *, today: date) -> Record | None:
    """How the buyer has ordered and paid at this shop, by the LATEST orders at most, as they stand
    on the local day `today`; the debt is that of all orders. None for a buyer who has never ordered
    here. Rule 8.23.
    """
    found = Order.objects.of_merchant(line.pk).filter(buyer=buyer).with_is_overdue(today)
    orders = list(found.order_by("-placed_at", "-pk")[: LATEST + 1])
    if not orders:
        return None
    latest = orders[:LATEST]
    payments = _payments(latest)
    bought = [order.amount for order in latest if order.status not in ("DECLINED", "CANCELLED")]
    return Record(
        buyer=buyer,
        orders=latest,
        outcome_of={order.pk: _outcome(line, order, payments[order.pk]) for order in latest},
        has_more=len(orders) > LATEST,
        risk=orders[0].buyer_risk,
        bought=money.total(bought, line.currency),
        debt=debt_of(line, buyer),
    )


def _payments(orders: Sequence[Order]) -> dict[int, list[OrderPayment]]:
    """The APPLIED payments of those of these orders that are PAID, oldest first, by the order's
    key.
    """
    paid = [order.pk for order in orders if order.status == Order.Status.PAID]
    found: dict[int, list[OrderPayment]] = defaultdict(list)
    applied = OrderPayment.objects.filter(order__in=paid, status=OrderPayment.Status.APPLIED)
    for payment in applied.order_by("pk"):
        found[payment.order_id].append(payment)
    return found


def _outcome(line: CreditLine, order: Order, payments: Sequence[OrderPayment]) -> Outcome:
    """What became of the order: ON_TIME or LATE if it is paid (late if any of its parts was),
    OVERDUE if it is, and else its status.
    """
    if order.status == Order.Status.PAID:
        return Outcome.LATE if _was_late(line, order, payments) else Outcome.ON_TIME
    if order.is_overdue:  # type: ignore[attr-defined]  # an annotation
        return Outcome.OVERDUE
    return Outcome(order.status)


def _was_late(line: CreditLine, order: Order, payments: Sequence[OrderPayment]) -> bool:
    """Whether any of the order's payments, given oldest first, came after the due day of the oldest
    part that was unpaid by then. False if it was never delivered.
    """
    if order.first_due_on is None:
        return False
    # What was paid before the order was brought along from elsewhere has no payment.
    before = order.paid - money.total((one.amount for one in payments), line.currency)
    for payment in payments:
        number = order.instalments - 1
        if order.part_amount:
            number = min(int(before.amount // order.part_amount.amount), number)
        due_on = order.first_due_on + timedelta(INSTALMENT_DAYS * number)
        if _is_after(line, payment.at, due_on):
            return True
        before += payment.amount
    return False


def _is_after(line: CreditLine, at: datetime, day: date) -> bool:
    """Whether the local day of `at` is after `day`. Which zone was in force then is only looked up
    where it matters.
    """
    end = calendar.day_end(day, line.timezone)
    return at >= end if abs(at - end) > NEAR else local_day(line, at) > day
