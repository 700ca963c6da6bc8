"""manage.py invoice_csv NUMBER [--output FILE]"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from billing.documents.csv_export import Incomplete, save
from billing.documents.invoice_csv import Export
from billing.models import Invoice
from lib.commands import OneCellCommand


class Command(OneCellCommand):
    help = "Writes a bill as CSV, one row per charge."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("number", help="the bill's number, such as 2027-000123")
        parser.add_argument("--output", type=Path, help="the file to write (default: the terminal)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the CSV of the charges of the bill with this number, as it is stored, without the
        installation's prefix, to the file --output or the terminal. Raises CommandError if there is
        no such bill, the charges do not make the bill, or the file cannot be written. What is on
        the terminal by then stays there.
        """
        invoice = Invoice.objects.filter(number=options["number"]).first()
        if invoice is None:
            raise CommandError(f"There is no bill {options['number']}.")
        export = Export(invoice)
        try:
            if options["output"]:
                save(export.blocks(), options["output"])
            else:
                for block in export.blocks():
                    self.stdout.write(block.decode(), ending="")
        except (Incomplete, OSError) as error:
            raise CommandError(str(error)) from error
