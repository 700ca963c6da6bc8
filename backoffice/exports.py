"""CSV files of the operators' lists: the columns that a list shows, of all rows that it finds.

Rows are read and written one by one, so that a million of them take no more memory than ten.
"""

import csv
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from html import unescape
from typing import Any

from django.contrib.admin.utils import label_for_field, lookup_field
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.text import slugify
from moneyed import Money

from backoffice.columns import follow
from lib import clock, csv_files, money, statement_timeout
from lib.registry import Registry

AT_ONCE = 2000  # rows that are read together
NOT_ASKED = ("p", "e")  # of an address: no question about the rows

Recorder = Callable[[str, Mapping[str, str], HttpRequest, datetime], None]

# What writes down that somebody has taken a list or a report; another package registers it
# (trail.downloads).
RECORDERS: Registry[Recorder] = Registry(lambda one: 0)


def record(what: str, said: Mapping[str, str], request: HttpRequest, now: datetime) -> None:
    """Call every registered recorder with these arguments, as the operator of the request
    takes `what`, such as "list of orders", as a file. `said` has the filters, search and
    order that were asked for. The recorder of the trail writes a row about it; this
    function writes nothing itself.
    """
    for one in RECORDERS:
        one(what, said, request, now)


def asked(request: HttpRequest) -> dict[str, str]:
    """What the address of a list asks for, by the names of its query string: filters, search and
    order. Empty values and the page's number are left out; of a name that stands there several
    times, it is the last value.
    """
    return {
        name: str(value) for name, value in request.GET.items() if value and name not in NOT_ASKED
    }


def file_name(pages: Any) -> str:
    """The name of the CSV file of an admin list (`pages`): what its rows are called, and today's
    date in UTC.
    """
    return f"{slugify(str(pages.opts.verbose_name_plural))}-{clock.now():%Y-%m-%d}.csv"


class Line:
    """Takes what is written to it as a file, and gives it back line by line."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        """Keep the text in place of what was written before; returns its length."""
        self.text = text
        return len(text)


def of_list(pages: Any, found: Any) -> Iterator[bytes]:
    """Yield, as blocks of bytes, a CSV file of the rows that the admin list `pages` has found: with
    the list's columns and, if any of them is an amount, the currency as the last one. Times are in
    the time zone that is active now, which the headings name. Rows are read while the blocks are
    taken.
    """
    columns = [name for name in found.list_display if name != "action_checkbox"]
    cells = [_Column(pages, name) for name in columns]
    has_amounts = any(cell.amount for cell in cells)
    headings = [cell.heading for cell in cells] + (["Currency"] if has_amounts else [])
    zone = timezone.get_current_timezone()
    return csv_files.in_blocks(_lines(headings, cells, found.queryset, has_amounts, zone))


def _lines(
    headings: list[str], cells: list["_Column"], rows: Any, has_amounts: bool, zone: Any
) -> Iterator[bytes]:
    """Yield the lines of the CSV file as bytes, the headings first; `has_amounts` adds each row's
    currency as its last cell. Rows are read as the reader takes them, in one transaction; times are
    in the time zone `zone`.
    """
    line = Line()
    writer = csv.writer(line, lineterminator="\n")
    writer.writerow(headings)
    yield line.text.encode()
    with statement_timeout.download(), transaction.atomic(), timezone.override(zone):
        for row in rows.iterator(chunk_size=AT_ONCE):
            values = [cell.of(row) for cell in cells]
            writer.writerow(values + ([_currency(cells, row)] if has_amounts else []))
            yield line.text.encode()


class _Column:
    """A column of a list as the file has it."""

    def __init__(self, pages: Any, name: Any) -> None:
        self.pages, self.name = pages, name
        self.amount: str = getattr(name, "amount_of", "")
        self.instant: str = getattr(name, "instant_of", "")
        self.path: str = getattr(name, "leads_to", "")
        heading = str(label_for_field(name, pages.model, pages))
        heading = heading[:1].upper() + heading[1:]
        zone = timezone.get_current_timezone_name()
        self.heading = f"{heading} ({zone})" if self.instant else heading

    def of(self, row: Any) -> str:
        """What the file says of the row in this column: amounts and instants plain, everything else
        as the list has it, "" where the row leads to none, and nothing that a spreadsheet takes for
        a formula.
        """
        if self.amount:
            return _plain(getattr(row, self.amount))
        if self.instant:
            return _plain(getattr(row, self.instant))
        if self.path:
            return _plain(follow(row, self.path))
        field, _attr, value = lookup_field(self.name, row, self.pages)
        if field is not None and field.flatchoices:
            return csv_files.safe_text(str(dict(field.flatchoices).get(value, value or "")))
        if field is not None and field.is_relation:
            return _plain(getattr(row, field.name))
        return _plain(value)


def _plain(value: Any) -> str:
    """A value as the CSV file has it: amounts as figures without a currency, instants in the active
    time zone, "yes" or "no", "" for None and for the "-" by which lists show nothing. HTML loses
    its tags, and a text that a spreadsheet would take for a formula is made harmless.
    """
    match value:
        case None | "-":
            return ""
        case Money():
            return money.text(value)
        case bool():
            return "yes" if value else "no"
        case datetime():
            return timezone.localtime(value).isoformat(timespec="seconds")
        case date():
            return value.isoformat()
        case int():
            return str(value)
        case Decimal():
            return f"{value:f}"
    text = unescape(strip_tags(str(value))) if hasattr(value, "__html__") else str(value)
    return csv_files.safe_text(text)


def _currency(cells: list[_Column], row: Any) -> str:
    """The currency of the row's amounts, that of the first one that it has; "" without any."""
    amounts = (getattr(row, cell.amount) for cell in cells if cell.amount)
    return next((amount.currency.code for amount in amounts if amount is not None), "")
