"""Makes one ZIP file, piece by piece, of all bills and closed statements of a year (rule 13.12).

Each of them is in it as PDF and as CSV, beside a list of each, and what is an e-invoice as XML.
The CSV files are in the language of the merchant's documents, since a job builds them for all its
people.
"""

import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from functools import partial
from itertools import chain

from django.db.models import QuerySet
from django.utils.translation import override

from billing.documents import exports, invoice_csv, note_pdf, pdf, statement_csv
from billing.documents.einvoices import files
from billing.documents.einvoices.files import Syntax
from billing.models import BillingAccount, Invoice, Statement
from billing.queries import invoices as invoice_queries
from billing.queries import standings
from billing.queries import statements as statement_queries
from lib.csv_files import MARK
from merchants import installation

BLOCK = 1024 * 1024  # bytes; how much is handed on at a time, at least
File = tuple[str, date, Iterable[bytes]]  # name, day, content


def blocks(account: BillingAccount, year: int, *, now: datetime) -> Iterator[bytes]:
    """The ZIP file of the account's documents of the year, in blocks of bytes: the bills that were
    issued in it, with their credit notes, and its closed statements, as PDF and CSV; the XML of
    those bills and notes that are e-invoices; and CSV files that list the bills and the statements.
    `now` is the instant that bills name as their own. Raises csv_export.Incomplete, as the files in
    it do: then the rest of it never comes, and nothing takes it for a whole one.
    """
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]
        for name, day, content in _files(account, year, now):
            with archive.open(_entry(name, day), "w") as entry:
                for block in content:
                    entry.write(block)
                    if sink.size >= BLOCK:
                        yield sink.take()
    yield sink.take()


def _invoices(account: BillingAccount, year: int) -> QuerySet[Invoice]:
    """The account's bills with a number that were issued on days of the year, in the order in which
    they were issued.
    """
    return (
        invoice_queries.of_account(account).filter(issued_on__year=year).order_by("issued_at", "pk")
    )


def _closed_statements(account: BillingAccount, year: int) -> QuerySet[Statement]:
    """The account's closed statements of the year's months, in their order."""
    found = statement_queries.of_account(account).filter(month__year=year, closed_at__isnull=False)
    return found.order_by("month")


def _files(account: BillingAccount, year: int, now: datetime) -> Iterator[File]:
    """Yield the files of the archive as a name, a day and the content in pieces; each is made only
    when its turn has come.
    """
    merchant = account.merchant
    folder, last = f"{merchant.reference}-{year}".replace("/", "-"), date(year, 12, 31)
    invoices, statements = _invoices(account, year), _closed_statements(account, year)
    placed = standings.placed(invoices)
    with override(merchant.language):
        listed = exports.invoices(account, placed)
        months = exports.closed_months(account, statements)
    yield f"{folder}/bills.csv", last, chain([MARK], listed)
    yield f"{folder}/statements.csv", last, chain([MARK], months)
    for invoice in invoices:
        name = f"{folder}/bills/bill-{installation.outside(str(invoice))}"
        yield f"{name}.pdf", invoice.issued_on, [pdf.invoice_pdf(invoice, now=now)]
        note = invoice_queries.credit_note(invoice)
        if note is not None:
            content = note_pdf.credit_note_pdf(note)
            note_name = f"{folder}/bills/credit-note-{installation.outside(str(note))}"
            yield f"{note_name}.pdf", note.issued_on, [content]
            yield from _xml(note_name, note.issued_on, partial(files.of_note, note))
        yield from _xml(name, invoice.issued_on, partial(files.of_invoice, invoice))
        export = invoice_csv.Export(invoice, merchant.language)
        yield f"{name}.csv", invoice.issued_on, chain([MARK], export.blocks())
    for statement in statements:
        name = f"{folder}/statements/statement-{statement}"
        yield f"{name}.pdf", statement.last_day, [pdf.statement_pdf(statement)]
        charges = statement_csv.Export(merchant, statement, merchant.language)
        yield f"{name}.csv", statement.last_day, chain([MARK], charges.blocks())


def _xml(name: str, day: date, file: Callable[[Syntax], bytes | None]) -> Iterator[File]:
    """Yield the document's e-invoice in each syntax, dated by `day` and called `name` with the
    syntax and its ending; nothing if it is none or lacks something. `file` makes the content in a
    syntax, and is called for each.
    """
    for syntax in files.SYNTAXES:
        content = file(syntax)
        if content is not None:
            yield f"{name}.{syntax}.xml", day, [content]


def _entry(name: str, day: date) -> zipfile.ZipInfo:
    """The head of a file in the archive, dated by its document's day."""
    info = zipfile.ZipInfo(name, (day.year, day.month, day.day, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    return info


class _Sink:
    """The file that the archive is written to, which hands on what was written and cannot be sought
    in.
    """

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self.size = 0

    def write(self, data: bytes) -> int:
        """Keep the data until it is taken; returns its length."""
        self._blocks.append(bytes(data))
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Do nothing: all that was written can be taken at once."""

    def take(self) -> bytes:
        """Return what was written since the last time, and forget it."""
        taken = b"".join(self._blocks)
        self._blocks.clear()
        self.size = 0
        return taken
