"""Finds orders that a person should look at (rule 7.7, rule 7.8). Nothing here writes.

Lines to look at are found line by line: one line's latest orders are a short range of an index.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from credit.models import Order, OrderFlag
from lib import prepared

MANY = 5  # orders of one buyer
WINDOW = timedelta(hours=24)  # half-open: an order exactly so much later is not in it
LOOK_BACK = timedelta(days=8)  # longer than the job is likely to be down
UNDELIVERED = timedelta(days=60)

LINES_WITH_A_BUSY_BUYER = """
SELECT line.merchant_id FROM credit_creditline line
WHERE EXISTS (
    SELECT FROM credit_order o
    WHERE o.line_id = line.merchant_id AND o.placed_at >= %(since)s
    GROUP BY o.buyer HAVING count(*) >= %(many)s)
"""

# Every order that starts a window with at least MANY orders of its buyer.
BUSY_WINDOWS = """
SELECT line_id, buyer, placed_at FROM (
    SELECT o.line_id, o.buyer, o.placed_at, o.id,
           lead(o.placed_at, %(many)s - 1) OVER (
               PARTITION BY o.line_id, o.buyer ORDER BY o.placed_at, o.id) AS enough_at
    FROM credit_order o
    WHERE o.line_id = ANY(%(lines)s) AND o.placed_at BETWEEN %(since)s AND %(now)s) recent
WHERE enough_at < placed_at + %(window)s
ORDER BY line_id, buyer, placed_at, id
"""

# The first instant from which an order is to be flagged that stands in no flag of its kind yet. A
# replay asks it several times a day: busy buyers, of whom there are mostly none, are found among
# all recent orders at once.
TO_FLAG_FROM = """
SELECT least((
    SELECT o.shipped_at + %(undelivered)s::interval FROM credit_order o
    WHERE o.status = 'OPEN' AND o.shipped_at IS NOT NULL AND o.delivered_at IS NULL
      AND NOT EXISTS (
        SELECT FROM credit_orderflag flag WHERE flag.line_id = o.line_id
        AND flag.kind = 'NOT_DELIVERED' AND flag.cause = o.reference)
    ORDER BY o.shipped_at LIMIT 1
), (
    SELECT min(recent.enough_at) FROM (
        SELECT line_id, buyer FROM credit_order WHERE placed_at >= %(since)s
        GROUP BY line_id, buyer HAVING count(*) >= %(many)s::int
    ) busy CROSS JOIN LATERAL (
        SELECT o.line_id, o.buyer, o.placed_at,
               lead(o.placed_at, %(many)s::int - 1) OVER in_turn AS enough_at,
               lead(o.reference, %(many)s::int - 1) OVER in_turn AS enough
        FROM credit_order o
        WHERE o.line_id = busy.line_id AND o.buyer = busy.buyer AND o.placed_at >= %(since)s
        WINDOW in_turn AS (ORDER BY o.placed_at, o.id)
    ) recent
    WHERE recent.enough_at < recent.placed_at + %(window)s::interval AND NOT EXISTS (
        SELECT FROM credit_orderflag flag WHERE flag.line_id = recent.line_id
        AND flag.kind = 'MANY_FROM_ONE_BUYER' AND flag.buyer = recent.buyer
        AND flag.evidence @> jsonb_build_array(jsonb_build_object('order', recent.enough)))
))
"""


class BusyWindow(NamedTuple):
    """A span of 24 hours that starts with an order and in which its buyer placed at least MANY
    orders at that shop.
    """

    line_id: int
    buyer: str
    starts_at: datetime

    def orders(self, now: datetime) -> QuerySet[Order]:
        """The buyer's orders in the span that were placed by `now`, oldest first."""
        return Order.objects.filter(
            line=self.line_id,
            buyer=self.buyer,
            placed_at__gte=self.starts_at,
            placed_at__lt=self.starts_at + WINDOW,
            placed_at__lte=now,
        ).order_by("placed_at", "pk")


def lines_with_orders_to_flag(now: datetime) -> Sequence[int]:
    """The ids, sorted, of the lines on which `raise_flags` has to look at `now`: all others have
    nothing to flag, and on these there may be nothing either. Orders count whatever became of them.
    """
    with connection.cursor() as cursor:
        cursor.execute(LINES_WITH_A_BUSY_BUYER, {"since": now - LOOK_BACK, "many": MANY})
        busy = {line_id for (line_id,) in cursor.fetchall()}
    return sorted(busy.union(undelivered(now).values_list("line", flat=True)))


def next_after(instant: datetime, timezones: Collection[str]) -> datetime | None:
    """The first instant from which a run after the given one may have orders to flag, if no other
    events come; None if it has none. Flags are raised by no zone's clocks, whatever `timezones`
    there are.
    """
    row = prepared.row(
        TO_FLAG_FROM,
        {
            "undelivered": UNDELIVERED,
            "since": instant - LOOK_BACK,
            "many": MANY,
            "window": WINDOW,
        },
    )
    return row[0] if row else None


def busy_windows(line_ids: Sequence[int], now: datetime) -> list[BusyWindow]:
    """The windows of these lines that start in the LOOK_BACK before `now`, sorted by line, buyer
    and start: each is 24 hours that start with an order and in which its buyer placed MANY orders
    or more, whatever became of them. Windows of one buyer overlap.
    """
    given: dict[str, Any] = {
        "lines": list(line_ids),
        "since": now - LOOK_BACK,
        "now": now,
        "many": MANY,
        "window": WINDOW,
    }
    with connection.cursor() as cursor:
        cursor.execute(BUSY_WINDOWS, given)
        return [BusyWindow(*row) for row in cursor.fetchall()]


def undelivered(now: datetime) -> QuerySet[Order]:
    """Open orders of all lines, by line and with those shipped first first, that were shipped 60
    days or longer before `now`, are not delivered, and were never flagged for that.
    """
    flagged = OrderFlag.objects.filter(
        line=OuterRef("line"), kind=OrderFlag.Kind.NOT_DELIVERED, cause=OuterRef("reference")
    )
    return Order.objects.filter(
        ~Exists(flagged),
        status=Order.Status.OPEN,
        shipped_at__lte=now - UNDELIVERED,
        delivered_at__isnull=True,
    ).order_by("line", "shipped_at", "pk")
