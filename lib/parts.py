"""Statements with several parts that write, which a cluster of Citus is asked one by one.

PostgreSQL carries out such a statement (WITH … AS (INSERT …)) as one. Citus takes it apart, and
hands what an INSERT … SELECT reads of another part to all machines: so none may be away, though the
rows are of one. Where the statement is told part by part, each goes to the machine of its cell and
to no other, in one transaction (rule 30.26, rule 30.27).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from lib import cells
from lib.planned import Values

Rows = list[tuple[Any, ...]]

_WITH = re.compile(r"\s*WITH\b")
_NAME = re.compile(r"\s*(\w+) AS (?:MATERIALIZED )?\(")
_NEXT = re.compile(r"\s*,")
# Where a bracket is one of SQL's, and not of a comment or a text.
_BRACKET = re.compile(r"--[^\n]*|'(?:[^']|'')*'|\"[^\"]*\"|[()]")


@dataclass(frozen=True, slots=True)
class Part:
    """One of the parts: `sql` takes the statement's named values. What it returns is one row, whose
    columns are values of the parts after it, by their names; if it returns none, they are not
    carried out. `if_above_0` names a value without which this part alone is not.
    """

    sql: str
    if_above_0: str = ""


class InParts(str):
    """The text of a statement, and the same told in parts, in the order in which they are carried
    out. `gives` names the columns, returned by parts, that the statement selects.
    """

    __slots__ = ("gives", "parts")

    parts: Sequence[Part]
    gives: Sequence[str]

    def __new__(
        cls, whole: str, parts: Sequence[Part] = (), gives: Sequence[str] = ()
    ) -> "InParts":
        made = super().__new__(cls, whole)
        made.parts, made.gives = parts, gives
        return made

    def rows(self, database: BaseDatabaseWrapper, values: Values) -> Rows:
        """Carry out the parts one after the other on this connection, in the open transaction
        or else in one of their own. Returns one row with the values that `gives` names,
        whichever part returned them, or no row if `gives` is empty. A part whose `if_above_0`
        names a value that is not above 0 is left out. The first part that is to return a row
        and returns none ends it: no row is returned then, the parts after it are not carried
        out, and what those before it wrote stays. Raises what Django's cursors raise.
        """
        assert isinstance(values, Mapping), "parts take named values"
        known = dict(values)
        with _in_one_transaction(database) as cursor:
            for part in self.parts:
                if part.if_above_0 and not known[part.if_above_0] > 0:
                    continue
                cursor.execute(part.sql, known)
                if cursor.description is None:
                    continue
                row = cursor.fetchone()
                if row is None:
                    return []
                names = (column.name for column in cursor.description)
                known.update(zip(names, row, strict=True))
        return [tuple(known[name] for name in self.gives)] if self.gives else []


@dataclass(frozen=True, slots=True)
class _Step:
    """A part as it stands in its statement: its name, "" for the last one, and the names of those
    before it that it asks for.
    """

    name: str
    sql: str
    asks: Sequence[str]


class InSteps(InParts):
    """The text of a statement of many rows (WITH … AS (…), …), which a cluster is asked part by
    part as they stand in it: the rows that one returns are given to those after it as values.

    So each part sees what those before it have written, where the parts of one statement see the
    tables as they were: none may ask for what another one changes. Columns that are handed on are
    no lists.
    """

    __slots__ = ("steps",)

    steps: Sequence[_Step]

    def __new__(cls, whole: str) -> "InSteps":
        made = super().__new__(cls, whole)
        assert isinstance(made, InSteps)
        made.steps = list(_steps(whole))
        return made

    def rows(self, database: BaseDatabaseWrapper, values: Values) -> Rows:
        """What the last part of the statement gives, once all are carried out on this connection:
        in the open transaction, or else in one of their own. Raises what Django's cursors raise.
        """
        assert isinstance(values, Mapping), "parts take named values"
        known = dict(values)
        given: dict[str, str] = {}
        found: Rows = []
        with _in_one_transaction(database) as cursor:
            for step in self.steps:
                asked = [f"{name} AS NOT MATERIALIZED ({given[name]})"
                         for name in step.asks if name in given]  # fmt: skip
                before = f"WITH {', '.join(asked)}\n" if asked else ""
                cursor.execute(before + step.sql, known)
                found = list(cursor.fetchall()) if cursor.description else []
                if cursor.description and step.name:
                    given[step.name] = _as_values(step.name, cursor, found, known)
        return found


def rows(statement: InParts, values: Mapping[str, Any]) -> Rows:
    """All rows that the statement gives, which should be few; it is planned anew each time, as
    nobody asks it often (lib.prepared). Raises what Django's cursors raise.
    """
    database = connections[DEFAULT_DB_ALIAS]
    if is_for(database):
        return statement.rows(database, values)
    with database.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall()) if cursor.description else []


def is_for(database: BaseDatabaseWrapper) -> bool:
    """Whether the database is a distributed one (Citus) and we are inside a cell, so that
    statements are to be asked part by part. Connects if there is no connection yet. Raises what
    Django's cursors raise.
    """
    if not cells.entered():
        return False
    database.ensure_connection()
    with database.wrap_database_errors:
        return bool(database.connection.is_distributed())


@contextmanager
def _in_one_transaction(database: BaseDatabaseWrapper) -> Iterator[CursorWrapper]:
    """A cursor in the open transaction, or else in one of the block's own."""
    own = transaction.atomic(database.alias) if database.get_autocommit() else nullcontext()
    with own, database.cursor() as cursor:
        yield cursor


def _steps(whole: str) -> Iterator[_Step]:
    """The parts of a statement that begins with WITH, in their order, the last one without a
    name.
    """
    begun = _WITH.match(whole)
    assert begun, f"it begins with no WITH: {whole}"
    at, names = begun.end(), list[str]()
    while named := _NAME.match(whole, at):
        end = _closing(whole, named.end())
        yield _Step(named[1], *_asking(whole[named.end() : end], names))
        names.append(named[1])
        at = end + 1
        if (following := _NEXT.match(whole, at)) is None:
            break
        at = following.end()
    yield _Step("", *_asking(whole[at:], names))


def _asking(sql: str, names: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The text of a part, without blanks around it, and which of these names of earlier parts it
    has as words, in the order of `names`.
    """
    words = set(re.findall(r"\w+", sql))
    return sql.strip(), [name for name in names if name in words]


def _closing(whole: str, start: int) -> int:
    """The place in `whole` of the bracket that closes the one just before `start`; brackets in
    texts, quoted names and comments do not count. Raises ValueError if there is none.
    """
    depth = 1
    for found in _BRACKET.finditer(whole, start):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if not depth:
            return found.start()
    raise ValueError(f"a bracket does not close: {whole[start:]}")


def _as_values(name: str, cursor: CursorWrapper, rows: Rows, known: dict[str, Any]) -> str:
    """SQL that selects these rows, which the part of this name has just given, from values, which
    are put into `known`, a list for each column.
    """
    types = cursor.connection.adapters.types
    lists, columns = [], []
    for place, column in enumerate(cursor.description):
        value = f"{name}.{column.name}"
        known[value] = [row[place] for row in rows]
        type_ = types.get(column.type_code)
        assert type_ is None or type_.oid == column.type_code, f"{value} is a list"
        lists.append(f"%({value})s::{type_.regtype if type_ else 'text'}[]")
        columns.append(f'"{column.name}"')
    return f"SELECT * FROM unnest({', '.join(lists)}) AS given({', '.join(columns)})"
