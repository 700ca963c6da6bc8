"""For how long a statement may run in the database.

A web server's connections stop a statement after ten seconds (config/wsgi.py): whoever waits for a
page has given up by then, and others want the connection. Jobs and commands have no such bound.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

STATEMENT_SECONDS = 10
# A file is sent as it is made, so that its one statement lasts as long as its reader takes.
DOWNLOAD_SECONDS = 15 * 60


def bound(sender: Any, connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Have a new connection stop statements that take too long."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET statement_timeout = '{STATEMENT_SECONDS}s'")


@contextmanager
def download() -> Iterator[None]:
    """Let statements run for as long as a download may take, where there is a bound at all."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")
        (usual,) = cursor.fetchone()
    if usual == "0":
        yield
        return
    _set(f"{DOWNLOAD_SECONDS}s")
    try:
        yield
    finally:
        # A transaction that failed, or a connection that broke, takes no more; what was set within
        # a transaction went with it, and a connection that broke is not used again.
        if connection.is_usable() and not connection.needs_rollback:
            _set(usual)


def _set(value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, false)", [value])
