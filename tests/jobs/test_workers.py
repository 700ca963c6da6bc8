"""A real Celery worker: one that is killed at work leaves its chunk to the next, which ends it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import quote

import psutil
import pytest
from django.conf import settings
from django.db import connection, transaction
from kombu.entity import Queue

from billing.models import BillingAccount
from config.celery import app
from config.local import datafolder
from jobs import definitions, queries, runs, tasks
from jobs.models import Heartbeat, JobRun
from jobs.timetable import job_named
from tests import shops
from tests.jobs.working import DAY_END, JOINED, figures
from tests.processes import until

pytestmark = pytest.mark.django_db(transaction=True)

# The queues are of this test alone: the broker is everybody's.
WORKER = """
import sys
from kombu.entity import Queue
from config.celery import app
app.conf.task_default_queue, app.conf.task_routes = sys.argv[1], {}
app.conf.task_queues = (Queue(sys.argv[1]),)
app.worker_main(["worker", "--concurrency", "1", "--loglevel", "INFO", "--without-mingle",
                 "--without-gossip", "--hostname", sys.argv[1]])
"""


@pytest.fixture
def queue() -> Iterator[str]:
    name = f"tael-test-{os.getpid()}"
    before = (app.conf.task_queues, app.conf.task_routes, app.conf.task_default_queue)
    _send_to((Queue(name),), {}, name)
    yield name
    with app.connection_for_write() as broker:
        broker.default_channel.client.delete(name)
    _send_to(*before)


def _send_to(queues: object, routes: object, default: str) -> None:
    app.conf.task_queues, app.conf.task_routes = queues, routes
    app.conf.task_default_queue = default
    app.amqp.flush_routes()  # what an earlier test has sent made them be kept
    for kept in ("queues", "router"):
        app.amqp.__dict__.pop(kept, None)


@pytest.fixture
def worker(queue: str) -> Iterator[psutil.Process]:
    database = connection.settings_dict
    login = f"{quote(database['USER'])}:{quote(database['PASSWORD'])}"
    address = f"{login}@{quote(database['HOST'], safe='')}:{database['PORT']}"
    environment = {
        **os.environ,
        "DATABASE_URL": f"postgresql://{address}/{database['NAME']}",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "TAEL_DATA_DIR": str(datafolder.root()),
    }
    command = [sys.executable, "-c", WORKER, queue]
    with subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def is_waited_for() -> bool:
    """Whether a worker has come to the row that this process holds locked."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks"
            " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        )
        return bool(cursor.fetchone()[0])


def test_a_worker_killed_at_work_leaves_its_chunk_to_the_next(
    worker: psutil.Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(definitions, "CHUNK", 4)
    accounts = [shops.join(JOINED, f"shop-{number}").merchant.pk for number in range(10)]
    tasks.beat.delay()
    until(lambda: Heartbeat.objects.filter(pk=queries.SCHEDULER).exists(), 120)

    started = runs.start(job_named("billing-day-ends"), at=DAY_END, now=DAY_END)
    with transaction.atomic():
        BillingAccount.objects.select_for_update().get(pk=accounts[5])
        tasks.spread(started)
        until(is_waited_for, 120)
        (at_work,) = worker.children()
        at_work.send_signal(signal.SIGKILL)
        until(lambda: not at_work.is_running() or at_work.status() == psutil.STATUS_ZOMBIE)
    run = JobRun.objects.filter(pk=started.run.pk, ended_at__isnull=False)
    until(run.exists, 120)
    found = run.get()
    assert (figures(found), found.open_chunks, found.error) == ((10, 10, 0), [], "")
    days = set(BillingAccount.objects.values_list("open_on", flat=True))
    assert list(map(str, days)) == ["2026-11-02"]
