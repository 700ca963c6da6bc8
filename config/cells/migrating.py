"""Migrating what is shared and each cell, one after the other, by the same migrations (rule 30.4).

Django's migrations know models, and each model is of one side: while a side is migrated, the
operations about models of the other do nothing. What has no model (RunSQL, RunPython) is done with
what is shared, unless its hints say `of_cells=True`: then within each cell.

A cell that is added later is made from the first one (lib.cells.schemas), and says that it was
migrated as far.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import connection

from config.cells import tables
from lib import cells

_of_cells: ContextVar[bool | None] = ContextVar("of_cells", default=None)


class OneSide:
    """A router of Django's that lets operations of migrations act on the side that is migrated."""

    def allow_migrate(
        self, db: str, app_label: str, model_name: str | None = None, **hints: Any
    ) -> bool | None:
        """Whether the operation acts on the side that is being migrated, what is shared or what
        cells have; None, for Django to decide, while neither is.
        """
        wanted = _of_cells.get()
        if wanted is None:
            return None
        if model_name is None:
            return bool(hints.get("of_cells", False)) is wanted
        return tables.is_of_cells(app_label, model_name) is wanted


@contextmanager
def shared() -> Iterator[None]:
    """Have migrations of the block act on what is shared alone."""
    token = _of_cells.set(False)
    try:
        yield
    finally:
        _of_cells.reset(token)


@contextmanager
def cell(number: int) -> Iterator[None]:
    """Have migrations of the block act on this cell alone.

    Some of their statements cannot be in a transaction, by which a cell holds otherwise. So it is
    set for the connection, which is the command's own and is set back at the end.
    """
    token = _of_cells.set(True)
    _set(f"SET search_path TO {cells.name_of(number)}, {cells.SHARED}")
    try:
        yield
    finally:
        _of_cells.reset(token)
        _set("RESET search_path")


def _set(statement: str) -> None:
    """Run the statement, which changes a setting of the connection."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
