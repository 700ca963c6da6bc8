"""The jobs of credit: day-ends, flags, and withdrawals."""

from datetime import timedelta

from credit import tasks
from credit.models import CreditLine, PayoutAnswer, PayoutSchedule, Withdrawal
from credit.queries import automatic, flags, lines, payout_answers, quiet, withdrawals
from jobs.definitions import Job
from lib import day_ends

DAY_ENDS = Job(
    "credit-day-ends",
    due=lines.with_a_day_to_work_off,
    work=tasks.work_off_day_ends,
    every=timedelta(hours=1),
    model=CreditLine,
    merchant="merchant",
    is_set_based=True,
    due_from=lines.day_ends_from,
    cannot_wait=quiet.that_cannot_wait,
    next_after=day_ends.next_after,
)
ORDER_FLAGS = Job(
    "order-flags",
    due=flags.lines_with_orders_to_flag,
    work=tasks.flag_orders,
    every=timedelta(days=1),
    model=CreditLine,
    merchant="merchant",
    is_set_based=True,
    next_after=flags.next_after,
)
AUTOMATIC_WITHDRAWALS = Job(
    "automatic-withdrawals",
    due=automatic.to_run,
    work=tasks.run_automatic_withdrawals,
    every=timedelta(hours=1),
    model=PayoutSchedule,
    merchant="line__merchant",
    in_replay=False,
)
SEND_WITHDRAWALS = Job(
    "send-withdrawals",
    due=withdrawals.to_send,
    work=tasks.send_withdrawals,
    every=timedelta(minutes=5),
    model=Withdrawal,
    merchant="line__merchant",
    in_replay=False,
    asks_providers=True,
)
RECONCILE_WITHDRAWALS = Job(
    "reconcile-withdrawals",
    due=withdrawals.to_reconcile,
    work=tasks.reconcile_withdrawals,
    every=timedelta(minutes=5),
    model=Withdrawal,
    merchant="line__merchant",
    in_replay=False,
    asks_providers=True,
)
BANK_ANSWERS = Job(
    "bank-answers",
    due=payout_answers.to_take,
    work=tasks.take_payout_answers,
    every=timedelta(minutes=1),
    model=PayoutAnswer,
    in_replay=False,
)
LATE_WITHDRAWALS = Job(
    "late-withdrawals",
    due=withdrawals.to_flag_as_late,
    work=tasks.flag_late_withdrawals,
    every=timedelta(hours=1),
    model=Withdrawal,
    merchant="line__merchant",
    is_set_based=True,
    in_replay=False,
)
