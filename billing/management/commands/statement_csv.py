"""manage.py statement_csv MERCHANT YYYY-MM [--output FILE]"""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from billing.documents.csv_export import Incomplete, save
from billing.documents.statement_csv import Export, NotClosed
from lib.commands import OneCellCommand
from merchants.models import Merchant


class Command(OneCellCommand):
    help = "Writes a closed monthly statement as CSV, one row per charge."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("merchant", help="the merchant's reference")
        parser.add_argument("month", help="YYYY-MM")
        parser.add_argument("--output", type=Path, help="the file to write (default: the terminal)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the CSV of the charges of the merchant's statement of this month to the file
        --output or the terminal. Raises CommandError if there is no such closed statement, the
        charges do not make it, or the file cannot be written. What is on the terminal by then stays
        there.
        """
        export = self._export(options["merchant"], options["month"])
        try:
            if options["output"]:
                save(export.blocks(), options["output"])
            else:
                for block in export.blocks():
                    self.stdout.write(block.decode(), ending="")
        except (Incomplete, OSError) as error:
            raise CommandError(str(error)) from error

    def _export(self, reference: str, month: str) -> Export:
        """The file of the statement of the merchant with this reference and the month, such as
        2027-01. Raises CommandError if there is none, or it is not closed.
        """
        merchant = Merchant.objects.filter(reference=reference).first()
        if merchant is None:
            raise CommandError(f"There is no merchant {reference}.")
        try:
            return Export.of(merchant, _month(month))
        except NotClosed as refusal:
            raise CommandError(str(refusal)) from refusal


def _month(text: str) -> date:
    """The first day of a month such as 2027-01. Raises CommandError for other text."""
    try:
        if len(text) == len("YYYY-MM"):
            return date.fromisoformat(f"{text}-01")
    except ValueError:
        pass
    raise CommandError(f"{text} is not a month, such as 2027-01.")
