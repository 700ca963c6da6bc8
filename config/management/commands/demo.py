"""manage.py demo [--if-empty]"""

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, OutputWrapper

from config.local import datafolder
from config.local.demo import loading, people
from lib import clock
from lib.commands import BooksCommand
from merchants.models import Merchant


class _Quarters:
    """Prints a line each time that another quarter of the events is done."""

    def __init__(self, stdout: OutputWrapper) -> None:
        self.stdout, self.said = stdout, 0

    def __call__(self, done: int, of: int) -> None:
        """Print the share done, in percent, if another quarter of the events has been done since
        the last call that printed.
        """
        quarters = 4 * done // of if of else 0
        if quarters > self.said:
            self.stdout.write(f"  {25 * quarters} %")
            self.stdout.flush()
        self.said = max(self.said, quarters)


class Command(BooksCommand):
    help = "Loads four demonstration shops with a season of trade, and people who can sign in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--if-empty", action="store_true", help="do nothing when there are merchants already"
        )

    def handle(self, *, if_empty: bool, **options: Any) -> None:
        """Load the demonstration's shops, by applying events and doing what their people did, and
        create its users; a load that was cut short goes on where it was. With --if-empty, do
        nothing if there are merchants already, unless a load was cut short. Raises CommandError
        without TAEL_SANDBOX.
        """
        if not settings.TAEL_SANDBOX:
            raise CommandError("Demonstration shops pay by a sandbox: set TAEL_SANDBOX=1.")
        # The file is there until it is told to its end, so that a load that was cut short goes on
        # where it was; the time at which it was written is that of its story.
        file = datafolder.root() / "demo.jsonl"
        if if_empty and not file.exists() and Merchant.objects.exists():
            return
        if not file.exists():
            loading.write(file, clock.now())
        now = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        self.stdout.write("Loading four demonstration shops, once: a minute, or a few if busy.")
        loading.load_demo(file, now, progress=_Quarters(self.stdout))
        people.create_users()
        file.unlink()
