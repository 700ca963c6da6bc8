"""Makes the schemas of cells: the first one of the tables that there are, each further one like it.

A new cell is made from what the database says of the first one, in SQL: columns, identities,
constraints, indexes, functions and triggers. While that is asked no schema is looked into by
itself, so that the database says each name with its schema, as it does to pg_dump.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from lib import cells

MIGRATIONS = "django_migrations"  # a cell's own, since each is migrated by itself
# What a table is like but for what is asked for below, by its name.
LIKE = (
    "INCLUDING COMMENTS INCLUDING COMPRESSION INCLUDING CONSTRAINTS INCLUDING DEFAULTS"
    " INCLUDING GENERATED INCLUDING IDENTITY INCLUDING STATISTICS INCLUDING STORAGE"
)
CONSTRAINTS = """
SELECT format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', conrelid::regclass, conname,
              pg_get_constraintdef(oid))
FROM pg_constraint
WHERE connamespace = %(schema)s::regnamespace AND contype::text = ANY(%(kinds)s)
  AND conrelid <> (%(schema)s || '.' || %(migrations)s)::regclass
ORDER BY conrelid::regclass::text, conname
"""
INDEXES = """
SELECT pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
WHERE relnamespace = %(schema)s::regnamespace
  AND NOT EXISTS (
      SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
ORDER BY indexrelid::regclass::text
"""
FUNCTIONS = """
SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = %(schema)s::regnamespace
ORDER BY proname
"""
TRIGGERS = """
SELECT pg_get_triggerdef(pg_trigger.oid), tgname, tgrelid::regclass::text,
       obj_description(pg_trigger.oid, 'pg_trigger')
FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
WHERE relnamespace = %(schema)s::regnamespace AND NOT tgisinternal ORDER BY tgrelid, tgname
"""
IDENTITIES = """
SELECT attrelid::regclass::text, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
WHERE relnamespace = %(schema)s::regnamespace AND relkind = 'r' AND attidentity <> ''
ORDER BY attrelid::regclass::text
"""
FOREIGN_KEYS = """
SELECT conname FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY(conkey)
WHERE conrelid = %s::regclass AND attname = %s AND contype = 'f'
"""
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = %(schema)s ORDER BY tablename"
# What triggers of these tables call, and those of no other table.
THEIR_FUNCTIONS = """
SELECT tgfoid::regprocedure::text FROM pg_trigger
WHERE NOT tgisinternal AND tgfoid IN (
    SELECT oid FROM pg_proc WHERE pronamespace = %(shared)s::regnamespace)
GROUP BY tgfoid
HAVING bool_and(tgrelid::regclass::text = ANY(%(tables)s))
"""


class NotPossible(Exception):
    """There can be no such cell; the message is a sentence that says why."""


class CellsBegan(NotPossible):
    """The books of this installation are in cells already."""


class NoCells(NotPossible):
    """The books of this installation are in no cells yet."""


class CellExists(NotPossible):
    """There is a cell with this number."""


@transaction.atomic
def begin(tables: Sequence[str], loose: Sequence[tuple[str, str]] = ()) -> None:
    """Make the first cell of these tables, which are moved out of the shared schema with their
    indexes, sequences, triggers and their functions. None of their rows is copied or looked at;
    which migrations were made is copied. What is in the `loose` columns, each given with its table,
    is held to no other table from now on. Raises CellsBegan.

    It takes each table for itself, so it waits for whoever reads one.
    """
    first = cells.name_of(cells.FIRST)
    if cells.there():
        raise CellsBegan("The books are in cells already.")
    with connection.cursor() as cursor:
        cursor.execute(THEIR_FUNCTIONS, {"shared": cells.SHARED, "tables": list(tables)})
        functions = [name for (name,) in cursor.fetchall()]
        cursor.execute(f"CREATE SCHEMA {first}")
        for table in tables:
            cursor.execute(f'ALTER TABLE {cells.SHARED}."{table}" SET SCHEMA {first}')
        for table, column in loose:
            cursor.execute(FOREIGN_KEYS, [f"{first}.{table}", column])
            for (name,) in cursor.fetchall():
                cursor.execute(f'ALTER TABLE {first}."{table}" DROP CONSTRAINT "{name}"')
        for function in functions:
            cursor.execute(f"ALTER FUNCTION {function} SET SCHEMA {first}")
        _copy_migrations(cursor, cells.SHARED, first)


@transaction.atomic
def add(number: int, place: Callable[[], object] = lambda: None) -> None:
    """Make a cell with this number, which is empty and like the first one. Its keys begin at its
    number times cells.KEYS. `place` is called once it has its tables, and before these refer to
    what is shared: a cluster puts them on one of its machines then. Raises NoCells before there
    is a first one, CellExists, and ValueError for a number that no cell can have.
    """
    found, cell = cells.there(), cells.name_of(number)
    if not found:
        raise NoCells("The books are in no cells yet.")
    if number in found:
        raise CellExists(f"There is a cell {number}.")
    if not cells.NAME.fullmatch(cell):
        raise ValueError(f"{number} is no number of a cell")
    first = cells.name_of(cells.FIRST)
    with connection.cursor() as cursor:
        # Each name is said with its schema from here on, also by those functions that say them.
        cursor.execute("SET LOCAL search_path TO ''")
        cursor.execute(f"CREATE SCHEMA {cell}")
        for table in _tables(cursor, first):
            cursor.execute(f'CREATE TABLE {cell}."{table}" (LIKE {first}."{table}" {LIKE})')
        cursor.execute(IDENTITIES, {"schema": cell})
        for table, column in cursor.fetchall():
            start = number * cells.KEYS + 1
            cursor.execute(
                f'ALTER TABLE {table} ALTER COLUMN "{column}" SET START WITH {start} RESTART'
            )
        place()
        for statement in list(_statements(cursor, first)):
            cursor.execute(re.sub(rf"\b{first}\.", f"{cell}.", statement), None)
        _copy_migrations(cursor, first, cell)
        cursor.execute(f"SET LOCAL search_path TO {cells.SHARED}")


def _tables(cursor: CursorWrapper, schema: str) -> list[str]:
    """Ask the database for the names of the tables of this schema, but for that of its
    migrations.
    """
    cursor.execute(TABLES, {"schema": schema})
    return [name for (name,) in cursor.fetchall() if name != MIGRATIONS]


def _statements(cursor: CursorWrapper, schema: str) -> Iterator[str]:
    """Ask the database for, and yield, the statements by which the tables of this schema got what
    belongs to them, but for what is said of its migrations.
    """
    own = ["p", "u", "x"]  # before foreign keys, which refer to them
    for asked, kinds in ((CONSTRAINTS, own), (INDEXES, []), (CONSTRAINTS, ["f"]), (FUNCTIONS, [])):
        cursor.execute(asked, {"schema": schema, "kinds": kinds, "migrations": MIGRATIONS})
        yield from [statement for (statement,) in cursor.fetchall()]
    cursor.execute(TRIGGERS, {"schema": schema})
    for statement, name, table, comment in cursor.fetchall():
        yield statement
        if comment is not None:
            said = comment.replace("'", "''")
            yield f"COMMENT ON TRIGGER \"{name}\" ON {table} IS '{said}'"


def _copy_migrations(cursor: CursorWrapper, schema: str, cell: str) -> None:
    """Have the cell say that what was migrated in the schema was migrated in it."""
    ours, theirs = f"{cell}.{MIGRATIONS}", f"{schema}.{MIGRATIONS}"
    cursor.execute(f"CREATE TABLE {ours} (LIKE {theirs} INCLUDING ALL)")
    cursor.execute(
        f"INSERT INTO {ours} (app, name, applied)"
        f" SELECT app, name, applied FROM {theirs} ORDER BY id"
    )
