"""Which sales a withdrawal paid out (rule 10.25). Nothing here writes.

The books have one balance, and an entry of a withdrawal names no sale. So it follows from their
order: what matured first was paid out first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection
from moneyed import Money

from credit.models import CreditLine, Order, ProceedsEntry, Withdrawal
from lib import calendar, money
from merchants.queries import day_start, local_day, starts_of

Kind = ProceedsEntry.Kind

# What is asked of the books for each withdrawal: its debit, what could be withdrawn just before it,
# and what matured on each day, from the day of the withdrawal back to the one since which that
# comes to as much. Whatever could be withdrawn earlier than on that day had been spent, so that
# nothing before it is read. What matured on a day is what came in less what was refunded of it
# by then, as a refund has the day of its sale, or none (ProceedsEntry.matures_on). What could be
# withdrawn is the balance less what had not matured; the balance at the time is today's less what
# has come since, or the sum of what had come before, whichever is likely to be fewer rows; all of
# it in the order of an index. `since` is an entry that came before the first of these days began,
# wherever the merchant is: keys of entries ascend with their instants, but for entries that were
# written at once.
REACH = """
SELECT asked.id, debit.first, debit.total, free.amount, reach.days, reach.amounts,
       reach.total >= free.amount, coalesce((
           SELECT entry.id FROM credit_proceedsentry entry
           WHERE entry.line_id = %(line)s AND entry.kind IN ('SALE', 'REFUND')
             AND entry.at < (reach.first_on - interval '15 hours') AT TIME ZONE 'UTC'
           ORDER BY entry.at DESC LIMIT 1), 0) AS since
FROM unnest(%(withdrawals)s::bigint[], %(lasts)s::date[]) asked(id, last_on)
CROSS JOIN LATERAL (
    SELECT min(entry.id) AS first, -sum(entry.amount) AS total FROM credit_proceedsentry entry
    WHERE entry.withdrawal_id = asked.id AND entry.kind IN ('WITHDRAWAL', 'FEE')
) debit
CROSS JOIN LATERAL (
    SELECT CASE
               WHEN debit.first - ends.first_id < ends.last_id - debit.first THEN coalesce((
                   SELECT sum(entry.amount) FROM credit_proceedsentry entry
                   WHERE entry.line_id = line.merchant_id AND entry.id < debit.first), 0)
               ELSE line.proceeds - coalesce((
                   SELECT sum(entry.amount) FROM credit_proceedsentry entry
                   WHERE entry.line_id = line.merchant_id AND entry.id >= debit.first), 0) END
           - coalesce((
               SELECT sum(entry.amount) FILTER (WHERE entry.id < debit.first)
               FROM credit_proceedsentry entry
               WHERE entry.line_id = line.merchant_id AND entry.matures_on > asked.last_on
           ), 0) AS amount
    FROM credit_creditline line CROSS JOIN (
        SELECT min(entry.id) AS first_id, max(entry.id) AS last_id
        FROM credit_proceedsentry entry WHERE entry.line_id = %(line)s
    ) ends
    WHERE line.merchant_id = %(line)s
    OFFSET 0  -- or it is added up once for each place where it stands
) free
CROSS JOIN LATERAL (
    WITH RECURSIVE back(day, amount, total) AS (
        SELECT asked.last_on + 1, 0::numeric, 0::numeric
        UNION ALL
        SELECT before.day, matured.amount, back.total + matured.amount
        FROM back CROSS JOIN LATERAL (
            SELECT max(entry.matures_on) AS day FROM credit_proceedsentry entry
            WHERE entry.line_id = %(line)s AND entry.matures_on < back.day
        ) before CROSS JOIN LATERAL (
            SELECT coalesce(sum(entry.amount), 0) AS amount FROM credit_proceedsentry entry
            WHERE entry.line_id = %(line)s AND entry.matures_on = before.day
              AND entry.id < debit.first
        ) matured
        WHERE back.total < free.amount AND before.day IS NOT NULL
    )
    SELECT array_agg(day ORDER BY day DESC) AS days, array_agg(amount ORDER BY day DESC) AS amounts,
           min(day) AS first_on, sum(amount) AS total
    FROM back
) reach
"""
# What came in stands in a row, in the order in which it could be withdrawn: each receipt as long as
# its amount, less the refunds that had been taken from it by then. The last stretch of the row is
# what could be withdrawn, and the withdrawal pays out how that stretch begins. Where on the row a
# day begins follows from what matured on the days after it, and from what is not free on the day on
# which it matured: what came later than that, or has no such day (`moved`). So only the receipts of
# the days of which something is paid out are read, between two instants (`near`). Days are instants
# by table `day`, as their time zone's data are not the database's.
PAID_OUT = """
WITH day AS (
    SELECT matures_on, at, lead(at, 1, 'infinity') OVER (ORDER BY matures_on) AS ends_at
    FROM unnest(%(days)s::date[], %(instants)s::timestamptz[]) AS day(matures_on, at)
), matured AS (
    SELECT of_day.withdrawal, day.*, of_day.amount
    FROM unnest(%(of_withdrawals)s::bigint[], %(of_days)s::date[], %(amounts)s::numeric[])
         AS of_day(withdrawal, matures_on, amount)
    JOIN day ON day.matures_on = of_day.matures_on
)
SELECT asked.id, piece.kind, piece.reference, piece.at, piece.matures_on, piece.amount, piece.part
FROM unnest(%(withdrawals)s::bigint[], %(firsts)s::bigint[], %(totals)s::numeric[],
            %(frees)s::numeric[], %(floors)s::date[], %(starts)s::timestamptz[],
            %(sinces)s::bigint[])
     AS asked(id, first, total, free, floor_on, starts_at, since)
CROSS JOIN LATERAL (
    WITH moved AS (
        SELECT came.id, came.kind, came.order_id, came.at, came.matures_on,
               came.amount + coalesce((
                   SELECT sum(refund.amount) FROM credit_proceedsentry refund
                   WHERE refund.sale_id = came.id AND refund.id < asked.first), 0) AS kept
        FROM (
            SELECT entry.* FROM matured CROSS JOIN LATERAL (
                SELECT entry.* FROM credit_proceedsentry entry
                WHERE entry.line_id = %(line)s AND entry.matures_on = matured.matures_on
                  AND entry.at >= matured.ends_at AND entry.id > coalesce((
                      SELECT before.id FROM credit_proceedsentry before
                      WHERE before.line_id = %(line)s AND before.kind IN ('SALE', 'REFUND')
                        AND before.at < matured.ends_at - interval '1 hour'
                      ORDER BY before.at DESC LIMIT 1), 0)
            ) entry WHERE matured.withdrawal = asked.id
            UNION ALL
            SELECT entry.* FROM credit_proceedsentry entry
            WHERE entry.line_id = %(line)s AND entry.matures_on < asked.floor_on
              AND entry.id > asked.since AND entry.at >= asked.starts_at
              -- The same of all of them, so that the database sees which index has fewer.
              AND entry.matures_on < %(last_floor)s AND entry.id > %(least_since)s
            UNION ALL
            SELECT entry.* FROM credit_proceedsentry entry
            WHERE entry.line_id = %(line)s AND entry.matures_on IS NULL
              AND entry.kind IN ('RETURNED', 'SENT_BACK', 'RELEASED', 'OPENING', 'CORRECTION')
              AND entry.id > asked.since AND entry.at >= asked.starts_at
        ) came
        WHERE came.id < asked.first AND came.amount > 0
    ), place AS (
        SELECT of_day, at, amount, sum(amount) OVER (ORDER BY at DESC) AS since_then FROM (
            SELECT matured.matures_on, matured.at, matured.amount FROM matured
            WHERE matured.withdrawal = asked.id
            UNION ALL
            SELECT NULL, moved.at, moved.kept FROM moved
            UNION ALL
            SELECT NULL, matured.at, -moved.kept FROM moved
            JOIN matured ON matured.matures_on = moved.matures_on AND matured.withdrawal = asked.id
        ) place(of_day, at, amount)
    ), near AS (
        SELECT coalesce(max(at) FILTER (WHERE since_then >= asked.free), '-infinity') AS at,
               coalesce(min(since_then) FILTER (WHERE since_then >= asked.free),
                        (SELECT sum(amount) FROM place)) AS since_then,
               coalesce(min(at) FILTER (WHERE since_then <= asked.free - asked.total), 'infinity')
                   AS ends_at
        FROM place WHERE of_day IS NOT NULL
    ), entry AS (
        SELECT entry.id, entry.kind, entry.order_id, entry.at, entry.matures_on,
               greatest(day.at, entry.at) AS free_at, entry.amount + coalesce((
                   SELECT sum(refund.amount) FROM credit_proceedsentry refund
                   WHERE refund.sale_id = entry.id AND refund.id < asked.first), 0) AS amount
        FROM near JOIN day ON day.at >= near.at AND day.at < near.ends_at
        JOIN credit_proceedsentry entry ON entry.line_id = %(line)s
             AND entry.matures_on = day.matures_on AND entry.id < asked.first AND entry.amount > 0
        WHERE day.matures_on >= asked.floor_on AND entry.at < day.ends_at
        UNION ALL
        SELECT moved.id, moved.kind, moved.order_id, moved.at, moved.matures_on, moved.at,
               moved.kept
        FROM near JOIN moved ON moved.at >= near.at AND moved.at < near.ends_at
    ), placed AS (
        SELECT entry.*, sum(entry.amount) OVER (ORDER BY entry.free_at, entry.id) AS until,
               near.since_then - asked.free AS spent
        FROM entry CROSS JOIN near WHERE entry.amount > 0
    )
    SELECT placed.kind, o.reference, placed.at, placed.matures_on, placed.amount, placed.free_at,
           placed.id, least(placed.until, placed.spent + asked.total)
               - greatest(placed.until - placed.amount, placed.spent) AS part
    FROM placed LEFT JOIN credit_order o ON o.id = placed.order_id
    WHERE placed.until > placed.spent
      AND placed.until - placed.amount < placed.spent + asked.total
) piece
ORDER BY asked.id, piece.free_at, piece.id
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
        """What kind of entry it is, in the reader's language."""
        return str(Kind(self.kind).label)


def of_withdrawal(withdrawal: Withdrawal) -> list[Receipt]:
    """The receipts that the withdrawal and its fee were made of, in the order in which they could
    be withdrawn. Their parts add up to amount and fee, and what comes later never changes them.
    Rule 10.25.
    """
    return _of(withdrawal.line, [withdrawal])[withdrawal.pk]


def _of(line: CreditLine, withdrawals: Sequence[Withdrawal]) -> dict[int, list[Receipt]]:
    """The receipts that each of these withdrawals of a line and its fee were made of, by the
    withdrawal's primary key, in the order in which they could be withdrawn.
    """
    found: dict[int, list[Receipt]] = {one.pk: [] for one in withdrawals}
    reaches = _reaches(line, withdrawals)
    if not reaches:
        return found
    with connection.cursor() as cursor:
        cursor.execute(PAID_OUT, _params(line, reaches))
        rows = cursor.fetchall()
    for key, kind, order, at, matures_on, amount, part in rows:
        receipt = Receipt(
            kind=kind,
            order=order or "",
            at=at,
            matures_on=matures_on,
            amount=money.of(amount, line.currency),
            part=money.of(part, line.currency),
        )
        found[key].append(receipt)
    return found


class _Reach(NamedTuple):
    """How far back the receipts of a withdrawal are looked for."""

    withdrawal: int
    last_on: date  # the local day on which it was asked for
    first: int  # the primary key of its debit
    total: Decimal  # amount and fee
    free: Decimal  # what could be withdrawn
    days: Sequence[date]  # the one after `last_on`, and those on which something matured before it
    amounts: Sequence[Decimal]  # what matured on each of them, latest first; 0 on the first
    is_enough: bool  # whether what matured since then comes to `free`
    since: int  # the primary key of an entry before all that came since the last of the days began

    @property
    def floor_on(self) -> date:
        """The earliest of the days."""
        return self.days[-1]


def _reaches(line: CreditLine, withdrawals: Sequence[Withdrawal]) -> list[_Reach]:
    """How far back the receipts of each of these withdrawals have to be looked for: one query."""
    lasts = {one.pk: local_day(line, one.requested_at) for one in withdrawals}
    given = {
        "line": line.pk,
        "withdrawals": list(lasts),
        "lasts": list(lasts.values()),
    }
    with connection.cursor() as cursor:
        cursor.execute(REACH, given)
        return [_Reach(key, lasts[key], *row) for key, *row in cursor.fetchall()]


def _params(line: CreditLine, reaches: Sequence[_Reach]) -> dict[str, Any]:
    """The parameters of the statement PAID_OUT: for each withdrawal how far back it is read and
    what matured on each day, and each day with the instant at which it started.
    """
    first = min(one.floor_on for one in reaches)
    last = max(one.last_on for one in reaches)
    days = [first + calendar.ONE_DAY * place for place in range((last - first).days + 1)]
    instants = starts_of(line, days)
    starts = dict(zip(days, instants, strict=True))
    return {
        "line": line.pk,
        "days": days,
        "instants": instants,
        "of_withdrawals": [one.withdrawal for one in reaches for _day in one.days],
        "of_days": [day for one in reaches for day in one.days],
        "amounts": [amount for one in reaches for amount in one.amounts],
        "withdrawals": [one.withdrawal for one in reaches],
        "firsts": [one.first for one in reaches],
        "totals": [one.total for one in reaches],
        "frees": [one.free for one in reaches],
        "floors": [one.floor_on for one in reaches],
        "starts": [
            _start(line, one.floor_on, starts) if one.is_enough else calendar.FIRST_INSTANT
            for one in reaches
        ],
        "sinces": [one.since if one.is_enough else 0 for one in reaches],
        "last_floor": max(one.floor_on for one in reaches),
        "least_since": min(one.since if one.is_enough else 0 for one in reaches),
    }


def _start(line: CreditLine, day: date, known: Mapping[date, datetime]) -> datetime:
    """The instant at which the line's local day starts: as `known` says, or looked up for a day
    that it does not have.
    """
    return known[day] if day in known else day_start(line, day)


@dataclass(frozen=True)
class PaidPart:
    """The part of an order that a withdrawal paid out."""

    reference: str  # of the withdrawal
    part: Money


MOST_DAYS = 12  # on which parts of one order matured, the first of them
MOST_OF_A_DAY = 3  # withdrawals that are looked through for what matured on one day
# As many are looked through of several days together, one for each of them at least.
MOST_OF_SEVERAL_DAYS = 6


def of_order(order: Order, matured_on: Iterable[date]) -> Sequence[PaidPart]:
    """The withdrawals that paid something of the order out, oldest first, each with that part.
    Those that failed, were rejected or were cancelled are left out; one that the bank sent back is
    not. `matured_on` are the local days on which payments of the order matured, one for each part
    that was paid of it; nothing is found without one.

    What matured on a day is looked for in the first withdrawals since then: in MOST_OF_A_DAY, of
    several days in fewer (MOST_OF_SEVERAL_DAYS), and for the first MOST_DAYS of them. So of an
    order with many parts, or of which many withdrawals paid a little each, some may be missing.
    """
    line = order.line
    days = sorted(set(matured_on))[:MOST_DAYS]
    if not days:
        return []
    most = max(1, min(MOST_OF_A_DAY, MOST_OF_SEVERAL_DAYS // len(days)))
    kept = Withdrawal.objects.filter(line=line).exclude(status__in=Withdrawal.RETURNED)
    first, *others = (
        kept.filter(requested_at__gte=since).order_by("requested_at", "pk")[:most]
        for since in starts_of(line, days)
    )
    looked_through = sorted(first.union(*others), key=lambda one: (one.requested_at, one.pk))
    receipts, found = _of(line, looked_through), []
    for withdrawal in looked_through:
        parts = [one.part for one in receipts[withdrawal.pk] if one.order == order.reference]
        if parts:
            part = money.total(parts, withdrawal.currency)
            found.append(PaidPart(withdrawal.reference, part))
    return found
