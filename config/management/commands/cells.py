"""manage.py cells list|begin|add [NUMBER]|distribute|move-cell NUMBER --to HOST:PORT"""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.cells import tables
from lib import cells
from lib.cells import citus, schemas
from merchants import directory


class Command(BaseCommand):
    help = "Lists the cells that the books are in, makes, adds and moves them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="what", required=True)
        commands.add_parser("list", help="each cell with how many merchants it has")
        commands.add_parser(
            "begin", help="move the books into a first cell, while nothing else runs"
        )
        add = commands.add_parser("add", help="make another cell, which is empty")
        add.add_argument("number", nargs="?", type=int, help="the next one if it is left out")
        commands.add_parser(
            "distribute",
            help="have each cell on a machine of a cluster of Citus; goes on where it was",
        )
        move = commands.add_parser(
            "move-cell", help="move a cell to another machine of the cluster"
        )
        move.add_argument("number", type=int)
        move.add_argument("--to", required=True, metavar="HOST:PORT", type=_machine)

    def handle(self, *args: Any, what: str, **options: Any) -> None:
        """List cells, make one, or say where they lie. Raises CommandError without TAEL_CELLS, and
        for what can't be done.
        """
        if not cells.are_on():
            raise CommandError("Set TAEL_CELLS=1: this installation has no cells.")
        try:
            if what == "list":
                self._list()
                return
            if what == "move-cell":
                done = self._move(options["number"], options["to"])
            elif what == "distribute":
                done = self._distribute()
            else:
                made = self._begin() if what == "begin" else self._add(options["number"])
                done = f"{made} Run deploy/roles.sql if Tael runs as a role of its own."
        except (schemas.NotPossible, citus.NotPossible, ValueError) as refusal:
            raise CommandError(str(refusal)) from refusal
        if options["verbosity"]:
            self.stdout.write(done)

    def _list(self) -> None:
        """Print each cell with the count of its merchants, and on a cluster its machine."""
        places = citus.places() if citus.is_there() else {}
        for number, merchants in directory.merchants_by_cell().items():
            where = f" at {places[number]}" if number in places else ""
            self.stdout.write(f"cell {number}{where}: {merchants:,} merchants")

    def _begin(self) -> str:
        """Make the first cell of the books that there are; returns a sentence that says so."""
        schemas.begin(tables.of_cells())
        if not citus.is_there():
            return f"The books are in cell {cells.FIRST}."
        self._place()
        return f"The books are in cell {cells.FIRST} at {citus.places()[cells.FIRST]}."

    def _add(self, number: int | None) -> str:
        """Add the cell with this number, or the next one; returns a sentence that says so."""
        number = number or max(cells.numbers()) + 1
        if citus.is_there():
            schemas.add(number, place=self._place)
            citus.spread(number)  # while it is empty, that is no more than making tables
            return f"There is a cell {number} at {citus.places()[number]}."
        schemas.add(number)
        return f"There is a cell {number}."

    def _place(self) -> Sequence[int]:
        """Have each cell that is on no machine of the cluster yet on one; returns their numbers."""
        return citus.distribute(tables.on_every_machine())

    def _distribute(self) -> str:
        """Distribute the cells that are not yet; returns a sentence that says which these were.
        Raises citus.NotPossible if the database is no cluster's.
        """
        if not citus.is_there():
            raise citus.NotPossible("This database has no extension citus.")
        found = self._place()
        return f"Distributed: {', '.join(map(str, found)) or 'none, all were so already'}."

    def _move(self, number: int, machine: citus.Machine) -> str:
        """Move a cell to another machine; returns a sentence that says so."""
        if not citus.is_there():
            raise citus.NotPossible("This database has no extension citus.")
        citus.move(number, machine)
        return f"Cell {number} is at {machine}."


def _machine(text: str) -> citus.Machine:
    """The machine that is meant by HOST:PORT. Raises ArgumentTypeError for other text."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return citus.Machine(host, int(port))
