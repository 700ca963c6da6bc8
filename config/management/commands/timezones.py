"""manage.py timezones [--take] [--instead OLD=NEW ...]"""

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.operations import time_zones
from lib import clock, zones
from lib.refusals import Refused
from merchants import time_zone_data


class Command(BaseCommand):
    help = (
        "Tells by which version of the time-zone data the books count days, and which one is"
        " installed. --take has the books count by the installed one: stop everything first."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--take", action="store_true", help="count days by the installed version from now on"
        )
        parser.add_argument(
            "--instead",
            action="append",
            default=[],
            type=_pair,
            metavar="OLD=NEW",
            help="with --take: the zone in which the merchants of a zone that is none count now",
        )

    def handle(self, *, take: bool, instead: list[tuple[str, str]], **_: Any) -> None:
        """With --take, make the books count days by the installed tzdata, with trail rows for a new
        version and for each account whose zone is replaced. In any case print which version they
        count by, which is installed, and which zones of merchants it does not have. Raises
        CommandError if --instead is given alone, or taking is refused.
        """
        if instead and not take:
            raise CommandError("--instead goes with --take.")
        if take:
            self._take(dict(instead))
        known = time_zone_data.current()
        self.stdout.write(
            f"The books count days by tzdata {known.version}; installed is {zones.VERSION}."
        )
        if known.version != zones.VERSION:
            self.stdout.write(
                f"Nothing else starts. Install tzdata=={known.version}, or stop everything and run"
                ' "manage.py timezones --take".'
            )
        for name, count in time_zones.unknown_zones().items():
            self.stdout.write(
                f"{name} is no place in tzdata {zones.VERSION}: {count} merchants count there."
            )

    def _take(self, instead: dict[str, str]) -> None:
        """Make the books count days by the installed version of tzdata, with trail rows
        (time_zones.take), and print how many merchants' open days end by it. `instead` names a new
        zone for each old one that the version does not have. Raises CommandError if that is
        refused.
        """
        try:
            taken = time_zones.take(instead=instead, actor="manage.py timezones", now=clock.now())
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(
            f"{taken.merchants} merchants' open days end by tzdata {taken.version} now."
        )


def _pair(text: str) -> tuple[str, str]:
    """(old zone, new zone) of a text such as Old/Zone=New/Zone. Raises ArgumentTypeError."""
    old, is_pair, new = text.partition("=")
    if not (old and is_pair and new):
        raise ArgumentTypeError(f"{text!r} is not like Old/Zone=New/Zone")
    return old, new
