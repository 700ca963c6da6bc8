"""The work of credit's jobs: each function processes one chunk of the keys that the job's `due`
found.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from credit.operations import automatic, days, flags, payout_answers, payouts
from jobs.chunks import Failures, Turn, ask_one_by_one, one_by_one, run_bisecting


def work_off_day_ends(line_ids: Sequence[int], now: datetime) -> Failures:
    """Work off the day-ends of these lines up to `now`. Returns the lines that failed, with their
    errors. A day-end writes off orders, places and lifts freezes and reviews limits, of which
    merchants are notified. Where a line fails, the others go on; one of TRANSIENT_ERRORS, such as a
    database that is away, is raised at once. The lines are locked meanwhile.
    """
    return run_bisecting(partial(days.work_off, now=now), line_ids)


def flag_orders(line_ids: Sequence[int], now: datetime) -> Failures:
    """Flag the orders of these lines that a person should look at. Returns the lines that failed,
    with their errors. One of TRANSIENT_ERRORS is raised at once. Lines that have such orders are
    locked, with their ended days worked off (flags.raise_flags).
    """
    return run_bisecting(partial(flags.raise_flags, now=now), line_ids)


def run_automatic_withdrawals(rule_ids: Sequence[int], now: datetime) -> Failures:
    """Run these schedules of automatic withdrawals: one that is due requests a withdrawal of all
    that can be withdrawn, with a trail row, if that is as much as it wants; otherwise the run
    records why there is none. Each schedule is a transaction of its own, and locks its line.
    Returns the schedules that failed, with their errors. One of TRANSIENT_ERRORS is raised at once,
    and the schedules after it are not run.
    """
    return one_by_one(partial(automatic.run, now=now), rule_ids)


def send_withdrawals(
    withdrawal_ids: Sequence[int], now: datetime, turn: Turn | None = None
) -> Failures:
    """Send these withdrawals to their providers until the turn is over. Returns those that failed,
    with their errors; those whose provider keeps silent, or that the turn did not get to, are left
    for later, and have not failed. One of TRANSIENT_ERRORS is raised at once. Each is committed as
    SENT before its provider is asked; what that answers is recorded, and the merchant is notified
    of the end.
    """
    return ask_one_by_one(payouts.send, withdrawal_ids, turn or Turn(now))


def reconcile_withdrawals(
    withdrawal_ids: Sequence[int], now: datetime, turn: Turn | None = None
) -> Failures:
    """Ask the providers about these withdrawals until the turn is over. Returns those that failed,
    with their errors; those whose provider keeps silent, or that the turn did not get to, are left
    for later, and have not failed. One of TRANSIENT_ERRORS is raised at once. What they answer is
    recorded, and merchants are notified of an end. What they never received is sent again, or
    FAILED if its destination was removed.
    """
    return ask_one_by_one(payouts.reconcile, withdrawal_ids, turn or Turn(now))


def take_payout_answers(answer_ids: Sequence[int], now: datetime) -> Failures:
    """Apply these rows of the bank's answers. A row marks its withdrawal as paid, failed, or sent
    back by the bank, with a trail row, and the merchant is notified; one that says nothing new
    changes no withdrawal, and one with another amount than was sent may make it UNKNOWN. Returns
    the rows that failed, with their errors; a row that is refused has not failed. One of
    TRANSIENT_ERRORS is raised at once, and the rows after it are not tried.
    """
    return one_by_one(partial(payout_answers.take, now=now), answer_ids)


def flag_late_withdrawals(withdrawal_ids: Sequence[int], now: datetime) -> Failures:
    """Mark these withdrawals as late, for operators to look at, unless they have ended or are
    marked; merchants are not notified of that, and no trail row is written. Returns those that
    failed, with their errors; one of TRANSIENT_ERRORS is raised at once. Their lines are locked.
    """
    return run_bisecting(partial(payouts.flag_late, now=now), withdrawal_ids)
