"""A statement's totals beside those of the month before (rule 13.8). Nothing here writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from moneyed import Money

from billing.models import Fee, Statement, StatementTotal
from billing.models.fees import Category
from lib import calendar, money


@dataclass(frozen=True)
class Sums:
    """What some charges of a statement come to, and what those of the month before came to."""

    charge_count: int
    amount: Money
    before: Money

    @property
    def more(self) -> Money:
        """How much more it is than the month before; below 0 if it is less."""
        return self.amount - self.before


@dataclass(frozen=True)
class OfFee(Sums):
    """The sums of one fee."""

    fee: Fee


@dataclass(frozen=True)
class OfCategory(Sums):
    """The sums of one category, and of its fees by name."""

    category: Category
    fees: Sequence[OfFee]


@dataclass(frozen=True)
class Compared(Sums):
    """The sums of a whole statement, and of its categories in the order in which these are always
    shown. A fee that only the month before has is there with 0.
    """

    categories: Sequence[OfCategory]
    month_before: date | None  # None if the account was not there before the statement's month


def of(statement: Statement) -> Compared:
    """The sums of the statement beside those of the whole month before, in all, by category and by
    fee, in one query. A fee that only one of the two months has is there, with 0 for the other.
    """
    month, currency = statement.month, statement.currency
    last = calendar.month_of(month - calendar.ONE_DAY)
    rows = (
        StatementTotal.objects.filter(
            statement__account=statement.account_id, statement__month__in=(month, last)
        )
        .select_related("fee", "statement")
        .order_by("fee__name")
    )
    by_fee: dict[str, dict[date, StatementTotal]] = {}
    for row in rows:
        by_fee.setdefault(row.fee_id, {})[row.statement.month] = row
    fees = [_of_fee(found, month, last, currency) for found in by_fee.values()]
    categories = [
        OfCategory(*_sum(theirs, currency), category, theirs)
        for category in Category
        if (theirs := [one for one in fees if one.fee.category == category])
    ]
    was_there = statement.account.joined_on < month
    return Compared(*_sum(categories, currency), categories, last if was_there else None)


def _of_fee(found: dict[date, StatementTotal], month: date, last: date, currency: str) -> OfFee:
    """The sums of a fee in `month` and in the month before (`last`), from its totals by month in
    `found`, of which there is at least one; 0 for a month without one.
    """
    now, before = found.get(month), found.get(last)
    fee = next(iter(found.values())).fee
    zero = money.of(Decimal(0), currency)
    return OfFee(
        now.charge_count if now else 0,
        now.amount if now else zero,
        before.amount if before else zero,
        fee,
    )


def _sum(parts: Sequence[Sums], currency: str) -> tuple[int, Money, Money]:
    """The count, the amount and the amount of the month before of all parts together."""
    return (
        sum(one.charge_count for one in parts),
        money.total((one.amount for one in parts), currency),
        money.total((one.before for one in parts), currency),
    )
