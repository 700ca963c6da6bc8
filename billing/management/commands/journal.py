"""manage.py journal [--from DAY] [--to DAY] [--format csv|beancount|hledger] …"""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from billing.documents.csv_export import save
from billing.documents.journal_files import FORMATS
from billing.queries import journal
from billing.queries.chart import Charts
from lib.audit import snapshot
from lib.commands import OneCellCommand
from merchants.models import Merchant

OFF = "The journal is off: set TAEL_JOURNAL=1."


def _day(text: str) -> date:
    """The day of an argument such as 2026-11-30. Raises ArgumentTypeError for other text."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no day such as 2026-11-30") from error


class Command(OneCellCommand):
    help = "Writes the journal of both books: balanced double entries (docs/rules.md, chapter 29)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", type=_day, dest="start", help="the first day, 2026-11-01")
        parser.add_argument("--to", type=_day, dest="end", help="the last day, 2026-11-30")
        parser.add_argument("--format", choices=FORMATS, default="csv")
        parser.add_argument("--merchant", help="its reference")
        parser.add_argument("--output", type=Path, help="a file; without it, to standard output")

    def handle(self, **options: Any) -> None:
        """Write the journal's entries of these days and merchant, in this format, to the file
        --output or the terminal, all from one snapshot; without days it has all. Raises
        CommandError if the journal is switched off, there is no such merchant, or the file cannot
        be written; then what stood there before stays, and nothing else is left.
        """
        if not settings.TAEL_JOURNAL:
            raise CommandError(OFF)
        asked = journal.Asked(options["start"], options["end"], self._merchant(options["merchant"]))
        try:
            with snapshot():
                pieces = FORMATS[options["format"]](journal.entries(asked), Charts())
                self._write(pieces, options["output"])
        except OSError as error:
            raise CommandError(str(error)) from error

    def _merchant(self, reference: str | None) -> int | None:
        """Look up the primary key of the merchant with this reference; None, for all, without one.
        Raises CommandError if there is none.
        """
        if reference is None:
            return None
        found = Merchant.objects.filter(reference=reference).values_list("pk", flat=True).first()
        if found is None:
            raise CommandError(f"There is no merchant {reference}.")
        return found

    def _write(self, pieces: Iterable[str], output: Path | None) -> None:
        """Write the pieces to the file `output`, which appears when it is whole (save), or to
        standard output without one. Raises OSError.
        """
        if output is None:
            for piece in pieces:
                self.stdout.write(piece, ending="")
            return
        save((piece.encode() for piece in pieces), output)
