"""PostgreSQL and Redis for a machine that has neither: no address given, so Tael runs its own.

They start when something first needs them: `config.local.ondemand` (every new database connection,
the cache) and `config.celery` call ensure(). Starting them while the settings load would be
simpler, but then `--help`, `check`, `collectstatic`, mypy and an editor would start databases too,
unless a list of exceptions were kept by hand.

Every process that uses the servers holds a shared lock on users.lock; the kernel drops it however
the process ends. A process that leaves tries to make its lock exclusive: who succeeds was the last,
and stops the servers. Joining and leaving happen under starting.lock, one process at a time. When
all users were killed, the servers stay until the next command, which finds them, uses them, and
stops them in its turn.

A server that dies under its users is started again by whoever first loses a connection to it:
`config.local.ondemand`, and `config.celery` before a task is sent; `manage.py up` looks each
second.
"""

import atexit
import fcntl
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from urllib.parse import quote

from config import redis_servers, waits
from config.local import datafolder, servers

_guard = threading.Lock()
_users_lock: int | None = None  # file descriptor, while this process uses the servers


def runs_postgres() -> bool:
    """Whether Tael runs its own PostgreSQL here: the environment has no DATABASE_URL."""
    return not os.environ.get("DATABASE_URL")


def runs_redis() -> bool:
    """Whether Tael runs its own Redis here: the environment names none. Raises ImproperlyConfigured
    if it names one for the broker or for the cache alone (redis_servers.given).
    """
    return not redis_servers.given()


def database() -> dict[str, object]:
    """Django's settings for the embedded PostgreSQL, which is started at the first connection."""
    return {
        "ENGINE": "config.local.ondemand",
        "NAME": servers.DATABASE,
        "USER": servers.USER,
        "HOST": str(servers.postgres_folder()),
        "OPTIONS": {"connect_timeout": waits.CONNECT_SECONDS},
    }


def broker_url() -> str:
    """The address of the embedded Redis for Celery."""
    return f"redis+socket://{quote(str(servers.redis_socket()))}?virtual_host=0"


def cache_url() -> str:
    """The address of the embedded Redis for Django's cache."""
    return f"unix://{quote(str(servers.redis_socket()))}?db=1"


def ensure() -> None:
    """Start the embedded servers unless they run, and keep them running until this process ends; it
    stops them then if no other process uses them (`leave`), also at SIGTERM and SIGHUP, which run
    the exit handlers from now on. Does nothing if none is embedded.

    It costs next to nothing if this process has called it before. Raises ServerDidNotStart.
    """
    global _users_lock
    if _users_lock is not None or not (runs_postgres() or runs_redis()):
        return
    with _guard, _one_at_a_time():
        if _users_lock is not None:  # another thread was faster
            return  # type: ignore[unreachable]
        descriptor = _open("users.lock")
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        try:
            _start()
        except BaseException:
            os.close(descriptor)
            raise
        _users_lock = descriptor
    atexit.register(leave)
    _leave_when_told_to_end()


def revive() -> None:
    """Start those embedded servers that do not run, since they have died or were never started. It
    is for a caller that has lost a connection, and then connects again.

    Raises ServerDidNotStart.
    """
    ensure()
    with _guard, _one_at_a_time():
        _start()


def revive_dead() -> None:
    """Start those embedded servers that have died, for a caller without a connection: it first
    checks cheaply whether one has, and does nothing if none has. Raises ServerDidNotStart.
    """
    is_dead = (runs_postgres() and not servers.postgres_listens()) or (
        runs_redis() and not servers.redis_listens()
    )
    if is_dead:
        revive()


def ensure_broker() -> None:
    """Start the embedded servers unless this process uses them already (`ensure`: PostgreSQL too,
    and even if Redis is not embedded). Where Redis is embedded and does not run, start again what
    has died since `ensure`. Does nothing if neither server is embedded. Raises ServerDidNotStart.
    """
    ensure()
    if runs_redis() and not servers.redis_listens():
        revive()


def _start() -> None:
    """Start those of the embedded servers that this process uses and that do not run. Raises
    ServerDidNotStart.
    """
    if runs_postgres():
        servers.start_postgres()
    if runs_redis():
        servers.start_redis()


def leave() -> None:
    """Stop using the embedded servers, and stop them if no other process uses them. Does nothing if
    this process does not use them.
    """
    global _users_lock
    if _users_lock is None:
        return
    with _guard, _one_at_a_time():
        with suppress(BlockingIOError):
            fcntl.flock(_users_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Both servers, even if this process used one of them: no other user is left.
            servers.stop_redis()
            servers.stop_postgres()
        os.close(_users_lock)
        _users_lock = None


def _leave_when_told_to_end() -> None:
    """Make SIGTERM and SIGHUP end the process by SystemExit, so that the exit handlers run.
    A signal that has a handler already, or is ignored, is left as it is. Does nothing
    outside of the main thread, since Python lets that one alone set handlers.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _exit_in_order)


def _exit_in_order(number: int, frame: FrameType | None) -> None:
    """End the process by SystemExit, so that exit handlers run; a handler of signals. Its exit code
    is 128 + the signal's number.
    """
    sys.exit(128 + number)


def _hold_a_lock_of_our_own() -> None:
    """In a forked child, replace the locks that it shares with its parent by new ones of its own,
    and hold users.lock if the parent did. One that is shared would become exclusive for both at
    once.
    """
    global _guard, _users_lock
    _guard = threading.Lock()  # another of the parent's threads may have held the old one
    if _users_lock is not None:
        inherited, _users_lock = _users_lock, _open("users.lock")
        with suppress(BlockingIOError):
            fcntl.flock(_users_lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        os.close(inherited)


os.register_at_fork(after_in_child=_hold_a_lock_of_our_own)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Hold starting.lock while the block runs, so that one process at a time starts or stops
    servers.
    """
    descriptor = _open("starting.lock")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _open(name: str) -> int:
    """Open or create the lock file with this name in the data folder. Returns its descriptor."""
    path: Path = datafolder.root() / name
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
