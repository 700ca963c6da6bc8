"""Which sales a withdrawal paid out (rule 10.25). Nothing here writes.

The books have one balance, and an entry of a withdrawal names no sale. So it follows from their
order: what matured first was paid out first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import Max, Min
from moneyed import Money

from credit.models import Order, ProceedsEntry, Withdrawal
from lib import calendar, money
from merchants.queries import local_day

Kind = ProceedsEntry.Kind

# The line's receipts up to the withdrawal's debit stand in a row, in the order in which they could
# be withdrawn: a receipt as long as its amount, less the refunds that had been taken from it by
# then. What had been spent by then reaches some way along, and the withdrawal pays out the piece
# that follows. Days are instants by table `day`, as their time zone's data are not the database's.
PAID_OUT = """
WITH debit AS (
    SELECT min(id) AS first, -sum(amount) AS total FROM credit_proceedsentry
    WHERE withdrawal_id = %(withdrawal)s AND kind IN ('WITHDRAWAL', 'FEE')
), day AS (
    SELECT * FROM unnest(%(days)s::date[], %(instants)s::timestamptz[]) AS day(matures_on, at)
), taken AS (
    SELECT refund.sale_id, sum(refund.amount) AS amount
    FROM credit_proceedsentry refund, debit
    WHERE refund.line_id = %(line)s AND refund.sale_id IS NOT NULL AND refund.id < debit.first
    GROUP BY refund.sale_id
), receipt AS (
    SELECT entry.id, entry.kind, entry.order_id, entry.withdrawal_id, entry.at, entry.matures_on,
           entry.amount + coalesce(taken.amount, 0) AS amount,
           greatest(day.at, entry.at) AS free_at
    FROM debit
    JOIN credit_proceedsentry entry ON entry.line_id = %(line)s AND entry.id < debit.first
    LEFT JOIN day ON day.matures_on = entry.matures_on
    LEFT JOIN taken ON taken.sale_id = entry.id
    WHERE entry.amount > 0 AND (entry.matures_on IS NULL OR day.at IS NOT NULL)
), placed AS (
    SELECT *, sum(amount) OVER (ORDER BY free_at, id) AS until FROM receipt WHERE amount > 0
), spent AS (
    SELECT coalesce(-sum(entry.amount), 0) AS amount
    FROM credit_proceedsentry entry, debit
    WHERE entry.line_id = %(line)s AND entry.amount < 0 AND entry.sale_id IS NULL
      AND entry.id < debit.first
)
SELECT placed.kind, o.reference, placed.at, placed.matures_on, placed.amount,
       least(placed.until, spent.amount + debit.total)
           - greatest(placed.until - placed.amount, spent.amount) AS part
FROM placed CROSS JOIN spent CROSS JOIN debit
LEFT JOIN credit_order o ON o.id = placed.order_id
WHERE placed.until > spent.amount AND placed.until - placed.amount < spent.amount + debit.total
ORDER BY placed.free_at, placed.id
"""


@dataclass(frozen=True)
class Receipt:
    """What came into the proceeds, and the part of it that a withdrawal paid out."""

    kind: str
    order: str  # its reference; "" for what is of no order
    at: datetime
    matures_on: date | None
    amount: Money  # less what had been refunded of it when the withdrawal was asked for
    part: Money

    @property
    def label(self) -> str:
        return str(Kind(self.kind).label)


def of_withdrawal(withdrawal: Withdrawal) -> list[Receipt]:
    """The receipts that the withdrawal and its fee were made of, in the order in which they could
    be withdrawn. Their parts add up to amount and fee, and what comes later never changes them.
    Rule 10.25.
    """
    with connection.cursor() as cursor:
        cursor.execute(PAID_OUT, _params(withdrawal))
        rows = cursor.fetchall()
    return [
        Receipt(
            kind=kind,
            order=order or "",
            at=at,
            matures_on=matures_on,
            amount=money.of(amount, withdrawal.currency),
            part=money.of(part, withdrawal.currency),
        )
        for kind, order, at, matures_on, amount, part in rows
    ]


def _params(withdrawal: Withdrawal) -> dict[str, Any]:
    """The statement's parameters: the days on which something had matured when the withdrawal was
    asked for, each with the instant at which it started.
    """
    line = withdrawal.line
    last = local_day(line, withdrawal.requested_at)
    span = ProceedsEntry.objects.filter(line=line, matures_on__lte=last).aggregate(
        first=Min("matures_on"), last=Max("matures_on")
    )
    days = []
    if span["first"]:
        length = (span["last"] - span["first"]).days
        days = [span["first"] + calendar.ONE_DAY * place for place in range(length + 1)]
    return {
        "withdrawal": withdrawal.pk,
        "line": line.pk,
        "days": days,
        "instants": [calendar.day_start(day, line.timezone) for day in days],
    }


@dataclass(frozen=True)
class PaidPart:
    """The part of an order that a withdrawal paid out."""

    reference: str  # of the withdrawal
    part: Money


MOST_LOOKED_THROUGH = 3


def of_order(order: Order) -> Sequence[PaidPart]:
    """The withdrawals that paid something of the order out and did not come back, oldest first.

    Only the MOST_LOOKED_THROUGH withdrawals after its first payment had matured are looked
    through, as each means to read the line's history.
    """
    sales = ProceedsEntry.objects.filter(order=order, kind=Kind.SALE)
    matured_on = sales.aggregate(first=Min("matures_on"))["first"]
    if matured_on is None:
        return []
    since = calendar.day_start(matured_on, order.line.timezone)
    later = Withdrawal.objects.filter(line=order.line_id, requested_at__gte=since)
    later = later.exclude(status__in=Withdrawal.RETURNED).select_related("line")
    found = []
    for withdrawal in later.order_by("requested_at", "pk")[:MOST_LOOKED_THROUGH]:
        receipts = of_withdrawal(withdrawal)
        parts = [one.part for one in receipts if one.order == order.reference]
        if parts:
            part = money.total(parts, withdrawal.currency)
            found.append(PaidPart(withdrawal.reference, part))
        elif found:  # it has been paid out by those before
            break
    return found
