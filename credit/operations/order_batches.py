"""Takes many steps of orders at once, with the outcome of one by one (rule 20.11).

Whether a step is taken depends on its line and its order alone, both of which are locked and in
memory: so it is decided here by the very functions that decide about one (`orders.decided`,
`order_steps.note_shipment` and `note_delivery`, `payments.cover` and `unmatched`,
`metrics.check`), and what it writes is kept for a few statements (`order_writes`). Whatever else
comes of a step (a refusal, a repeat, a limit that is nearly used, a day that has to end first) is
left to the operation for one, once all steps before it are written.
"""

from collections.abc import Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, NamedTuple, TypeVar

from django.db import transaction
from moneyed import Money

from credit.models import CreditLine, Order, ShopMetrics
from credit.operations import metrics, order_steps, orders, payments, usage
from credit.operations.order_writes import OrderWriter
from lib import arrival
from lib.refusals import Refused

T = TypeVar("T")


class Done(NamedTuple):
    """What a step wrote, or found written, and whether it is new."""

    row: Any
    is_new: bool


@dataclass(frozen=True, slots=True)
class Placing:
    """An order that is to be placed (orders.place)."""

    terms: orders.Terms
    at: datetime

    @property
    def order(self) -> str:
        """The order's reference."""
        return self.terms.reference


@dataclass(frozen=True, slots=True)
class Shipment:
    """An order that left the shop (order_steps.ship)."""

    order: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """An order that its buyer received (order_steps.deliver)."""

    order: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Cash:
    """What a buyer paid for an order (payments.receive)."""

    order: str
    reference: str
    amount: Money
    at: datetime


@dataclass(frozen=True, slots=True)
class Measured:
    """The metrics of a shop (metrics.report)."""

    values: dict[str, Decimal]
    at: datetime


What = Placing | Shipment | Delivery | Cash | Measured


@dataclass(frozen=True, slots=True)
class Step(Generic[T]):
    """A step that arrives at `now`. `by_itself` runs its own operation and returns what came of it,
    or raises; a step whose `what` is None always goes that way.
    """

    merchant_id: int
    what: What | None
    now: datetime
    by_itself: Callable[[], T]


@transaction.atomic
def take(steps: Sequence[Step[T]]) -> list[Done | T | Refused]:
    """Take the steps in the order given, each as its own operation would; all their lines are
    locked, in the order of their keys, until the transaction ends.

    Returns for each step what it wrote, what its `by_itself` returned, or the refusal that it met,
    which does not hold up the others. Any other error is raised, and undoes all of them.
    """
    batch = _Batch(steps)
    outcomes: list[Done | T | Refused] = []
    for step in steps:
        done = batch.take(step)
        if done is not None:
            outcomes.append(done)
            continue
        batch.leave(step)
        try:
            outcomes.append(step.by_itself())
        except Refused as refusal:
            outcomes.append(refusal)
    batch.writer.flush()
    return outcomes


class _Batch:
    """The locked lines and the orders of the steps, as they stand after the steps so far. What is
    not in the database yet is with `writer`.
    """

    def __init__(self, steps: Sequence[Step[Any]]) -> None:
        """Lock and read the lines of these steps, with the orders, payments and metrics that the
        steps name, all at once.
        """
        self.writer = OrderWriter()
        self._named = _named(steps)
        known = self.writer.look(
            sorted({step.merchant_id for step in steps}),
            self._named,
            [(one.merchant_id, one.what.reference) for one in steps if isinstance(one.what, Cash)],
            [(one.merchant_id, one.what.at) for one in steps if isinstance(one.what, Measured)],
        )
        self._lines, self._orders, self._payments, self._metrics = known
        self._left: set[int] = set()  # merchants whose rows have to be read anew

    def leave(self, step: Step[Any]) -> None:
        """Prepare for the step's own operation, which is about to run alone: write what was taken
        of its merchant so far, and note that the merchant's rows have to be read again afterwards.
        """
        if self.writer.holds(step.merchant_id):
            self.writer.flush()
        self._left.add(step.merchant_id)
        if isinstance(step.what, Cash):
            self._payments.add((step.merchant_id, step.what.reference))
        elif isinstance(step.what, Measured):
            self._metrics.add((step.merchant_id, step.what.at))

    def take(self, step: Step[Any]) -> Done | Refused | None:
        """Take the step with the others. Returns what it wrote or found written; or a refusal,
        which leaves nothing behind, except that of cash which is kept as UNMATCHED; or None, with
        nothing changed, for a step that has to go alone. A line whose day has ended goes alone.
        What was done counts at `line.now`, which becomes the line's last instant.
        """
        if step.what is None:
            return None
        if step.merchant_id in self._left:
            self._read_anew(step.merchant_id)
        line = self._lines.get(step.merchant_id)
        if line is None:
            return None
        line.now = max(step.now, line.last_wrote_at)
        if line.open_until <= line.now:
            return None
        try:
            done = self._taken(step.what, line)
        except Refused as refusal:
            # Of others, its operation says so, which may keep something.
            return refusal if isinstance(step.what, Shipment | Delivery) else None
        if done is not None:
            line.last_wrote_at = line.now
            self.writer.note(line)
        return done

    def _taken(self, what: What, line: CreditLine) -> Done | Refused | None:
        """Take the step, by its kind, into what the next flush writes. Returns what it did, or a
        refusal that leaves something behind, or None if the step has to go alone; raises Refused.
        """
        match what:
            case Placing():
                return self._place(what, line)
            case Shipment():
                return self._ship(what, line)
            case Delivery():
                return self._deliver(what, line)
            case Cash():
                return self._receive(what, line)
            case Measured():
                return self._measure(what, line)

    def _place(self, placing: Placing, line: CreditLine) -> Done | None:
        """Open the order on the line, or decline it, to be written at the next flush. Returns None
        for one that has to be placed alone: a repeat, a line with a cap for each buyer, and one
        that uses enough of the limit for a notice. Raises Refused.
        """
        terms = placing.terms
        if (line.pk, terms.reference) in self._orders or line.buyer_cap is not None:
            return None  # a repeat; what a buyer owes is not in the line's row
        terms.check()
        order = orders.decided(terms, line, placing.at)
        if usage.reached(*orders.uses(order, line)) is not None:
            return None
        line.used += order.outstanding
        self._orders[line.pk, terms.reference] = order
        self.writer.place(order, line)
        return Done(order, is_new=True)

    def _ship(self, shipment: Shipment, line: CreditLine) -> Done | None:
        """Note the shipment on its order, to be written at the next flush. If the order was
        shipped before, nothing changes, whatever the instant, and the result has `is_new`
        False. Returns None for an unknown order. Raises OrderNotOpen for a declined or
        cancelled order, and WrongInstant for an instant at which it cannot have been shipped.
        """
        order = self._written(line, shipment.order)
        if order is None:
            return None
        is_new = order_steps.note_shipment(order, line, shipment.at)
        if is_new:
            self.writer.change(order)
        return Done(order, is_new)

    def _deliver(self, delivery: Delivery, line: CreditLine) -> Done | None:
        """Note the delivery on its order, to be written at the next flush. Returns None for an
        unknown order, and for one that is overdue by then, of which the merchant is told. Raises
        Refused.
        """
        known = self._written(line, delivery.order)
        if known is None:
            return None
        order = copy(known)
        is_new = order_steps.note_delivery(order, line, delivery.at)
        if is_new and order_steps.was_due(order, line):
            return None  # of which the merchant is told
        if is_new:
            self._orders[line.pk, delivery.order] = order
            self.writer.change(order)
        return Done(order, is_new)

    def _receive(self, cash: Cash, line: CreditLine) -> Done | payments.Unmatched | None:
        """Count the payment to its order and line, to be written at the next flush; one that its
        order cannot take is kept as UNMATCHED, and its refusal returned. Returns None for one that
        has to be received alone: an unknown or repeated reference, a frozen line, a debt that was
        written off, an amount that is not above 0. Raises Refused.
        """
        order = self._written(line, cash.order)
        key = (line.pk, cash.reference)
        if order is None or key in self._payments or line.is_frozen or cash.amount.amount <= 0:
            return None  # what lifts a freeze is more than the line's row tells
        payment, paid_at = payments.reported(line, order, cash.reference, cash.amount, cash.at)
        if not order.is_open or payment.amount > order.outstanding:
            if payment.amount <= order.left_to_recover:
                return None
            self._payments.add(key)
            self.writer.keep(payment)
            return payments.unmatched(payment)
        payments.cover(payment, line)
        self._payments.add(key)
        self.writer.pay(payment, line, matures_on=payments.matures_on(line, paid_at))
        return Done(payment, is_new=True)

    def _measure(self, measured: Measured, line: CreditLine) -> Done | None:
        """Have the metrics written at the next flush. Returns None if metrics of that instant are
        known already. Raises Refused.
        """
        key = (line.pk, measured.at)
        if key in self._metrics:
            return None
        metrics.check(measured.values)
        arrival.check(measured.at, arrived=line.now)
        self._metrics.add(key)
        row = ShopMetrics(line=line, at=measured.at, arrived_at=line.now, **measured.values)
        self.writer.measure(row)
        return Done(row, is_new=True)

    def _written(self, line: CreditLine, reference: str) -> Order | None:
        """The line's order with this reference, None if there is none. An order that is not in the
        database yet is inserted first, with all else that waits; changes of one that is in it
        already may go on waiting.
        """
        order = self._orders.get((line.pk, reference))
        if order is not None and order._state.adding:
            self.writer.flush()
        return order

    def _read_anew(self, merchant_id: int) -> None:
        """Lock and read again the line and orders of this merchant, which an operation may have
        written.

        Nothing of it may wait for the next flush: `leave` was called for the merchant before.
        """
        self._left.remove(merchant_id)
        named = [key for key in self._named if key[0] == merchant_id]
        for key in named:
            self._orders.pop(key, None)
        known = self.writer.look([merchant_id], named, [], [])
        self._lines |= known.lines
        self._orders |= known.orders


def _named(steps: Iterable[Step[Any]]) -> list[tuple[int, str]]:
    """The keys of the orders that the steps name, as (line's key, reference), each once."""
    named = {
        (step.merchant_id, step.what.order): None
        for step in steps
        if step.what is not None and not isinstance(step.what, Measured)
    }
    return list(named)
