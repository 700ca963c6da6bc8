"""manage.py cells list|begin|add [NUMBER]|move MERCHANT --to NUMBER"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.cells import moves, owned, tables
from lib import audit, cells, clock
from lib.cells import schemas
from merchants import directory

ACTOR = "manage.py cells"


class Command(BaseCommand):
    help = (
        "Lists the cells that the books are in, makes the first one of them, adds others, and moves"
        " a merchant's books from one to another."
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
            type=float,
            default=moves.MOST_SECONDS,
            help="that nothing is written for it; the move is given up then (default: %(default)s)",
        )

    def handle(self, *args: Any, what: str, **options: Any) -> None:
        """List cells, make one, or move a merchant. Raises CommandError without TAEL_CELLS, if
        there can be no such cell, and if the merchant is not moved.
        """
        if not cells.are_on():
            raise CommandError("Set TAEL_CELLS=1: this installation has no cells.")
        if what == "list":
            for number, merchants in directory.merchants_by_cell().items():
                self.stdout.write(f"cell {number}: {merchants:,} merchants")
            return
        if what == "move":
            self._move(options["merchant"], options["to"], options["most_seconds"])
            return
        try:
            made = self._begin() if what == "begin" else self._add(options["number"])
        except (schemas.NotPossible, ValueError) as refusal:
            raise CommandError(str(refusal)) from refusal
        if options["verbosity"]:
            self.stdout.write(f"{made} Run deploy/roles.sql if Tael runs as a role of its own.")

    def _begin(self) -> str:
        """Make the first cell of the books that there are; returns a sentence that says so."""
        schemas.begin(tables.of_cells(), owned.loose_constraints())
        return f"The books are in cell {cells.FIRST}."

    def _add(self, number: int | None) -> str:
        """Add the cell with this number, or the next one; returns a sentence that says so."""
        number = number or max(cells.numbers()) + 1
        schemas.add(number)
        return f"There is a cell {number}."

    def _move(self, reference: str, to: int, most_seconds: float) -> None:
        """Move the merchant's books to the cell `to`, and then audit both cells as a whole, which
        takes its time and stops nobody. Raises CommandError if they stay, and if a check finds
        something.
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
