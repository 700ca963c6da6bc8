"""The base class of commands that read or write the books."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, InterfaceError, OperationalError, connection

from lib import cells, statement_timeout

MOST_SECONDS = 600  # that a statement of a command which goes over all cells may take in one
DAY_SECONDS = 24 * 60 * 60
THERE_SECONDS = 20  # until a cell has said that it is there at all

# A table of the schema, of which it does not matter which.
A_TABLE = "SELECT min(tablename) FROM pg_tables WHERE schemaname = %s"

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
        all the same. Returns what the command prints, if anything.
        """
        try:
            for check in _checks:
                check()
        except ImproperlyConfigured as refusal:
            raise CommandError(str(refusal)) from refusal
        except DatabaseError:
            pass  # it is away, or not migrated: the command says so, if it asks for anything
        return super().execute(*args, **options)


class OneCellCommand(BooksCommand):
    """The base class of commands about books of one cell: where the books are in cells, they take
    --cell and run inside it, or else inside the first one.
    """

    def create_parser(self, *args: Any, **options: Any) -> CommandParser:
        """Django's parser, which takes --cell if there are cells."""
        parser = super().create_parser(*args, **options)
        add_cell(parser, f"whose books are meant (default: {cells.FIRST})")
        return parser

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command inside the cell that was asked for. Raises CommandError if there is none
        such, or if a registered check refuses to go on.
        """
        number = cells.FIRST if options.get("cell") is None else cells_of(options)[0]
        with cells.at(number):
            return super().execute(*args, **options)


def add_cell(parser: ArgumentParser, what: str) -> None:
    """Let a command take --cell, whose help text is `what`. Does nothing in an installation without
    cells, where nobody is to meet the word.
    """
    if cells.are_on():
        parser.add_argument("--cell", type=int, metavar="NUMBER", help=what)


def add_each_cell(parser: ArgumentParser, what: str) -> None:
    """Let a command that goes over all cells take --cell, whose help text is `what`, and
    --most-seconds, which says how long a statement may take before its cell is left out
    (MOST_SECONDS unless given). Does nothing in an installation without cells.
    """
    add_cell(parser, what)
    if cells.are_on():
        parser.add_argument(
            "--most-seconds",
            type=seconds,
            default=MOST_SECONDS,
            help="that a statement may take before its cell is left out (default: %(default)s)",
        )


def seconds(text: str) -> float:
    """The number of seconds that a text says, of which there have to be some, and at most a day's.
    Raises ArgumentTypeError, as a parser of arguments wants it, for any other text.
    """
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= DAY_SECONDS:
        raise ArgumentTypeError(f"{text!r} is no number of seconds up to {DAY_SECONDS}")
    return number


def cells_of(options: dict[str, Any]) -> Sequence[int]:
    """The numbers of the cells that a command is for: the one of --cell, or else all, in their
    order. Raises CommandError if there is no such cell.
    """
    known, asked = cells.numbers(), options.get("cell")
    if asked is None:
        return known
    if asked not in known:
        raise CommandError(f"There is no cell {asked}.")
    return [asked]


class EachCell:
    """The cells that a command goes over, one after the other. One that does not answer is named on
    the command's standard error, and the others are gone over all the same: one that is not there
    after THERE_SECONDS, or has no answer to a statement after --most-seconds (rule 30.8).
    """

    def __init__(self, command: BaseCommand, options: dict[str, Any]) -> None:
        self.numbers = cells_of(options)
        given = options.get("most_seconds")
        self._most_seconds = MOST_SECONDS if given is None else given
        self._command = command
        self._away: list[int] = []

    def go(self, look: Callable[[int], object]) -> None:
        """Call the function inside each of the cells, one after the other, with the cell's number.
        If a cell cannot be reached, or does not answer in time (OperationalError, InterfaceError),
        its call ends, standard error names it, and the next cell follows; in an installation
        without cells the error is raised.
        """
        for number in self.numbers:
            try:
                with cells.at(number):
                    self._look(look, number)
            except (OperationalError, InterfaceError) as error:
                if not cells.are_on():
                    raise
                self._away.append(number)
                self._command.stderr.write(f"Cell {number} could not be looked at: {error}".strip())
                if not connection.in_atomic_block:
                    connection.close_if_unusable_or_obsolete()

    def _look(self, look: Callable[[int], object], number: int) -> None:
        """Call the function with the cell's number. Where there are cells, see first that this one
        answers within THERE_SECONDS, and let no statement of the call take longer than
        --most-seconds.
        """
        if not cells.are_on():
            look(number)
            return
        with _bounded(THERE_SECONDS):
            _see_that_it_is_there()
        with _bounded(self._most_seconds):
            look(number)

    @property
    def silence(self) -> str:
        """A sentence with the cells that did not answer; "" if all did."""
        if not self._away:
            return ""
        return f"Not looked at, or not to its end: cell {', '.join(map(str, self._away))}."


@contextmanager
def _bounded(seconds: float) -> Iterator[None]:
    """Return a context in which no statement inside a cell takes longer than this many
    seconds. The database stops a statement that does, if its transaction began in the
    block. If the database, or a machine behind it, does not answer at all, we stop
    waiting two seconds later, and the connection is closed; a web server's connection
    keeps its own time for this. Raises OperationalError in both cases.
    """
    with cells.at_most(seconds), statement_timeout.waiting(seconds):
        yield


def _see_that_it_is_there() -> None:
    """Ask something that only the machine knows which has the cell that we are inside."""
    with connection.cursor() as cursor:
        cursor.execute(A_TABLE, [cells.entered()])
        (table,) = cursor.fetchone()
        cursor.execute(f'SELECT EXISTS (SELECT FROM {cells.entered()}."{table}")')
