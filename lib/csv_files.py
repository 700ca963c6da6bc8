"""Tables as CSV files: UTF-8, ISO dates, dot decimals, and every instant in local time and in UTC.

What people download has headings in their language, or in English on request, and begins with the
mark by which spreadsheets know UTF-8; what systems read has neither (rule 13.9). docs/files.md
defines each file's columns. PostgreSQL writes the rows and we pass them on in blocks, so that a
million rows take no more memory than ten.
"""

import csv
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from io import StringIO
from itertools import chain
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from lib import statement_timeout, zones
from lib.money import minor_digits

MARK = b"\xef\xbb\xbf"  # by which spreadsheets know UTF-8
ENGLISH = "english"  # the parameter of an address that asks for a file in English
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


Params = tuple[Any, ...] | dict[str, Any]


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


def of_rows(columns: dict[str, str], rows: QuerySet[Any, Any], joined: str = "") -> Iterator[bytes]:
    """The CSV file of `rows`, a queryset of values, in its order, as blocks of bytes, with its
    headings in the first line. `columns` maps each heading to the SQL of its values; `joined` is
    SQL of lateral joins to `row`, from which values may come, too. The database is asked when the
    first block is taken.
    """
    try:
        source, params = rows.query.sql_with_params()
    except EmptyResultSet:  # Django knows without asking that there are none
        return Blocks(iter([heading_of(columns)]), columns.values())
    return of_query(columns, source, params, joined)


def of_query(
    columns: dict[str, str], source: str, params: Params, joined: str = ""
) -> Iterator[bytes]:
    """The CSV file of the rows that the SQL query `source` gives with these parameters, as blocks
    of bytes, with its headings in the first line. `columns` maps each heading to the SQL of its
    values; `joined` is SQL of lateral joins to `row`, from which values may come, too. The database
    is asked when the first block is taken.
    """
    heading = heading_of(columns)
    query = (
        f"COPY (SELECT {', '.join(columns.values())} FROM ({source}) row{joined})"
        " TO STDOUT (FORMAT csv)"
    )
    return Blocks(in_blocks(chain([heading], _copied(query, params))), columns.values())


def heading_of(columns: Iterable[str]) -> bytes:
    """The first line of a CSV file, with these headings, in UTF-8 and with its line end (LF).
    (PostgreSQL would cut headings after 63 bytes, 21 Thai letters.)
    """
    line = StringIO()
    csv.writer(line, lineterminator="\n").writerow(columns)
    return line.getvalue().encode()


def _copied(query: str, params: Params) -> Iterator[bytes]:
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
    smaller, and may be empty.
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


def language_of(request: HttpRequest) -> str:
    """The language in which a person wants a file: the page's, or English if the address asks for
    it.
    """
    return "en" if ENGLISH in request.GET else get_language() or "en"


def language_asked(request: HttpRequest) -> AbstractContextManager[None]:
    """A context in which a file's headings are in the language of `language_of`."""
    return override(language_of(request))


def for_people(request: HttpRequest, blocks: Iterable[bytes], file_name: str) -> HttpResponseBase:
    """A response that downloads the CSV file made of these blocks under this name, with the mark of
    UTF-8 in front, without which spreadsheets would read Chinese and Thai as signs of something
    else. It is sent while it is made; if making it fails, the connection breaks off.
    """
    return download(request, chain([MARK], blocks), file_name)


def download(request: HttpRequest, blocks: Iterable[bytes], file_name: str) -> HttpResponseBase:
    """A response that sends the CSV file as an attachment while it is made; if making it
    fails, the connection breaks off. The blocks are asked for only once the view has
    returned, so what they read is read then.

    For a client of HTTP/1.0 (some proxies are), to which a broken connection looks like the
    end of the file, all of it is made before this returns, and what the blocks raise is
    raised here.
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
    # Text that begins with a sign that can be seen, as most does, has nothing to be passed over:
    # taking away what has none of a hundred blanks is a third of the time that a file takes.
    is_formula = f"""
        ascii({column}) IN ({codes}) OR (ascii({column}) NOT BETWEEN 33 AND 126
                                         AND ascii(ltrim({column}, '{BLANKS}')) IN ({codes}))
    """
    return f"NULLIF(CASE WHEN {is_formula} THEN '''' ELSE '' END || {column}, '')"


def amount(column: str, currency: str) -> str:
    """SQL for the figure that `column` is SQL for, with exactly the digits of the currency with
    this code; further ones are rounded. It is a Figure, so spreadsheets have numbers there.
    """
    return Figure(f"{column}::numeric(24, {minor_digits(currency)})")


def local(column: str, timezone: str) -> str:
    """SQL for the instant that `column` is SQL for, on the clocks of a time zone, such as
    2026-11-12 17:00:00, by the one copy of the time-zone data (lib.zones). Raises
    ZoneInfoNotFoundError.
    """
    known = zones.offsets(timezone)
    starts = ", ".join(f'"{start.isoformat()}"' for start in known.starts)
    seconds = ", ".join(map(str, known.seconds))
    offset = f"('{{{seconds}}}'::int[])[width_bucket({column}, '{{{starts}}}'::timestamptz[])]"
    at = f"({column} AT TIME ZONE 'UTC') + {offset} * interval '1 second'"
    return f"to_char({at}, 'YYYY-MM-DD HH24:MI:SS')"


def instants(named: dict[str, str], timezone: str, *, says_zone: bool = True) -> dict[str, str]:
    """SQL for two columns for each instant, in local time and in UTC, by their headings; `named`
    has the SQL for the instant by its heading.

    The heading of local time says which zone's it is, unless that is UTC, or `says_zone` is False:
    systems find the columns of their files by name, whatever the zone.
    """
    both: dict[str, str] = {}
    for heading, column in named.items():
        zone = {"what": heading, "zone": timezone}
        is_apart = says_zone and timezone != "UTC"  # whose column comes beside it anyway
        shown = _("%(what)s (%(zone)s)") % zone if is_apart else heading
        both[shown] = local(column, timezone)
        both[_("%(what)s (UTC)") % {"what": heading}] = utc(column)
    return both


def yes_or_no(condition: str) -> str:
    """SQL for a condition, as a word of the language in force; NULL is "no"."""
    yes, no = _("yes,no").split(",")
    return f"CASE WHEN {condition} THEN {quoted(yes)} ELSE {quoted(no)} END"


def in_words(column: str, choices: Iterable[tuple[str, Any]]) -> str:
    """SQL for the label, in the language in force, of the code that `column` is SQL for; `choices`
    are pairs of a code and its label. A code without a label stays as it is.
    """
    named = " ".join(f"WHEN {quoted(code)} THEN {quoted(str(label))}" for code, label in choices)
    return f"CASE {column} {named} ELSE {column} END"


def codes(named: dict[str, str]) -> dict[str, str]:
    """These columns (heading to SQL) with "(code)" behind each heading: their values are codes, the
    same in every language, for systems that read the file.
    """
    return {_("%(what)s (code)") % {"what": heading}: sql for heading, sql in named.items()}


def quoted(text: str) -> str:
    """The text as a literal of SQL, in quotation marks, for texts of our own; a percent sign is
    doubled for psycopg.
    """
    return "'" + text.replace("'", "''").replace("%", "%%") + "'"


def utc(column: str) -> str:
    """SQL for the instant that `column` is SQL for, in UTC to the second, such as
    2026-11-12T10:00:00Z.
    """
    return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""
