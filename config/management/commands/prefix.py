"""manage.py prefix [PREFIX] [--moved]"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from lib import clock
from lib.commands import BooksCommand
from lib.refusals import Invalid
from merchants import installation
from merchants.operations import installation as operations


class Command(BooksCommand):
    help = (
        "Tells the prefix of what leaves the house and whether providers are asked, or sets it."
        " A restored copy gets a PREFIX of its own; --moved keeps the one it has, when nothing runs"
        " any more where it was before."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("prefix", nargs="?", help="one to eight capitals and digits, such as T")
        parser.add_argument(
            "--moved", action="store_true", help="this is the installation itself, not a copy of it"
        )

    def handle(self, *, prefix: str | None, moved: bool, **_: Any) -> None:
        """Give the installation this prefix, or with --moved this place, or both, if either is
        said, with a trail row; then print its prefix and place, and whether providers are asked
        from here. Raises CommandError if that is refused.
        """
        try:
            known = installation.current()
            if prefix or moved:
                known = operations.set_prefix(
                    prefix or known.prefix,
                    has_moved=moved,
                    actor="manage.py prefix",
                    now=clock.now(),
                )
        except (Invalid, installation.WrongPrefix) as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"Prefix {known.prefix}, of the installation at {known.place}.")
        here = installation.place()
        if known.place == here:
            self.stdout.write("This is it: providers are asked.")
        else:
            self.stdout.write(
                f"This database is at {here}: no provider is asked. If it is a copy, give it"
                ' another prefix: "manage.py prefix PREFIX". If the installation has moved here:'
                ' "manage.py prefix --moved".'
            )
