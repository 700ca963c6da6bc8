"""Reads the bank's answers as CSV in UTF-8, with commas, semicolons or tabs between its cells."""

import csv
import io
from collections.abc import Iterator

from credit.answer_files.said import Said, UnreadableFile
from lib import delimiters

COLUMNS = ("reference", "status", "bank_reference", "reason")
OPTIONAL = ("amount", "currency")


def read(content: bytes) -> Iterator[Said]:
    """Yield what each row of a bank's answers about withdrawals says, with its number; the heading
    counts as row 1, and empty rows below it count, but yield nothing. The whole file is read before
    the first is yielded. Raises UnreadableFile for what is no CSV in UTF-8, and for a heading that
    does not name each of COLUMNS once, or one of OPTIONAL twice.
    """
    try:
        text = content.decode("utf-8-sig")
        rows = _cells(text)
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFile(f"The file cannot be read as CSV in UTF-8: {error}.") from None
    if not rows or "\0" in text:
        raise UnreadableFile("The file is empty, or no text.")
    heading = rows.pop(0)
    columns = [column.strip().lower() for column in heading]
    missing = [column for column in COLUMNS if columns.count(column) != 1]
    missing += [column for column in OPTIONAL if columns.count(column) > 1]
    if missing:
        raise UnreadableFile(f"The heading has to name {', '.join(missing)}, once each.")
    for number, cells in enumerate(rows, start=2):
        if any(cell.strip() for cell in cells):
            row = dict(zip(columns, [cell.strip() for cell in cells], strict=False))
            reference, status, bank_reference, reason, amount, currency = (
                row.get(column, "") for column in (*COLUMNS, *OPTIONAL)
            )
            yield Said(reference, status, bank_reference, reason, amount, currency, number)


def _cells(text: str) -> list[list[str]]:
    """The rows of the file from its heading (the first line that is not blank) on, each as its
    cells; the delimiter is the one of the heading. Empty for a file of blank lines. Raises
    csv.Error.
    """
    lines = text.splitlines(keepends=True)
    first = next((place for place, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return []
    delimiter, lines = delimiters.told(lines, first)
    kept = "".join(lines[first:])  # what named the delimiter is no row
    return list(csv.reader(io.StringIO(kept, newline=""), delimiter=delimiter, strict=True))
