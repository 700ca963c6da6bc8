"""PostgreSQL or Redis killed under who uses them: whoever loses its connection starts it again."""

import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError

import psutil
import pytest

from config.local import programs
from config.local.programs import Program
from tests.config import small_disk
from tests.config.test_embedded import postmaster, redis_server
from tests.config.test_up import shows_the_sign_in_page
from tests.ports import free_port
from tests.processes import lives, processes_of, until, until_gone

Start = Callable[..., "subprocess.Popen[str]"]

# A process that goes on using its connections, one line of input after the other.
USE = """
import sys, django
django.setup()
from django.core.cache import cache
from django.db import connection
for line in sys.stdin:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        cache.set("line", line)
        print(cache.get("line").strip(), flush=True)
    except Exception as error:
        connection.close()  # as Django does at a request's end
        print(type(error).__name__, flush=True)
"""
PATIENCE_SECONDS = 240  # of a busy machine that starts everything
QUIET = {"TAEL_LOG_LEVEL": "CRITICAL"}  # nobody reads its output meanwhile, and a pipe is soon full


def asked(process: "subprocess.Popen[str]", word: str) -> str:
    """What the process answers to this word."""
    assert process.stdin
    assert process.stdout
    process.stdin.write(f"{word}\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


@pytest.fixture
def using(start: Start) -> Callable[[str], str]:
    """A function that asks a process that uses the database and Redis: it gives its answer to a
    word.
    """
    process = start("-c", USE, DJANGO_SETTINGS_MODULE="config.settings")
    return lambda word: asked(process, word)


def kill(process: psutil.Process) -> None:
    """Kill the process, and wait until it is gone."""
    process.kill()
    until(lambda: not lives(process))


@pytest.mark.full
def test_a_process_that_lost_postgresql_has_it_again(
    using: Callable[[str], str], data_folder: Path
) -> None:
    assert using("silver") == "silver"
    before = postmaster(data_folder)
    kill(before)
    assert using("gold") == "OperationalError"  # what was under way is lost
    assert using("jade") == "jade"
    assert postmaster(data_folder).pid != before.pid


@pytest.mark.full
def test_a_process_that_lost_redis_has_it_again(
    using: Callable[[str], str], data_folder: Path
) -> None:
    assert using("silver") == "silver"
    before = redis_server(data_folder)
    kill(before)
    assert using("gold") in ("gold", "ConnectionError")  # what was under way may be lost
    assert using("jade") == "jade"
    assert redis_server(data_folder).pid != before.pid


# --- what `up` keeps running ----------------------------------------------------------------------


@pytest.fixture
def port() -> int:
    """A port that nobody listens at."""
    return free_port()


def test_a_program_that_ended_by_itself_is_started_again() -> None:
    program = Program("worker", "-c 'import time; time.sleep(60)'")
    try:
        assert program.restart_if_ended() == ""
        parent = psutil.Process(program.process.pid)
        until(parent.children)
        (running,) = parent.children()
        program.started -= programs.EARLY_SECONDS
        kill(running)
        program.process.wait(60)
        assert program.restart_if_ended() == "The worker ended by itself and is started again."
        assert not program.cannot_run
        assert program.restart_if_ended() == ""
        assert program.process.poll() is None
    finally:
        program.end()
        program.wait()


def test_a_program_that_cannot_run_is_given_up_after_three_starts() -> None:
    program = Program("worker", "-c 'import sys; sys.exit(3)'")
    said = []
    while not program.cannot_run:
        program.process.wait(60)
        said.append(program.restart_if_ended())
    assert said == [*["The worker ended by itself and is started again."] * 2, ""]
    program.end()


def family(process: "subprocess.Popen[str]") -> dict[str, psutil.Process]:
    """What `up` runs, by the word that tells them apart."""
    found = {}
    for parent in psutil.Process(process.pid).children():
        with suppress(psutil.NoSuchProcess):
            for child in parent.children():
                words = child.cmdline()
                for name in ("gunicorn", "celery,timetable", "providers", "beat"):
                    if name in words:
                        found[name] = child
    return found


@pytest.mark.full
def test_under_up_each_of_them_killed_comes_back(
    start: Start, port: int, data_folder: Path
) -> None:
    up = start("manage.py", "up", "--no-demo", "--port", str(port), **QUIET)
    until(lambda: shows_the_sign_in_page(port), PATIENCE_SECONDS)
    until(lambda: len(family(up)) == 4, PATIENCE_SECONDS)

    before = postmaster(data_folder)
    kill(before)
    until(lambda: is_ready(port), PATIENCE_SECONDS)
    assert postmaster(data_folder).pid != before.pid

    for _ in range(10):
        server = redis_server(data_folder)
        kill(server)
        until(lambda: any(is_redis(one) for one in processes_of(data_folder)), PATIENCE_SECONDS)
        until(lambda: is_ready(port), PATIENCE_SECONDS)

    for name, process in family(up).items():
        kill(process)
        until(lambda name=name, old=process: family(up).get(name, old) != old, PATIENCE_SECONDS)  # type: ignore[misc]
    until(lambda: is_ready(port, "/readyz"), PATIENCE_SECONDS)  # with a heartbeat
    time.sleep(70)  # and another one: beat, broker and worker have found one another again
    assert is_ready(port, "/readyz")

    up.send_signal(signal.SIGINT)
    _, complaints = up.communicate(timeout=120)
    assert up.returncode == 0
    for name in ("web server", "worker", "provider worker", "timetable"):
        assert f"The {name} ended by itself and is started again." in complaints
    assert processes_of(data_folder) == []


def is_redis(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return "redis.sock" in " ".join(process.cmdline())
    return False


def is_ready(port: int, path: str = "/readyz/web") -> bool:
    """Whether the server on the port says that it is ready."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@pytest.mark.full
@pytest.mark.parametrize("name", ["PostgreSQL", "Redis"])
def test_under_up_one_that_keeps_silent_is_told_soon_and_its_word_is_taken_again(
    start: Start, port: int, data_folder: Path, name: str
) -> None:
    up = start("manage.py", "up", "--no-demo", "--port", str(port), **QUIET)
    until(lambda: is_ready(port, "/readyz"), PATIENCE_SECONDS)
    first = postmaster(data_folder) if name == "PostgreSQL" else redis_server(data_folder)
    frozen = [first, *first.children(recursive=True)]
    for process in frozen:
        process.suspend()
    for _ in range(8):  # as many as the web server has threads
        begun = time.monotonic()
        assert status_of(port, "/readyz/web") == 503
        assert time.monotonic() - begun < 30
    assert status_of(port, "/healthz") == 200
    time.sleep(60)  # beat and workers meet the silence, too
    for process in frozen:
        with suppress(psutil.NoSuchProcess):
            process.resume()
    until(lambda: is_ready(port), PATIENCE_SECONDS)
    time.sleep(200)  # what was the last heartbeat is none by now
    until(lambda: is_ready(port, "/readyz"), PATIENCE_SECONDS)
    assert first.is_running()  # no other one was started beside it
    up.send_signal(signal.SIGINT)
    up.communicate(timeout=120)
    assert up.returncode == 0
    assert processes_of(data_folder) == []


def status_of(port: int, path: str) -> int:
    """The status of the answer of the server on this port."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
            return int(answer.status)
    except HTTPError as refusal:
        return refusal.code


@pytest.mark.full
def test_two_schedulers_beside_one_another_run_each_instant_once(
    start: Start, port: int, data_folder: Path
) -> None:
    up = start("manage.py", "up", "--no-demo", "--port", str(port), **QUIET)
    until(lambda: is_ready(port, "/readyz"), PATIENCE_SECONDS)
    second = start("-m", "celery", "--quiet", "-A", "config", "beat", TAEL_SANDBOX="1")
    time.sleep(150)  # two or three instants of the jobs that look each minute
    assert second.poll() is None
    asked = start(
        "-c",
        "import django; django.setup()\n"
        "from jobs.models import JobRun\n"
        "from django.db.models import Count\n"
        "runs = JobRun.objects.filter(job='security-mails')\n"
        "print(runs.count(), runs.exclude(tick=None).values('tick').distinct().count())\n",
        DJANGO_SETTINGS_MODULE="config.settings",
        TAEL_SANDBOX="1",
    )
    runs, ticks = map(int, asked.communicate(timeout=120)[0].split())
    assert runs == ticks >= 2
    for process in (second, up):
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=120)
    until_gone(processes_of(data_folder))


@pytest.mark.full
def test_on_a_full_disk_up_says_so_in_one_sentence(start: Start, port: int) -> None:
    with small_disk.of("12m") as disk:
        up = start("manage.py", "up", "--no-demo", "--port", str(port), TAEL_DATA_DIR=str(disk))
        _, complaint = up.communicate(timeout=PATIENCE_SECONDS)
    assert (up.returncode, complaint.count("\n")) == (1, 1)
    assert "No space left on device" in complaint


# More than the disk has, past the log that PostgreSQL writes ahead of tables.
WRITE = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("CREATE UNLOGGED TABLE filler AS"
                   " SELECT repeat(md5(n::text), 40) FROM generate_series(1, {rows}) n")
print("written")
"""


@pytest.mark.full
def test_a_disk_that_is_full_is_told_by_a_command_in_one_sentence_and_nothing_is_lost(
    start: Start,
) -> None:
    with small_disk.of("160m") as disk:
        folder = {"TAEL_DATA_DIR": str(disk), **QUIET}
        holder = start("-c", USE, DJANGO_SETTINGS_MODULE="config.settings", **folder)
        assert asked(holder, "silver") == "silver"
        command = start("manage.py", "shell", "-c", WRITE.format(rows=200_000), **folder)
        _, complaint = command.communicate(timeout=PATIENCE_SECONDS)
        assert (command.returncode, complaint.count("\n")) == (1, 1)
        assert complaint.startswith("The disk is full: could not extend file")
        assert "No space left on device" in complaint
        command = start("manage.py", "shell", "-c", WRITE.format(rows=10), **folder)
        assert command.communicate(timeout=PATIENCE_SECONDS)[0].endswith("written\n")
        assert asked(holder, "gold") == "gold"  # by the same server, which went on
        holder.communicate(timeout=PATIENCE_SECONDS)
        until_gone(processes_of(disk))
