"""Raw SQL that breaks one constraint, made from what the catalogue says of it; and who refused it.

A row of neutral values breaks nothing that is not about several columns. What stands in the way of
the one that is meant, as its values break others too, is dropped: all of it is rolled back.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import Error, connection, transaction

TYPES = {  # values of a type, the neutral one first
    "boolean": ("false", "true"),
    "date": ("'2026-11-02'", "'2026-11-01'", "'2026-12-24'"),
    "timestamp with time zone": (
        "'2026-11-02 12:00Z'",
        "'2026-11-02 11:00Z'",
        "'2027-01-01 00:00Z'",
    ),
    "jsonb": ("'{}'", "'[]'"),
    "json": ("'{}'",),
    "uuid": ("'1b4e28ba-2fa1-11d2-883f-0016d3cca427'",),
    "bytea": ("'x'",),
    "inet": ("'127.0.0.1'",),
    "interval": ("'1 hour'",),
}
NUMBERS = ("1", "0", "-1", "2", "1000")
TEXTS = ("'x'", "''", "'y'")
NOBODY = 987_654_321  # a key that no row has


@dataclass
class Column:
    name: str
    type: str
    is_required: bool
    is_made: bool  # by the database itself, unless it is named
    literals: Sequence[str] = field(default_factory=tuple)

    @property
    def plain_type(self) -> str:
        """The column's type, without how long it may be."""
        return re.sub(r"\(.*?\)", "", self.type)

    @property
    def values(self) -> list[str]:
        """What can be tried, the neutral value first."""
        known = TYPES.get(self.type.partition("(")[0])
        if self.type.endswith("[]"):
            known = ("'{}'", "'{x}'")
        if known is None:
            is_text = self.type.startswith(("character", "text", "citext"))
            known = TEXTS if is_text else NUMBERS
            if is_text:
                known = (*known, *(f"'{one}'" for one in self.literals))
        return [*known, *([] if self.is_required else ["NULL"])]

    @property
    def neutral(self) -> str:
        """A value that the column takes, as SQL; NULL if it may be empty."""
        return self.values[0] if self.is_required else "NULL"


@dataclass
class Table:
    """The columns of a table, without those that are computed."""

    name: str
    columns: dict[str, Column]

    @classmethod
    def of(cls, name: str, text: str = "") -> "Table":
        """The table of this name, with its columns and, for text columns, the literals in `text` to
        try.
        """
        literals = tuple(dict.fromkeys(re.findall(r"'([^'(){}^$\\]{1,60})'", text)))
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT attname, format_type(atttypid, atttypmod), attnotnull,
                       attidentity <> '' OR atthasdef
                FROM pg_attribute
                WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
                      AND attgenerated = ''
                ORDER BY attnum
                """,
                [name],
            )
            found = [
                Column(name, type_name, is_required, is_made, literals)
                for name, type_name, is_required, is_made in cursor.fetchall()
            ]
        return cls(name, {column.name: column for column in found})

    def named_in(self, text: str) -> list[Column]:
        """The columns that an expression is about."""
        words = set(re.findall(r"[a-z_0-9]+", text.lower()))
        return [column for column in self.columns.values() if column.name in words]

    def insert(self, values: dict[str, str]) -> str:
        """An INSERT with these values, as SQL, and neutral ones in the other columns that need
        one.
        """
        names = [c for c in self.columns.values() if c.name in values or not c.is_made]
        listed = ", ".join(f'"{column.name}"' for column in names)
        given = ", ".join(
            f"({values.get(column.name, column.neutral)})::{column.type}" for column in names
        )
        return f"INSERT INTO {self.name} ({listed}) VALUES ({given})"

    def making(self, holds: str) -> dict[str, str] | None:
        """Values of the columns that the condition names, with which it holds; None if none do."""
        columns = self.named_in(holds)
        joined = " CROSS JOIN ".join(
            f"(VALUES {', '.join(f'(({v})::{c.plain_type}, {n})' for n, v in enumerate(c.values))})"
            f' AS v{place}("{c.name}", nth{place})'
            for place, c in enumerate(columns)
        )
        wanted = ", ".join(f"nth{place}" for place, _ in enumerate(columns))
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {wanted} FROM {joined} WHERE {holds} LIMIT 1")
            row = cursor.fetchone()
        if row is None:
            return None
        return {column.name: column.values[nth] for column, nth in zip(columns, row, strict=True)}


@contextmanager
def undone() -> Iterator[Any]:
    """A context that gives a cursor, all of whose work is undone."""
    with transaction.atomic(), connection.cursor() as cursor:
        yield cursor
        transaction.set_rollback(True)


def refused_by(cursor: Any, statement: str, *, is_tried: bool = False) -> tuple[str, str]:
    """The name of the constraint or trigger that refuses the statement, and the column, if it is
    one that may not be empty; two empty ones if nothing does. What is only tried is undone.
    """
    try:
        with transaction.atomic():
            cursor.execute(statement)
            if is_tried:
                transaction.set_rollback(True)
    except Error as error:
        said = error.__cause__.diag  # type: ignore[union-attr]
        triggers = re.findall(r"function (pgtrigger_\w+)\(", said.context or "")
        name = said.constraint_name or (triggers or [str(error)])[-1]
        return name, said.column_name or ""
    return "", ""


def drop(cursor: Any, table: str, name: str) -> None:
    """Drop the constraint or unique index that stands in the way."""
    cursor.execute("SELECT 1 FROM pg_constraint WHERE conname = %s AND conrelid = %s::regclass",
                   [name, table])  # fmt: skip
    if cursor.fetchone():
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}" CASCADE')
    else:
        cursor.execute(f'DROP INDEX "{name}"')


def is_refused(
    table: str, name: str, *statements: str, before: Sequence[str] = (), column: str = ""
) -> bool:
    """Whether one of the statements is refused by this constraint, or for this column. Other
    constraints that refuse it first are dropped. All is undone afterwards.
    """
    with undone() as cursor:
        for statement in before:
            cursor.execute(statement)
        for statement in statements:
            for _ in range(30):
                by, at = refused_by(cursor, statement)
                if by == name or (column and at == column):
                    return True
                if not by or by.startswith("pgtrigger") or " " in by:
                    break
                drop(cursor, table, by)
    return False


def named(query: str) -> list[tuple[str, ...]]:
    """The rows of a query about the catalogue, of which all columns are texts."""
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def trigger_refuses(table: str, name: str, text: str) -> bool:
    """Whether this trigger alone refuses to delete a row, or to give a column another value. Rows
    are tried with each value of the columns that the trigger's `text` is about.
    """
    model = Table.of(table, text)
    about = model.named_in(text) or list(model.columns.values())
    rows: list[dict[str, str]] = [{}]
    rows += [{column.name: value} for column in about for value in column.values[:8]]
    changes = [
        f'UPDATE {table} SET "{column.name}" = {value}'
        for column in [*about, *model.columns.values()]
        for value in [*column.values[:8], *([] if column.is_required else ["NULL"])]
    ]
    for row in rows:
        with undone() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            if not is_written(cursor, table, model.insert(row)):
                continue
            cursor.execute("SET LOCAL session_replication_role = origin")
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(f'ALTER TABLE {table} ENABLE TRIGGER "{name}"')
            for statement in (f"DELETE FROM {table}", *changes):
                if refused_by(cursor, statement, is_tried=True)[0] == name:
                    return True
    return False


def is_written(cursor: Any, table: str, statement: str) -> bool:
    """Whether the row can be written at all, without what stands in the way."""
    for _ in range(30):
        by, _ = refused_by(cursor, statement)
        if not by:
            return True
        if " " in by:
            return False
        drop(cursor, table, by)
    return False
