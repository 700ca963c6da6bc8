"""The freeze for an unpaid bill: when it is placed, and when it is lifted (rule 16.11).

Billing says here from which local day an unpaid bill freezes a line. The line's own day-end places
the freeze, in force from that day's start, however late the job runs.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from django.db.models import QuerySet

from credit.models import CreditLine, Freeze
from credit.notices.line import FREEZE_PLACED
from credit.operations import overdue
from credit.queries.reviews import Start
from lib import prepared
from lib.parts import InSteps
from notices.operations import notices

EXPECT = """
WITH due AS (
    SELECT merchant_id, array_agg(day) AS days
    FROM unnest(%s::bigint[], %s::date[]) AS due(merchant_id, day) GROUP BY merchant_id
), held AS (
    SELECT line.merchant_id, due.days
    FROM due JOIN credit_creditline line USING (merchant_id)
    ORDER BY line.merchant_id FOR NO KEY UPDATE OF line
)
UPDATE credit_creditline line
SET unpaid_bill_days = ARRAY(SELECT DISTINCT day FROM unnest(line.unpaid_bill_days || held.days) day
                             ORDER BY day)
FROM held WHERE line.merchant_id = held.merchant_id
"""

PLACE = InSteps(f"""
WITH due AS (
    SELECT day.line_id, day.today, day.at
    FROM unnest(%(lines)s::bigint[], %(todays)s::date[], %(instants)s::timestamptz[])
         AS day(line_id, today, at)
    JOIN credit_creditline line ON line.merchant_id = day.line_id
    WHERE day.today >= ANY(line.unpaid_bill_days)
), placed AS (
    INSERT INTO credit_freeze (line_id, reason, note, placed_at, placed_by, lifted_by, lift_note)
    SELECT line_id, 'UNPAID_BILL', '', at, 'day-end', '', '' FROM due
    WHERE NOT EXISTS (
        SELECT 1 FROM credit_freeze standing WHERE standing.line_id = due.line_id
            AND standing.reason = 'UNPAID_BILL' AND standing.lifted_at IS NULL
    ) ORDER BY line_id
    RETURNING id, line_id, placed_at
), told AS (
    {notices.INTO}
    SELECT line_id, '{FREEZE_PLACED}', id::text, '{{"reason": "UNPAID_BILL"}}', placed_at
    FROM placed ORDER BY line_id
    {notices.ONCE}
)
UPDATE credit_creditline line
SET unpaid_bill_days = ARRAY(SELECT day FROM unnest(line.unpaid_bill_days) day
                             WHERE day > due.today),
    last_wrote_at = greatest(line.last_wrote_at, due.at),
    freezes_in_force = line.freezes_in_force + coalesce(counted.freezes, 0)
FROM due LEFT JOIN (
    SELECT line_id, count(*) AS freezes FROM placed GROUP BY line_id
) counted ON counted.line_id = due.line_id
WHERE line.merchant_id = due.line_id
""")


def expect(merchant_ids: Sequence[int], days: Sequence[date]) -> None:
    """Record for each merchant the local day from which a bill that is still unpaid freezes its
    line, besides the days that are recorded already. `days` are in the order of `merchant_ids`,
    which may name a merchant several times, once for each of its bills. Merchants without a line
    are ignored. It locks the lines.
    """
    if merchant_ids:
        prepared.run(EXPECT, [list(merchant_ids), list(days)])


def place(starts: Sequence[Start]) -> None:
    """Freeze each locked line whose starting day is one that `expect` recorded, or later, and
    notify its merchant. A line that is frozen for an unpaid bill gets no second freeze; days that
    have come are forgotten. Rule 16.11.
    """
    _place(
        [start.line_id for start in starts],
        [start.today for start in starts],
        [start.at for start in starts],
    )


def _place(line_ids: Sequence[int], todays: Sequence[date], instants: Sequence[datetime]) -> None:
    """Write the freezes, the notices and all else of `place`, for these lines, each with its day
    and instant in the other two sequences.
    """
    prepared.run(
        PLACE, {"lines": list(line_ids), "todays": list(todays), "instants": list(instants)}
    )


def freeze_at_once(merchants: Mapping[int, datetime]) -> None:
    """Freeze those of these merchants' lines whose open day is one that `expect` recorded, or
    later, each at its instant in `merchants` but no earlier than the line last wrote, and notify
    these merchants.

    The others are frozen when such a day starts. It locks these lines, and works off no day. Rule
    18.8.
    """
    if not merchants:
        return
    locked = CreditLine.objects.select_for_update(no_key=True).filter(pk__in=merchants)
    found = list(locked.order_by("pk"))
    _place(
        [line.pk for line in found],
        [line.open_on for line in found],
        [max(merchants[line.pk], line.last_wrote_at) for line in found],
    )


def concern(merchant_ids: Collection[int]) -> bool:
    """Whether an unpaid bill has to do with the line of one of these merchants: it is frozen for
    one, or a day is recorded on which it will be.
    """
    expected = CreditLine.objects.filter(pk__in=merchant_ids).exclude(unpaid_bill_days=[])
    return expected.exists() or _in_force(merchant_ids).exists()


def frozen_since(merchant_id: int) -> datetime | None:
    """Look up the instant since which the merchant's line is frozen for an unpaid bill; None if it
    is not.
    """
    return _in_force([merchant_id]).values_list("placed_at", flat=True).first()


def _in_force(merchant_ids: Collection[int]) -> "QuerySet[Freeze]":
    """The query for the freezes of these merchants' lines for an unpaid bill that are in force; of
    each line none or one row.
    """
    return Freeze.objects.filter(
        line_id__in=merchant_ids, reason=Freeze.Reason.UNPAID_BILL, lifted_at__isnull=True
    )


def settle(line: CreditLine, *, next_days: Sequence[date], is_over: bool, by: str) -> None:
    """Record on the locked line the days in `next_days`, on which bills that are still unpaid
    freeze it, in place of those recorded before. If nothing is a cause any more (`is_over`), lift
    its freeze for an unpaid bill, which is on record as lifted by `by`, and notify the merchant.

    A day that has come and is no longer recorded has frozen the line already. It is not recorded
    again, so that a freeze that an operator lifted stays lifted. Rule 16.11.
    """
    to_come = {day for day in next_days if day > line.open_on or day in line.unpaid_bill_days}
    CreditLine.objects.filter(pk=line.pk).update(unpaid_bill_days=sorted(to_come))
    if not is_over:
        return
    freeze = _in_force([line.pk]).first()
    if freeze:
        overdue.end(freeze, line, by=by, note="", now=line.now)
