"""The base class of commands that read or write the books."""

from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from lib import cells

_checks: list[Callable[[], None]] = []


def check_first(check: Callable[[], None]) -> None:
    """Add a check that each BooksCommand makes before it runs; the check raises
    ImproperlyConfigured to stop the command.
    """
    _checks.append(check)


class BooksCommand(BaseCommand):
    """The base class of commands that first make the checks added by `check_first`; one that fails
    stops the command with a CommandError.

    If the database is away or not migrated, the checks are skipped.
    """

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command, once all registered checks have passed. Raises CommandError with the
        sentence of one that refuses. If a check meets an error of the database, the command runs
        all the same.
        """
        try:
            for check in _checks:
                check()
        except ImproperlyConfigured as refusal:
            raise CommandError(str(refusal)) from refusal
        except DatabaseError:
            pass  # it is away, or not migrated: the command says so, if it asks for anything
        return super().execute(*args, **options)


def add_cell(parser: ArgumentParser, what: str) -> None:
    """Let a command take --cell, whose help text is `what`. Does nothing in an installation without
    cells, where nobody is to meet the word.
    """
    if cells.are_on():
        parser.add_argument("--cell", type=int, metavar="NUMBER", help=what)


def cells_of(options: dict[str, Any]) -> Sequence[int]:
    """The numbers of the cells that a command is for: the one of --cell, or else all. Raises
    CommandError if there is no such cell.
    """
    known, asked = cells.numbers(), options.get("cell")
    if asked is None:
        return known
    if asked not in known:
        raise CommandError(f"There is no cell {asked}.")
    return [asked]
