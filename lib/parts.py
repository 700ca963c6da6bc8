"""Statements with several parts that write, which a cluster of Citus is asked one by one.

PostgreSQL carries out such a statement (WITH … AS (INSERT …)) as one. Citus takes it apart, and
hands what an INSERT … SELECT reads of another part to all machines: so none may be away, though the
rows are of one. Where the statement is told part by part, each goes to the machine of its cell and
to no other, in one transaction (rule 30.26).
"""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from lib import cells


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

    def __new__(cls, whole: str, parts: Sequence[Part], gives: Sequence[str] = ()) -> "InParts":
        made = super().__new__(cls, whole)
        made.parts, made.gives = parts, gives
        return made

    def rows(
        self, database: BaseDatabaseWrapper, values: Sequence[Any] | Mapping[str, Any]
    ) -> list[tuple[Any, ...]]:
        """What the statement selects, one row or none, once its parts are carried out on this
        connection: in the open transaction, or else in one of their own. Raises what Django's
        cursors raise.
        """
        assert isinstance(values, Mapping), "parts take named values"
        known = dict(values)
        own = transaction.atomic(database.alias) if database.get_autocommit() else nullcontext()
        with own, database.cursor() as cursor:
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


def is_for(database: BaseDatabaseWrapper) -> bool:
    """Whether what is asked on this connection goes to a cell of a cluster. Raises what Django's
    cursors raise.
    """
    if not cells.entered():
        return False
    database.ensure_connection()
    with database.wrap_database_errors:
        return bool(database.connection.is_distributed())
