"""Tables as CSV files, the same in every language: UTF-8, ISO dates, dot decimals, English names.

PostgreSQL writes the rows and we pass them on in blocks, so that a million rows take no more memory
than ten.
"""

import tempfile
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from lib import statement_timeout
from lib.money import minor_digits

BLOCK = 64 * 1024  # bytes; handed on row by row, a file takes a web server ten times as long

# Spreadsheets take text that starts so for a formula: = + - @, tab, line ends, and the wide forms.
FORMULA_STARTS = "=+-@\t\n\r\uff0b\uff0d\uff1d\uff20"
# What some of them pass over when they look for such a start: spaces of every width, controls, and
# characters that have no width or no ink at all.
BLANKS = "".join(
    character
    for character in map(chr, range(1, 0xFFFF))
    if unicodedata.category(character) in {"Zs", "Zl", "Zp", "Cc", "Cf"}
    or character in "\u115f\u1160\u2800\u3164\uffa0\u034f\ufe00\ufe0e\ufe0f"
)


class Figure(str):
    """SQL of a column whose values are numbers; all other columns are text or days."""


class Blocks(Iterator[bytes]):
    """The blocks of a CSV file, and the places of its columns that are numbers, for whoever writes
    them into a spreadsheet (lib.spreadsheets).
    """

    def __init__(self, blocks: Iterator[bytes], columns: Iterable[str]) -> None:
        self._blocks = blocks
        self.figures = frozenset(
            place for place, column in enumerate(columns) if isinstance(column, Figure)
        )

    def __next__(self) -> bytes:
        return next(self._blocks)


def of_rows(columns: dict[str, str], rows: QuerySet[Any, Any]) -> Iterator[bytes]:
    """The CSV file of `rows`, a queryset of values, in its order, as blocks of bytes. `columns`
    maps each heading to the SQL of its values.
    """
    try:
        source, params = rows.query.sql_with_params()
    except EmptyResultSet:  # Django knows without asking that there are none
        return iter([f"{','.join(columns)}\n".encode()])
    select = ", ".join(f'{sql} AS "{heading}"' for heading, sql in columns.items())
    query = f"COPY (SELECT {select} FROM ({source}) row) TO STDOUT (FORMAT csv, HEADER)"
    return Blocks(in_blocks(_copied(query, params)), columns.values())


def _copied(query: str, params: tuple[Any, ...]) -> Iterator[bytes]:
    """Run the COPY statement and yield its output piece by piece; it may run for as long as a
    download may take.
    """
    with (
        statement_timeout.download(),
        connection.cursor() as cursor,
        cursor.copy(query, params) as copy,
    ):
        yield from map(bytes, copy)


def in_blocks(rows: Iterable[bytes]) -> Iterator[bytes]:
    """Join the rows of a file into blocks of at least BLOCK bytes; only the last block may be
    smaller.
    """
    block: list[bytes] = []
    size = 0
    for row in rows:
        block.append(row)
        size += len(row)
        if size >= BLOCK:
            yield b"".join(block)
            block.clear()
            size = 0
    yield b"".join(block)


def download(request: HttpRequest, blocks: Iterable[bytes], file_name: str) -> HttpResponseBase:
    """A response that sends the CSV file as an attachment while it is made; if making it fails, the
    connection breaks off.

    To a client of HTTP/1.0 (some proxies are), for which a broken connection looks like the end of
    the file, it is sent only when all of it has been made.
    """
    content_type = "text/csv; charset=utf-8"
    if request.META.get("SERVER_PROTOCOL") == "HTTP/1.0":
        whole = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
        whole.writelines(blocks)
        whole.seek(0)
        return FileResponse(
            whole, as_attachment=True, filename=file_name, content_type=content_type
        )
    response = StreamingHttpResponse(blocks, content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(True, file_name)
    return response


def safe_text(text: str) -> str:
    """The text, with an apostrophe in front if a spreadsheet would take it for a formula."""
    starts = tuple(FORMULA_STARTS)
    is_formula = text.startswith(starts) or text.lstrip(BLANKS).startswith(starts)
    return f"'{text}" if is_formula else text


# SQL for a column as the files have it.


def safe(column: str) -> str:
    """SQL for a column of text that somebody else wrote, made harmless as `safe_text` does; empty
    text becomes NULL, which is written without quotes.
    """
    codes = ", ".join(str(ord(start)) for start in FORMULA_STARTS)
    is_formula = f"ascii({column}) IN ({codes}) OR ascii(ltrim({column}, '{BLANKS}')) IN ({codes})"
    return f"NULLIF(CASE WHEN {is_formula} THEN '''' ELSE '' END || {column}, '')"


def amount(column: str, currency: str) -> str:
    """SQL for a column's figure with exactly the currency's digits."""
    return Figure(f"{column}::numeric(24, {minor_digits(currency)})")


def utc(column: str) -> str:
    """SQL for a column's instant in UTC to the second, such as 2026-11-12T10:00:00Z."""
    return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""
