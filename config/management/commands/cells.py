"""manage.py cells list|begin|add [NUMBER]"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.cells import tables
from lib import cells
from lib.cells import schemas
from merchants import directory


class Command(BaseCommand):
    help = "Lists the cells that the books are in, makes the first one of them, and adds others."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="what", required=True)
        commands.add_parser("list", help="each cell with how many merchants it has")
        commands.add_parser(
            "begin", help="move the books into a first cell, while nothing else runs"
        )
        add = commands.add_parser("add", help="make another cell, which is empty")
        add.add_argument("number", nargs="?", type=int, help="the next one if it is left out")

    def handle(self, *args: Any, what: str, **options: Any) -> None:
        """List cells, or make one. Raises CommandError without TAEL_CELLS, and if there can be no
        such cell.
        """
        if not cells.are_on():
            raise CommandError("Set TAEL_CELLS=1: this installation has no cells.")
        if what == "list":
            for number, merchants in directory.merchants_by_cell().items():
                self.stdout.write(f"cell {number}: {merchants:,} merchants")
            return
        try:
            made = self._begin() if what == "begin" else self._add(options["number"])
        except (schemas.NotPossible, ValueError) as refusal:
            raise CommandError(str(refusal)) from refusal
        if options["verbosity"]:
            self.stdout.write(f"{made} Run deploy/roles.sql if Tael runs as a role of its own.")

    def _begin(self) -> str:
        """Make the first cell of the books that there are; returns a sentence that says so."""
        schemas.begin(tables.of_cells())
        return f"The books are in cell {cells.FIRST}."

    def _add(self, number: int | None) -> str:
        """Add the cell with this number, or the next one; returns a sentence that says so."""
        number = number or max(cells.numbers()) + 1
        schemas.add(number)
        return f"There is a cell {number}."
