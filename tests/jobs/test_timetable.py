"""The one timetable: beat follows it, and a job run late, twice or in chunks does all once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from celery.beat import Scheduler
from celery.schedules import crontab
from django.db import transaction

from billing.models import Invoice
from config.celery import app
from config.timetable import TIMETABLE
from credit.models import CreditLine
from jobs import definitions, runs, tasks
from jobs.definitions import Job
from tests import books, shops


def every(**interval: int) -> Job:
    """A job that finds nothing to do, and runs this often."""
    return Job(
        "some-job", due=lambda now: [], work=lambda keys, now: {}, every=timedelta(**interval)
    )


@pytest.mark.parametrize(
    ("interval", "schedule"),
    [
        ({"minutes": 1}, crontab(minute="*/1")),
        ({"minutes": 15}, crontab(minute="*/15")),
        ({"hours": 1}, crontab(minute=0)),
        ({"hours": 6}, crontab(minute=0, hour="*/6")),
        ({"days": 1}, crontab(minute=0, hour=0)),
    ],
)
def test_a_schedule_for_beat(interval: dict[str, int], schedule: crontab) -> None:
    assert every(**interval).crontab() == schedule


@pytest.mark.parametrize("interval", [{"minutes": 7}, {"hours": 5}, {"seconds": 90}, {"days": 2}])
def test_an_interval_that_no_crontab_can_say_is_refused(interval: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="some-job"):
        every(**interval).crontab()


def test_beat_follows_the_whole_timetable() -> None:
    schedule = app.conf.beat_schedule
    assert set(schedule) == {job.name for job in TIMETABLE} | {"heartbeat"}
    for job in TIMETABLE:
        assert schedule[job.name]["args"] == [job.name]
        assert schedule[job.name]["kwargs"].keys() == {"tick"}
        assert callable(job.due)
        assert callable(job.work)
    for entry in schedule.values():
        assert entry["task"] in app.tasks


def test_a_scheduler_gives_its_first_heartbeat_as_it_starts_and_then_each_minute() -> None:
    begun = Scheduler(app=app, lazy=True)
    begun.setup_schedule()
    first = begun.schedule["heartbeat"]
    assert first.is_due().is_due
    again = next(first).is_due()
    assert not again.is_due
    assert again.next <= 60


@pytest.fixture
def many_merchants(db: None) -> list[shops.Shop]:
    """Merchants with bills, orders and thresholds that come due on the same days."""
    return [
        shops.join(
            "2026-11-01 10:00",
            f"shop-{number}",
            plan_price="39.00",
            billing_threshold="50.00",
            payment_days=0,
        )
        for number in range(5)
    ]


def test_chunks_cover_all_that_is_due_once(
    many_merchants: list[shops.Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(definitions, "CHUNK", 2)
    (job,) = (job for job in TIMETABLE if job.name == "credit-day-ends")
    chunks = job.chunks(job.find(shops.instant("2026-11-02")))
    assert [len(chunk) for chunk in chunks] == [2, 2, 1]
    due = [pk for chunk in chunks for pk in chunk]
    assert due == sorted(CreditLine.objects.values_list("pk", flat=True))
    assert job.find(shops.instant("2026-11-01 23:59:59")) == []


@pytest.mark.full  # what is due is handed out in chunks, too
def test_small_chunks_make_the_same_books(
    many_merchants: list[shops.Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = shops.instant("2026-12-05")
    for shop in many_merchants:
        shop.charge("2026-11-05 12:00", "shipping-label", "60.00")
    with transaction.atomic():
        shops.run_jobs(now)
        whole = books.books()
        transaction.set_rollback(True)
    monkeypatch.setattr(definitions, "CHUNK", 2)
    shops.run_jobs(now)
    assert books.books() == whole
    assert Invoice.objects.count() == 15  # on joining, over the threshold, on 1 December


def test_no_job_finds_anything_in_empty_books(db: None) -> None:
    """So the ticks of tests/shops.py need not ask those whose table is empty."""
    now = shops.instant("2026-12-05")
    assert {job.name: job.find(now) for job in TIMETABLE} == {job.name: [] for job in TIMETABLE}


def test_a_tick_of_the_tests_does_what_all_jobs_would(many_merchants: list[shops.Shop]) -> None:
    now = shops.instant("2026-12-05")
    for shop in many_merchants[:2]:
        shop.place("2026-11-02 12:00", "A", "100.00")
        shop.charge("2026-11-05 12:00", "shipping-label", "60.00")
    with transaction.atomic():
        for job in TIMETABLE:
            job.run_here(now)
        whole = books.books()
        transaction.set_rollback(True)
    shops.run_jobs(now)
    assert books.books() == whole


def test_a_job_run_again_does_nothing(many_merchants: list[shops.Shop]) -> None:
    now = datetime(2027, 2, 1, tzinfo=UTC)
    shops.run_jobs(now)
    before = (books.books(), Invoice.objects.count())
    shops.run_jobs(now)
    shops.run_jobs(now - timedelta(days=30))
    assert (books.books(), Invoice.objects.count()) == before


@pytest.fixture
def workers_in_this_process() -> Iterator[None]:
    """Tasks are done at once in this process."""
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


@pytest.mark.full  # chunks cover all, above
def test_a_tick_hands_out_what_is_due_in_chunks(
    many_merchants: list[shops.Shop],
    workers_in_this_process: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(definitions, "CHUNK", 2)
    for job in TIMETABLE:
        now = shops.instant("2026-12-05")
        tasks.spread(runs.start(job, at=now, now=now))
    assert {str(shop.line.open_on) for shop in many_merchants} == {"2026-12-05"}
    assert {str(shop.account.open_on) for shop in many_merchants} == {"2026-12-05"}
