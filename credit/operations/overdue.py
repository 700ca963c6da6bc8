"""Places and lifts the freezes for overdue payments (rule 7.5, rule 7.6)."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F

from credit.models import CreditLine, Freeze
from credit.notices.line import FREEZE_LIFTED
from credit.queries import policies
from credit.queries.overdue import OVERDUE_BY_LINE, overdue_of
from credit.queries.reviews import Start
from credit.rules import INSTALMENT_DAYS
from lib import prepared
from lib.parts import InSteps
from notices.operations import notices

# As a day starts, a freeze is placed where what is overdue has reached the policy's share of the
# limit, and lifted where it has not.
UPDATE = InSteps(f"""
WITH day AS (
    SELECT * FROM unnest(%(lines)s::bigint[], %(todays)s::date[], %(instants)s::timestamptz[],
                         %(ratios)s::numeric[]) AS day(line_id, today, at, ratio)
), overdue AS ({OVERDUE_BY_LINE}
), state AS (
    SELECT day.line_id, day.at, standing.id AS freeze_id,
           overdue.amount > 0 AND overdue.amount >= day.ratio * line."limit" AS holds
    FROM day JOIN overdue USING (line_id)
    JOIN credit_creditline line ON line.merchant_id = day.line_id
    LEFT JOIN credit_freeze standing ON standing.line_id = day.line_id
         AND standing.reason = 'OVERDUE' AND standing.lifted_at IS NULL
), placed AS (
    INSERT INTO credit_freeze (line_id, reason, note, placed_at, placed_by, lifted_by, lift_note)
    SELECT line_id, 'OVERDUE', '', at, 'day-end', '', '' FROM state
    WHERE holds AND freeze_id IS NULL ORDER BY line_id
    RETURNING id, line_id, 1 AS change, placed_at AS at
), lifted AS (
    UPDATE credit_freeze SET lifted_at = state.at, lifted_by = 'day-end'
    FROM state WHERE credit_freeze.id = state.freeze_id AND NOT state.holds
    RETURNING credit_freeze.id, credit_freeze.line_id, -1 AS change, lifted_at AS at
), changed AS (
    SELECT * FROM placed UNION ALL SELECT * FROM lifted
), noticed AS (
    INSERT INTO notices_notice (merchant_id, kind, cause, details, at)
    SELECT line_id, CASE change WHEN 1 THEN 'FREEZE_PLACED' ELSE 'FREEZE_LIFTED' END, id::text,
           '{{"reason": "OVERDUE"}}', at
    FROM changed ORDER BY line_id ON CONFLICT DO NOTHING
)
UPDATE credit_creditline line SET freezes_in_force = line.freezes_in_force + changed.change
FROM changed WHERE line.merchant_id = changed.line_id
""")


def update(starts: Sequence[Start]) -> None:
    """Place the OVERDUE freeze of each locked line that has none, where what is overdue as its day
    starts is above 0 and has reached the policy's share of the limit; lift the one that it has
    where that is not so. The merchant is notified of a change. Rule 7.5.
    """
    prepared.run(
        UPDATE,
        {
            "lines": [start.line_id for start in starts],
            "todays": [start.today for start in starts],
            "instants": [start.at for start in starts],
            "ratios": [start.policy.overdue_ratio for start in starts],
            "instalment_days": INSTALMENT_DAYS,
        },
    )


def lift(line: CreditLine, *, now: datetime) -> None:
    """Lift the locked line's OVERDUE freeze, if it has one and what is overdue is less than the
    policy's share of the limit, or nothing. The merchant is notified.

    It is called after payments, refunds and write-offs by hand. Whatever else lowers what is
    overdue, such as a cancellation, or raises the limit, leaves the freeze until the next day
    starts. Rule 7.6.
    """
    if not line.is_frozen:
        return
    freeze = Freeze.objects.filter(
        line=line, reason=Freeze.Reason.OVERDUE, lifted_at__isnull=True
    ).first()
    if freeze is None:
        return
    overdue = overdue_of(line)
    ratio = policies.in_force(line.currency, line.open_on).overdue_ratio
    if overdue and overdue >= line.limit * ratio:
        return
    end(freeze, line, by="platform", note="", now=now)


def end(
    freeze: Freeze, line: CreditLine, *, by: str, note: str, told: str = "", now: datetime
) -> None:
    """Lift `freeze`, which is in force on the locked line, and notify the merchant. `by` is the
    person's or rule's name that is kept as who lifted it, `note` is for colleagues, and `told` what
    the merchant reads, or "". No trail row is written.
    """
    freeze.lifted_at = now
    freeze.lifted_by = by
    freeze.lift_note, freeze.lift_told = note, told
    freeze.save(update_fields=["lifted_at", "lifted_by", "lift_note", "lift_told"])
    count(line, -1)
    notices.write(
        merchant_id=line.pk,
        kind=FREEZE_LIFTED,
        cause=str(freeze.pk),
        at=now,
        reason=freeze.reason,
        **notice_of(told),
    )


def notice_of(told: str) -> dict[str, str]:
    """The details with which a notice about a freeze shows the merchant what was written for it
    (`told`); empty if nothing was, so that the notice has its standard sentence.
    """
    return {"status": "TOLD", "told": told} if told else {}


def count(line: CreditLine, change: int) -> None:
    """Add `change` to the locked line's running count of freezes in force, in the database and on
    the object.
    """
    CreditLine.objects.filter(pk=line.pk).update(freezes_in_force=F("freezes_in_force") + change)
    line.freezes_in_force += change
