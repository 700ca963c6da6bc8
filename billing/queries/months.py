"""Reads the sums of the latest months by category, for a chart and a table. Nothing here writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Sum

from billing.models import BillingAccount, StatementTotal
from billing.models.fees import Category
from lib import calendar

# A month, each category with its sum, the total, and how much more that is than the month before.
Row = tuple[date, Sequence[tuple[Category, Decimal]], Decimal, Decimal | None]


@dataclass(frozen=True)
class ByMonth:
    """The sums of an account's statements by month and category; a month without charges has no
    sums.
    """

    months: Sequence[date]  # oldest first, by their first days
    sums: dict[tuple[date, str], Decimal]

    @property
    def categories(self) -> Sequence[Category]:
        """The categories of which a month has charges, in the order in which categories are always
        shown.
        """
        found = {category for _, category in self.sums}
        return [category for category in Category if category in found]

    def amounts(self, category: Category) -> Sequence[Decimal]:
        """The sum of the category in each of the months, oldest first; 0 if it has none."""
        return [self.sums.get((month, category), Decimal(0)) for month in self.months]

    @property
    def rows(self) -> Sequence["Row"]:
        """A row for each month, latest first: the month, each of `categories` with its sum, its
        total, and by how much that is more than the month before (below 0 if it is less; None for
        the first month). There are no rows if no month has any sum.
        """
        amounts = zip(*(self.amounts(category) for category in self.categories), strict=True)
        rows: list[Row] = []
        for month, of_month in zip(self.months, amounts, strict=False):
            total = sum(of_month, Decimal(0))
            sums = list(zip(self.categories, of_month, strict=True))
            rows.append((month, sums, total, total - rows[-1][2] if rows else None))
        return rows[::-1]


def by_category(account: BillingAccount, *, until: date, most: int) -> ByMonth:
    """The sums by category of the account's statements of the last `most` months up to `until` (a
    first day of a month), leaving out the months before the first one among them that has charges;
    `until` alone if none has.
    """
    months = [until]
    while len(months) < most:
        months.append(calendar.month_of(months[-1] - calendar.ONE_DAY))
    sums = (
        StatementTotal.objects.filter(
            statement__account=account,
            statement__month__gte=months[-1],
            statement__month__lte=until,
        )
        .values("statement__month", "fee__category")
        .annotate(sum=Sum("amount"))
        .order_by()
    )
    found = {(row["statement__month"], row["fee__category"]): row["sum"] for row in sums}
    first = min((month for month, _ in found), default=until)
    return ByMonth([month for month in reversed(months) if month >= first], found)
