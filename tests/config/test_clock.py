"""A server whose clock is more than 5 minutes ahead does nothing, and says why (rule 2.8)."""

import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

import manage
from credit.models import Withdrawal
from jobs import tasks
from jobs.models import Heartbeat, JobRun
from lib import clock
from lib.clock import ClockAhead
from tests import clocks, shops
from tests.credit.withdrawal_pages import NEW
from tests.factories import JobRunFactory, browser_of, member
from tests.packages import PACKAGES
from tests.shops import Shop
from tests.text import text_of
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

RIGHT = datetime.now(UTC)
SENTENCE = "The server's clock is wrong: it is 6 minutes ahead of the database's. Nothing was done."
SetAhead = Callable[[timedelta], None]


@pytest.fixture
def set_ahead(monkeypatch: pytest.MonkeyPatch) -> SetAhead:
    """Sets this process's clock ahead of the database's, which is asked as in production."""
    monkeypatch.setattr(clock, "_database_time", clocks.ask_the_database)
    monkeypatch.setattr(clock, "_last", None)

    def set_it(ahead: timedelta) -> None:
        monkeypatch.setattr(timezone, "now", lambda: datetime.now(UTC) + ahead)

    return set_it


@pytest.fixture
def ahead(set_ahead: SetAhead) -> None:
    """The clock is six minutes ahead of the database's."""
    set_ahead(timedelta(minutes=6))


def test_five_minutes_are_forgiven_and_more_are_not(set_ahead: SetAhead) -> None:
    set_ahead(timedelta(minutes=4, seconds=50))
    assert clock.now() > datetime.now(UTC) + timedelta(minutes=4)
    set_ahead(timedelta(minutes=5, seconds=29))
    with pytest.raises(ClockAhead, match="it is 5 minutes ahead") as refusal:
        clock.now()
    assert refusal.value.code == "clock_ahead"


def test_a_clock_that_is_behind_moves_no_book(set_ahead: SetAhead) -> None:
    set_ahead(-timedelta(days=3))
    assert clock.now() < datetime.now(UTC) - timedelta(days=2)


def test_it_is_compared_once_a_minute_and_when_it_was_moved(
    set_ahead: SetAhead, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_ahead(timedelta(0))  # the database's
    begun, steady = timezone.now(), time.monotonic()

    def asked(later: float, moved: float = 0.0) -> int:
        """How often the database is asked so many seconds later, by a clock that was moved."""
        at = begun + timedelta(seconds=later + moved)
        monkeypatch.setattr(timezone, "now", lambda: at)
        monkeypatch.setattr(time, "monotonic", lambda: steady + later)
        with CaptureQueriesContext(connection) as queries:
            clock.now()
        return len(queries)

    assert [asked(0), asked(1), asked(59)] == [1, 0, 0]
    assert [asked(59, moved=2), asked(60, moved=2)] == [1, 0]
    assert [asked(118, moved=2), asked(119.5, moved=2), asked(120, moved=2)] == [0, 1, 0]


def test_a_wrong_clock_is_compared_each_time_until_it_is_right(set_ahead: SetAhead) -> None:
    set_ahead(timedelta(hours=3))
    for _ in range(2):
        with pytest.raises(ClockAhead, match="3 hours"):
            clock.now()
    set_ahead(timedelta(0))
    assert clock.now() <= datetime.now(UTC)


@pytest.fixture
def shop() -> Shop:
    """A shop with days to be worked off: it joined last week, and nothing has run since."""
    joined = (RIGHT - timedelta(days=7)).isoformat()
    return shops.join(joined)


@pytest.mark.usefixtures("ahead")
def test_a_page_says_so_and_nothing_is_written(shop: Shop) -> None:
    browser = browser_of(member(shop))
    with nothing_changes():
        page = browser.get("/m/rosewood/")
        sent = browser.post("/m/rosewood/credit/raise/ask/", {"limit_wanted": "9000.00"})
    assert (page.status_code, sent.status_code) == (503, 503)
    for answer in (page, sent):
        assert "The server's clock is wrong Nothing was done, since" in text_of(answer)


@pytest.mark.usefixtures("ahead")
def test_no_money_is_withdrawn(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "TAEL_SANDBOX", True)
    assert browser_of(member(shop)).post(NEW, {"amount": "1.00"}).status_code == 503
    assert not Withdrawal.objects.exists()


@pytest.mark.usefixtures("ahead")
def test_a_jobs_run_ends_with_that_error_and_no_day_is_worked_off(shop: Shop) -> None:
    before = (shop.line.open_on, shop.account.open_on)
    for job in ("billing-day-ends", "credit-day-ends"):
        with pytest.raises(ClockAhead):
            tasks.run_job(job)
    assert (shop.line.open_on, shop.account.open_on) == before
    for run in JobRun.objects.all():
        assert SENTENCE in run.error
        assert run.ended_at == run.started_at <= datetime.now(UTC)
    assert JobRun.objects.count() == 2


@pytest.mark.usefixtures("ahead")
def test_a_scheduler_with_such_a_clock_gives_no_heartbeat() -> None:
    with pytest.raises(ClockAhead):
        tasks.beat()
    assert not Heartbeat.objects.exists()


@pytest.mark.usefixtures("ahead")
def test_a_chunk_that_was_begun_is_still_put_on_record(shop: Shop) -> None:
    run = JobRunFactory.create(job="credit-day-ends", due_at=RIGHT, rows_due=1, open_chunks=[1])
    tasks.do_chunk(run.pk, 1, "credit-day-ends", [shop.line.pk], RIGHT.isoformat())
    run.refresh_from_db()
    assert (run.rows_done, run.rows_failed) == (1, 0)
    assert run.ended_at is not None
    assert run.ended_at <= datetime.now(UTC)


@pytest.mark.usefixtures("ahead")
def test_commands_exit_with_the_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def read_the_clock(_: list[str]) -> None:
        clock.now()

    monkeypatch.setattr("django.core.management.execute_from_command_line", read_the_clock)
    monkeypatch.setattr(sys, "argv", ["manage.py", "jobs"])
    with pytest.raises(SystemExit) as exited:
        manage.main()
    assert str(exited.value.code).startswith(SENTENCE)


@pytest.mark.usefixtures("ahead")
def test_a_load_balancer_hears_of_it() -> None:
    answer = Client().get("/readyz/web")
    assert answer.status_code == 503
    assert answer.json()["checks"]["clock"].startswith(SENTENCE)


def test_only_doors_read_the_clock() -> None:
    """Time is an argument of operations and queries; a door asks lib.clock for it."""
    own = {
        "lib/clock.py",
        "config/monitoring/metrics.py",  # which are told whatever the time is
        "config/celery.py",  # in which beat, without a database, says which instant it is at
        # Sessions, and a page that says until when it holds: nothing of the books goes by them.
        "merchants/sign_in/admin_door.py",
        "merchants/sign_in/sessions.py",
        "config/security_txt.py",
    }
    behind = re.compile(r"^[a-z]+/(operations|queries|models|audit)(/|\.py|_)")
    found = {}
    for app in PACKAGES:
        for path in Path(app).rglob("*.py"):
            text = path.read_text()
            reads = re.findall(
                r"timezone\.now\(|datetime\.now\(|datetime\.utcnow|date\.today", text
            )
            if str(path) not in own and reads:
                found[str(path)] = reads
            if behind.search(str(path)) and "clock.now" in text:
                found[str(path)] = ["clock.now"]
    assert found == {}
