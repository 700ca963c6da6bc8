"""Advisory locks of PostgreSQL, for work that no row stands for or no transaction can span."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, connection, connections


@contextmanager
def try_advisory_lock(name: str) -> Iterator[bool]:
    """Try to take the lock `name`, such as "replay FILE", without waiting, and hold it while the
    block runs.

    Yields whether we got it; if False, another process holds it, and the block runs without the
    lock.

    The lock outlasts the block's transactions: a transaction on a connection of its own holds it,
    which a pooler does not share either. A process that asks a provider must not rely on it, since
    it goes on when that connection breaks (jobs.leases).
    """
    own = connections.create_connection(DEFAULT_DB_ALIAS)
    try:
        own.set_autocommit(False)
        with own.cursor() as cursor:
            # It does nothing else all the while, which some servers bound.
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [name])
            (is_held,) = cursor.fetchone()
        yield is_held
    finally:
        own.close()


def wait_for_advisory_lock(name: str) -> None:
    """Take the lock `name` until the transaction ends, which the caller has begun; wait for
    transactions that hold it. Without a transaction it would be free again at once.

    Locking a row would need a right to its table; this needs none.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
