"""Reads a file that a person made: CSV as spreadsheets write it, or JSON lines.

CSV is told from JSON by its first character, and which character stands between its cells by the
heading, or a line such as `sep=;` above it: a comma, a semicolon, or a tab. Byte-order marks and
the line ends of all systems are understood.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.imports.faults import Fault, UnreadableFile
from gateway.imports.kinds import Kind
from lib import delimiters, strict_json

LARGEST_FILE = 5 * 1024 * 1024  # bytes
MOST_ROWS = 50_000
LONGEST_LINE = 10_000  # characters
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
LINE_END = re.compile(rb"\r\n|\r|\n")


@dataclass
class Table:
    """What was read from a file: its columns, its rows by line, and what is wrong with lines that
    could not be read.
    """

    columns: list[str] = field(default_factory=list)
    rows: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, line: int, name: str, reason: str) -> None:
        """Add a fault of this line; `name` is the column, "" for the whole line."""
        self.faults.append(Fault(line, name, reason))

    def add(self, line: int, row: dict[str, Any]) -> None:
        """Add the row on this line. Raises UnreadableFile if there are more than MOST_ROWS."""
        if len(self.rows) == MOST_ROWS:
            raise UnreadableFile(f"A file may have {MOST_ROWS:,} rows at most; split it.")
        self.rows.append((line, row))


def read(content: bytes, kind: Kind) -> Table:
    """Read the file, as CSV or as JSON lines if it begins with "{", into rows and faults; the
    values of the rows are not checked yet. If a line is in another encoding or too long, no row is
    read. Raises UnreadableFile for a file that is empty, too large, in UTF-16, or has no row or too
    many.
    """
    if len(content) > LARGEST_FILE:
        raise UnreadableFile("The file must not be larger than 5 MB.")
    if content.startswith(UTF_16):
        raise UnreadableFile("The file is in UTF-16: save it as “CSV UTF-8”.")
    content = content.removeprefix(BYTE_ORDER_MARK)
    table = Table()
    lines = list(_lines(content, table))
    if table.faults:  # of an encoding, or of what would not be read in one piece
        return table
    if not any(line.strip() for line in lines):
        raise UnreadableFile("The file is empty.")
    if content.lstrip()[:1] == b"{":
        _read_json(lines, table)
    else:
        _read_csv(lines, kind, table)
    if not table.rows and not table.faults:
        raise UnreadableFile("The file has a heading, and no rows.")
    return table


def _lines(content: bytes, table: Table) -> Iterator[str]:
    """Yield the file's lines as text, without their ends, blank ones included. A line
    that is longer than LONGEST_LINE or not in UTF-8 is added to the faults of `table`
    instead, and the lines after it then move up, so that they must not be numbered by
    their place. The faults are complete once all lines were taken.
    """
    for number, raw in enumerate(LINE_END.split(content), start=1):
        try:
            line = raw.decode()
        except UnicodeDecodeError as error:
            table.fault(number, "", f"is not in UTF-8, from byte {error.start + 1} on")
            continue
        if len(line) > LONGEST_LINE:
            table.fault(number, "", f"is longer than {LONGEST_LINE:,} characters")
            continue
        yield line


def _read_json(lines: Sequence[str], table: Table) -> None:
    """Add to the table a row, or a fault, for each line that is not blank, and set its columns: the
    names of all rows' members. Raises UnreadableFile if there are more than MOST_ROWS rows.
    """
    columns: dict[str, None] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = strict_json.loads(line)
        except strict_json.NotJson as error:
            table.fault(number, "", f"is not JSON ({error})")
            continue
        if not isinstance(row, dict):
            table.fault(number, "", "is no JSON object")
            continue
        columns |= dict.fromkeys(row)
        table.add(number, row)
    table.columns = list(columns)


def _read_csv(lines: Sequence[str], kind: Kind, table: Table) -> None:
    """Add to the table its columns, which are the heading in small letters, and a row, or a fault,
    for each line after it that is not blank; values are taken without blanks around them. A wrong
    heading is a fault, and then no row is read. At least one of the lines must not be blank. Raises
    UnreadableFile for more than MOST_ROWS rows.
    """
    first = next(place for place, line in enumerate(lines) if line.strip())
    delimiter, lines = delimiters.told(lines, first)
    source = io.StringIO("\n".join(lines), newline="")
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    started_at = 1
    try:
        for cells in reader:
            number, started_at = started_at, reader.line_num + 1
            cells = [cell.strip() for cell in cells]
            if not any(cells):
                continue
            if not table.columns:
                table.columns = [cell.lower() for cell in _without_empty_ends(cells)]
                _check_heading(number, kind, table)
                if table.faults:
                    return
            elif any(cells[len(table.columns) :]):
                table.fault(number, "", "has more cells than the heading")
            else:
                row = kind.from_cells(dict(zip(table.columns, cells, strict=False)))
                table.add(number, row)
    except csv.Error as error:
        table.fault(started_at, "", f"cannot be read as CSV ({error})")


def _without_empty_ends(cells: list[str]) -> list[str]:
    """The cells up to the last one that is not empty; there must be one."""
    last = max(place for place, cell in enumerate(cells) if cell)
    return cells[: last + 1]


def _check_heading(line: int, kind: Kind, table: Table) -> None:
    """Add a fault to the table for each column that is missing, unknown, or there twice; the
    heading is on this line.
    """
    known = [*kind.required, *kind.optional]
    for name, times in Counter(table.columns).items():
        if name not in known:
            table.fault(line, name or "(no name)", f"is no column; there are {', '.join(known)}")
        elif times > 1:
            table.fault(line, name, "is there twice")
    for name in kind.required:
        if name not in table.columns:
            table.fault(line, name, "is missing in the heading")
