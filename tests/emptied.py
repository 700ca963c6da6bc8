"""A database as migrations left it, again, after a test that ended transactions.

Django truncates all tables and has every permission and role written anew, which takes a second.
Most tables are empty, and what migrations wrote has seldom changed: looking first takes a
hundredth of that.
"""

from typing import Any

from django.db import connection, transaction
from django.test import TransactionTestCase

_written: dict[str, bytes] = {}  # by table, as COPY says it


def remember() -> None:
    """Keep what migrations wrote; to be called before any test."""
    with connection.cursor() as cursor:
        for table in _filled(cursor):
            _written[table] = _read(cursor, table)


def empty(case: TransactionTestCase) -> None:
    """Delete what the test wrote, and bring back what it changed of what migrations wrote.

    Triggers and foreign keys are not asked: append-only tables are emptied like any other. That
    takes PostgreSQL's superuser, as whom the embedded server knows us. Anybody else truncates all
    tables, as Django does, and writes all of what migrations wrote anew.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        # Who still writes, such as a server that is about to end, is waited for.
        cursor.execute(f"LOCK TABLE {', '.join(map(_quoted, _tables()))} IN EXCLUSIVE MODE")
        _write_anew(cursor)


def empty_until_rolled_back() -> None:
    """Empty the tables as `empty` does, inside a transaction that is to be rolled back."""
    with connection.cursor() as cursor:
        # A table of which a constraint is still to be checked could not be truncated.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        _write_anew(cursor)


def is_as_migrated() -> bool:
    """Whether only those tables have rows in which migrations wrote some, and we are known as
    PostgreSQL's superuser.
    """
    with connection.cursor() as cursor:
        return _is_superuser(cursor) and _filled(cursor) == _written.keys()


def changed() -> dict[str, bytes]:
    """All rows of each table that is not as migrations left it, as COPY writes them."""
    with connection.cursor() as cursor:
        found = {table: _read(cursor, table) for table in _filled(cursor)}
    return {table: rows for table, rows in found.items() if rows != _written.get(table)}


def write(tables: dict[str, bytes]) -> None:
    """Have each of these tables hold these rows alone. Triggers and foreign keys are not asked,
    which takes PostgreSQL's superuser.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table, rows in tables.items():
            cursor.execute(f"DELETE FROM {_quoted(table)}")
            with cursor.copy(f"COPY {_quoted(table)} FROM STDIN") as copy:
                copy.write(rows)
        cursor.execute("SET LOCAL session_replication_role = origin")


def _write_anew(cursor: Any) -> None:
    """Bring all tables back to what they had in the beginning, in the order that triggers allow."""
    if _is_superuser(cursor):
        cursor.execute("SET LOCAL session_replication_role = replica")
    else:
        cursor.execute(f"TRUNCATE {', '.join(map(_quoted, _tables()))}")
    for table in _filled(cursor) | _written.keys():
        if table in _written and _read(cursor, table) == _written[table]:
            continue
        cursor.execute(f"DELETE FROM {_quoted(table)}")
        if table in _written:
            with cursor.copy(f"COPY {_quoted(table)} FROM STDIN") as copy:
                copy.write(_written[table])
    if _is_superuser(cursor):
        cursor.execute("SET LOCAL session_replication_role = origin")


def _is_superuser(cursor: Any) -> bool:
    """Whether we may switch triggers off."""
    cursor.execute("SELECT current_setting('is_superuser') = 'on'")
    return bool(cursor.fetchone()[0])


def _tables() -> list[str]:
    """The names of all tables of our models."""
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return sorted(names)


def _filled(cursor: Any) -> set[str]:
    """The names of the tables that have rows."""
    tables = _tables()
    cursor.execute(
        " UNION ALL ".join(
            f"SELECT '{table}' WHERE EXISTS (SELECT FROM {_quoted(table)})" for table in tables
        )
    )
    return {table for (table,) in cursor.fetchall()}


def _read(cursor: Any, table: str) -> bytes:
    """All rows of the table, as COPY writes them."""
    with cursor.copy(f"COPY {_quoted(table)} TO STDOUT") as copy:
        return b"".join(map(bytes, copy))


def _quoted(table: str) -> str:
    """The name as SQL has it."""
    return str(connection.ops.quote_name(table))
