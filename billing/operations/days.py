"""The billing half of a merchant's day-end (rule 20.1).

Set-based: one pass works off one local day of every account given. Everything that a day-end writes
carries the instant at which the day ended, however late the job runs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction

from billing.models import BillingAccount, Invoice
from billing.models.accounts import CYCLE_DAYS
from billing.operations import dunning, invoice_dates, invoices, items, statements, unusable_methods
from lib import calendar
from merchants.models import Merchant
from merchants.queries import time_zones_from

OPEN_NEXT_DAY = """
UPDATE billing_billingaccount account
SET open_on = account.open_on + 1,
    open_until = next.ends,
    last_wrote_at = greatest(account.last_wrote_at, account.open_until),
    timezone = next.timezone,
    timezone_since_on = CASE WHEN account.timezone <> next.timezone THEN account.open_on + 1
                             ELSE account.timezone_since_on END,
    timezone_since_at = CASE WHEN account.timezone <> next.timezone THEN account.open_until
                             ELSE account.timezone_since_at END,
    next_plan_on = account.next_plan_on + CASE
        WHEN account.next_plan_on = account.open_on + 1 THEN account.plan_interval_days ELSE 0 END,
    next_cycle_on = account.next_cycle_on + CASE
        WHEN account.next_cycle_on = account.open_on + 1 THEN %(cycle_days)s ELSE 0 END
FROM unnest(%(accounts)s::bigint[], %(ends)s::timestamptz[], %(timezones)s::text[])
     AS next(account_id, ends, timezone)
WHERE account.merchant_id = next.account_id
"""


@dataclass(frozen=True)
class _Day:
    """The local day of one account that ends now."""

    account_id: int
    timezone: str
    day: date
    ended_at: datetime
    next_plan_on: date
    next_cycle_on: date
    plan_interval_days: int
    closed_on: date | None
    payment_method: str
    currency: str

    @property
    def next(self) -> date:
        return self.day + calendar.ONE_DAY

    @property
    def brings_plan(self) -> bool:
        """Whether the next day is a plan date."""
        return self.closed_on is None and self.next_plan_on == self.next

    @property
    def brings_cycle(self) -> bool:
        """Whether it is another bill date, which only longer plans have."""
        return (
            self.closed_on is None
            and self.next_cycle_on == self.next != self.next_plan_on
            and self.plan_interval_days > CYCLE_DAYS
        )


def work_off(account_ids: Sequence[int], *, now: datetime) -> int:
    """Work off all day-ends up to `now` of these accounts, one day at a time; returns how many
    there were.

    Each day of the chunk is one transaction (or part of the caller's), so that a run that dies, is
    late, or meets another one leaves every account at the end of some day. Rule 20.1, rule 20.2.
    """
    worked_off = 0
    while accounts := _work_off_one_day(account_ids, now):
        worked_off += accounts
    return worked_off


@transaction.atomic
def _work_off_one_day(account_ids: Sequence[int], now: datetime) -> int:
    ending = [
        _Day(*row)
        for row in BillingAccount.objects.select_for_update()
        .filter(pk__in=account_ids, open_until__lte=now)
        .order_by("pk")
        .values_list(
            "pk",
            "timezone",
            "open_on",
            "open_until",
            "next_plan_on",
            "next_cycle_on",
            "plan_interval_days",
            "closed_on",
            "payment_method",
            "currency",
        )
    ]
    if not ending:
        return 0
    _leave_unusable_methods(ending)
    _bill_thresholds(ending)
    statements.close([day.account_id for day in ending if day.next.day == 1])
    _bill_new_dates(ending)
    dunning.fail_manual_invoices(
        [day.account_id for day in ending],
        due_by=[day.next for day in ending],
        at=[day.ended_at for day in ending],
    )
    _open_next_day(ending)
    return len(ending)


def _leave_unusable_methods(ending: Sequence[_Day]) -> None:
    for day in ending:
        if unusable_methods.is_unusable(day.payment_method, day.currency):
            account = BillingAccount.objects.get(pk=day.account_id)
            unusable_methods.leave(account, now=day.ended_at)


def _bill_thresholds(ending: Sequence[_Day]) -> None:
    reached = set(items.post_day([day.account_id for day in ending]))
    invoices.issue(
        [
            invoices.Due(day.account_id, Invoice.Kind.THRESHOLD, day.day, day.ended_at)
            for day in ending
            if day.account_id in reached
        ]
    )


def _bill_new_dates(ending: Iterable[_Day]) -> None:
    ending = list(ending)
    plans = [day for day in ending if day.brings_plan]
    cycles = [day for day in ending if day.brings_cycle]
    for invoice, days in ((invoice_dates.bill_plans, plans), (invoice_dates.bill_cycles, cycles)):
        if days:
            invoice(
                [day.account_id for day in days],
                on=[day.next for day in days],
                at=[day.ended_at for day in days],
            )


def _open_next_day(ending: Sequence[_Day]) -> None:
    timezones = _time_zones(ending)
    with connection.cursor() as cursor:
        cursor.execute(
            OPEN_NEXT_DAY,
            {
                "accounts": [day.account_id for day in ending],
                # A day that the new zone's clocks have behind them already is over as it starts.
                "ends": [
                    max(calendar.day_end(day.next, timezone), day.ended_at)
                    for day, timezone in zip(ending, timezones, strict=True)
                ],
                "timezones": timezones,
                "cycle_days": CYCLE_DAYS,
            },
        )


def _time_zones(ending: Sequence[_Day]) -> list[str]:
    """The time zone in which each account counts the next day; a change takes effect as a month
    starts.
    """
    account_ids = [day.account_id for day in ending]
    months = {day.next for day in ending if day.next.day == 1}
    changes = {month: time_zones_from(account_ids, month) for month in months}
    timezones = [changes.get(day.next, {}).get(day.account_id, day.timezone) for day in ending]
    for day, timezone in zip(ending, timezones, strict=True):
        if timezone != day.timezone:
            Merchant.objects.filter(pk=day.account_id).update(timezone=timezone)
    return timezones
