"""A real Celery worker: one that is killed at work leaves its chunk to the next, which ends it."""

import os
import signal
from collections.abc import Iterator

import psutil
import pytest
from django.db import transaction

from billing.models import BillingAccount
from jobs import definitions, queries, runs, tasks
from jobs.models import Heartbeat, JobRun
from jobs.timetable import job_named
from tests import shops
from tests.jobs.working import DAY_END, JOINED, figures, queues_of_our_own, real_worker
from tests.processes import until
from tests.threads import is_waited_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def worker() -> Iterator[psutil.Process]:
    """The process of a worker with a queue of its own."""
    queue = f"tael-test-{os.getpid()}"
    with queues_of_our_own(queue), real_worker(queue) as worker:
        yield worker


@pytest.mark.full  # tests/chaos kills workers at work
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
