"""The journal as a file: CSV, and the languages of the accounting programs beancount and hledger.

Entries are written as they are read, so that a million of them take no more memory than ten.
docs/operations.md says what the columns of the CSV file are.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from io import StringIO

from billing.queries.chart import Charts, Named
from billing.queries.journal import Entry
from lib import csv_files, money

COLUMNS = (
    *("date", "entry", "merchant", "document", "account", "code", "name"),
    *("debit", "credit", "currency"),
)

# An entry, and for each of its postings the account by the chart of its day and the figure, above 0
# for a debit.
Line = tuple[Named, str]


def _lines(entry: Entry, charts: Charts) -> list[Line]:
    """Return the entry's postings as pairs of an account and a figure. The account has
    its code and name by the chart by which that day is told: for a day that is locked,
    the chart that was in force as it was locked, and for any other day the present one.
    The figure is text without its currency, negative for a credit. Raises LookupError
    for an account that no book has.
    """
    chart = charts.on(entry.dated_on)
    return [
        (chart[one.account], money.figure_text(one.amount, one.currency)) for one in entry.postings
    ]


def as_csv(entries: Iterable[Entry], charts: Charts) -> Iterator[str]:
    """Yield the lines of the CSV file, with their line ends: the headings, and then one for each
    posting, with its figure, which has no sign, as debit or as credit.
    """
    yield _row(COLUMNS)
    for entry in entries:
        safe = [csv_files.safe_text(text) for text in (entry.merchant, entry.document)]
        for account, figure in _lines(entry, charts):
            sides = ("", figure[1:]) if figure.startswith("-") else (figure, "")
            named = (account.key, account.code, csv_files.safe_text(account.name))
            yield _row((entry.dated_on.isoformat(), entry.name, *safe, *named, *sides,
                        entry.currency))  # fmt: skip


def _row(values: Sequence[str]) -> str:
    """The values as one line of CSV, separated by commas and with its line end (LF). Text
    that a spreadsheet would take for a formula is left as it is: the caller makes it
    harmless (csv_files.safe_text).
    """
    line = StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()


def as_beancount(entries: Iterable[Entry], charts: Charts) -> Iterator[str]:
    """Yield the pieces of the file for beancount, entry by entry in the order given. An account is
    opened on the day of the first entry that names it.
    """
    yield 'option "title" "Tael"\n\n'
    for entry, lines, opened in _with_accounts(entries, charts):
        yield from (f"{entry.dated_on} open {path}\n" for path in opened)
        yield f"{entry.dated_on} * {_quoted(entry.merchant)} {_quoted(entry.document)}\n"
        yield f"  entry: {_quoted(entry.name)}\n  merchant: {_quoted(entry.merchant)}\n"
        yield from (f"  {account.path}  {figure} {entry.currency}\n" for account, figure in lines)
        yield "\n"


def _quoted(text: str) -> str:
    """The text in quotation marks, as beancount reads it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def as_hledger(entries: Iterable[Entry], charts: Charts) -> Iterator[str]:
    """Yield the pieces of the file for hledger, entry by entry in the order given. An account is
    declared before the first entry that names it.
    """
    yield "; Tael\ndecimal-mark .\n\n"
    for entry, lines, opened in _with_accounts(entries, charts):
        yield from (f"account {path}\n" for path in opened)
        said = f"{entry.merchant} | {entry.document}".replace(";", ",")
        yield f"{entry.dated_on} ({entry.name}) {said}\n"
        yield from (f"    {account.path}  {figure} {entry.currency}\n" for account, figure in lines)
        yield "\n"


def _with_accounts(
    entries: Iterable[Entry], charts: Charts
) -> Iterator[tuple[Entry, list[Line], list[str]]]:
    """Yield each entry with its lines and the paths of the accounts that no entry before named."""
    known: set[str] = set()
    for entry in entries:
        lines = _lines(entry, charts)
        opened = sorted({account.path for account, _ in lines} - known)
        known.update(opened)
        yield entry, lines, opened


Writer = Callable[[Iterable[Entry], Charts], Iterator[str]]
FORMATS: dict[str, Writer] = {"csv": as_csv, "beancount": as_beancount, "hledger": as_hledger}
TYPES = {"csv": "text/csv", "beancount": "text/plain", "hledger": "text/plain"}


def name_of(kind: str, start: date | None, end: date | None, merchant: str = "") -> str:
    """The name of the journal's file, such as journal-2026-10-01-2026-10-31.csv; `kind` is its
    ending, and `merchant` the reference of the one it is of, "" for all.
    """
    parts = ["journal", merchant, *(day.isoformat() for day in (start, end) if day)]
    return f"{'-'.join(filter(None, parts))}.{kind}"
