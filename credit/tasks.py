"""The work of credit's jobs: each function processes one chunk of the keys that the job's `due`
found.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from credit.operations import automatic, days, flags, payout_answers, payouts
from jobs.chunks import Failures, Turn, ask_one_by_one, one_by_one, run_bisecting


def work_off_day_ends(line_ids: Sequence[int], now: datetime) -> Failures:
    return run_bisecting(partial(days.work_off, now=now), line_ids)


def flag_orders(line_ids: Sequence[int], now: datetime) -> Failures:
    return run_bisecting(partial(flags.raise_flags, now=now), line_ids)


def run_automatic_withdrawals(rule_ids: Sequence[int], now: datetime) -> Failures:
    return one_by_one(partial(automatic.run, now=now), rule_ids)


def send_withdrawals(
    withdrawal_ids: Sequence[int], now: datetime, turn: Turn | None = None
) -> Failures:
    return ask_one_by_one(payouts.send, withdrawal_ids, turn or Turn(now))


def reconcile_withdrawals(
    withdrawal_ids: Sequence[int], now: datetime, turn: Turn | None = None
) -> Failures:
    return ask_one_by_one(payouts.reconcile, withdrawal_ids, turn or Turn(now))


def take_payout_answers(answer_ids: Sequence[int], now: datetime) -> Failures:
    return one_by_one(partial(payout_answers.take, now=now), answer_ids)


def flag_late_withdrawals(withdrawal_ids: Sequence[int], now: datetime) -> Failures:
    return run_bisecting(partial(payouts.flag_late, now=now), withdrawal_ids)
