"""What Prometheus reads: counters of all processes, and how queues and timetable stand."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client import REGISTRY, start_http_server
from pytest_django import Settings

from billing.models import Invoice
from config.celery import app
from config.local.datafolder import BASE_DIR
from config.monitoring import metrics
from jobs.timetable import job_named
from tests import shops
from tests.billing.paying import billed
from tests.factories import HeartbeatFactory, JobFailureFactory, JobRunFactory, browser_of, member

COUNTING = """
import sys
from lib import counters as metrics
for _ in range(int(sys.argv[1])):
    metrics.ORDERS.labels("placed").inc()
metrics.SECONDS.labels("overview").observe(0.03)
"""


def value(name: str, **labels: str) -> float:
    """The present value of this metric; 0 if it was never counted."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.fixture
def added() -> Callable[..., float]:
    """How much a counter has grown during this test."""
    at_first: dict[str, float] = {
        f"{sample.name} {sorted(sample.labels.items())}": sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
    }

    def difference(name: str, **labels: str) -> float:
        return value(name, **labels) - at_first.get(f"{name} {sorted(labels.items())}", 0.0)

    return difference


@pytest.mark.django_db(transaction=True)
def test_what_was_committed_is_counted(added: Callable[..., float], settings: Settings) -> None:
    settings.TAEL_SANDBOX = True
    shop = billed()  # by 39.00, to be paid by a card that works
    shop.place("2026-11-01 11:00", "A-1", "120.00")
    shop.place("2026-11-01 11:00", "A-2", "80.00")
    shop.place("2026-11-01 11:00", "A-3", "90000.00")
    shop.place("2026-11-01 11:00", "A-1", "120.00")
    shop.send("weather.changed", "2026-11-01 11:00")
    shops.run_jobs(shops.instant("2026-11-01 11:00"))
    assert Invoice.objects.get().status == "PAID"
    assert added("tael_orders_total", outcome="placed") == 2
    assert added("tael_orders_total", outcome="declined") == 1
    assert added("tael_holds_total", currency="USD") == 2
    assert added("tael_events_total", type="order.placed", outcome="duplicate") == 1
    assert added("tael_events_total", type="unknown", outcome="rejected") == 1
    assert added("tael_invoices_total", kind="SUBSCRIPTION") == 1
    assert added("tael_payments_total", provider="sandbox", outcome="SUCCEEDED") == 1


@pytest.mark.django_db
def test_what_was_not_committed_is_not_counted(added: Callable[..., float]) -> None:
    shops.join("2026-11-01 10:00").place("2026-11-01 11:00", "A-1", "120.00")
    assert added("tael_orders_total", outcome="placed") == 0


@pytest.mark.django_db
def test_requests_are_counted_by_route_and_not_by_address(added: Callable[..., float]) -> None:
    shop = shops.join("2026-11-01 10:00")
    browser = browser_of(member(shop))
    browser.get("/m/rosewood/")
    browser.get("/m/rosewood/")
    browser.get("/m/elsewhere/")
    Client().get("/nothing/here/")
    assert added("tael_requests_total", route="overview", method="GET", status="200") == 2
    assert added("tael_requests_total", route="overview", method="GET", status="404") == 1
    assert added("tael_requests_total", route="none", method="GET", status="404") == 1
    assert added("tael_request_seconds_count", route="overview") == 3


@pytest.mark.django_db(transaction=True)
def test_a_scraper_reads_the_counters_of_all_processes_and_how_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(metrics.FOLDER, str(tmp_path))
    for times in ("2", "5"):
        subprocess.run(
            [sys.executable, "-c", COUNTING, times],
            cwd=BASE_DIR,
            env=os.environ,
            check=True,
            timeout=180,
        )
    numbered_by = Path("/proc/self/ns/pid").stat().st_ino  # another one in each container
    names = {path.stem.rpartition("-")[0] for path in tmp_path.iterdir()}
    assert names == {f"counter_{numbered_by}", f"histogram_{numbered_by}"}
    now = timezone.now()
    long_ago = now - timedelta(hours=5)
    JobRunFactory.create(job="billing-day-ends", due_at=long_ago, ended_at=long_ago)
    JobFailureFactory.create(first_failed_at=now)
    HeartbeatFactory.create(at=now - timedelta(seconds=90))
    monkeypatch.setattr(metrics, "QUEUES", ("tael-test",))
    with app.connection_for_read() as broker:
        redis = broker.default_channel.client
        redis.rpush("tael-test", "a", "b", "c")
        try:
            scraped = scrape()
        finally:
            redis.delete("tael-test")
    assert scraped['tael_orders_total{outcome="placed"}'] == 7
    assert scraped['tael_request_seconds_bucket{le="0.05",route="overview"}'] == 2
    assert scraped['tael_queue_length{queue="tael-test"}'] == 3
    assert scraped['tael_job_parked{job="billing-day-ends"}'] == 1
    assert scraped['tael_job_parked{job="order-flags"}'] == 0
    # Since the tick that came next, within an hour; and how long the scrape took.
    owed = (now - job_named("billing-day-ends").tick_after(long_ago)).total_seconds()
    assert 4 * 3600 <= owed <= 5 * 3600
    assert owed <= scraped['tael_job_lag_seconds{job="billing-day-ends"}'] < owed + 300
    assert 90 <= scraped["tael_heartbeat_age_seconds"] < 90 + 300
    assert (scraped["tael_database_up"], scraped["tael_broker_up"]) == (1, 1)


@pytest.mark.full
@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_is_said_and_hides_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(metrics.FOLDER, str(tmp_path))
    monkeypatch.setattr(app.conf, "broker_read_url", "redis+socket:///tmp/nowhere.sock")
    scraped = scrape()
    assert (scraped["tael_database_up"], scraped["tael_broker_up"]) == (1, 0)
    assert 'tael_job_parked{job="order-flags"}' in scraped


def scrape() -> dict[str, float]:
    """All metrics, as Prometheus gets them."""
    server, thread = start_http_server(0, "127.0.0.1", metrics.registry())
    try:
        with urlopen(f"http://127.0.0.1:{server.server_port}/metrics", timeout=20) as response:
            content = response.read().decode()
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    lines = re.findall(r"^(tael_\S+) (\S+)$", content, re.MULTILINE)
    return {name: float(figure) for name, figure in lines}


@pytest.mark.django_db
def test_the_public_address_has_none() -> None:
    assert Client().get("/metrics").status_code == Client().get("/metrics/").status_code == 404
