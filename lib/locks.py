"""Being the only one that does something which no row stands for, or no transaction can hold."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def alone(what: str) -> Iterator[bool]:
    """Whether we are the only process that does `what`, such as replaying a file.

    This lock outlasts transactions, and ends with the session that holds it: for commands, which
    end with it, too, and whose connection no pooler shares. Who asks a provider must not go by it,
    since a process goes on when its session ends (jobs.leases).
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [what])
        (is_alone,) = cursor.fetchone()
    try:
        yield is_alone
    finally:
        if is_alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [what])


def wait_for(what: str) -> None:
    """Be the only transaction that does `what`, from now to its end; waits for those before.

    Takes no right to any table, as locking a row would.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [what])
