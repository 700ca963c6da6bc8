"""manage.py bench [NAME ...]"""

from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

BENCHMARKS = (
    *("charges", "orders", "api", "clients", "serving", "memory", "reads", "closing", "ticks"),
    *("export", "pages", "admin", "sizes"),
)
Report = Callable[[], Iterator[tuple[str, str]]]


class Command(BaseCommand):
    help = "Measures the hot paths against the least SQL that does the same, on a scratch database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))

    def handle(self, *args: Any, names: list[str], **options: Any) -> None:
        """Run the named benchmarks, or all of them, on a new scratch database, print their reports
        as they come, and drop the database.
        """
        before = connection.settings_dict["NAME"]
        self.stdout.write("Making a scratch database ...")
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            for name in names or BENCHMARKS:
                report: Report = import_module(f"bench.{name}").run
                self.stdout.write(f"\n{name}")
                for what, figure in report():
                    self.stdout.write(f"  {what:<60} {figure}")
        finally:
            connection.creation.destroy_test_db(before, verbosity=0)
