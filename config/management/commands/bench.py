"""manage.py bench [NAME ...] [--full] [--anew] [--table]"""

import os
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from config.local import datafolder
from lib import cells
from lib.commands import add_cell

BENCHMARKS = (
    *("charges", "orders", "api", "clients", "serving", "memory", "reads", "closing", "ticks"),
    *("replay", "audit", "export", "pdf", "pages", "admin", "sizes", "peers"),
)
Report = Callable[[], Iterator[Any]]
DOCUMENT = Path("docs") / "performance.md"


class Command(BaseCommand):
    help = "Measures the hot paths against the least that does the same, on a scratch database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
        add_cell(parser, "inside this one of as many cells as it takes, on the scratch database")
        parser.add_argument("--full", action="store_true", help="more rows: in 90 minutes, not 15")
        parser.add_argument("--anew", action="store_true", help="parts that were run already, too")
        parser.add_argument(
            "--table",
            action="store_true",
            help="the named parts of the table, each in its bounded time, into the document",
        )
        parser.add_argument(
            "--document", type=Path, default=settings.BASE_DIR / DOCUMENT, help="with the table"
        )

    def handle(self, *args: Any, names: list[str], **options: Any) -> None:
        """Run the named benchmarks and print their reports as they come; without names, or with
        --table, run the parts of the whole, and write their table into the document. A scratch
        database is made first and dropped at the end. Where the books are in cells, those of the
        benchmarks are, too; raises CommandError for a number that no cell has.
        """
        number = cells.FIRST if options.get("cell") is None else options["cell"]
        if number < cells.FIRST:
            raise CommandError(f"There is no cell {number}.")
        if options["full"]:
            os.environ["BENCH_SIZE"] = "full"  # for the processes that it starts, too
        before = connection.settings_dict["NAME"]
        self.stdout.write("Making a scratch database ...")
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            if cells.are_on():
                _make_cells(number)
            with cells.at(number):
                if names and not options["table"]:
                    self._each(names)
                else:
                    self._whole(names, options["document"], anew=options["anew"])
        finally:
            connection.creation.destroy_test_db(before, verbosity=0)

    def _each(self, names: Sequence[str]) -> None:
        """Run the named benchmarks one after the other on the scratch database, and print what each
        reports as it comes.
        """
        for name in names:
            report: Report = import_module(f"bench.{name}").run
            self.stdout.write(f"\n{name}")
            for said in report():
                for what, result in [said] if isinstance(said, tuple) else said.lines():
                    self.stdout.write(f"  {what:<60} {result}")

    def _whole(self, names: Sequence[str], document: Path, *, anew: bool) -> None:
        """Run all parts of the whole benchmark, or only those named, keep their results, and write
        the table of all results that are kept into `document`; with `anew`, also parts whose
        results of this commit are kept are run again. Raises CommandError for a name that no part
        has.
        """
        running, sized, table = (
            import_module(f"bench.{name}") for name in ("running", "sized", "table")
        )
        parts = import_module("bench.parts").parts()
        if unknown := set(names) - {part.name for part in parts}:
            raise CommandError(f"There is no part {', '.join(sorted(unknown))}.")
        folder = datafolder.root() / "bench" / sized.size()
        asked = [part for part in parts if not names or part.name in names]
        ends = time.monotonic()  # by which the parts so far would have taken all of their time
        for part in asked:
            spared = max(ends - time.monotonic(), 0)
            running.run(part, folder, self.stdout.write, anew=anew, spared=spared)
            ends += part.seconds
        kept = [running.read(folder / f"{part.name}.json") for part in parts]
        said = table.write(document, [found for found in kept if found])
        self.stdout.write(f"\n{said}\n\nWritten into {document}.")


def _make_cells(most: int) -> None:
    """Make the first cell and those after it, up to this number."""
    call_command("cells", "begin", verbosity=0)
    for number in range(cells.FIRST + 1, most + 1):
        call_command("cells", "add", str(number), verbosity=0)
