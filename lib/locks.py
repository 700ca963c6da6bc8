"""Advisory locks of PostgreSQL, for work that no row stands for or no transaction can span."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def try_advisory_lock(name: str) -> Iterator[bool]:
    """Try to take the lock `name`, such as "replay FILE", without waiting, and hold it while the
    block runs.

    Yields whether we got it; if False, another session holds it, and the block runs without the
    lock.

    The lock outlasts transactions and ends with the session that holds it. It is for commands,
    which end with their session too, and whose connection no pooler shares. A process that asks a
    provider must not rely on it, since it goes on when its session ends (jobs.leases).
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [name])
        (is_held,) = cursor.fetchone()
    try:
        yield is_held
    finally:
        if is_held:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [name])


def wait_for_advisory_lock(name: str) -> None:
    """Take the lock `name` until the transaction ends; wait for transactions that hold it.

    Locking a row would need a right to its table; this needs none.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
