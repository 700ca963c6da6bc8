"""A merchant's books as text for people: sections, single values below each other, and tables.

It shows whatever the document has, so a name that is new in a book needs nothing here.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any

WIDTH = 120
INDENT = "  "
# As documents write instants, and so not a reference that looks like one (20261128T1530).
INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]+)?\+00:00"
)
Said = Mapping[str, Any]


def lines(document: Said) -> Iterator[str]:
    """Yield the lines of a merchant's books, the document of config.books, as text for people,
    without line ends. A book that the merchant does not have is left out.
    """
    merchant = document["merchant"]
    yield f"{merchant['name']} ({merchant['reference']})"
    yield "Instants are in UTC."
    for book in ("merchant", "credit", "billing"):
        said = document[book]
        if said is None:
            continue
        currency = f", amounts in {said['currency']}" if "currency" in said else ""
        yield ""
        yield f"{book.upper()}{currency}"
        yield from _section({n: value for n, value in said.items() if n != "currency"}, INDENT)


def _section(said: Said, indent: str) -> Iterator[str]:
    """Yield the lines of a part of the document under this indent: first its single values, one on
    a line with its name; then its lists and mappings, each under a heading, which for lists has the
    number of rows.
    """
    single = {name: value for name, value in said.items() if not _has_parts(value)}
    widest = max(map(len, single), default=0)
    for name, value in single.items():
        yield f"{indent}{_label(name):{widest}}  {_text(value)}".rstrip()
    for name, value in said.items():
        if not _has_parts(value):
            continue
        yield ""
        if isinstance(value, Mapping):
            yield f"{indent}{_label(name).capitalize()}"
            yield from _section(value, indent + INDENT)
        else:
            yield f"{indent}{_label(name).capitalize()}: {len(value)}"
            yield from _rows(value, indent + INDENT)


def _rows(rows: Sequence[Said], indent: str) -> Iterator[str]:
    """Yield the lines of a list of mappings under this indent: as a table with headings if it is
    narrow enough and no value has parts, and otherwise a paragraph for each row. Columns without a
    value in any row are left out of the table.
    """
    names = [name for name in (rows[0] if rows else ()) if any(_shown(row[name]) for row in rows)]
    nested = any(_has_parts(row[name]) for row in rows for name in names)
    cells = [[_text(row[name]) for name in names] for row in rows]
    heading = [_label(name) for name in names]
    widths = [max(map(len, column)) for column in zip(heading, *cells, strict=True)]
    if nested or sum(widths) + 2 * len(widths) + len(indent) > WIDTH:
        for row in rows:
            yield from _row(row, indent)
        return
    numbers = [all(_is_figure(row[name]) for row in rows) for name in names]
    for line in (heading, *cells) if rows else ():
        padded = (
            cell.rjust(width) if is_number else cell.ljust(width)
            for cell, width, is_number in zip(line, widths, numbers, strict=True)
        )
        yield f"{indent}{'  '.join(padded)}".rstrip()


def _row(row: Said, indent: str) -> Iterator[str]:
    """Yield the lines of one row that is no line of a table: a paragraph of its single values, each
    with its name, without those that are None, False or an empty list; and below it its parts.
    """
    single = [
        f"{_label(name)} {_text(value)}"
        for name, value in row.items()
        if _shown(value) and not _has_parts(value)
    ]
    paragraph = wrap(
        "; ".join(single),
        WIDTH,
        initial_indent=f"{indent}- ",
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    yield from paragraph
    for name, value in row.items():
        if _has_parts(value):
            yield f"{indent}  {_label(name)}:"
            if isinstance(value, Mapping):
                yield from _section(value, indent + INDENT * 2)
            else:
                yield from _rows(value, indent + INDENT * 2)


def _has_parts(value: object) -> bool:
    """Whether the value is shown under a heading of its own: a mapping, or a list that begins with
    one.
    """
    if isinstance(value, list):
        return bool(value) and isinstance(value[0], Mapping)
    return isinstance(value, Mapping)


def _shown(value: object) -> bool:
    """Whether the value is worth a place in the text: not None, False or an empty list."""
    return value is not None and value is not False and value != []


def _label(name: str) -> str:
    """The name of a value as people read it: with blanks instead of underscores."""
    return name.replace("_", " ")


def _is_figure(value: object) -> bool:
    """Whether the value may stand in a column that is aligned to the right, as a column is
    if all of its values may. True for a number, for text of digits with at most one dot and
    with or without a minus, such as "-12.50", and for None. False for a bool, and for text
    with a currency or with commas.
    """
    text = str(value).removeprefix("-").replace(".", "", 1)
    return value is None or (not isinstance(value, bool) and text.isdigit())


def _text(value: object) -> str:
    """The value of a document (JSON) as people read it: "-" for None or an empty list, "yes" or
    "no" for a bool, lists with commas, and text that is an instant as documents write it (ISO 8601
    in UTC) to the second and without its zone; other text as it is.
    """
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_text, value)) or "-"
    text = str(value)
    instant = INSTANT.fullmatch(text)
    return f"{instant[1]} {instant[2]}" if instant else text
