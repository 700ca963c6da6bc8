"""Real workers, one of them for providers, at a provider that accepts and never answers."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import quote

import psutil
import pytest
from django.db import connection
from kombu.entity import Queue

from billing.models import BillingAccount, Payment
from config.celery import app
from config.local import datafolder
from jobs import definitions, queries, runs, tasks
from jobs.models import Heartbeat, JobRun
from jobs.timetable import job_named
from tests import shops, silent_server, stripe_server
from tests.jobs.test_silent_provider import due
from tests.jobs.working import figures
from tests.processes import until
from tests.silent_server import Silent
from tests.whole import full

pytestmark = pytest.mark.django_db(transaction=True)

# The queues are of this test alone: the broker is everybody's.
WORKER = """
import sys
from kombu.entity import Queue
from jobs import definitions
from config.celery import app
own, definitions.PROVIDERS, taken = sys.argv[1:]
app.conf.task_default_queue, app.conf.task_routes = own, {}
app.conf.task_queues = (Queue(own), Queue(definitions.PROVIDERS))
app.worker_main(["worker", "--queues", taken, "--concurrency", "1", "--loglevel", "INFO",
                 "--without-mingle", "--without-gossip", "--hostname", taken])
"""
DAY_END = "2026-11-03 00:00"


@pytest.fixture
def queues(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    own = f"tael-test-{os.getpid()}-own"
    asking = f"tael-test-{os.getpid()}-providers"
    before = (app.conf.task_queues, app.conf.task_routes, app.conf.task_default_queue)
    monkeypatch.setattr(definitions, "PROVIDERS", asking)
    _send_to((Queue(own), Queue(asking)), {}, own)
    yield own, asking
    with app.connection_for_write() as broker:
        broker.default_channel.client.delete(own, asking)
    _send_to(*before)


def _send_to(queues: object, routes: object, default: str) -> None:
    app.conf.task_queues, app.conf.task_routes = queues, routes
    app.conf.task_default_queue = default
    app.amqp.flush_routes()  # what an earlier test has sent made them be kept
    for kept in ("queues", "router"):
        app.amqp.__dict__.pop(kept, None)


@contextmanager
def working(queues: tuple[str, str], taken: str, stripe: str) -> Iterator[psutil.Process]:
    database = connection.settings_dict
    login = f"{quote(database['USER'])}:{quote(database['PASSWORD'])}"
    address = f"{login}@{quote(database['HOST'], safe='')}:{database['PORT']}"
    environment = {
        **os.environ,
        "DATABASE_URL": f"postgresql://{address}/{database['NAME']}",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "TAEL_DATA_DIR": str(datafolder.root()),
        "STRIPE_API_KEY": stripe_server.KEY,
        "STRIPE_API_BASE": stripe,
        "STRIPE_TIMEOUT": "1",
    }
    command = [sys.executable, "-c", WORKER, *queues, taken]
    with subprocess.Popen(command, cwd=datafolder.BASE_DIR, env=environment) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture
def silent(settings: Any) -> Iterator[Silent]:
    with silent_server.silent() as server:
        stripe_server.be_asked(settings, server.url, timeout=1)
        # The workers are told of a DATABASE_URL, and so find themselves at an address alone.
        settings.TAEL_PLACE = "127.0.0.1"
        yield server


def has_ended(run: JobRun) -> bool:
    return JobRun.objects.filter(pk=run.pk, ended_at__isnull=False).exists()


@pytest.mark.parametrize("invoices", [8, *full(60)])
def test_heartbeat_and_other_jobs_go_on_and_the_run_ends(
    silent: Silent, queues: tuple[str, str], invoices: int
) -> None:
    due(invoices)
    at = shops.instant("2026-11-02 10:00")
    with ExitStack() as stack:
        for taken in queues:
            stack.enter_context(working(queues, taken, silent.url))
        night = shops.instant(DAY_END)
        day_ends = runs.start(job_named("billing-day-ends"), at=night, now=night)
        collecting = runs.start(job_named("collect-payments"), at=at, now=at)
        tasks.spread(collecting)
        until(lambda: silent.accepted, 120)  # a worker waits for an answer that never comes
        tasks.beat.delay()
        tasks.spread(day_ends)
        until(lambda: has_ended(day_ends.run), 120)
        until(lambda: Heartbeat.objects.filter(pk=queries.SCHEDULER).exists(), 120)
        until(lambda: has_ended(collecting.run), 120)
    assert figures(JobRun.objects.get(pk=day_ends.run.pk)) == (invoices, invoices, 0)
    # The three that were asked are by now at the day of the worker's clock.
    assert BillingAccount.objects.filter(open_on="2026-11-03").count() == invoices - 3
    found = JobRun.objects.get(pk=collecting.run.pk)
    assert (figures(found), found.rows_left) == ((invoices, 3, 0), invoices - 3)
    assert found.silent == ["stripe"]
    assert len(silent.accepted) == 3
    assert [payment.status for payment in Payment.objects.all()] == ["UNKNOWN"] * 3
    tried = Payment.objects.values("invoice")
    untried = job_named("collect-payments").find(shops.instant("2026-11-03 01:00"))
    assert len(set(untried) - {row["invoice"] for row in tried}) == invoices - 3
