"""CSV files as spreadsheets (XLSX), for whoever asks with `?format=xlsx`.

A spreadsheet is made of the very rows of the CSV file, so that both always have the same columns
and the same rights. Text is written as text: no cell is ever a formula.
"""

import csv
import re
import tempfile
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from io import TextIOWrapper
from typing import IO, Any

from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase

from lib import csv_files

FORMAT = "xlsx"
CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 100_000  # what takes longer to write than a reader waits comes as CSV
NUMBER = re.compile(r"-?(\d+)(?:\.(\d+))?")
MOST_DIGITS = 15  # of a number, before and after the point: spreadsheets forget what is more
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
WIDTHS = (10, 40)  # of a column, in characters


def download(request: HttpRequest, blocks: Iterable[bytes], file_name: str) -> HttpResponseBase:
    """A response that sends the CSV file (csv_files.for_people) or, where the request asks for
    `format=xlsx`, a spreadsheet of the same rows.

    A file of more than MOST_ROWS rows comes as CSV in either case. What stops the CSV file from
    being whole stops the spreadsheet, too: nothing is sent then.
    """
    if request.GET.get("format") != FORMAT:
        return csv_files.for_people(request, blocks, file_name)
    whole = tempfile.TemporaryFile()  # noqa: SIM115 (it is closed below, or by the response)
    whole.write(csv_files.MARK)
    lines = 0
    for block in blocks:
        whole.write(block)
        lines += block.count(b"\n")
    whole.seek(0)
    if lines > MOST_ROWS:
        return FileResponse(
            whole, as_attachment=True, filename=file_name, content_type="text/csv; charset=utf-8"
        )
    with whole:
        book = of_csv(whole, getattr(blocks, "figures", frozenset()))
    return FileResponse(
        book,
        as_attachment=True,
        filename=f"{file_name.removesuffix('.csv')}.{FORMAT}",
        content_type=CONTENT_TYPE,
    )


def of_csv(file: IO[bytes], figures: frozenset[int]) -> IO[bytes]:
    """A temporary file, at its start and for the caller to close, with a spreadsheet of the CSV
    file: the columns at the places `figures` are numbers, with the digits that they have there;
    days are days, everything else is text. The row of headings stays in sight, and can be filtered
    by.
    """
    import xlsxwriter  # takes a thirtieth of each start; most processes write no spreadsheet

    result = tempfile.TemporaryFile()  # noqa: SIM115 (whoever sends it closes it)
    with xlsxwriter.Workbook(result, {"constant_memory": True}) as book:
        _write(book, TextIOWrapper(file, "utf-8-sig", newline=""), figures)
    result.seek(0)
    return result


def _write(book: Any, file: Iterable[str], figures: frozenset[int]) -> None:
    """Write the lines of the CSV file into the book's only sheet; `figures` are the places of
    columns of numbers.
    """
    sheet, formats = book.add_worksheet(), _Formats(book)
    rows = csv.reader(file)
    headings = next(rows, [])
    for place, heading in enumerate(headings):
        width = min(max(len(heading) + 4, WIDTHS[0]), WIDTHS[1])
        sheet.set_column(place, place, width)
    sheet.freeze_panes(1, 0)
    sheet.write_row(0, 0, headings, formats.bold)
    last = 0
    for last, row in enumerate(rows, start=1):
        for place, text in enumerate(row):
            if text:
                _write_cell(sheet, last, place, text, place in figures, formats)
    if headings:
        sheet.autofilter(0, 0, last, len(headings) - 1)


def _write_cell(
    sheet: Any, row: int, place: int, text: str, is_figure: bool, formats: "_Formats"
) -> None:
    """Write the text into the cell in this row and column (`place`): as a number, as a day, or else
    as it is, as a number of more than MOST_DIGITS is.
    """
    number = NUMBER.fullmatch(text) if is_figure else None
    decimals = (number[2] or "") if number else ""
    if number and len(number[1] + decimals) <= MOST_DIGITS:
        sheet.write_number(row, place, Decimal(text), formats.number(len(decimals)))
    elif DAY.fullmatch(text) and (day := _day(text)):
        sheet.write_datetime(row, place, day, formats.day)
    else:
        sheet.write_string(row, place, text)


def _day(text: str) -> date | None:
    """The day in the text; None for one that no calendar has, or that spreadsheets do not know."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year >= 1901 else None


class _Formats:
    """The formats of a book's cells, each made once."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._numbers: dict[int, Any] = {}
        self.bold = book.add_format({"bold": True})
        self.day = book.add_format({"num_format": "yyyy-mm-dd"})

    def number(self, digits: int) -> Any:
        """The format of a number with so many digits after the point."""
        if digits not in self._numbers:
            pattern = "#,##0" + ("." + "0" * digits if digits else "")
            self._numbers[digits] = self._book.add_format({"num_format": pattern})
        return self._numbers[digits]
