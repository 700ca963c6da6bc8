"""The Celery app, and the one timetable: Celery beat and `manage.py replay` both follow it."""

import logging
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from celery import Celery
from celery.beat import BeatLazyFunc
from celery.schedules import crontab
from celery.signals import beat_init, before_task_publish, celeryd_init
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string
from kombu.entity import Queue

from config import embedded, installation, waits
from merchants.piecework import Failures, Turn
from merchants.refusals import Refused

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

log = logging.getLogger(__name__)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PROVIDERS = "providers"  # where those wait who ask providers: one that hangs keeps no others
QUEUES = ("celery", "timetable", PROVIDERS)
CHUNK = 250  # due rows a task takes: seconds of work, so that a lost worker costs little


@dataclass(frozen=True)
class Job:
    """Something that is looked for at every multiple of `every` since the epoch, in UTC.

    `due` names the query that finds what is to be done at an instant, by primary key; `work` names
    the function that does one chunk of it and tells which rows failed. Both are safe to run again,
    at once, or late.
    """

    name: str
    due: str
    work: str
    every: timedelta
    model: str = ""  # whose primary keys these are
    merchant: str = ""  # the path from the row to its merchant
    # A chunk is done in one go: rows that failed before are then tried on their own.
    is_set_based: bool = False
    in_replay: bool = True  # False: it concerns people, of whom a replay has none
    # Each row asks a provider, which may keep silent: `work` takes the worker's turn, too, and its
    # chunks have workers of their own.
    asks_providers: bool = False

    @property
    def queue(self) -> str | None:
        """Where its chunks wait; None where all others do."""
        return PROVIDERS if self.asks_providers else None

    def find(self, now: datetime) -> Sequence[int]:
        """What is due at `now`."""
        due: Callable[[datetime], Sequence[int]] = import_string(self.due)
        return due(now)

    def chunks(self, due: Sequence[int]) -> list[Sequence[int]]:
        return [due[start : start + CHUNK] for start in range(0, len(due), CHUNK)]

    def work_off(self, keys: Sequence[int], now: datetime, turn: Turn | None = None) -> Failures:
        """Do one chunk; the rows that failed. Raises what is no row's fault.

        Of a job that asks providers, what was not tried is in `turn` afterwards.
        """
        work: Callable[..., Failures] = import_string(self.work)
        failures = work(keys, now, turn) if self.asks_providers else work(keys, now)
        for key, error in failures.items():
            expected = isinstance(error, Refused)
            log.error(
                "%s: row %s was left as it is: %s",
                self.name,
                key,
                error,
                exc_info=None if expected else error,
            )
        return failures

    def run_here(self, now: datetime) -> None:
        """Do all that is due at `now` in this process. Raises the first bug, after the rest."""
        bugs = [
            error
            for chunk in self.chunks(self.find(now))
            for error in self.work_off(chunk, now).values()
            if not isinstance(error, Refused)
        ]
        if bugs:
            raise bugs[0]

    def tick_after(self, instant: datetime) -> datetime:
        """The first instant of the timetable that is after `instant`."""
        return self.tick_at(instant) + self.every

    def tick_at(self, instant: datetime) -> datetime:
        """The last instant of the timetable that is not after `instant`."""
        return EPOCH + (instant - EPOCH) // self.every * self.every

    def crontab(self) -> crontab:
        """The same instants for beat. Raises ValueError where a crontab cannot say them."""
        minutes, rest = divmod(self.every, timedelta(minutes=1))
        if not rest and minutes and 60 % minutes == 0:
            return crontab(minute=f"*/{minutes}" if minutes < 60 else 0)
        hours, rest = divmod(self.every, timedelta(hours=1))
        if not rest and hours and 24 % hours == 0:
            return crontab(minute=0, hour=f"*/{hours}" if hours < 24 else 0)
        raise ValueError(f"{self.name}: {self.every} divides neither an hour nor a day")


# Jobs of one instant run in this order in a replay. In production they may overlap: each finds its
# own due rows, and operations work off day-ends themselves where they depend on them.
TIMETABLE = (
    Job(
        "billing-day-ends",
        due="billing.queries.accounts_with_a_day_to_work_off",
        work="billing.tasks.work_off_day_ends",
        every=timedelta(hours=1),
        model="billing.BillingAccount",
        merchant="merchant",
        is_set_based=True,
    ),
    Job(
        "credit-day-ends",
        due="credit.queries.lines_with_a_day_to_work_off",
        work="credit.tasks.work_off_day_ends",
        every=timedelta(hours=1),
        model="credit.CreditLine",
        merchant="merchant",
        is_set_based=True,
    ),
    Job(
        "collect-payments",
        due="billing.queries.bills_to_collect",
        work="billing.tasks.collect_payments",
        every=timedelta(hours=1),
        model="billing.Invoice",
        merchant="account__merchant",
        asks_providers=True,
    ),
    Job(
        "reconcile-payments",
        due="billing.queries.payments_to_reconcile",
        work="billing.tasks.reconcile_payments",
        every=timedelta(minutes=5),
        model="billing.Payment",
        merchant="invoice__account__merchant",
        in_replay=False,
        asks_providers=True,
    ),
    Job(
        "look-for-reversals",
        due="billing.queries.reversals.providers_to_look_at",
        work="billing.tasks.look_for_reversals",
        every=timedelta(days=1),
        in_replay=False,
        asks_providers=True,
    ),
    Job(
        "order-flags",
        due="credit.queries.flags.lines_with_orders_to_flag",
        work="credit.tasks.flag_orders",
        every=timedelta(days=1),
        model="credit.CreditLine",
        merchant="merchant",
        is_set_based=True,
    ),
    Job(
        "automatic-withdrawals",
        due="credit.queries.automatic.to_run",
        work="credit.tasks.run_automatic_withdrawals",
        every=timedelta(hours=1),
        model="credit.PayoutSchedule",
        merchant="line__merchant",
        in_replay=False,
    ),
    Job(
        "send-withdrawals",
        due="credit.queries.withdrawals.to_send",
        work="credit.tasks.send_withdrawals",
        every=timedelta(minutes=5),
        model="credit.Withdrawal",
        merchant="line__merchant",
        in_replay=False,
        asks_providers=True,
    ),
    Job(
        "reconcile-withdrawals",
        due="credit.queries.withdrawals.to_reconcile",
        work="credit.tasks.reconcile_withdrawals",
        every=timedelta(minutes=5),
        model="credit.Withdrawal",
        merchant="line__merchant",
        in_replay=False,
        asks_providers=True,
    ),
    Job(
        "bank-answers",
        due="credit.queries.withdrawals.payout_answers_to_take",
        work="credit.tasks.take_payout_answers",
        every=timedelta(minutes=1),
        model="credit.PayoutAnswer",
        in_replay=False,
    ),
    Job(
        "late-withdrawals",
        due="credit.queries.withdrawals.to_flag_as_late",
        work="credit.tasks.flag_late_withdrawals",
        every=timedelta(hours=1),
        model="credit.Withdrawal",
        merchant="line__merchant",
        is_set_based=True,
        in_replay=False,
    ),
    Job(
        "notice-mails",
        due="merchants.queries.notices_to_mail",
        work="merchants.tasks.send_notice_mails",
        every=timedelta(minutes=5),
        model="merchants.Notice",
        merchant="merchant",
        in_replay=False,
    ),
    Job(
        "security-mails",
        due="merchants.queries.security_mails_to_send",
        work="merchants.tasks.send_security_mails",
        every=timedelta(minutes=1),
        model="merchants.SecurityMail",
        merchant="merchant",
        in_replay=False,
    ),
    Job(
        "old-sign-ins",
        due="merchants.queries.old_sign_ins",
        work="merchants.tasks.forget_sign_ins",
        every=timedelta(hours=6),
        model="merchants.SignIn",
        is_set_based=True,
        in_replay=False,
    ),
    Job(
        "old-runs",
        due="config.jobs.old_runs",
        work="config.runs.forget",
        every=timedelta(hours=6),
        model="config.JobRun",
        is_set_based=True,
        in_replay=False,
    ),
    Job(
        "lapse-proposals",
        due="merchants.operations.proposals.to_lapse",
        work="merchants.operations.proposals.lapse",
        every=timedelta(hours=1),
        model="merchants.Proposal",
        merchant="merchant",
        in_replay=False,
    ),
    Job(
        "old-sessions",
        due="config.sessions.expired",
        work="config.sessions.forget",
        every=timedelta(hours=1),
        in_replay=False,
    ),
)


def job_named(name: str) -> Job:
    """Raises LookupError."""
    for job in TIMETABLE:
        if job.name == name:
            return job
    raise LookupError(f"there is no job {name}")


def _tick(name: str) -> str:
    """The instant of the timetable that beat, which calls this as it sends, is at."""
    return job_named(name).tick_at(datetime.now(UTC)).isoformat()


app = Celery("tael", loader="config.celery_loader:Loader")
app.config_from_object("django.conf:settings", namespace="CELERY")
# A task is acknowledged when done: one whose worker dies goes back to the queue, and every task may
# run twice. Redis hands a task out again after the visibility timeout: it outlasts the time limit.
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_soft_time_limit=9 * 60,
    task_time_limit=10 * 60,
    broker_transport_options={"visibility_timeout": 30 * 60, **waits.BROKER},
    task_publish_retry_policy=waits.PUBLISHING,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,  # a worker waits for its broker for as long as it is away
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    timezone="UTC",
)
# What beat asks for does not wait behind a month's end: workers take from both queues in turn.
app.conf.task_queues = tuple(map(Queue, QUEUES))
app.conf.task_default_queue = QUEUES[0]
app.conf.task_routes = {
    "config.tasks.run_job": {"queue": "timetable"},
    "config.tasks.beat": {"queue": "timetable"},
    "billing.tasks.collect_chosen": {"queue": PROVIDERS},
}
app.autodiscover_tasks()
# What beat had asked for when it ended, and what it could not send, the database knows: a run's
# tick is on record (config.jobs.owed). So beat keeps no file of its own.
app.conf.beat_scheduler = "celery.beat:Scheduler"
app.conf.beat_schedule = {
    job.name: {
        "task": "config.tasks.run_job",
        "args": [job.name],
        "kwargs": {"tick": BeatLazyFunc(_tick, job.name)},
        "schedule": job.crontab(),
    }
    for job in TIMETABLE
} | {
    # One that waits for long would tell of a scheduler that may be dead by now.
    "heartbeat": {"task": "config.tasks.beat", "schedule": crontab(), "options": {"expires": 90}}
}


# At each connection that is lost it asks whether work in progress should be thrown away in future.
# It should not: a chunk that has asked a provider writes down the answer, and runs twice in peace.
warnings.filterwarnings("ignore", message=r"\s*In Celery 5\.1 we introduced an optional breaking")


@celeryd_init.connect
@beat_init.connect
@before_task_publish.connect
def have_a_broker(**_: Any) -> None:
    embedded.ensure_broker()


@celeryd_init.connect
@beat_init.connect
def be_the_installation(**_: Any) -> None:
    """What is raised in here Celery would only log."""
    try:
        installation.check()
    except ImproperlyConfigured as refusal:
        sys.exit(str(refusal))
