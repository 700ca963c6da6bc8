"""The credit half of a merchant's day-end (rule 20.1).

Write-offs come first, then overdue freezes, then, on the first of a month, limit reviews. Each
statement works on a whole chunk of lines: one pass works off one local day of every line given, or
several days of a line to which nothing happens on them. All that a day-end writes carries the
instant at which the day ended, however late the job runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from credit.models import CreditLine
from credit.operations import overdue, reviews, unpaid_bills
from credit.queries import policies
from credit.queries.quiet import quiet_through
from credit.queries.reviews import Start
from credit.rules import INSTALMENT_DAYS
from lib import calendar, prepared
from lib.parts import InSteps
from merchants.queries import time_zones_from

# An order is written off `write_off_days` after its oldest unpaid part was due, or after its
# delivery was reported, where that was later. `used` and the limit fall by the loss, the limit not
# below 0. `lost` is a running sum over a line's orders, from which each entry has its balances.
# Returns the lines with a write-off, and whether their limit fell.
WRITE_OFF = InSteps("""
WITH due AS (
    SELECT o.id, o.line_id, o.outstanding, day.at, sum(o.outstanding) OVER (
               PARTITION BY o.line_id ORDER BY o.due_on, o.id) AS lost
    FROM unnest(%(lines)s::bigint[], %(todays)s::date[], %(instants)s::timestamptz[],
                %(write_off_days)s::int[]) AS day(line_id, today, at, write_off_days)
    JOIN credit_order o ON o.line_id = day.line_id
    WHERE o.status = 'OPEN' AND o.due_on <= day.today - day.write_off_days
      AND o.delivered_told_on <= day.today - day.write_off_days
), entry AS (
    INSERT INTO credit_limitentry (line_id, order_id, kind, currency, limit_change, used_change,
                                   limit_after, used_after, actor, reason, at)
    SELECT due.line_id, due.id, 'WRITE_OFF', line.currency,
           greatest(line."limit" - due.lost, 0)
               - greatest(line."limit" - due.lost + due.outstanding, 0),
           -due.outstanding, greatest(line."limit" - due.lost, 0), line.used - due.lost,
           'day-end', '', due.at
    FROM due JOIN credit_creditline line ON line.merchant_id = due.line_id
    ORDER BY due.line_id, due.lost
), written_off AS (
    UPDATE credit_order o
    SET status = 'WRITTEN_OFF', written_off = o.outstanding, outstanding = 0, due_on = NULL,
        written_off_at = due.at
    FROM due WHERE o.id = due.id
)
UPDATE credit_creditline line
SET used = line.used - total.lost, "limit" = greatest(line."limit" - total.lost, 0)
FROM (SELECT line_id, max(lost) AS lost, max(at) AS at FROM due GROUP BY line_id) total
JOIN credit_creditline before ON before.merchant_id = total.line_id
WHERE line.merchant_id = total.line_id
RETURNING line.merchant_id, total.at, before."limit" > line."limit"
""")

# One notice for each due date that passes unpaid, with all that is due by then
# (credit.rules.parts). order_steps.deliver writes those of due dates that had passed when the
# delivery was reported.
NOTICE_OVERDUE = """
INSERT INTO notices_notice (merchant_id, kind, cause, details, at)
SELECT o.line_id, 'ORDER_OVERDUE', o.reference || ' ' || day.today - 1,
       jsonb_build_object('order', o.reference, 'due_on', day.today - 1,
                          'due', due.by_then::text, 'currency', o.currency), day.at
FROM unnest(%(lines)s::bigint[], %(todays)s::date[], %(instants)s::timestamptz[])
     AS day(line_id, today, at)
JOIN credit_order o ON o.line_id = day.line_id AND o.status = 'OPEN' AND o.due_on < day.today
CROSS JOIN LATERAL (
    SELECT (day.today - 1 - o.first_due_on) / %(instalment_days)s + 1 AS number,
           (day.today - 1 - o.first_due_on) %% %(instalment_days)s AS days_since
) part
CROSS JOIN LATERAL (
    SELECT least(CASE WHEN part.number >= o.instalments THEN o.amount
                      ELSE o.part_amount * part.number END, o.paid + o.outstanding) AS ends,
           greatest(o.part_amount * (part.number - 1), o.paid) AS starts
) owed
CROSS JOIN LATERAL (SELECT owed.ends - o.paid AS by_then) due
WHERE part.days_since = 0 AND part.number <= o.instalments AND owed.ends > owed.starts
ORDER BY o.line_id, o.id
ON CONFLICT DO NOTHING
"""

DAY_END = "day-end"  # who did what these statements do

LOCK_ENDED = """
SELECT merchant_id, currency, timezone, open_on, open_until FROM credit_creditline
WHERE merchant_id = ANY(%(lines)s::bigint[]) AND open_until <= %(now)s
ORDER BY merchant_id FOR NO KEY UPDATE
"""

OPEN_NEXT_DAY = """
UPDATE credit_creditline line
SET open_on = next.day, open_until = next.ends, last_wrote_at = greatest(last_wrote_at, next.at)
FROM unnest(%(lines)s::bigint[], %(todays)s::date[], %(instants)s::timestamptz[],
            %(ends)s::timestamptz[]) AS next(line_id, day, at, ends)
WHERE line.merchant_id = next.line_id
"""

# A change of time zone takes effect as a local month starts.
CHANGE_TIME_ZONE = """
UPDATE credit_creditline line
SET timezone = next.timezone, timezone_since_on = next.day, timezone_since_at = next.at
FROM unnest(%(lines)s::bigint[], %(timezones)s::text[], %(todays)s::date[],
            %(instants)s::timestamptz[]) AS next(line_id, timezone, day, at)
WHERE line.merchant_id = next.line_id AND line.timezone <> next.timezone
"""


@dataclass(frozen=True)
class _Turn:
    """The local day to which one pass takes a line, with the instant at which that day starts."""

    line_id: int
    currency: str
    timezone: str
    today: date
    at: datetime
    days: int  # that the line goes on; all but the last one start quietly
    is_quiet: bool  # nothing happens as `today` starts either


def work_off(line_ids: Sequence[int], *, now: datetime, ends_caller: bool = False) -> int:
    """Work off all day-ends of these lines up to `now`, in order. Returns how many days ended, over
    all lines. It locks them; day-ends write off orders, place and lift freezes and review limits,
    of which merchants are notified.

    Each pass over the lines is one transaction (or part of the caller's), so that a run that dies,
    is late, or meets another one leaves every line at the end of some day. Consecutive days on
    which nothing happens to a line are worked off in one pass. With `ends_caller` an error undoes
    the caller's whole transaction, which then needs no savepoints. Rule 20.1, rule 20.2.
    """
    worked_off, ended = 0, line_ids
    while ended:
        with transaction.atomic(savepoint=not ends_caller):
            days, ended = _work_off_once(ended, now)
        worked_off += days
    return worked_off


def pass_quiet_days(line: CreditLine, *, now: datetime) -> bool:
    """Work off the ended days of the locked line on which nothing happens, in one step, and change
    `line` as its row is changed. Its open day has ended by `now`: the caller has looked, and this
    does not. Returns whether no other day of the line has ended by `now`; False also if the first
    of them is not quiet, and then nothing is changed.

    It asks two statements where `work_off` locks the line again: most orders that are the first of
    a day meet only such days. Rule 20.2.
    """
    turn = _quiet_turn(line, quiet_through([line.pk]).get(line.pk, date.min), now)
    if turn is None:
        return False
    (line.open_until,) = _open_days([turn])
    line.open_on, line.last_wrote_at = turn.today, max(line.last_wrote_at, turn.at)
    return line.open_until > now


def come_quietly(line: CreditLine, *, quiet_through: date, now: datetime) -> bool:
    """Change the open day of `line`, whose open day has ended by `now`, to the day that is open
    then, if nothing happens as the days before it end; its row stays as it is. `quiet_through` is
    the last local day up to which no day-end has anything to do. Returns whether that is the day
    that is open at `now`; if not, the caller has to have the days worked off, and not to go by
    `line`. Rule 20.2.
    """
    turn = _quiet_turn(line, quiet_through, now)
    if turn is None:
        return False
    # It is not the first of a month, on which alone a change of time zone takes effect.
    line.open_on = turn.today
    line.open_until = max(calendar.day_end(turn.today, turn.timezone), turn.at)
    return line.open_until > now


def _quiet_turn(line: CreditLine, quiet_through: date, now: datetime) -> _Turn | None:
    """The day to which the line, whose open day has ended by `now`, comes in one step, if that is a
    quiet one; None if something may happen as the next day starts.
    """
    turn = _turn(
        line.pk,
        line.currency,
        line.timezone,
        line.open_on,
        line.open_until,
        quiet_through=quiet_through,
        now=now,
    )
    return turn if turn.is_quiet else None


def _work_off_once(line_ids: Sequence[int], now: datetime) -> tuple[int, Sequence[int]]:
    """Lock those lines whose open day has ended, and work off the next day of each, or a run of its
    quiet days, with the notices that this takes. Returns how many days ended in all, and the ids of
    the lines of which another day has ended by `now`.
    """
    turns = _turns(line_ids, now)
    if not turns:
        return 0, []
    starts = _starts([turn for turn in turns if not turn.is_quiet])
    if starts:
        _start_days(starts)
    ends = _open_days(turns)
    ended = [turn.line_id for turn, end in zip(turns, ends, strict=True) if end <= now]
    return sum(turn.days for turn in turns), ended


def _start_days(starts: Sequence[Start]) -> None:
    """Write what happens to the locked lines as these days start: write-offs, freezes for overdue
    payments that are placed or lifted, freezes for unpaid bills, notices of what is overdue and, on
    the first of a month, reviews. Which day is open is not changed here.
    """
    days: dict[str, Any] = {
        "lines": [start.line_id for start in starts],
        "todays": [start.today for start in starts],
        "instants": [start.at for start in starts],
    }
    write_off_days = [start.policy.write_off_days for start in starts]
    written_off = prepared.rows(WRITE_OFF, {**days, "write_off_days": write_off_days})
    fell = {line_id: at for line_id, at, has_fallen in written_off if has_fallen}
    reviews.overtake_all(fell, actor=DAY_END)
    overdue.update(starts)
    unpaid_bills.place(starts)
    prepared.run(NOTICE_OVERDUE, {**days, "instalment_days": INSTALMENT_DAYS})
    reviews.hold([start for start in starts if start.today.day == 1])


def _open_days(turns: Sequence[_Turn]) -> list[datetime]:
    """Make the day of each turn the open day of its locked line, and change time zones that take
    effect with it. Returns the instants at which these days end, in the order of the turns.
    """
    timezones = _time_zones(turns)
    days: dict[str, Any] = {
        "lines": [turn.line_id for turn in turns],
        "todays": [turn.today for turn in turns],
        "instants": [turn.at for turn in turns],
    }
    # A day that has ended already by the new zone's clocks ends as it starts.
    ends = [
        max(calendar.day_end(turn.today, timezone), turn.at)
        for turn, timezone in zip(turns, timezones, strict=True)
    ]
    prepared.run(OPEN_NEXT_DAY, {**days, "ends": ends})
    if timezones != [turn.timezone for turn in turns]:
        prepared.run(CHANGE_TIME_ZONE, {**days, "timezones": timezones})
    return ends


def _time_zones(turns: Sequence[_Turn]) -> list[str]:
    """The time zone of each turn's line from its day on. A change of zone takes effect only on the
    first of a month.
    """
    months = {turn.today for turn in turns if turn.today.day == 1}
    line_ids = [turn.line_id for turn in turns]
    changes = {month: time_zones_from(line_ids, month) for month in months}
    return [changes.get(turn.today, {}).get(turn.line_id, turn.timezone) for turn in turns]


def _turns(line_ids: Sequence[int], now: datetime) -> list[_Turn]:
    """Lock those of these lines whose open day has ended by `now`. Returns for each the day that
    becomes its open one: the next day, or a later one if the days between are quiet.
    """
    ended = prepared.rows(LOCK_ENDED, {"lines": list(line_ids), "now": now})
    if not ended:
        return []
    # Only once the lines are locked, since what it reads is written under their locks.
    quiet = quiet_through([line_id for line_id, *_ in ended])
    return [_turn(*line, quiet_through=quiet.get(line[0], date.min), now=now) for line in ended]


def _turn(
    line_id: int,
    currency: str,
    timezone: str,
    open_on: date,
    open_until: datetime,
    *,
    quiet_through: date,
    now: datetime,
) -> _Turn:
    """The day that the line, whose open day has ended by `now`, comes to: the next one or, if that
    is quiet, the last of the quiet days in a row that have started by `now`.

    A day is quiet if it is not after `quiet_through` and not the first of a month.
    """
    following = calendar.days_after(open_on, open_until, timezone)
    today, at = next(following)
    days, is_quiet = 1, today.day != 1 and today <= quiet_through
    if is_quiet:
        for day, starts_at in following:
            if starts_at > now or day.day == 1 or day > quiet_through:
                break
            today, at, days = day, starts_at, days + 1
    return _Turn(line_id, currency, timezone, today, at, days, is_quiet)


def _starts(turns: Sequence[_Turn]) -> list[Start]:
    """For each of these turns, the day that starts with the policy in force for its line on that
    day.
    """
    in_force = policies.in_force_for((turn.currency, turn.today) for turn in turns) if turns else []
    return [
        Start(turn.line_id, turn.timezone, turn.today, turn.at, policy)
        for turn, policy in zip(turns, in_force, strict=True)
    ]
