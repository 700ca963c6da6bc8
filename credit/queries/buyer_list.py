"""The list of all of a merchant's buyers, whatever they owe (rule 8.23). Nothing here writes.

What is asked of all orders is read of the index `order_by_buyer` alone; orders themselves are only
read if somebody owes them, which are few (`order_owed_by_buyer`). Page, count and sums come of one
statement.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from django.db import connection
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_stubs_ext import StrOrPromise
from moneyed import Money

from credit.models import CreditLine
from lib import money
from lib.figures import Figures
from lib.money import MAX_DIGITS
from lib.paging import PAGE_SIZE, Page, turned_to


class Standing(TextChoices):
    """How a buyer stands with the shop; the first three may be so at once."""

    LATE = "LATE", _("Overdue")
    LOST = "LOST", _("Written off")
    HOLDS = "HOLDS", pgettext_lazy("buyer", "Owes")
    CLEAR = "CLEAR", _("Owes nothing")


CONDITIONS: Mapping[str, str] = {
    Standing.LATE: "overdue > 0",
    Standing.LOST: "lost > 0",
    Standing.HOLDS: "holds > 0",
    Standing.CLEAR: "holds = 0 AND lost = 0",
}
# What the list can be sorted by; the names are those of its columns.
SORTS = ("-holds", "holds", "name", "-name", "-latest_at", "latest_at", "-orders", "orders")

BUYERS = """
WITH everybody AS (
    SELECT buyer, count(*) AS orders, max(placed_at) AS latest_at
    FROM credit_order WHERE line_id = %(line)s GROUP BY buyer
), debt AS (
    SELECT buyer, count(*) FILTER (WHERE status = 'OPEN') AS open_orders,
           count(*) FILTER (WHERE due_on < %(today)s) AS overdue, min(due_on) AS due_on,
           sum(outstanding) AS holds, sum(written_off - recovered - refunded_written_off) AS lost
    FROM credit_order WHERE line_id = %(line)s AND status IN ('OPEN', 'WRITTEN_OFF')
    GROUP BY buyer
), buyer AS MATERIALIZED (  -- so that names are compared once for each buyer, not for each order
    SELECT everybody.buyer AS name, orders, latest_at, coalesce(open_orders, 0) AS open_orders,
           coalesce(overdue, 0) AS overdue, due_on, coalesce(holds, 0) AS holds,
           coalesce(lost, 0) AS lost
    FROM everybody LEFT JOIN debt USING (buyer)
)
"""
COLUMNS = "name, orders, latest_at, open_orders, overdue, due_on, holds, lost, number"


@dataclass(frozen=True)
class Asked:
    """What the list is asked for; what is "" or None is not asked for."""

    name: str = ""  # a part of it, in any case
    standing: str = ""
    since: datetime | None = None  # of the last order
    before: datetime | None = None
    least: Decimal | None = None  # of what is held
    most: Decimal | None = None
    is_nothing: bool = False  # whether nothing is to be found, as something makes no sense

    @property
    def condition(self) -> str:
        """SQL for the condition that a row of the statement's table `buyer` meets what is asked,
        with the parameters that `given` has; true if nothing is asked. `standing` has to be "" or a
        code of Standing.
        """
        asked = {
            "position(upper(%(name)s) IN upper(name)) > 0": self.name,
            CONDITIONS.get(self.standing, ""): self.standing,
            "latest_at >= %(since)s": self.since,
            "latest_at < %(before)s": self.before,
            "holds >= %(least)s": self.least is not None,
            "holds <= %(most)s": self.most is not None,
            "false": self.is_nothing,
        }
        return " AND ".join(["true", *(sql for sql, is_asked in asked.items() if is_asked)])

    @property
    def given(self) -> dict[str, Any]:
        """The values that are asked for, by the names that the SQL `condition` has for them."""
        names = ("name", "since", "before", "least", "most")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Buyer:
    """A row of the list."""

    name: str
    orders: int  # all of them
    latest_at: datetime  # when the last one was placed
    open_orders: int
    overdue: int  # of these, with a part past its due date
    due_on: date | None  # the earliest due day of an open order
    holds: Money  # what is outstanding on open orders
    lost: Money  # what was written off, and neither recovered nor refunded
    number: int  # of the row, from 1 on
    share: Decimal  # of the limit that is held, 0 to 1; above 1 if the limit was lowered

    @property
    def pk(self) -> str:
        """What the row is known by among the line's buyers: the name."""
        return self.name

    @property
    def latest_on(self) -> date:
        """The day of the last order, in the time zone of the page."""
        return timezone.localdate(self.latest_at)

    @property
    def currency(self) -> str:
        """The code of its amounts' currency."""
        return str(self.holds.currency.code)

    @property
    def percent(self) -> Decimal:
        """The share of the limit that the buyer's orders hold, in per cent with one decimal; 100 of
        a limit of 0 if they hold anything.
        """
        return (self.share * 100).quantize(Decimal("0.1"))

    @property
    def standings(self) -> list[tuple[str, StrOrPromise]]:
        """What there is to say of the buyer: codes of Standing, with their labels."""
        return standings_of(late=bool(self.overdue), lost=bool(self.lost), holds=bool(self.holds))


def standings_of(*, late: bool, lost: bool, holds: bool) -> list[tuple[str, StrOrPromise]]:
    """Codes of Standing with their labels, for a buyer who is late with something, of whom
    something was written off and not recovered, or who holds some of the limit: LATE and LOST, each
    if it is so; if neither is, HOLDS alone or, for a buyer who holds nothing, CLEAR alone.
    """
    found = [one for one, is_so in ((Standing.LATE, late), (Standing.LOST, lost)) if is_so]
    found = found or [Standing.HOLDS if holds else Standing.CLEAR]
    return [(one.value, one.label) for one in found]


class Buyers:
    """The buyers of a line that are as asked, as they stand on its local day `today`."""

    def __init__(self, line: CreditLine, today: date, asked: Asked) -> None:
        self.line, self.today, self.asked = line, today, asked
        self._figures: Figures | None = None

    def page(self, *, by: str, params: Mapping[str, str], size: int = PAGE_SIZE) -> Page[Buyer]:
        """The page that `params` asks for by a mark in `before` or `after`, in the order of the
        column `by`, and by name among equal values; the first one without a mark that can be read.
        `by` has to be one of SORTS, as it becomes SQL. From then on the `figures` are known.
        """
        return turned_to(
            params,
            read=partial(_read_mark, by),
            walk=partial(self._rows, by),
            mark=partial(_mark, by),
            size=size,
        )

    @property
    def figures(self) -> Figures:
        """Return how many buyers are as asked, on all pages, with the sum of what they hold
        of the limit and, after it, the sum of what was lost by them. If no buyer is as
        asked, both sums are empty. The figures are those that `page` has read or, if it was
        not called, are read by a query of their own and remembered.
        """
        if self._figures is None:
            self._rows("name", None, is_backwards=False, most=0)
        assert self._figures is not None
        return self._figures

    def _rows(
        self, by: str, mark: tuple[Any, str] | None, *, is_backwards: bool, most: int
    ) -> list[Buyer]:
        """The rows past the mark, at most `most`; with `is_backwards` those before it, the nearest
        first. Notes the figures of all rows.
        """
        place = "DESC" if is_backwards else "ASC"
        given = self._given | {"shown": most}
        past = "true"
        if mark is not None:
            past = _past(by, is_backwards=is_backwards)
            given |= {"value": mark[0], "key": mark[1]}
        statement = f"""{BUYERS}, found AS MATERIALIZED ({self._found(by)}
), total AS (SELECT count(*), coalesce(sum(holds), 0), coalesce(sum(lost), 0) FROM found)
SELECT total.*, shown.* FROM total LEFT JOIN (
    SELECT {COLUMNS} FROM found WHERE {past} ORDER BY number {place} LIMIT %(shown)s
) shown ON true ORDER BY number {place}"""
        with connection.cursor() as cursor:
            cursor.execute(statement, given)
            rows = cursor.fetchall()
        count, holds, lost = rows[0][:3]
        code = self.line.currency
        sums = [[money.of(sum_, code)] if count else [] for sum_ in (holds, lost)]
        self._figures = Figures(count, sums)
        return [self._buyer(row[3:]) for row in rows if row[3] is not None]

    def query(self, by: str) -> tuple[str, dict[str, Any]]:
        """SQL for the COLUMNS of all rows that are as asked, in the order of the column `by`, and
        its parameters. `by` has to be one of SORTS, as it becomes SQL.
        """
        return f"{BUYERS} SELECT {COLUMNS} FROM ({self._found(by)}) f ORDER BY number", self._given

    @property
    def _given(self) -> dict[str, Any]:
        """The values that every statement takes, by name: the line, today, and those of what is
        asked for.
        """
        return {"line": self.line.pk, "today": self.today} | self.asked.given

    def _found(self, by: str) -> str:
        """SQL for the rows that are as asked, numbered in the order of the column `by`."""
        column, way = by.lstrip("-"), "DESC" if by.startswith("-") else "ASC"
        order = f"name {way}" if column == "name" else f"{column} {way}, name"
        return (
            f"SELECT *, row_number() OVER (ORDER BY {order}) AS number"
            f" FROM buyer WHERE {self.asked.condition}"
        )

    def _buyer(self, row: tuple[Any, ...]) -> Buyer:
        """The row of COLUMNS as a buyer."""
        name, orders, latest_at, open_orders, overdue, due_on, holds, lost, number = row
        code, limit = self.line.currency, self.line.limit
        share = holds / limit.amount if limit else Decimal(bool(holds))
        held = money.of(holds, code), money.of(lost, code)
        return Buyer(name, orders, latest_at, open_orders, overdue, due_on, *held, number, share)


def _past(by: str, *, is_backwards: bool) -> str:
    """SQL for rows past the mark with %(value)s and %(key)s, in the order of the column `by` or
    against it.
    """
    column, falls = by.lstrip("-"), by.startswith("-") != is_backwards
    if column == "name":
        return f"name {'<' if falls else '>'} %(key)s"
    name = "<" if is_backwards else ">"
    return (
        f"({column} {'<' if falls else '>'} %(value)s"
        f" OR {column} = %(value)s AND name {name} %(key)s)"
    )


def _mark(by: str, row: Buyer) -> str:
    """The mark of a row for addresses: its value in the column `by`, and its name, joined by
    "~".
    """
    column = by.lstrip("-")
    value: Any = "" if column == "name" else getattr(row, column)
    if isinstance(value, Money):
        value = value.amount
    return f"{value.isoformat() if isinstance(value, datetime) else value}~{row.name}"


def _read_mark(by: str, mark: str) -> tuple[Any, str] | None:
    """The value and the name in a mark; None if it can't be read."""
    text, separator, name = mark.partition("~")
    if not separator or "\x00" in name:
        return None
    try:
        value = READ[by.lstrip("-")](text)
    except (ValueError, InvalidOperation, OverflowError):
        return None
    return None if value is None else (value, name)


def _number(text: str) -> Decimal | None:
    """The number that the text is; None for one too large for any column, or NaN. Raises
    InvalidOperation for text that is no number.
    """
    number = Decimal(text)
    return number if number.is_finite() and number.adjusted() < MAX_DIGITS else None


def _instant(text: str) -> datetime | None:
    """The instant that the text is, with its offset; None for other text, for an instant without an
    offset, and for one near the ends of the calendar.
    """
    found = parse_datetime(text)
    return found if found and found.tzinfo and 1 < found.year < 9999 else None


READ: Mapping[str, Any] = {
    "name": str,
    "holds": _number,
    "orders": _number,
    "latest_at": _instant,
}
