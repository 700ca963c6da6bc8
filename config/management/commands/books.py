"""manage.py books MERCHANT [--json], manage.py books --all"""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from config import books, books_text
from lib.commands import BooksCommand, EachCell, add_each_cell
from merchants.operations.merchants import UnknownMerchant


class Command(BooksCommand):
    help = "Tells everything that the books say of a merchant, or of all (docs/books.md)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("merchant", nargs="?", help="its reference")
        parser.add_argument(
            "--json", action="store_true", help="as one JSON document that programs can read"
        )
        parser.add_argument(
            "--all",
            action="store_true",
            help="one JSON document per line for every merchant, by reference",
        )
        add_each_cell(parser, "with --all: only merchants of this cell (default: of all)")

    def handle(self, *, merchant: str | None, **options: Any) -> None:
        """Print the books of one merchant, as text or with --json as JSON; with --all those of
        every merchant as one JSON document a line. Raises CommandError unless exactly one of a
        merchant and --all is given, for an unknown merchant, and after all others if a cell did not
        answer, which is named.
        """
        if (merchant is None) != options["all"]:
            raise CommandError("Name a merchant by its reference, or say --all.")
        if merchant is None:
            self._tell_all(EachCell(self, options))
            return
        try:
            if options["json"]:
                told = books.of_merchant(merchant)
                self.stdout.write(json.dumps(told, ensure_ascii=False, indent=2))
            else:
                told = books.of_merchant(merchant, local_names=True)
                self.stdout.write("\n".join(books_text.lines(told)))
        except UnknownMerchant as unknown:
            raise CommandError(str(unknown)) from unknown

    def _tell_all(self, each: EachCell) -> None:
        """Print the books of every merchant of these cells. Raises CommandError if one of them did
        not answer.
        """

        def write(number: int) -> None:
            """Print the books of the merchants of this cell, which we are inside."""
            for document in books.of_all([number]):
                self.stdout.write(json.dumps(document, ensure_ascii=False))

        each.go(write)
        if each.silence:
            raise CommandError(each.silence)
