"""Real workers, one of them for providers, at a provider that accepts and never answers."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from billing.models import BillingAccount, Payment
from jobs import definitions, queries, runs, tasks
from jobs.models import Heartbeat, JobRun
from jobs.timetable import job_named
from tests import shops, silent_server, stripe_server
from tests.jobs.test_silent_provider import due
from tests.jobs.working import figures, queues_of_our_own, real_worker
from tests.processes import until
from tests.silent_server import Silent

pytestmark = pytest.mark.django_db(transaction=True)

DAY_END = "2026-11-03 00:00"


@pytest.fixture
def queues(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """Queues of the test's own: for all jobs, and for those that ask providers."""
    own = f"tael-test-{os.getpid()}-own"
    asking = f"tael-test-{os.getpid()}-providers"
    monkeypatch.setattr(definitions, "PROVIDERS", asking)
    with queues_of_our_own(own, asking):
        yield own, asking


@pytest.fixture
def silent(settings: Any) -> Iterator[Silent]:
    """A provider that takes connections and does not answer; 0.3 s are waited for it."""
    with silent_server.silent() as server:
        stripe_server.be_asked(settings, server.url, timeout=0.3)
        yield server


def has_ended(run: JobRun) -> bool:
    return JobRun.objects.filter(pk=run.pk, ended_at__isnull=False).exists()


@pytest.mark.full  # test_silent_provider, without workers
@pytest.mark.parametrize("invoices", [8, 60])
def test_heartbeat_and_other_jobs_go_on_and_the_run_ends(
    silent: Silent, queues: tuple[str, str], invoices: int
) -> None:
    due(invoices)
    at = shops.instant("2026-11-02 10:00")
    with ExitStack() as stack:
        for taken in queues:
            stack.enter_context(real_worker(taken))
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
