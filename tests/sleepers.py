"""A worker that falls asleep right before it asks a provider, and wakes when a test lets it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread, current_thread

import pytest
from django.db import connection

from jobs import leases
from jobs.models import Lease

SECONDS = 120  # of a machine that has much else to do


class Sleeper(Thread):
    """Does its work on a connection of its own; it sleeps as it is about to renew its lease."""

    def __init__(self, work: Callable[[], object], *, at_once: bool = False) -> None:
        super().__init__(daemon=True)
        self.work = work
        self.sleeps_at_once = at_once
        self.backend = 0  # the process that serves its connection
        self.sleeps, self.wakes = Event(), Event()
        self.error: BaseException | None = None

    def run(self) -> None:
        """Work, and keep what that raises for the test."""
        try:
            self.backend = backend()
            if self.sleeps_at_once:
                self.fall_asleep()
            self.work()
        except BaseException as error:  # the test asserts what it was
            self.error = error
        finally:
            connection.close()

    def fall_asleep(self) -> None:
        """Wait until the test wakes it."""
        self.sleeps.set()
        assert self.wakes.wait(SECONDS)

    def wake(self) -> None:
        """Let it go on, and wait until it is done."""
        self.wakes.set()
        self.join(SECONDS)
        assert not self.is_alive()


@contextmanager
def asleep(monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]) -> Iterator[Sleeper]:
    """A worker that sleeps before it renews its lease, while the block runs."""
    renew = leases.Held._renew

    def slowly(self: leases.Held) -> bool:
        """Renew the lease; a sleeper falls asleep before its first time."""
        thread = current_thread()
        if isinstance(thread, Sleeper) and not thread.sleeps.is_set():
            thread.fall_asleep()
        return renew(self)

    monkeypatch.setattr(leases.Held, "_renew", slowly)
    with _sleeping(Sleeper(work)) as worker:
        yield worker


@contextmanager
def elsewhere(work: Callable[[], object]) -> Iterator[Sleeper]:
    """A context with a worker that has its connection, and begins when it is woken."""
    with _sleeping(Sleeper(work, at_once=True)) as worker:
        yield worker


@contextmanager
def _sleeping(worker: Sleeper) -> Iterator[Sleeper]:
    """Start the worker and wait until it sleeps; it wakes at the end."""
    worker.start()
    assert worker.sleeps.wait(SECONDS)
    try:
        yield worker
    finally:
        worker.wake()


def backend() -> int:
    """The process of the database that serves this thread's connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (found,) = cursor.fetchone()
    return int(found)


def kill(pid: int) -> None:
    """End the connection that this process of the database serves, as a restart does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
        assert cursor.fetchone()[0]


def run_out() -> None:
    """Let the time of all leases be over, the margin after it, too."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE jobs_lease SET until = clock_timestamp() - interval '1 hour'")


def held() -> list[str]:
    """What leases are held for."""
    return list(Lease.objects.order_by("what").values_list("what", flat=True))
