"""The Celery app: its settings, its queues, and what beat sends."""

import logging
import os
import sys
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from celery import Celery
from celery.beat import BeatLazyFunc
from celery.exceptions import CPendingDeprecationWarning
from celery.schedules import crontab
from celery.signals import beat_init, before_task_publish, celeryd_after_setup, celeryd_init
from django.core.exceptions import ImproperlyConfigured
from kombu.entity import Queue

from config import installation, waits
from config.local import embedded
from jobs.definitions import PROVIDERS, QUEUES, Job
from jobs.timetable import job_named
from lib import clock

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

log = logging.getLogger(__name__)


def _tick(name: str) -> str:
    """The latest tick of the job with this name by this machine's clock, as ISO text. Beat calls
    this as it sends the job. Raises LookupError if there is no such job.
    """
    return job_named(name).tick_at(clock.uncompared()).isoformat()


app = Celery("tael", loader="config.celery_loader:Loader")
app.config_from_object("django.conf:settings", namespace="CELERY")
# A task is acknowledged when done: one whose worker dies goes back to the queue, and every task may
# run twice. Redis hands a task out again after the settings' visibility timeout, which outlasts the
# time limit.
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_soft_time_limit=9 * 60,
    task_time_limit=10 * 60,
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
    "jobs.tasks.run_job": {"queue": "timetable"},
    "jobs.tasks.beat": {"queue": "timetable"},
    "billing.tasks.collect_chosen": {"queue": PROVIDERS},
}
app.autodiscover_tasks()
# What beat had asked for when it ended, and what it could not send, the database knows: a run's
# tick is on record (jobs.queries.owed). So beat keeps no file of its own.
app.conf.beat_scheduler = "jobs.leading:LeadingScheduler"


def follow(jobs: Sequence[Job]) -> None:
    """Make beat send each of these jobs at its ticks, and a heartbeat each minute; it sends nothing
    else from now on.

    The first heartbeat is due as beat starts, so that the scheduler does not seem dead for the
    first minute.
    """
    app.conf.beat_schedule = {
        job.name: {
            "task": "jobs.tasks.run_job",
            "args": [job.name],
            "kwargs": {"tick": BeatLazyFunc(_tick, job.name)},
            "schedule": job.crontab(),
        }
        for job in jobs
    } | {
        # A heartbeat that waited long in the queue would prove nothing about the scheduler now.
        "heartbeat": {
            "task": "jobs.tasks.beat",
            "schedule": crontab(),
            "options": {"expires": 90},
            "last_run_at": datetime.fromtimestamp(0, UTC),
        }
    }


@celeryd_after_setup.connect  # which has it say all such things
def silence_cancellation_warning(**_: Any) -> None:
    """Silence a warning that Celery logs at each lost connection, which suggests that running tasks
    be cancelled.

    They are not cancelled: a chunk that has asked a provider records the answer, and may safely run
    twice.
    """
    message = r"\s*In Celery 5\.1 we introduced an optional breaking"
    warnings.filterwarnings("ignore", message=message, category=CPendingDeprecationWarning)


@celeryd_init.connect
@beat_init.connect
@before_task_publish.connect
def start_broker(**_: Any) -> None:
    """Start the embedded servers that this process is to use, PostgreSQL too, unless it uses them
    already, and an embedded Redis again that has died. It is called before a worker or beat starts,
    and before a task is sent. Raises ServerDidNotStart.
    """
    embedded.ensure_broker()


@celeryd_init.connect
@beat_init.connect
def check_installation(**_: Any) -> None:
    """Check, as a worker or beat starts, that the database is of the same installation, counts days
    by the same time-zone data, and is opened by our keys (config.installation.check). If not, end
    the process with a sentence; if the database can't be read, a warning is logged, and it starts.

    Celery would only log an exception raised here.
    """
    try:
        installation.check()
    except ImproperlyConfigured as refusal:
        sys.exit(str(refusal))
