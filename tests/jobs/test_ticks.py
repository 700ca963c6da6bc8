"""Each instant of the timetable has one run, however many schedulers ask; none of them is lost."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery.beat import Scheduler
from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerGone

from billing.models import BillingAccount
from config import timetable
from config.celery import app
from jobs import definitions, queries, runs, tasks
from jobs.models import Heartbeat, JobRun
from jobs.retention import RETENTION
from jobs.timetable import job_named
from tests import shops
from tests.factories import JobRunFactory
from tests.jobs.working import DAY_END, JOINED, change, figures, workers_in_this_process
from tests.threads import at_once

pytestmark = pytest.mark.django_db

JOB = "billing-day-ends"
TICK = DAY_END.isoformat()


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[datetime]]:
    """The clock, which a test sets."""
    instant = [DAY_END]
    monkeypatch.setattr(timezone, "now", lambda: instant[0])
    with workers_in_this_process():
        yield instant


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What is asked of the workers, none of whom does it."""
    messages: list[tuple[str, str]] = []

    def delay(name: str, tick: str = "") -> None:
        messages.append((name, tick))

    monkeypatch.setattr(tasks.run_job, "delay", delay)
    return messages


def run_before(now: list[datetime]) -> None:
    """The job's run an hour ago, at whose instant no day had ended."""
    now[0] -= timedelta(hours=1)
    tasks.run_job(JOB, tick=now[0].isoformat())
    now[0] += timedelta(hours=1)


def ticks(job: str = JOB) -> list[tuple[datetime | None, int]]:
    """Tick and number of due rows of each run of the job."""
    return list(JobRun.objects.filter(job=job).order_by("pk").values_list("tick", "rows_due"))


# --- two schedulers -------------------------------------------------------------------------------


def test_two_schedulers_name_one_instant(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[Any, Any]] = []
    monkeypatch.setattr(
        tasks.run_job, "apply_async", lambda args, kwargs, **_: sent.append((args, kwargs))
    )
    job = job_named("order-flags")
    present = {job.tick_at(datetime.now(UTC))}
    for scheduler in (Scheduler(app=app), Scheduler(app=app)):
        scheduler.apply_async(scheduler.schedule[job.name])
    present.add(job.tick_at(datetime.now(UTC)))  # another one if it has come meanwhile
    assert [args for args, _ in sent] == [[job.name]] * 2
    assert {datetime.fromisoformat(said["tick"]) for _, said in sent} <= present


def test_the_last_instant_is_the_one_that_has_come() -> None:
    job = job_named("reconcile-payments")
    for at, tick in (("10:04:59", "10:00"), ("10:05:00", "10:05"), ("10:05:01", "10:05")):
        assert job.tick_at(shops.instant(f"2026-11-02 {at}")) == shops.instant(f"2026-11-02 {tick}")


def test_an_instant_is_run_once_and_the_next_one_again(now: list[datetime]) -> None:
    shop = shops.join(JOINED, plan_price="39.00")
    for _ in range(2):
        tasks.run_job(JOB, tick=TICK)
    assert ticks() == [(DAY_END, 1)]
    assert figures(JobRun.objects.get()) == (1, 1, 0)
    now[0] += timedelta(days=1)
    for _ in range(2):
        tasks.run_job(JOB, tick=(DAY_END + timedelta(days=1)).isoformat())
    assert [rows for _, rows in ticks()] == [1, 1]
    assert str(shop.account.open_on) == "2026-11-03"


@pytest.mark.django_db(transaction=True)
def test_two_messages_at_once_make_one_run() -> None:
    shops.join(JOINED)

    def begin(_: int) -> str:
        try:
            runs.start(job_named(JOB), at=DAY_END, now=DAY_END, tick=DAY_END)
        except runs.TickTaken:
            return "taken"
        return "begun"

    assert at_once(begin, threads=4) == {"begun": 1, "taken": 3}
    assert ticks() == [(DAY_END, 1)]


def test_the_database_keeps_one_run_of_an_instant() -> None:
    values = {"job": JOB, "due_at": DAY_END, "started_at": DAY_END}
    JobRunFactory.create(tick=DAY_END, **values)
    with pytest.raises(IntegrityError, match="one_run_per_job_tick_and_cell"), transaction.atomic():
        JobRunFactory.create(tick=DAY_END, **values)
    for _ in range(2):  # those that somebody asks for are not counted
        JobRunFactory.create(**values)
    with pytest.raises(IntegrityError, match="a_lost_run_has_ended"), transaction.atomic():
        JobRunFactory.create(is_lost=True, **values)


# --- a tick that meets nobody ---------------------------------------------------------------------


def test_a_tick_that_met_no_broker_is_asked_for_again_with_the_next_heartbeat(
    now: list[datetime], asked: list[tuple[str, str]]
) -> None:
    run_before(now)
    tasks.beat()
    assert asked == []  # the message may still be on its way
    now[0] += timedelta(minutes=1)
    tasks.beat()
    assert asked == [(JOB, TICK)]
    tasks.run_job(JOB, tick=TICK)
    tasks.beat()
    assert asked == [(JOB, TICK)]
    assert Heartbeat.objects.get().at == now[0]


def test_one_run_makes_up_for_all_that_were_missed(
    now: list[datetime], asked: list[tuple[str, str]]
) -> None:
    shop = shops.join(JOINED)
    tasks.run_job(JOB, tick=TICK)
    now[0] += timedelta(days=3)
    tasks.beat()
    last = DAY_END + timedelta(days=3, hours=-1)
    assert asked == [(JOB, last.isoformat())]
    tasks.run_job(*asked[0])
    assert str(shop.account.open_on) == "2026-11-05"


def test_a_tick_that_met_no_database_is_still_owed(
    now: list[datetime], asked: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = shops.join(JOINED)
    run_before(now)

    def gone(at: datetime) -> Sequence[int]:
        raise OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as without_database:
        change(without_database, JOB, due=gone)
        with pytest.raises(OperationalError):
            tasks.run_job(JOB, tick=TICK)
    assert JobRun.objects.latest("pk").tick is None
    now[0] += timedelta(minutes=1)
    tasks.beat()
    assert asked == [(JOB, TICK)]
    tasks.run_job(*asked[0])
    assert str(shop.account.open_on) == "2026-11-02"


def test_a_job_that_is_broken_is_not_asked_for_each_minute(
    now: list[datetime], asked: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def find(at: datetime) -> Sequence[int]:
        raise ZeroDivisionError("no such luck")

    change(monkeypatch, JOB, due=find)
    with pytest.raises(ZeroDivisionError):
        tasks.run_job(JOB, tick=TICK)
    tasks.run_job(JOB, tick=TICK)  # another scheduler's message: it had its turn
    now[0] += timedelta(minutes=1)
    tasks.beat()
    assert (ticks(), asked) == ([(DAY_END, 0)], [])


def test_chunks_that_the_broker_does_not_take_are_handed_back_and_their_tick_is_owed(
    now: list[datetime], asked: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(definitions, "CHUNK", 2)
    for number in range(5):
        shops.join(JOINED, f"shop-{number}")
    run_before(now)
    deliver = tasks.do_chunk.apply_async
    taken: list[Any] = []

    def apply_async(chunk: Any, **options: Any) -> None:
        if taken:
            raise BrokerGone("Error 111 connecting to 10.0.0.2:6379")
        taken.append(chunk)
        deliver(chunk, **options)

    with monkeypatch.context() as breaking:
        breaking.setattr(tasks.do_chunk, "apply_async", apply_async)
        with pytest.raises(BrokerGone):
            tasks.run_job(JOB, tick=TICK)
    broken = JobRun.objects.latest("pk")
    assert (figures(broken), broken.open_chunks, broken.tick) == ((5, 2, 0), [], None)
    assert (broken.ended_at, "Chunk 3: OperationalError" in broken.error) == (now[0], True)
    now[0] += timedelta(minutes=1)
    tasks.beat()
    assert asked == [(JOB, TICK)]
    tasks.run_job(*asked[0])
    assert figures(JobRun.objects.latest("pk")) == (3, 3, 0)
    assert set(map(str, BillingAccount.objects.values_list("open_on", flat=True))) == {"2026-11-02"}


# --- a chunk that is lost -------------------------------------------------------------------------


def lose_a_chunk(monkeypatch: pytest.MonkeyPatch) -> JobRun:
    """A run of three chunks, whose second one nobody does."""
    monkeypatch.setattr(definitions, "CHUNK", 2)
    for number in range(5):
        shops.join(JOINED, f"shop-{number}")
    started = runs.start(job_named(JOB), at=DAY_END, now=DAY_END, tick=DAY_END)
    for number in (1, 3):
        tasks.do_chunk(started.run.pk, number, JOB, list(started.chunks[number - 1]), TICK)
    return started.run


def test_a_run_that_lost_a_chunk_is_closed_once_a_later_one_has_ended(
    now: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = lose_a_chunk(monkeypatch)
    for minutes, is_lost in ((59, False), (62, False), (63, True)):
        now[0] = DAY_END + timedelta(minutes=minutes)
        tasks.run_job("security-mails", tick=now[0].isoformat())  # whichever job it is
        lost.refresh_from_db()
        assert (lost.is_lost, lost.ended_at) == (is_lost, now[0] if is_lost else None)
        if minutes == 62:
            tasks.run_job(JOB, tick=(DAY_END + timedelta(hours=1)).isoformat())
    assert (figures(lost), lost.open_chunks) == ((5, 3, 0), [2])
    assert figures(JobRun.objects.filter(job=JOB).latest("pk")) == (2, 2, 0)


def test_a_later_run_that_is_not_over_or_came_to_grief_closes_none(
    now: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = lose_a_chunk(monkeypatch)
    at = DAY_END + timedelta(hours=2)
    JobRunFactory.create(job=JOB, due_at=at, ended_at=at, error="Chunk 1: why")
    JobRunFactory.create(job=JOB, due_at=at, open_chunks=[1])
    JobRunFactory.create(job=JOB, due_at=at, ended_at=at, actor="olga@tael.example")
    before = DAY_END - timedelta(hours=1)
    JobRunFactory.create(job=JOB, due_at=before, started_at=at, ended_at=at)
    assert runs.close_lost(at) == 0
    lost.refresh_from_db()
    assert (lost.is_lost, lost.ended_at) == (False, None)


def test_a_chunk_waits_half_an_hour_for_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    shops.join(JOINED)
    started = runs.start(job_named(JOB), at=DAY_END, now=DAY_END, tick=DAY_END)
    waits: list[int] = []
    retry, work_off = tasks.do_chunk.retry, runs.work_off

    def work(*given: Any) -> Any:
        """Do the chunk; the database is away the first thirty times."""
        if len(waits) < 30:
            raise OperationalError("the database system is shutting down")
        return work_off(*given)

    def noted(*, countdown: int, **options: Any) -> Any:
        """Note how long the next try is put off, and try at once."""
        waits.append(countdown)
        return retry(countdown=0, **options)

    monkeypatch.setattr(runs, "work_off", work)
    monkeypatch.setattr(tasks.do_chunk, "retry", noted)
    tasks.do_chunk.apply((started.run.pk, 1, JOB, list(started.chunks[0]), TICK))
    assert (waits[:5], set(waits[5:]), len(waits)) == ([5, 10, 20, 40, 60], {60}, 30)
    assert figures(JobRun.objects.get()) == (1, 1, 0)


def test_a_chunk_that_comes_after_all_is_counted_and_its_run_is_lost_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lost = lose_a_chunk(monkeypatch)
    over = DAY_END + timedelta(hours=2)
    JobRun.objects.filter(pk=lost.pk).update(is_lost=True, ended_at=over)
    tasks.do_chunk(lost.pk, 2, JOB, [], TICK)
    lost.refresh_from_db()
    assert (lost.is_lost, lost.open_chunks) == (False, [])


# --- what is kept ---------------------------------------------------------------------------------


def test_runs_that_found_nothing_to_do_are_kept_for_two_days() -> None:
    """Two a minute ask whether there is a mail to send or an answer to take."""
    at = shops.instant("2026-11-10 00:00")

    def ran(job: str, **ago: int) -> JobRun:
        """A run of the job that ended so long ago."""
        when = at - timedelta(**ago)
        return JobRunFactory.create(job=job, tick=when, due_at=when, ended_at=when)

    idle = [ran("security-mails", days=2, minutes=minute) for minute in (3, 2, 1)]
    kept = [ran("security-mails", days=2), ran("security-mails", minutes=1)]
    busy = ran("bank-answers", days=3)
    busy.rows_due = busy.rows_done = 1
    busy.save()
    failed = ran("bank-answers", days=3, minutes=1)
    failed.error = "ZeroDivisionError: no such luck"
    failed.save()
    ran("bank-answers", minutes=1)
    latest = ran("order-flags", days=5)  # up to there the timetable has come
    old = queries.old_runs(at - timedelta(days=90), at)
    assert sorted(old.values_list("pk", flat=True)) == [run.pk for run in idle]
    RETENTION.run_here(at)
    left = set(JobRun.objects.values_list("pk", flat=True))
    assert left >= {run.pk for run in (*kept, busy, failed, latest)}
    assert not left & {run.pk for run in idle}
    assert queries.job_states(at)[
        [job.name for job in timetable.TIMETABLE].index("order-flags")
    ].is_late
