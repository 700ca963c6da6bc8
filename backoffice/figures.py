"""Totals of all merchants, and counts and amounts of each of the last thirty days, by currency.
They are computed together and cached for KEPT_FOR. Where the books are in cells, those of all cells
are added up.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial

from django.core.cache import cache

from lib import cells
from lib.cells import adding_up
from lib.registry import Registry

DAYS = 30
KEPT_FOR = timedelta(minutes=10)
KEPT_WITHOUT = timedelta(minutes=1)  # where a cell has not answered
KEY = "backoffice-figures-2"  # another number with every change of what is kept
NOTHING = Decimal(0)

ByName = Mapping[str, Decimal | int]  # what a row of the totals comes to, by its name
Rows = Sequence[tuple[date, str, int, Decimal]]  # day in UTC, currency, how many, what they come to


@dataclass(frozen=True)
class Total:
    """One row of the table of totals, by its name and title."""

    name: str
    title: str
    is_count: bool = False  # and no amount


@dataclass(frozen=True)
class Totals:
    """The rows of one book in the table of totals; `read` returns the figures of all of them, in as
    few statements as possible.
    """

    place: int
    rows: Sequence[Total]
    read: Callable[[], Mapping[str, ByName]]  # by currency


@dataclass(frozen=True)
class Daily:
    """Something that is counted each day, such as bills issued."""

    place: int
    name: str
    title: str
    read: Callable[[datetime], Rows]  # from an instant on


@dataclass(frozen=True)
class Picture:
    """A chart of several daily kinds, each as a line."""

    place: int
    name: str  # in its address
    title: str
    worth: str  # for who does not see it: the worth of what it shows
    kinds: Sequence[str]  # their names


# Each book registers its own, and the permission to look at them.
TOTALS: Registry[Totals] = Registry()
DAILY: Registry[Daily] = Registry()
PICTURES: Registry[Picture] = Registry()
PERMISSIONS: Registry[str] = Registry(str)


@dataclass(frozen=True)
class Sum:
    """How many of something there were, and what they came to."""

    count: int = 0
    amount: Decimal = NOTHING

    def __add__(self, other: "Sum") -> "Sum":
        return Sum(self.count + other.count, self.amount + other.amount)


@dataclass(frozen=True)
class Currency:
    """The totals, and the last thirty days, of one currency."""

    code: str
    totals: ByName  # what all merchants of the currency come to
    days: Mapping[str, Sequence[Sum]]  # by kind: one of each day, as in Figures.days

    @property
    def month(self) -> Mapping[str, Sum]:
        """For each kind, the sums of all its days (the last DAYS) together."""
        return {kind: sum(of_days, Sum()) for kind, of_days in self.days.items()}

    @property
    def pictures(self) -> Sequence["Picture"]:
        """The registered charts of which any kind has an amount in this currency in the last thirty
        days.
        """
        month = self.month
        return [one for one in PICTURES if any(month[kind].amount for kind in one.kinds)]


@dataclass(frozen=True)
class Figures:
    """The figures of all currencies as of the instant `at`."""

    at: datetime
    days: Sequence[date]  # in UTC, today last
    currencies: Sequence[Currency] = field(default=())
    silent: Sequence[int] = ()  # the numbers of cells that have not answered, and are left out

    def of(self, code: str) -> Currency | None:
        """The figures of the currency with this code, or None."""
        return next((one for one in self.currencies if one.code == code), None)


def total_rows() -> list[Total]:
    """The name and title of each row of the table of totals, and whether it is a count or
    an amount, of all books in their order. The rows have no figures: `Currency.totals` has
    those, by the rows' names.
    """
    return [row for totals in TOTALS for row in totals.rows]


def lately(now: datetime) -> Figures:
    """The figures of all currencies, over all cells or of the one that this is called inside: from
    the cache, if it has some that are at most KEPT_FOR old, or KEPT_WITHOUT if a cell had not
    answered for them; otherwise computed as of `now`, and cached. `at` says as of when they are.
    """
    key = KEY + cells.entered()
    found: Figures | None = cache.get(key)
    if found is None:
        found = reckon(now)
        kept_for = KEPT_WITHOUT if found.silent else KEPT_FOR
        cache.set(key, found, kept_for.total_seconds())
    return found


def reckon(now: datetime) -> Figures:
    """Compute the figures of all currencies as of `now` from the books: the totals, and the sums of
    each of the last DAYS days in UTC, over all cells, or in the one that this is called inside.
    Nothing is cached. Cells that have not answered in time are named in `silent`, and what they
    have is missing.
    """
    today = now.astimezone(UTC).date()
    days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    since = datetime.combine(days[0], time.min, UTC)
    answers = adding_up.each(partial(_read, since))
    known = list(answers.found.values())
    codes = {code for totals, _ in known for of_book in totals for code in of_book}
    codes |= {row[1] for _, rows in known for of_kind in rows.values() for row in of_kind}
    return Figures(
        at=now,
        days=days,
        currencies=[
            Currency(
                code,
                _added([_totals(totals, code) for totals, _ in known]),
                {
                    kind.name: _series(
                        [row for _, rows in known for row in rows[kind.name]], code, days
                    )
                    for kind in DAILY
                },
            )
            for code in sorted(codes)
        ],
        silent=answers.silent,
    )


def _read(since: datetime) -> tuple[Sequence[Mapping[str, ByName]], Mapping[str, Rows]]:
    """What the books say in the cell that this is called inside: for each book in TOTALS the
    figures of its rows, by currency and then by the row's name; and for each kind in DAILY, by its
    name, its rows by day and currency from the instant `since` on.
    """
    return [one.read() for one in TOTALS], {kind.name: kind.read(since) for kind in DAILY}


def _added(parts: Sequence[ByName]) -> ByName:
    """The totals of several cells, added up by their names."""
    first, *others = parts
    return {name: sum((one[name] for one in others), value) for name, value in first.items()}


def _totals(totals: Sequence[Mapping[str, ByName]], code: str) -> ByName:
    """The totals in the currency with this code, by name, with 0 for those that no book has."""
    known: dict[str, Decimal | int] = {
        row.name: 0 if row.is_count else NOTHING for row in total_rows()
    }
    for found in totals:
        known |= found.get(code, {})
    return known


def _series(rows: Rows, code: str, days: Sequence[date]) -> list[Sum]:
    """The sum of each of these days, in their order, in the currency with this code; days without a
    row have empty sums.
    """
    by_day = dict.fromkeys(days, Sum())
    for day, currency, count, amount in rows:
        if currency == code and day in by_day:
            by_day[day] += Sum(count, amount)
    return [by_day[day] for day in days]
