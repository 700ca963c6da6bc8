"""Writes what many steps of orders come to in a few statements: orders, payments, proceeds, limit
entries, metrics, and the figures of their lines (rule 20.11).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from credit.models import CreditLine, LimitEntry, Order, OrderPayment, ShopMetrics
from credit.operations import lines, order_steps, orders
from lib import prepared, rows
from lib.parts import InSteps

Key = tuple[int, str]  # a line and a reference

LOCK = f"""
SELECT {lines.COLUMNS} FROM credit_creditline WHERE merchant_id = ANY(%(lines)s::bigint[])
ORDER BY merchant_id FOR NO KEY UPDATE
"""
# Each is looked up in the index (OFFSET 0 keeps it so), as in billing's charge_batches.
LOAD = f"""
SELECT known.* FROM unnest(%(lines)s::bigint[], %(references)s::text[]) AS named(line, reference)
CROSS JOIN LATERAL (
    SELECT {order_steps.COLUMNS} FROM credit_order
    WHERE line_id = named.line AND reference = named.reference OFFSET 0
) known
"""
KNOWN_PAYMENTS = """
SELECT named.line, named.reference
FROM unnest(%(lines)s::bigint[], %(references)s::text[]) AS named(line, reference)
WHERE EXISTS (SELECT FROM credit_orderpayment
              WHERE line_id = named.line AND reference = named.reference
              AND settlement_id IS NULL)
"""
KNOWN_METRICS = """
SELECT named.line, named.at
FROM unnest(%(lines)s::bigint[], %(instants)s::timestamptz[]) AS named(line, at)
WHERE EXISTS (SELECT FROM credit_shopmetrics WHERE line_id = named.line AND at = named.at)
"""
PLACE = """
INSERT INTO credit_order (line_id, reference, buyer, buyer_risk, currency, amount, instalments,
    part_amount, status, decline_code, outstanding, paid, refunded, refunded_written_off,
    written_off, recovered, placed_at, placed_said_at, cancel_reason)
SELECT line, reference, buyer, buyer_risk, currency, amount, instalments, part_amount, status,
       decline_code, outstanding, 0, 0, 0, 0, 0, placed_at, said_at, ''
FROM unnest(%(lines)s::bigint[], %(references)s::text[], %(buyers)s::text[], %(risks)s::int[],
            %(currencies)s::text[], %(amounts)s::numeric[], %(instalments)s::int[],
            %(parts)s::numeric[], %(statuses)s::text[], %(declines)s::text[],
            %(outstandings)s::numeric[], %(placed)s::timestamptz[], %(said)s::timestamptz[])
     WITH ORDINALITY
     AS new(line, reference, buyer, buyer_risk, currency, amount, instalments, part_amount, status,
            decline_code, outstanding, placed_at, said_at, place)
ORDER BY place
RETURNING line_id, reference, id
"""
CHANGE = """
UPDATE credit_order
SET shipped_at = now.shipped_at, shipped_told_at = now.shipped_told_at,
    delivered_at = now.delivered_at, delivered_told_at = now.delivered_told_at,
    delivered_told_on = now.delivered_told_on, first_due_on = now.first_due_on,
    due_on = now.due_on, paid = now.paid, outstanding = now.outstanding, status = now.status
FROM unnest(%(orders)s::bigint[], %(shipped_at)s::timestamptz[], %(shipped_told_at)s::timestamptz[],
            %(delivered_at)s::timestamptz[], %(delivered_told_at)s::timestamptz[],
            %(delivered_told_on)s::date[], %(first_due_on)s::date[], %(due_on)s::date[],
            %(paid)s::numeric[], %(outstanding)s::numeric[], %(status)s::text[])
     AS now(id, shipped_at, shipped_told_at, delivered_at, delivered_told_at, delivered_told_on,
            first_due_on, due_on, paid, outstanding, status)
WHERE credit_order.id = now.id
"""
# Payments in the order in which they came, those of open orders with their sales; cash that had
# been refused under one of their references is taken by it.
PAY = InSteps("""
WITH new AS (
    SELECT * FROM unnest(%(lines)s::bigint[], %(orders)s::bigint[], %(references)s::text[],
                         %(currencies)s::text[], %(amounts)s::numeric[], %(statuses)s::text[],
                         %(refusals)s::text[], %(said)s::timestamptz[], %(arrived)s::timestamptz[],
                         %(mature)s::date[]) WITH ORDINALITY
         AS new(line_id, order_id, reference, currency, amount, status, refusal, said, arrived,
                matures_on, place)
), payment AS (
    INSERT INTO credit_orderpayment (line_id, order_id, reference, currency, amount, status,
                                     refusal, at, arrived_at, settled, settlement_id)
    SELECT line_id, order_id, reference, currency, amount, status, refusal, said, arrived, 0, NULL
    FROM new ORDER BY place
    RETURNING id, line_id, reference
), sale AS (
    INSERT INTO credit_proceedsentry (line_id, kind, currency, amount, order_id, payment_id,
                                      bill_payment, matures_on, at)
    SELECT line_id, 'SALE', currency, amount, order_id, id, '', matures_on, arrived
    FROM new JOIN payment USING (line_id, reference) WHERE new.status = 'APPLIED' ORDER BY place
), taken AS (
    UPDATE credit_refusedcash cash SET status = 'TAKEN', ended_at = new.arrived
    FROM new WHERE cash.line_id = new.line_id AND cash.kind = 'PAYMENT'
    AND cash.reference = new.reference AND cash.status = 'OPEN'
)
SELECT line_id, reference, id FROM payment
""")
ENTER = """
INSERT INTO credit_limitentry (line_id, order_id, kind, currency, limit_change, used_change,
                               limit_after, used_after, actor, reason, at)
SELECT line, ordered, kind, currency, 0, change, limit_after, used_after, 'platform', '', at
FROM unnest(%(lines)s::bigint[], %(orders)s::bigint[], %(kinds)s::text[], %(currencies)s::text[],
            %(changes)s::numeric[], %(limits)s::numeric[], %(used)s::numeric[],
            %(instants)s::timestamptz[]) WITH ORDINALITY
     AS new(line, ordered, kind, currency, change, limit_after, used_after, at, place)
ORDER BY place
"""
MEASURE = """
INSERT INTO credit_shopmetrics (line_id, rating, listing_quality, profile_completeness,
                                after_sales, at, arrived_at)
SELECT line, rating, listing, profile, after_sales, at, arrived
FROM unnest(%(lines)s::bigint[], %(ratings)s::numeric[], %(listing)s::numeric[],
            %(profile)s::numeric[], %(after_sales)s::numeric[], %(instants)s::timestamptz[],
            %(arrived)s::timestamptz[]) WITH ORDINALITY
     AS new(line, rating, listing, profile, after_sales, at, arrived, place)
ORDER BY place
"""
# The lines are locked, and these are the figures that they had then and what was done to them.
MOVE = """
UPDATE credit_creditline line
SET used = now.used, proceeds = now.proceeds, last_wrote_at = greatest(last_wrote_at, now.at)
FROM unnest(%(lines)s::bigint[], %(used)s::numeric[], %(proceeds)s::numeric[],
            %(instants)s::timestamptz[]) AS now(line, used, proceeds, at)
WHERE line.merchant_id = now.line
"""


class _Entry(NamedTuple):
    """A change of what a line has in use, with its balances after it."""

    order: Order
    kind: str
    change: Decimal
    limit: Decimal
    used: Decimal
    at: datetime


class _Payment(NamedTuple):
    payment: OrderPayment
    matures_on: date | None  # None if it moves nothing


class Known(NamedTuple):
    """What is in the database of what was asked for: locked lines by key, orders by theirs, and the
    keys of payments and metrics.
    """

    lines: dict[int, CreditLine]
    orders: dict[Key, Order]
    payments: set[Key]
    metrics: set[tuple[int, datetime]]


def _by_two(
    statement: str, name: str, keys: Sequence[tuple[int, Any]]
) -> list[tuple[str, Mapping[str, Any]]]:
    """A list of one (statement, values), which looks up these keys: the values are the first halves
    of the keys, which are lines, as `lines`, and the second halves under `name`. Empty if there are
    no keys.
    """
    if not keys:
        return []
    return [(statement, {"lines": [key[0] for key in keys], name: [key[1] for key in keys]})]


class OrderWriter:
    """Collects what steps do to orders of locked lines; `flush` writes it all."""

    def __init__(self) -> None:
        self._placed: list[Order] = []
        self._changed: dict[int, Order] = {}
        self._payments: list[_Payment] = []
        self._entries: list[_Entry] = []
        self._metrics: list[ShopMetrics] = []
        self._lines: dict[int, CreditLine] = {}

    @staticmethod
    def look(
        line_ids: Sequence[int],
        orders: Sequence[Key],
        payments: Sequence[Key],
        metrics: Sequence[tuple[int, datetime]],
    ) -> Known:
        """Lock these lines until the transaction ends, in the order of their keys, in which
        everybody locks several, and then look up what there is of these orders, payments and
        metrics. No day is worked off.
        """
        asked = [(LOCK, {"lines": line_ids}), *_by_two(LOAD, "references", orders)]
        asked += _by_two(KNOWN_PAYMENTS, "references", payments)
        asked += _by_two(KNOWN_METRICS, "instants", metrics)
        answers = dict(
            zip((statement for statement, _ in asked), prepared.rows_of_each(asked), strict=True)
        )
        lines_found = [rows.loaded(CreditLine, lines.FIELDS, row) for row in answers[LOCK]]
        found = [rows.loaded(Order, order_steps.FIELDS, row) for row in answers.get(LOAD, ())]
        return Known(
            {line.pk: line for line in lines_found},
            {(order.line_id, order.reference): order for order in found},
            {(line, reference) for line, reference in answers.get(KNOWN_PAYMENTS, ())},
            {(line, at) for line, at in answers.get(KNOWN_METRICS, ())},
        )

    def note(self, line: CreditLine) -> None:
        """Have the next `flush` write the line's `used`, `proceeds` and `last_wrote_at`, as they
        are by then.
        """
        self._lines[line.pk] = line

    def place(self, order: Order, line: CreditLine) -> None:
        """Have the next `flush` insert the order, with the entry of what it holds, or with the
        notice that it was declined, if it gets one (orders.tell_of_declines). The line's `used`
        counts it already.
        """
        self._placed.append(order)
        if order.is_declined:
            return
        self._enter(order, LimitEntry.Kind.HOLD, order.outstanding.amount, line)

    def change(self, order: Order) -> None:
        """Have the next `flush` update the order, which is in the database, to what its fields say
        by then: the instants of its steps, due days, what is paid and outstanding, and its status.
        """
        self._changed[order.pk] = order

    def pay(self, payment: OrderPayment, line: CreditLine, *, matures_on: date) -> None:
        """Have the next `flush` insert the payment, its limit entry, which takes the amount off
        what the line uses, and its proceeds entry, which matures on that day; and update its order.
        The order's fields and the line's figures count the payment already. Refused cash with its
        reference waits no more then.
        """
        self._payments.append(_Payment(payment, matures_on))
        self.change(payment.order)
        self._enter(payment.order, LimitEntry.Kind.PAYMENT, -payment.amount.amount, line)

    def keep(self, payment: OrderPayment) -> None:
        """Have the next `flush` insert the payment, which no order could take; its caller has made
        it UNMATCHED (payments.unmatched). Refused cash with its reference waits no more then.
        """
        self._payments.append(_Payment(payment, matures_on=None))

    def measure(self, row: ShopMetrics) -> None:
        """Have the next `flush` insert the metrics."""
        self._metrics.append(row)

    def _enter(
        self, order: Order, kind: LimitEntry.Kind, change: Decimal, line: CreditLine
    ) -> None:
        """Have the next `flush` insert an entry of this change of what the line uses, with the
        line's limit and use as they are now.
        """
        figures = (change, line.limit.amount, line.used.amount)
        self._entries.append(_Entry(order, str(kind), *figures, line.now))

    def holds(self, merchant_id: int) -> bool:
        """Whether a line of this merchant is noted, so that the next flush has something to write
        for it.
        """
        return merchant_id in self._lines

    def flush(self) -> None:
        """Write all that was collected since the last flush. Does nothing if no line was noted
        (`note`) since then: callers note the line of whatever else they hand in. The merchants of
        declined orders are notified, unless their own rules declined them. Orders and payments that
        are new get their primary keys.
        """
        if not self._lines:
            return
        self._write_placed()
        payments = [one.payment for one in self._payments]
        answers = prepared.rows_of_each(self._rest())
        keys = {(line, reference): pk for rows in answers for line, reference, pk in rows}
        for payment in payments:
            payment.pk = keys[payment.line_id, payment.reference]
            payment._state.adding = False

    def _rest(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the statements, with their values, that write all that waits but new orders. Only
        that of payments gives rows: their keys.
        """
        if self._changed:
            yield CHANGE, self._take_changed()
        if self._payments:
            yield PAY, self._take_payments()
        if self._entries:
            yield ENTER, self._take_entries()
        if self._metrics:
            yield MEASURE, self._take_metrics()
        yield MOVE, self._take_lines()

    def _write_placed(self) -> None:
        """Insert the orders that wait, and set their keys. Merchants are notified of those that
        were declined, unless by their own rules.
        """
        placed, self._placed = self._placed, []
        if not placed:
            return
        values = {
            "lines": [order.line_id for order in placed],
            "references": [order.reference for order in placed],
            "buyers": [order.buyer for order in placed],
            "risks": [order.buyer_risk for order in placed],
            "currencies": [order.currency for order in placed],
            "amounts": [order.amount.amount for order in placed],
            "instalments": [order.instalments for order in placed],
            "parts": [order.part_amount.amount for order in placed],
            "statuses": [str(order.status) for order in placed],
            "declines": [str(order.decline_code) for order in placed],
            "outstandings": [order.outstanding.amount for order in placed],
            "placed": [order.placed_at for order in placed],
            "said": [order.placed_said_at for order in placed],
        }
        keys = {(line, reference): pk for line, reference, pk in prepared.rows(PLACE, values)}
        for order in placed:
            order.pk = keys[order.line_id, order.reference]
            order._state.adding = False
        orders.tell_of_declines([order for order in placed if order.is_declined])

    def _take_changed(self) -> Mapping[str, Any]:
        """The values of CHANGE for the orders that wait, which then wait no more."""
        changed, self._changed = list(self._changed.values()), {}
        values: dict[str, Any] = {
            field: [getattr(order, field) for order in changed]
            for field in (
                "shipped_at", "shipped_told_at", "delivered_at", "delivered_told_at",
                "delivered_told_on", "first_due_on", "due_on",
            )
        }  # fmt: skip
        return values | {
            "orders": [order.pk for order in changed],
            "paid": [order.paid.amount for order in changed],
            "outstanding": [order.outstanding.amount for order in changed],
            "status": [str(order.status) for order in changed],
        }

    def _take_payments(self) -> Mapping[str, Any]:
        """The values of PAY for the payments that wait, which then wait no more."""
        written, self._payments = self._payments, []
        payments = [one.payment for one in written]
        return {
            "lines": [payment.line_id for payment in payments],
            "orders": [payment.order_id for payment in payments],
            "references": [payment.reference for payment in payments],
            "currencies": [payment.currency for payment in payments],
            "amounts": [payment.amount.amount for payment in payments],
            "statuses": [str(payment.status) for payment in payments],
            "refusals": [payment.refusal for payment in payments],
            "said": [payment.at for payment in payments],
            "arrived": [payment.arrived_at for payment in payments],
            "mature": [one.matures_on for one in written],
        }

    def _take_entries(self) -> Mapping[str, Any]:
        """The values of ENTER for the entries that wait, which then wait no more."""
        entries, self._entries = self._entries, []
        return {
            "lines": [entry.order.line_id for entry in entries],
            "orders": [entry.order.pk for entry in entries],
            "kinds": [entry.kind for entry in entries],
            "currencies": [entry.order.currency for entry in entries],
            "changes": [entry.change for entry in entries],
            "limits": [entry.limit for entry in entries],
            "used": [entry.used for entry in entries],
            "instants": [entry.at for entry in entries],
        }

    def _take_metrics(self) -> Mapping[str, Any]:
        """The values of MEASURE for the metrics that wait, which then wait no more."""
        metrics, self._metrics = self._metrics, []
        return {
            "lines": [row.line_id for row in metrics],
            "ratings": [row.rating for row in metrics],
            "listing": [row.listing_quality for row in metrics],
            "profile": [row.profile_completeness for row in metrics],
            "after_sales": [row.after_sales for row in metrics],
            "instants": [row.at for row in metrics],
            "arrived": [row.arrived_at for row in metrics],
        }

    def _take_lines(self) -> Mapping[str, Any]:
        """The values of MOVE for the lines that wait, which then wait no more."""
        written, self._lines = list(self._lines.values()), {}
        return {
            "lines": [line.pk for line in written],
            "used": [line.used.amount for line in written],
            "proceeds": [line.proceeds.amount for line in written],
            "instants": [line.last_wrote_at for line in written],
        }
