"""What a report is: a query for rows, what they are grouped by, and what is added up of each group.
So the rows that a figure opens to are the ones that it counts. Each book registers its own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

from django.db.models import Count, QuerySet
from django.db.models.expressions import Combinable

from lib.registry import Registry


class Span(Enum):
    """The days that a report is about where nothing else is asked for."""

    TODAY = "as of now"  # it has no range
    DAYS = "the last 30 days"
    MONTHS = "this month and the twelve before"

    def start(self, today: date) -> date:
        """The first of the days that end with `today`: the first of the same month a year ago for
        MONTHS, and else the 30th day back, `today` included.
        """
        if self is Span.MONTHS:
            return date(today.year - 1, today.month, 1)
        return today - timedelta(days=29)


@dataclass(frozen=True)
class Asked:
    """What a report is asked for: a currency, and the days from `start` to `end`, both included.
    Where rows have an instant, their day is that in UTC.
    """

    currency: str
    start: date
    end: date
    now: datetime

    @property
    def today(self) -> date:
        """The day in UTC on which the report is asked for."""
        return self.now.astimezone(UTC).date()

    @property
    def since(self) -> datetime:
        """The first instant of the day `start` in UTC."""
        return datetime.combine(self.start, time.min, UTC)

    @property
    def until(self) -> datetime:
        """The first instant after the day `end` in UTC, which is not among the days any more."""
        return datetime.combine(self.end + timedelta(days=1), time.min, UTC)


@dataclass(frozen=True)
class Key:
    """Something that rows are grouped by: the name that the query gives it, and its heading."""

    name: str
    title: str
    text: Callable[[Any], str] = str  # a value, for people


@dataclass(frozen=True)
class Figure:
    """Something that is added up of each group."""

    name: str
    title: str
    total: Combinable
    is_count: bool = False  # and no amount


COUNT = Figure("many", "How many", Count("pk"), is_count=True)


@dataclass(frozen=True)
class Report:
    """A table of figures by group, which is drawn as bars by its last figure."""

    place: int
    name: str  # in its address
    title: str
    _: KW_ONLY
    about: str  # what it counts, in one or two sentences
    permission: str
    span: Span
    rows: Callable[[Asked], QuerySet[Any]]  # with a value for each key
    keys: Sequence[Key]  # the first one is the axis of the bars, another one what is stacked
    figures: Sequence[Figure]
    columns: Mapping[str, Callable[[Any], str]]  # of the rows that a figure opens to, by heading
    # What stands beside the table and is in none of its groups, by its name.
    beside: Callable[[Asked], Mapping[str, Decimal]] = lambda asked: {}

    @property
    def drawn(self) -> Figure:
        """The figure that the bars show."""
        return self.figures[-1]


# Each book registers its own.
REPORTS: Registry[Report] = Registry()


def named(name: str) -> Report | None:
    """The registered report with this name, or None."""
    return next((report for report in REPORTS if report.name == name), None)
