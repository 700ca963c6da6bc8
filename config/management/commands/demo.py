"""manage.py demo [--if-empty]"""

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from config import datafolder
from config.demo import people, telling
from merchants import clock
from merchants.commands import BooksCommand
from merchants.models import Merchant


class Command(BooksCommand):
    help = "Loads four demonstration shops with a season of trade, and people who can sign in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--if-empty", action="store_true", help="do nothing when there are merchants already"
        )

    def handle(self, *, if_empty: bool, **options: Any) -> None:
        if not settings.TAEL_SANDBOX:
            raise CommandError("Demonstration shops pay by a sandbox: set TAEL_SANDBOX=1.")
        # The file is there until it is told to its end, so that a load that was cut short goes on
        # where it was; the time at which it was written is that of its story.
        file = datafolder.root() / "demo.jsonl"
        if if_empty and not file.exists() and Merchant.objects.exists():
            return
        if not file.exists():
            telling.write(file, clock.now())
        now = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        self.stdout.write("Loading four demonstration shops (some 30 seconds, once) ...")
        telling.tell(file, now)
        people.let_in()
        file.unlink()
