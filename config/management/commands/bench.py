"""manage.py bench [NAME ...]"""

from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection

from lib import cells
from lib.commands import add_cell

BENCHMARKS = (
    *("charges", "orders", "api", "clients", "serving", "memory", "reads", "closing", "ticks"),
    *("export", "pages", "admin", "sizes"),
)
Report = Callable[[], Iterator[tuple[str, str]]]


class Command(BaseCommand):
    help = "Measures the hot paths against the least SQL that does the same, on a scratch database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
        add_cell(parser, "inside this one of as many cells as it takes, on the scratch database")

    def handle(self, *args: Any, names: list[str], **options: Any) -> None:
        """Run the named benchmarks, or all of them, on a new scratch database, print their reports
        as they come, and drop the database. Where the books are in cells, those of the benchmarks
        are, too.
        """
        before = connection.settings_dict["NAME"]
        self.stdout.write("Making a scratch database ...")
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            number = options.get("cell") or cells.FIRST
            if cells.are_on():
                _make_cells(number)
            with cells.at(number):
                self._run(names or BENCHMARKS)
        finally:
            connection.creation.destroy_test_db(before, verbosity=0)

    def _run(self, names: Sequence[str]) -> None:
        """Run these benchmarks, and print their reports as they come."""
        for name in names:
            report: Report = import_module(f"bench.{name}").run
            self.stdout.write(f"\n{name}")
            for what, figure in report():
                self.stdout.write(f"  {what:<60} {figure}")


def _make_cells(most: int) -> None:
    """Make the first cell and those after it, up to this number."""
    call_command("cells", "begin", verbosity=0)
    for number in range(cells.FIRST + 1, most + 1):
        call_command("cells", "add", str(number), verbosity=0)
