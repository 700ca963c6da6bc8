"""The Celery app, and the one timetable: Celery beat and `manage.py replay` both follow it."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from celery import Celery, Task
from celery.schedules import crontab
from celery.signals import beat_init, before_task_publish, celeryd_init
from django.utils.module_loading import import_string

from config import embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

CHUNK = 250  # due rows a task takes: seconds of work, so that a lost worker costs little


@dataclass(frozen=True)
class Job:
    """Something that is looked for at every multiple of `every` since the epoch, in UTC.

    `due` names the query that finds what is to be done at an instant, by primary key; `task` names
    the task that does one chunk of it. Both are safe to run again, at once, or late.
    """

    name: str
    due: str
    task: str
    every: timedelta
    in_replay: bool = True  # False: it concerns people, of whom a replay has none

    def chunks(self, now: datetime) -> Iterator[Sequence[int]]:
        """What is due at `now`, in chunks for one task each."""
        find: Callable[[datetime], Sequence[int]] = import_string(self.due)
        due = find(now)
        for start in range(0, len(due), CHUNK):
            yield due[start : start + CHUNK]

    def run_here(self, now: datetime) -> None:
        """Do all that is due at `now` in this process, chunk by chunk."""
        do: Task = import_string(self.task)
        for chunk in self.chunks(now):
            do(chunk, now.isoformat())

    def spread(self, now: datetime) -> None:
        """Hand what is due at `now` to the workers."""
        do: Task = import_string(self.task)
        for chunk in self.chunks(now):
            do.delay(chunk, now.isoformat())

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
        task="billing.tasks.work_off_day_ends",
        every=timedelta(hours=1),
    ),
    Job(
        "credit-day-ends",
        due="credit.queries.lines_with_a_day_to_work_off",
        task="credit.tasks.work_off_day_ends",
        every=timedelta(hours=1),
    ),
    Job(
        "collect-payments",
        due="billing.queries.bills_to_collect",
        task="billing.tasks.collect_payments",
        every=timedelta(hours=1),
    ),
    Job(
        "reconcile-payments",
        due="billing.queries.payments_to_reconcile",
        task="billing.tasks.reconcile_payments",
        every=timedelta(minutes=5),
        in_replay=False,
    ),
    Job(
        "order-flags",
        due="credit.queries.flags.lines_with_orders_to_flag",
        task="credit.tasks.flag_orders",
        every=timedelta(days=1),
    ),
    Job(
        "send-withdrawals",
        due="credit.queries.withdrawals.to_send",
        task="credit.tasks.send_withdrawals",
        every=timedelta(minutes=5),
        in_replay=False,
    ),
    Job(
        "reconcile-withdrawals",
        due="credit.queries.withdrawals.to_reconcile",
        task="credit.tasks.reconcile_withdrawals",
        every=timedelta(minutes=5),
        in_replay=False,
    ),
    Job(
        "late-withdrawals",
        due="credit.queries.withdrawals.to_flag_as_late",
        task="credit.tasks.flag_late_withdrawals",
        every=timedelta(hours=1),
        in_replay=False,
    ),
    Job(
        "notice-mails",
        due="merchants.queries.notices_to_mail",
        task="merchants.tasks.send_notice_mails",
        every=timedelta(minutes=5),
        in_replay=False,
    ),
)

app = Celery("tael")
app.config_from_object("django.conf:settings", namespace="CELERY")
# A task is acknowledged when done: one whose worker dies goes back to the queue, and every task may
# run twice. Redis hands a task out again after the visibility timeout: it outlasts the time limit.
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_soft_time_limit=9 * 60,
    task_time_limit=10 * 60,
    broker_transport_options={"visibility_timeout": 30 * 60},
    broker_connection_retry_on_startup=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    timezone="UTC",
)
app.autodiscover_tasks()
app.conf.beat_schedule = {
    job.name: {"task": "config.tasks.run_job", "args": [job.name], "schedule": job.crontab()}
    for job in TIMETABLE
}


@celeryd_init.connect
@beat_init.connect
@before_task_publish.connect
def have_a_broker(**_: Any) -> None:
    embedded.ensure()
