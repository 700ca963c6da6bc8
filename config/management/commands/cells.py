"""manage.py cells list|begin|add [NUMBER]|move MERCHANT --to NUMBER|distribute|move-cell NUMBER
--to HOST:PORT
"""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.cells import moves, owned, tables
from lib import audit, cells, clock
from lib.cells import citus, schemas
from lib.commands import seconds
from merchants import directory

ACTOR = "manage.py cells"


class Command(BaseCommand):
    help = (
        "Lists the cells that the books are in, makes and adds cells, moves a merchant's books to"
        " another cell, and a cell to another machine."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="what", required=True)
        commands.add_parser("list", help="each cell with how many merchants it has")
        commands.add_parser(
            "begin", help="move the books into a first cell, while nothing else runs"
        )
        add = commands.add_parser("add", help="make another cell, which is empty")
        add.add_argument("number", nargs="?", type=int, help="the next one if it is left out")
        move = commands.add_parser("move", help="move a merchant's books to a higher cell")
        move.add_argument("merchant", help="its reference")
        move.add_argument("--to", type=int, required=True, metavar="NUMBER", help="the cell")
        move.add_argument(
            "--most-seconds",
            type=seconds,
            default=moves.MOST_SECONDS,
            help="that nothing is written for it; the move is given up then (default: %(default)s)",
        )
        commands.add_parser(
            "distribute",
            help="have each cell on a machine of a cluster of Citus; goes on where it was",
        )
        move_cell = commands.add_parser(
            "move-cell", help="move a cell to another machine of the cluster"
        )
        move_cell.add_argument("number", type=int)
        move_cell.add_argument("--to", required=True, metavar="HOST:PORT", type=_machine)

    def handle(self, *args: Any, what: str, **options: Any) -> None:
        """Do one of these: print the cells, make the first one or add another, have each on a
        machine of a cluster, move a cell to another machine, or move a merchant's books to another
        cell, with a trail row, and audit both. Raises CommandError without TAEL_CELLS, for what
        can't be done, and if the audit finds something after a move.
        """
        if not cells.are_on():
            raise CommandError("Set TAEL_CELLS=1: this installation has no cells.")
        if what == "move":
            self._move(options["merchant"], options["to"], options["most_seconds"])
            return
        try:
            if what == "list":
                self._list()
                return
            if what == "move-cell":
                done = self._move_cell(options["number"], options["to"])
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
        """Make the first cell of the books that there are: their tables are moved into it, and
        nothing is copied. On a cluster of Citus, also have what is shared on every machine, and the
        cell on one. Returns a sentence that says so. Raises CellsBegan if there is a cell already.
        It takes each table for itself, so it waits for whoever reads one.
        """
        schemas.begin(tables.of_cells(), owned.loose_constraints())
        if not citus.is_there():
            return f"The books are in cell {cells.FIRST}."
        self._place()
        return f"The books are in cell {cells.FIRST} at {citus.places()[cells.FIRST]}."

    def _add(self, number: int | None) -> str:
        """Add the cell with this number, or the one after the highest without one, and on a cluster
        of Citus have it on one of its machines; returns a sentence that says so. Raises NoCells,
        CellExists, NotPossible, and ValueError for a number that no cell can have.
        """
        if number is None:
            number = max(cells.numbers()) + 1
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

    def _move_cell(self, number: int, machine: citus.Machine) -> str:
        """Move a cell to another machine; returns a sentence that says so. Raises
        citus.NotPossible, also where the database is none of Citus.
        """
        if not citus.is_there():
            raise citus.NotPossible("This database has no extension citus.")
        citus.move(number, machine)
        return f"Cell {number} is at {machine}."

    def _move(self, reference: str, to: int, most_seconds: float) -> None:
        """Move the merchant's books to the cell `to`, with a trail row, and then audit both cells
        as a whole, which takes its time and stops nobody. Nothing is written for the merchant while
        the books move; the move is given up after `most_seconds` of that. Raises CommandError if
        the books stay where they are, and if a check finds something after the move.
        """
        start = directory.cells_of([reference]).get(reference, cells.FIRST)
        try:
            moved = moves.move(
                reference, to, actor=ACTOR, now=clock.now(), most_seconds=most_seconds
            )
        except moves.NotMoved as refusal:
            raise CommandError(f"Nothing was moved. {refusal}") from refusal
        seconds = moved.stopped.total_seconds()
        self.stdout.write(
            f"{reference} is in cell {to}: {sum(moved.rows.values()):,} rows were moved, in"
            f" {seconds:.2f} seconds in which nothing was written for it."
        )
        wrong = 0
        for number in (start, to):
            with cells.at(number):
                findings = audit.run(audit.registered(), now=clock.now())
            for finding in findings:
                for row in finding.listed:
                    wrong += 1
                    self.stderr.write(
                        f"cell {number}: {row.merchant}: {row.subject}: {finding.check.name}:"
                        f" expected {row.expected}; found {row.found}"
                    )
        if wrong:
            raise CommandError("It was moved, and the audit found something in these cells.")


def _machine(text: str) -> citus.Machine:
    """The machine that is meant by HOST:PORT. Raises ArgumentTypeError for other text."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return citus.Machine(host, int(port))
