"""A replay never takes books beyond the clock by mistake, and live books take none."""

import hashlib
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from billing.models import Invoice
from config.local.datafolder import BASE_DIR
from gateway import ahead
from gateway.models import Replay
from merchants.models import Merchant
from tests import event_files, shops
from tests.event_files import replay
from tests.factories import HeartbeatFactory
from tests.whole import full

pytestmark = pytest.mark.django_db

TOO_LATE = "2028-11-03T10:00:00+00:00"  # one wrong digit


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """The clock stands, and audits forgive as little as elsewhere."""
    now = datetime(2026, 11, 25, 12, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: now)
    monkeypatch.setattr(ahead, "FORGIVEN", timedelta(minutes=5))
    return now


def a_file(folder: Path, *more: dict[str, Any]) -> Path:
    """A shop of yesterday, and what else is to be in the file."""
    events: list[dict[str, Any]] = []
    shop = shops.Shop("rosewood", sender=lambda event: events.append(event) or "")  # type: ignore[func-returns-value]
    shop.join("2026-11-24 10:00")
    shop.place("2026-11-24 11:00", "A", "1000.00")
    shop.charge("2026-11-24 12:00", "pick-pack", "210.00")
    return event_files.write(folder / "events.jsonl", [*events, *more])


def an_order(at: str, merchant: str = "rosewood") -> dict[str, Any]:
    """An event by which an order is placed."""
    data = {"order": "B", "buyer": "Mia", "amount": "5.00", "currency": "USD", "instalments": 1}
    return {"id": "b", "type": "order.placed", "at": at, "merchant": merchant, "data": data}


def audit() -> str:
    """What `manage.py audit` says."""
    output = StringIO()
    call_command("audit", stdout=output)
    return output.getvalue()


def test_one_wrong_year_refuses_the_file_with_its_line(tmp_path: Path, clock: datetime) -> None:
    path = a_file(tmp_path, an_order(TOO_LATE))
    with pytest.raises(CommandError, match=r"line 4: 2028-11-03T10:00:00\+00:00 is later than the"):
        replay(path, beyond_now=False)
    with pytest.raises(CommandError, match="line 4"):  # though it would not come to that line
        replay(path, until="2026-11-24T13:00:00Z", beyond_now=False)
    assert not Merchant.objects.exists()
    assert not Replay.objects.exists()


def test_an_until_after_the_clock_is_refused(tmp_path: Path, clock: datetime) -> None:
    path = a_file(tmp_path)
    with pytest.raises(CommandError, match=r"--until 2026-11-25T12:00:00.000001.* is later than"):
        replay(path, until="2026-11-25T12:00:00.000001+00:00", beyond_now=False)
    assert not Merchant.objects.exists()
    replay(path, until="2026-11-25T12:00:00+00:00", beyond_now=False)
    assert str(Merchant.objects.get().credit_line.open_on) == "2026-11-25"
    assert "0" in audit()


@pytest.mark.full  # one of our own servers, below
def test_a_demonstration_that_says_so_may_go_beyond_the_clock(
    tmp_path: Path, clock: datetime
) -> None:
    replay(a_file(tmp_path, an_order("2026-11-26T10:00:00Z")), until="2026-11-27T00:00:00Z")
    assert str(Merchant.objects.get().credit_line.open_on) == "2026-11-27"
    (line,) = [line for line in audit().splitlines() if "ahead of the clock," in line]
    assert line == (
        "2 books are ahead of the clock, by a replay with --beyond-now: up to 2026-11-27."
    )


def test_an_audit_finds_books_that_are_ahead_of_the_clock(clock: datetime) -> None:
    shop = shops.join("2026-11-20 10:00")
    shop.run_jobs("2026-11-25 12:00")
    audit()
    shop.run_jobs("2026-11-26 00:00")
    output = StringIO()
    with pytest.raises(CommandError, match=r"1 of \d+ checks found something wrong"):
        call_command("audit", stdout=output)
    said = output.getvalue()
    assert "Not so: no open day is ahead of the clock (open day)" in said
    assert "rosewood: credit line: expected 2026-11-25 at most; found 2026-11-26" in said
    assert "rosewood: billing account: expected 2026-11-25 at most; found 2026-11-26" in said


@pytest.mark.full  # the audit finds it above
def test_a_replay_beyond_the_clock_excuses_no_book_that_is_farther_still(
    tmp_path: Path, clock: datetime
) -> None:
    replay(a_file(tmp_path), until="2026-11-26T12:00:00Z")
    audit()
    shops.run_jobs(shops.instant("2026-11-27"))
    with pytest.raises(CommandError, match="1 of"):
        audit()


@pytest.mark.full  # books that are ahead, above
def test_another_zone_may_be_a_day_ahead_of_ours(clock: datetime) -> None:
    shop = shops.join("2026-11-20 10:00", timezone="Pacific/Kiritimati")  # UTC+14
    shops.run_jobs(clock)
    assert str(shop.line.open_on) == "2026-11-26"
    audit()


# --- which books take a replay ------------------------------------------------------------


def moved_in(path: Path, until: str | None = None, **options: Any) -> None:
    """The command where TAEL_SANDBOX is not set."""
    rejected = path.with_name("rejected.csv")
    call_command("replay", path, until=until, rejected=rejected, stdout=StringIO(), **options)


def test_live_books_take_no_replay(tmp_path: Path, clock: datetime, settings: Any) -> None:
    settings.TAEL_SANDBOX = False
    HeartbeatFactory.create(at=clock - timedelta(days=300))
    with pytest.raises(CommandError, match="These books are live"):
        moved_in(a_file(tmp_path))
    assert not Merchant.objects.exists()


def test_a_demonstration_takes_one_beside_a_scheduler(tmp_path: Path, clock: datetime) -> None:
    HeartbeatFactory.create(at=clock)
    replay(a_file(tmp_path), beyond_now=False)
    assert Merchant.objects.exists()


def test_a_move_in_does_not_go_beyond_the_clock(tmp_path: Path, settings: Any) -> None:
    settings.TAEL_SANDBOX = False
    with pytest.raises(CommandError, match="--beyond-now is for demonstrations"):
        moved_in(a_file(tmp_path), beyond_now=True)
    assert not Merchant.objects.exists()


def test_a_move_in_knows_no_sandbox(tmp_path: Path, clock: datetime, settings: Any) -> None:
    settings.TAEL_SANDBOX = False
    events: list[dict[str, Any]] = []
    for name, method in (("jade", "sandbox"), ("pearl", "manual")):
        terms: dict[str, Any] = {"payment_method": method}
        shop = shops.Shop(name, sender=lambda e: events.append(e) or "", **terms)  # type: ignore[func-returns-value]
        shop.join("2026-11-24 10:00")
    moved_in(event_files.write(tmp_path / "events.jsonl", events))
    assert list(Merchant.objects.values_list("reference", flat=True)) == ["pearl"]
    (rejection,) = Replay.objects.get().rejections.all()
    assert (rejection.code, rejection.reason) == (
        "invalid",
        "payment_method: sandbox payments need TAEL_SANDBOX=1",
    )


# --- two at once ------------------------------------------------------------


def test_a_file_that_another_process_replays_is_left_to_it(tmp_path: Path, clock: datetime) -> None:
    path = a_file(tmp_path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    name = [f"replay {digest}"]
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", name)
        with pytest.raises(
            CommandError, match=r"events.jsonl is being replayed by another process\.$"
        ):
            replay(path)
        assert not Merchant.objects.exists()
    finally:
        other.close()  # as when its process dies
    with connection.cursor() as cursor:  # the server notices in its own time
        cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", name)
        cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", name)
    assert "merchant.joined" in replay(path)
    assert Replay.objects.get().outcomes["merchant.joined"] == {"applied": 1}
    assert Invoice.objects.count() == 1
    assert "merchant.joined" in replay(path)  # and again: the table is that of the file
    assert Replay.objects.get().outcomes["merchant.joined"] == {"applied": 1}


# --- what is a demonstration ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "is_demonstration"),
    [
        ({}, "True"),
        *full(
            ({"TAEL_SANDBOX": "0"}, "False"),
            (
                {
                    "DATABASE_URL": "postgresql://tael@localhost/tael",
                    "SECRET_KEY": "s" * 50,
                    "REDIS_URL": "redis://localhost",
                    "ALLOWED_HOSTS": "tael.example",
                    "TAEL_BASE_URL": "http://tael.example",
                    "EMAIL_HOST": "mail.example",
                    "DEFAULT_FROM_EMAIL": "tael@tael.example",
                    "TAEL_ENCRYPTION_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
                    "TAEL_HTTPS": "0",
                },
                "False",
            ),
        ),
    ],
)
def test_servers_of_our_own_make_it_a_demonstration(
    tmp_path: Path, environment: dict[str, str], is_demonstration: str
) -> None:
    ours = ("DATABASE_URL", "TAEL_SANDBOX", "PYTEST_VERSION", "PYTEST_CURRENT_TEST")
    inherited = {name: value for name, value in os.environ.items() if name not in ours}
    said = subprocess.run(
        [sys.executable, "-c", "from config import settings; print(settings.TAEL_SANDBOX)"],
        env=inherited | {"TAEL_DATA_DIR": str(tmp_path)} | environment,
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
    )
    assert said.stdout.strip() == is_demonstration, said.stderr
