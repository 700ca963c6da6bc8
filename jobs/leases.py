"""Leases: being the only process that does something which no transaction can span.

A lease is a row: what it is for, its owner, until when, and a fencing number that rises each time
that it is taken. It is taken, renewed and given back in transactions of its own, and so outlasts
connections: a session's lock goes with its session, while the process goes on and knows nothing.

While it is live nobody else gets it, and for a margin after that. Its owner renews it right before
each request that it sends outside, and sends nothing when it has lost it: a process that slept past
its lease leaves the rest to whichever process has it now.

Leases go by the database server's clock, which all processes share. They are no fact of the books:
how long a provider is waited for goes by the instants that operations are given.
"""

import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import Error, connection, transaction

from lib import reconnecting

log = logging.getLogger(__name__)

LASTS = timedelta(minutes=2)  # a provider is given up on within one
MARGIN = timedelta(minutes=1)  # for what its owner had begun to send as it ran out

TAKE = """
INSERT INTO jobs_lease AS lease (what, owner, until)
VALUES (%(what)s, %(owner)s, clock_timestamp() + %(lasts)s)
ON CONFLICT (what) DO UPDATE
SET fence = nextval(pg_get_serial_sequence('jobs_lease', 'fence')), owner = excluded.owner,
    until = excluded.until
WHERE lease.until + %(margin)s <= clock_timestamp()
RETURNING fence
"""
RENEW = """
UPDATE jobs_lease SET until = clock_timestamp() + %(lasts)s
WHERE what = %(what)s AND fence = %(fence)s
"""
GIVE_BACK = "DELETE FROM jobs_lease WHERE what = %(what)s AND fence = %(fence)s"


_name: ContextVar[str] = ContextVar("name", default="")


@dataclass(frozen=True)
class Held:
    """A lease that this process took. Only `renew` can tell whether it still holds it."""

    what: str
    fence: int
    lasts: timedelta = LASTS

    def renew(self) -> bool:
        """Extend the lease to its full time from now; returns False if it is lost, because another
        process has taken it or it was deleted.

        Asks on a new connection if the old one broke. Raises the database's error if it can't be
        asked at all. In both cases the caller must not ask the provider.
        """
        return reconnecting.again(self._renew)

    def _renew(self) -> bool:
        """Extend the lease to its full time from now, also one that has run out and that nobody
        took, on the connection that there is; returns False if another process has taken it, or it
        was deleted.
        """
        values: dict[str, Any] = {"what": self.what, "fence": self.fence}
        values |= {"lasts": self.lasts}
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            cursor.execute(RENEW, values)
            return bool(cursor.rowcount)


@contextmanager
def owned_by(name: str) -> Iterator[None]:
    """Take leases under the owner `name` while the block runs; no other process may use that name
    meanwhile.

    Leases that are found under the name were left by a process that died; they are deleted first,
    so that nothing waits for their end.
    """
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM jobs_lease WHERE owner = %s", [name])
    reset = _name.set(name)
    try:
        yield
    finally:
        _name.reset(reset)


@contextmanager
def held(purpose: str) -> Iterator[Held | None]:
    """Hold the lease for this purpose, which is its name, while the block runs, and give it back
    then; yields None at once if it is held already, by another process or by this one, and the
    block runs without it. It lasts LASTS (2 minutes) unless the block renews it.

    Must not be called within a transaction.
    """
    lease = take(purpose)
    try:
        yield lease
    finally:
        if lease is not None:
            give_back(lease)


def take(purpose: str, lasts: timedelta = LASTS, margin: timedelta = MARGIN) -> Held | None:
    """Take the lease for this purpose, which is its name, for the time `lasts`. Returns None while
    it is held, by another process or by this one, and until `margin` after it ran out for a process
    that neither renewed it nor gave it back.

    Must not be called within a transaction.
    """
    values: dict[str, Any] = {"what": purpose, "owner": _owner()}
    values |= {"lasts": lasts, "margin": margin}
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(TAKE, values)
        taken = cursor.fetchone()
    return Held(purpose, taken[0], lasts) if taken else None


def give_back(lease: Held) -> None:
    """Delete the lease, if we still have it. An error of the database is only logged, as the lease
    runs out by itself.
    """
    values: dict[str, Any] = {"what": lease.what, "fence": lease.fence}

    def delete() -> None:
        """Delete the lease's row, if it is still ours."""
        with connection.cursor() as cursor:
            cursor.execute(GIVE_BACK, values)

    try:
        reconnecting.again(delete)
    except Error as error:
        # The lease runs out by itself: others wait no longer than that.
        log.warning("Lease %s was not given back: %s", lease.what, error)


def _owner() -> str:
    """The name under which leases are taken: that of `owned_by`, or this machine's with its process
    and thread.
    """
    return _name.get() or f"{socket.gethostname()[:60]} {os.getpid()} {threading.get_ident()}"
