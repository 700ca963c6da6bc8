"""Pages of a long list, found by where the last one ended and never by counting.

An address carries `after` or `before` with the key of a row, so a page costs the same however far
down the list it is, and rows that arrive meanwhile shift nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import F, Model, Q, QuerySet

from lib.money import MAX_DIGITS

PAGE_SIZE = 50
_LONGEST_KEY = 18  # digits; more would not fit the column

M = TypeVar("M", bound=Model)
Row = TypeVar("Row")
Place = TypeVar("Place")  # where a mark is in a list
At = TypeVar("At", contravariant=True)
Rows = TypeVar("Rows", bound=QuerySet[Any, Any])


@dataclass(frozen=True)
class Page(Generic[Row]):
    """The rows of one page, and the marks that lead to the pages before and after it; a mark is ""
    if there is no such page.
    """

    rows: list[Row]
    before: str = ""
    after: str = ""


def page(
    rows: "QuerySet[M]", *, by: str, params: Mapping[str, str], size: int = PAGE_SIZE
) -> Page[M]:
    """The page of `rows` that `params` asks for by a mark in `before` or, without one
    there, in `after`, in the order of the field `by`, and by primary key among equal
    values.

    If `by` starts with "-", field and key both fall; rows without a value come last both
    ways. Without a mark, or with one that can't be read, it is the first page. The field
    may be one that the query adds.
    """
    field, column = by.lstrip("-"), _column(rows, by)
    return turned_to(
        params,
        read=partial(_read_mark, column),
        walk=partial(_walk, rows, by),
        mark=partial(_mark, field=field, column=column),
        size=size,
    )


class Walk(Protocol[Row, At]):
    """Gives the rows that follow a place, or all of them for None, at most `most`; with
    `is_backwards` those before it, the nearest first.
    """

    def __call__(self, place: At | None, /, *, is_backwards: bool, most: int) -> list[Row]: ...


def turned_to(
    params: Mapping[str, str],
    *,
    read: Callable[[str], Place | None],
    walk: Walk[Row, Place],
    mark: Callable[[Row], str],
    size: int = PAGE_SIZE,
) -> Page[Row]:
    """The page that `params` asks for by a mark in `before` or, without one there, in `after`, of
    any list: `mark` makes a row's, `read` gives the place that one leads to, or None if it can't be
    read, and `walk` the rows from there. Without a mark, or with one that can't be read, it is the
    first page.
    """
    before = params.get("before", "")
    place = read(before or params.get("after", ""))
    is_backwards = bool(before) and place is not None
    found = walk(place, is_backwards=is_backwards, most=size + 1)
    has_more, found = len(found) > size, found[:size]
    has_earlier = place is not None
    if is_backwards:
        found.reverse()
        has_earlier, has_more = has_more, True
    return Page(
        found,
        before=mark(found[0]) if found and has_earlier else "",
        after=mark(found[-1]) if found and has_more else "",
    )


def number_before(rows: "QuerySet[M]", row: M, *, by: str, most: int) -> int:
    """Count in the database how many of `rows` come before `row`, which is one of them, as `page`
    sorts them by `by`; at most `most`.
    """
    field, column = by.lstrip("-"), _column(rows, by)
    mark = _read_mark(column, _mark(row, field, column))
    keys: Any = rows.values_list("pk", flat=True)
    return len(_walk(keys, by, mark, is_backwards=True, most=most))


def _column(rows: "QuerySet[Any]", by: str) -> Any:
    """The field that the rows are sorted by: the model's, or that of what the query adds."""
    name = by.lstrip("-")
    added = rows.query.annotations.get(name)
    return rows.model._meta.get_field(name) if added is None else added.output_field


def ordered(rows: Rows, by: str) -> Rows:
    """All rows, sorted by the field `by`, descending if it begins with "-"; rows whose
    field is NULL come last both ways. Rows with the same value are sorted by their primary
    keys, in the same direction as the field.
    """
    descending, field = by.startswith("-"), by.lstrip("-")
    if not descending:
        return rows.order_by(field, "pk")  # PostgreSQL has what is empty last
    if not _column(rows, by).null:
        return rows.order_by(by, "-pk")
    return rows.order_by(F(field).desc(nulls_last=True), "-pk")


def _walk(
    rows: "QuerySet[M]",
    by: str,
    mark: tuple[Any, int] | None,
    *,
    is_backwards: bool,
    most: int,
) -> list[M]:
    """The rows that follow the mark in the order of the column `by`, "-" before it for the other
    way round, at most `most`; with `is_backwards` those before it, the nearest first.

    Rows with a value and rows without one are asked for apart: an index has both in order, but no
    comparison leads from the ones to the others.
    """
    descending, field = by.startswith("-"), by.lstrip("-")
    falling = descending != is_backwards
    sign = "-" if falling else ""
    may_be_empty = _column(rows, by).null
    parts = [False, True] if may_be_empty else [False]  # whether the value is empty
    if is_backwards:
        parts.reverse()
    if mark is not None:
        parts = parts[parts.index(mark[0] is None) :]
    found: list[M] = []
    for is_empty in parts:
        part = rows.filter(**{f"{field}__isnull": is_empty}) if may_be_empty else rows
        part = part.order_by(*([] if is_empty else [f"{sign}{field}"]), f"{sign}pk")
        if mark is not None and (mark[0] is None) == is_empty:
            part = part.filter(_beyond(field, *mark, falling=falling))
        found += part[: most - len(found)]
        if len(found) == most:
            break
    return found


def _beyond(field: str, value: Any, key: int, *, falling: bool) -> Q:
    """The condition for rows past the one with this value and primary key, with lower ones if
    `falling`, otherwise higher ones; for None, among rows without a value, keys alone are compared.
    Written so that an index on (field, pk) starts right there.
    """
    past = "lt" if falling else "gt"
    if value is None:
        return Q(**{f"pk__{past}": key})
    return Q(**{f"{field}__{past}e": value}) & (
        Q(**{f"{field}__{past}": value}) | Q(**{f"pk__{past}": key})
    )


def _mark(row: Model, field: str, column: Any) -> str:
    """The mark of a row for addresses: the text of its value in the column `field`, nothing for
    NULL, and its primary key, joined by "~".
    """
    value = getattr(row, field)
    if value is None:
        return f"~{row.pk}"
    is_own = hasattr(column, "attname")  # and not added by the query
    return f"{column.value_to_string(row) if is_own else value}~{row.pk}"


def _read_mark(column: Any, mark: str) -> tuple[Any, int] | None:
    """The value of the `column` (None if it was empty) and the primary key in a mark; None if the
    mark can't be read.
    """
    value, separator, key = mark.rpartition("~")
    if not (key.isascii() and key.isdigit() and len(key) <= _LONGEST_KEY) or "\x00" in value:
        return None
    if separator and not value and column.null:
        return None, int(key)
    try:
        read = column.to_python(value)
    except (ValidationError, ValueError, OverflowError):
        return None
    return (read, int(key)) if _fits(read) else None


def _fits(value: Any) -> bool:
    """Whether a column could hold the value: False for what only Python takes for a number or an
    instant.

    An instant near the ends of the calendar has no equivalent in UTC, in which the database is
    asked.
    """
    if isinstance(value, Decimal):
        return value.is_finite() and value.adjusted() < MAX_DIGITS
    if isinstance(value, int):
        return bool(abs(value) < 10**_LONGEST_KEY)
    if isinstance(value, date):
        return 1 < value.year < 9999
    return True
