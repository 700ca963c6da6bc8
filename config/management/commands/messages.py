"""manage.py messages [--check]"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config import translations


class Command(BaseCommand):
    help = "Brings the catalogues of translations up to date with the words in the code."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check",
            action="store_true",
            help="only say what is missing, fuzzy or stale, and exit 1 if anything is",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Bring the catalogues of translations up to date with the code, unless --check is given.
        Then print what is wrong with them on standard error, and how many such sentences there are
        on standard output. With --check nothing is written, and it raises CommandError if anything
        is wrong.
        """
        if not options["check"]:
            translations.update()
        problems = translations.problems()
        for problem in problems:
            self.stderr.write(problem)
        if problems and options["check"]:
            raise CommandError(f"{len(problems)} problems with the translations")
        self.stdout.write(f"{len(problems)} messages are still to be translated.")
