"""Schedulers on two machines, of which one leads."""

from datetime import timedelta
from typing import Any

import pytest
from celery import Celery
from celery.schedules import crontab
from django.db import connection
from django.db.utils import OperationalError

from jobs import leading, leases
from jobs.leading import LeadingScheduler
from jobs.models import Lease

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scheduler() -> Any:
    """A function that makes the scheduler of one more machine, which keeps the names of what it
    sent in `sent`.
    """

    def make() -> Any:
        """A scheduler of one machine, with a task each minute."""
        app = Celery(set_as_current=False, broker="memory://")
        every = {"task": "one", "schedule": crontab(), "last_run_at": app.now() - timedelta(1)}
        app.conf.beat_schedule = {"one": every}
        found: Any = LeadingScheduler(app)
        found.sent = []
        found.apply_async = lambda entry, **_: found.sent.append(entry.name)
        return found

    return make


def machine(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what follows run on this machine."""
    monkeypatch.setattr("socket.gethostname", lambda: name)


def test_one_of_two_schedulers_sends_and_the_other_takes_over(
    scheduler: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine("north", monkeypatch)
    north = scheduler()
    assert north.tick() <= 10
    assert north.sent == ["one"]
    machine("south", monkeypatch)
    south = scheduler()
    assert south.tick() == 10
    assert (south.sent, north.leads(), south.leads()) == ([], True, False)

    # North is cut off: its lease runs out, and 5 seconds after that it is South's.
    Lease.objects.update(until=_in(-4))
    assert not south.leads()
    Lease.objects.update(until=_in(-6))
    south.tick()
    assert south.sent == ["one"]
    machine("north", monkeypatch)
    assert not north.leads()
    assert north.tick() == 10

    # One that ends lets the other lead at once.
    south.close()
    assert north.leads()


def test_a_scheduler_that_was_killed_is_followed_at_once_on_its_machine(
    scheduler: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    more_than_there_can_be = 2**22 + 1
    monkeypatch.setattr(leases, "_owner", lambda: f"north {more_than_there_can_be} 1")
    assert scheduler().leads()
    monkeypatch.undo()
    machine("south", monkeypatch)
    assert not scheduler().leads()
    machine("north", monkeypatch)
    assert scheduler().leads()


def test_a_scheduler_that_cannot_ask_the_database_goes_on_sending(
    scheduler: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    only = scheduler()

    def away(*_: object) -> None:
        raise OperationalError("the database is away")

    monkeypatch.setattr(leases, "take", away)
    only.tick()
    assert only.sent == ["one"]
    assert "It is not known which scheduler leads: the database is away" in caplog.text
    monkeypatch.undo()
    assert only.leads()
    assert (timedelta(seconds=30), timedelta(seconds=5)) == (leading.LASTS, leading.MARGIN)


def _in(seconds: int) -> Any:
    """The instant so many seconds from now, by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp() + %s * interval '1 second'", [seconds])
        return cursor.fetchone()[0]
