"""What an account cost its merchant lately, against the days before (rule 20.9). Nothing here
writes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate

from django.db import connection
from moneyed import Money

from billing.models import BillingAccount
from billing.models.fees import STATEMENT_CATEGORIES, Category
from billing.queries.forecast import ONCE
from lib import calendar, money

DAYS = 30  # of each of the two spans, today included in the later one

# The sums of the days' items: a short range of an index, however many charges they have. Up to the
# month's end, since what waits for it is on the statement of the open month already.
READ = """
SELECT item.posting_on, fee.category, sum(item.amount),
       coalesce(sum(item.amount) FILTER (WHERE item.fee_id <> ALL(%(once)s)), 0)
FROM billing_invoiceitem item JOIN billing_fee fee ON fee.code = item.fee_id
WHERE item.account_id = %(account)s AND item.posting_on BETWEEN %(since)s AND %(until)s
GROUP BY item.posting_on, fee.category
"""


@dataclass(frozen=True)
class Costs:
    """What was posted in the last DAYS local days and in as many before, and this month so far."""

    currency: str
    first: date  # of the later span
    days: Sequence[Decimal]  # what each day of the later span came to, oldest first
    days_before: Sequence[Decimal]
    by_category: Sequence[tuple[Category, Money]]  # of the later span, as always ordered
    month: Money  # what is on the statement of the open month so far
    is_comparable: bool  # whether the account was there for all of the earlier span

    @property
    def total(self) -> Money:
        """What was posted in the later span, all days together."""
        return money.of(sum(self.days, Decimal(0)), self.currency)

    @property
    def before(self) -> Money:
        """What was posted in the earlier span, all days together."""
        return money.of(sum(self.days_before, Decimal(0)), self.currency)

    @property
    def has_any(self) -> bool:
        """Whether any day of either span came to something else than 0."""
        return any(self.days) or any(self.days_before)

    @property
    def more(self) -> Money | None:
        """By how much the later span was dearer than the earlier one, or None if it was not, or the
        account was not there for all of that.
        """
        is_more = self.is_comparable and self.total > self.before
        return self.total - self.before if is_more else None

    @property
    def less(self) -> Money | None:
        """By how much the later span was cheaper than the earlier one, or None if it was not, or
        the account was not there for all of that.
        """
        is_less = self.is_comparable and self.total < self.before
        return self.before - self.total if is_less else None

    @property
    def added_up(self) -> Sequence[tuple[date, Decimal, Decimal]]:
        """For each day of the later span, oldest first: the day, what had come together from the
        span's beginning to its end, and what had by the end of the same day of the earlier span.
        """
        dates = (self.first + at * calendar.ONE_DAY for at in range(DAYS))
        sums = accumulate(self.days), accumulate(self.days_before)
        return list(zip(dates, *sums, strict=True))


def of(account: BillingAccount, *, today: date) -> Costs:
    """What the account cost in the DAYS local days up to `today`, day by day and by category,
    beside the DAYS before these; and what is on the statement of the open month so far. In one
    query.

    What settles a payment, or uses up or takes back a credit, is no cost of these days; credits are
    taken off. A charge counts for the day on which it posts (rule 13.1), so one that waits for the
    month's end is no cost of these days yet, though it is on the month's statement. Rule 20.9.
    """
    first = today - timedelta(DAYS - 1)
    since, month = first - timedelta(DAYS), calendar.month_of(today)
    given = {"account": account.pk, "since": since, "until": calendar.month_end(month)}
    with connection.cursor() as cursor:
        cursor.execute(READ, given | {"once": sorted(ONCE)})
        rows = cursor.fetchall()
    by_day: dict[date, Decimal] = {}
    by_category: dict[str, Decimal] = {}
    for on, category, _, cost in rows:
        if on <= today:
            by_day[on] = by_day.get(on, Decimal(0)) + cost
        if first <= on <= today:
            by_category[category] = by_category.get(category, Decimal(0)) + cost
    of_month = (all_of_it for on, category, all_of_it, _ in rows
                if on >= month and category in STATEMENT_CATEGORIES)  # fmt: skip
    currency = account.currency
    return Costs(
        currency,
        first,
        _days(by_day, first),
        _days(by_day, since),
        by_category=[
            (one, money.of(by_category[one], currency)) for one in Category if by_category.get(one)
        ],
        month=money.of(sum(of_month, Decimal(0)), currency),
        is_comparable=account.joined_on <= since,
    )


def _days(by_day: dict[date, Decimal], start: date) -> list[Decimal]:
    """The sums of each of DAYS days from `start` on; 0 where `by_day` has none."""
    return [by_day.get(start + timedelta(at), Decimal(0)) for at in range(DAYS)]
