"""What `manage.py up` refuses, starts, and takes along when it ends."""

import signal
import socket
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.error import URLError
from urllib.parse import quote

import psutil
import psycopg
import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker, Settings

from config.management.commands.up import CannotStart, _reach_redis
from tests.ports import free_port
from tests.processes import PATIENCE_SECONDS, processes_of, until, until_gone

BUSY_SECONDS = 150  # to start everything on a machine that has other things to do
Start = Callable[..., "subprocess.Popen[str]"]

# `up`, whose workers and timetable have nothing to do and need no time to start.
WEB_ALONE = """
import os, sys, django
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()
from django.core.management import call_command
from config.management.commands import up
up.WORKER = up.PROVIDER_WORKER = up.BEAT = "-c 'import time; time.sleep(600)'"
call_command("up", "--no-demo", "--port", sys.argv[1])
"""


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port at which somebody listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


@pytest.fixture
def port() -> int:
    """A port that nobody listens at."""
    return free_port()


def refusal_of(process: "subprocess.Popen[str]") -> str:
    """The one sentence of a command that refuses to start."""
    said, complaint = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, said) == (1, "")
    assert complaint.count("\n") == 1
    return complaint


def shows_the_sign_in_page(port: int) -> bool:
    """Whether a server on this port shows the page to sign in."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/accounts/login/") as answer:
            return bool(answer.status == 200)
    except (URLError, ConnectionError):
        return False


@pytest.mark.full
def test_a_taken_port_is_refused_in_one_sentence(start: Start, taken_port: int) -> None:
    refusal = refusal_of(start("manage.py", "up", PORT=str(taken_port)))
    assert refusal.startswith(f"Port {taken_port} cannot be used (Address already in use)")


@pytest.mark.full
@pytest.mark.parametrize("port", ["70000", "eight"])
def test_a_port_that_is_none_is_refused_in_one_sentence(start: Start, port: str) -> None:
    assert refusal_of(start("manage.py", "up", PORT=port)).startswith("PORT must be a number")


@pytest.mark.full
def test_an_unreachable_database_is_refused_in_one_sentence(start: Start, port: int) -> None:
    nowhere = "postgresql://tael:secret@127.0.0.1:1/tael"
    refusal = refusal_of(start("manage.py", "up", "--port", str(port), DATABASE_URL=nowhere))
    assert refusal.startswith("The database of DATABASE_URL cannot be reached: ")
    assert "secret" not in refusal


@pytest.mark.full
def test_an_unreachable_redis_is_refused_in_one_sentence(
    start: Start, port: int, data_folder: Path
) -> None:
    nowhere = "redis://:secret@127.0.0.1:1"
    refusal = refusal_of(start("manage.py", "up", "--port", str(port), REDIS_URL=nowhere))
    assert refusal.startswith("The Redis of REDIS_URL cannot be reached: ")
    assert "secret" not in refusal
    assert processes_of(data_folder) == []


def test_a_cache_that_cannot_be_reached_is_named_by_what_says_where_it_is(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    nowhere = settings.CACHES["default"] | {"LOCATION": "unix:///tmp/nowhere.sock?db=1"}
    settings.CACHES = {"default": nowhere}
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
    monkeypatch.delenv("TAEL_CACHE_URL", raising=False)
    with pytest.raises(CannotStart, match=r"^The Redis of REDIS_URL cannot be reached: "):
        _reach_redis()
    monkeypatch.setenv("TAEL_CACHE_URL", "redis://127.0.0.1:1/1")
    with pytest.raises(CannotStart, match=r"^The Redis of TAEL_CACHE_URL cannot be reach"):
        _reach_redis()


@pytest.mark.full  # without a process above
def test_the_redis_that_cannot_be_reached_is_named_by_what_says_where_it_is(
    start: Start, port: int, data_folder: Path
) -> None:
    nowhere = {
        "TAEL_BROKER_URL": "redis://127.0.0.1:1/0",
        "TAEL_CACHE_URL": "sentinel://:secret@127.0.0.1:1/tael",
    }
    refusal = refusal_of(start("manage.py", "up", "--port", str(port), **nowhere))
    assert refusal.startswith("The Redis of TAEL_CACHE_URL cannot be reached: ")
    assert "secret" not in refusal
    assert processes_of(data_folder) == []


@pytest.mark.full  # without a process in machines/test_poolers.py
@pytest.mark.parametrize("url", ["mysql://tael@127.0.0.1/tael", "nonsense"])
def test_a_database_that_is_not_postgresql_is_refused_in_one_sentence(
    start: Start, url: str
) -> None:
    assert refusal_of(start("manage.py", "up", DATABASE_URL=url)).startswith("DATABASE_URL must")


@pytest.fixture
def migrated(db: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """The address of a database that has its tables already: migrating is most of a first start.
    It asks for the tests' own database (`db`), before which the template is made.
    """
    settings = connection.settings_dict
    name = f"{settings['NAME']}_up"
    host = quote(settings["HOST"], safe="")
    with django_db_blocker.unblock(), connection._nodb_cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{settings["TEST"]["TEMPLATE"]}"')
    yield f"postgresql://{settings['USER']}:{settings['PASSWORD']}@{host}:{settings['PORT']}/{name}"
    with django_db_blocker.unblock(), connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.mark.longest
def test_a_web_server_that_up_started_ends_with_it(
    start: Start, port: int, data_folder: Path, migrated: str
) -> None:
    up = start("-c", WEB_ALONE, str(port), DATABASE_URL=migrated, TAEL_SANDBOX="1")
    ended_by(signal.SIGINT, up, port)
    assert up.returncode == 0
    assert processes_of(data_folder) == []


@pytest.mark.full  # its web server does, above
@pytest.mark.longest
def test_everything_up_started_ends_with_it(
    start: Start, port: int, data_folder: Path, migrated: str
) -> None:
    up = start(
        *("manage.py", "up", "--no-demo", "--port", str(port)),
        **{"DATABASE_URL": migrated, "TAEL_SANDBOX": "1"},
    )
    ended_by(signal.SIGINT, up, port)
    assert up.returncode == 0
    assert processes_of(data_folder) == []


@pytest.mark.full
def test_so_does_the_marketplace_that_it_plays(
    start: Start, port: int, data_folder: Path, migrated: str
) -> None:
    environment = {"DATABASE_URL": migrated, "TAEL_SANDBOX": "1"}
    command = ("manage.py", "up", "--no-demo", "--simulate", "--port", str(port))
    up = start(*command, **environment)
    with psycopg.connect(migrated, autocommit=True) as books:
        # The simulation that it starts beside the server takes in a shop, and trades there.
        until(
            lambda: books.execute("SELECT count(*) > 2 FROM credit_order").fetchone() == (True,),
            BUSY_SECONDS,
        )
        ended_by(signal.SIGINT, up, port)
        revoked = books.execute("SELECT revoked_at IS NOT NULL FROM gateway_apikey").fetchall()
    assert revoked == [(True,)]
    assert up.returncode == 0
    assert processes_of(data_folder) == []


@pytest.mark.full
def test_with_all_of_its_own_it_starts_again_after_it_was_killed(
    start: Start, port: int, data_folder: Path
) -> None:
    for end, code in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 0)):
        up = start("manage.py", "up", "--no-demo", "--port", str(port))
        ended_by(end, up, port)
        assert up.returncode == code
    assert processes_of(data_folder) == []


def ended_by(end: signal.Signals, up: "subprocess.Popen[str]", port: int) -> None:
    """Check that all that `up` started ends with it, by this signal."""
    until(lambda: shows_the_sign_in_page(port), BUSY_SECONDS)
    family = psutil.Process(up.pid).children(recursive=True)
    assert len(family) >= 3 + 3  # each with its run_with_parent

    up.send_signal(end)

    said, _ = up.communicate(timeout=PATIENCE_SECONDS)
    assert f"http://127.0.0.1:{port}/" in said
    until_gone(family)
