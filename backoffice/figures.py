"""Totals and the last thirty days, by currency. Reckoned together, and kept for some minutes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.core.cache import cache

from billing.models import Payment
from billing.queries import sums as billing
from credit.queries import sums as credit

DAYS = 30
KEPT_FOR = timedelta(minutes=10)
KEY = "desk-figures-1"  # another number with every change of what is kept
NOTHING = Decimal(0)

# What is counted each day, in the order of the table.
KINDS = {
    "placed": "Orders placed",
    "declined": "Orders declined",
    "billed": "Bills issued",
    "collected": "Payments collected",
    "failed": "Payments failed",
    "withdrawn": "Withdrawals asked for",
}

# What is reckoned of all merchants, by the names in Totals.
COUNTS = {"lines": "Credit lines", "frozen": "Frozen lines"}
TOTALS = {
    "limits": "Limits",
    "in_use": "Used",
    "free": "Available",
    "overdue": "Overdue",
    "owed": "Proceeds owed",
    "on_their_way": "Withdrawals on their way",
    "unbilled": "Charges on no bill yet",
    "unpaid": "Unpaid bills",
}


@dataclass(frozen=True)
class Sum:
    count: int = 0
    amount: Decimal = NOTHING

    def __add__(self, other: "Sum") -> "Sum":
        return Sum(self.count + other.count, self.amount + other.amount)


@dataclass(frozen=True)
class Totals:
    """What all merchants of a currency come to."""

    lines: int = 0
    frozen: int = 0
    limits: Decimal = NOTHING
    in_use: Decimal = NOTHING
    free: Decimal = NOTHING
    overdue: Decimal = NOTHING
    owed: Decimal = NOTHING  # proceeds, not asked for yet
    on_their_way: Decimal = NOTHING  # withdrawals
    unbilled: Decimal = NOTHING
    unpaid: Decimal = NOTHING  # bills


@dataclass(frozen=True)
class Currency:
    code: str
    totals: Totals
    days: Mapping[str, Sequence[Sum]]  # by kind: one of each day, as in Figures.days

    @property
    def month(self) -> Mapping[str, Sum]:
        return {kind: sum(of_days, Sum()) for kind, of_days in self.days.items()}


@dataclass(frozen=True)
class Figures:
    at: datetime
    days: Sequence[date]  # in UTC, today last
    currencies: Sequence[Currency] = field(default=())

    def of(self, code: str) -> Currency | None:
        return next((one for one in self.currencies if one.code == code), None)


def lately(now: datetime) -> Figures:
    """The figures as they were at most KEPT_FOR ago."""
    found: Figures | None = cache.get(KEY)
    if found is None:
        found = reckon(now)
        cache.set(KEY, found, KEPT_FOR.total_seconds())
    return found


def reckon(now: datetime) -> Figures:
    today = now.astimezone(UTC).date()
    days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    since = datetime.combine(days[0], time.min, UTC)
    totals = _totals()
    rows = {kind: read(since) for kind, read in READS.items()}
    codes = totals.keys() | {row[1] for of_kind in rows.values() for row in of_kind}
    return Figures(
        at=now,
        days=days,
        currencies=[
            Currency(
                code,
                totals.get(code, Totals()),
                {kind: _series(found, code, days) for kind, found in rows.items()},
            )
            for code in sorted(codes)
        ],
    )


Rows = Sequence[tuple[date, str, int, Decimal]]
READS: dict[str, Callable[[datetime], Rows]] = {
    "placed": lambda since: credit.placed_by_day(since, declined=False),
    "declined": lambda since: credit.placed_by_day(since, declined=True),
    "billed": billing.billed_by_day,
    "collected": lambda since: billing.attempts_by_day(since, Payment.Status.SUCCEEDED),
    "failed": lambda since: billing.attempts_by_day(since, Payment.Status.FAILED),
    "withdrawn": credit.withdrawn_by_day,
}


def _totals() -> dict[str, Totals]:
    lines: dict[str, dict[str, Any]] = {row.pop("currency"): row for row in credit.lines()}
    more: dict[str, dict[str, Any]] = {
        "overdue": credit.overdue(),
        "on_their_way": credit.on_their_way(),
        "unbilled": billing.unbilled(),
        "unpaid": billing.unpaid(),
    }
    codes = lines.keys() | {code for found in more.values() for code in found}
    return {
        code: Totals(
            **lines.get(code, {}),
            **{name: found.get(code, NOTHING) for name, found in more.items()},
        )
        for code in codes
    }


def _series(rows: Rows, code: str, days: Sequence[date]) -> list[Sum]:
    by_day = {day: Sum(count, amount) for day, currency, count, amount in rows if currency == code}
    return [by_day.get(day, Sum()) for day in days]
