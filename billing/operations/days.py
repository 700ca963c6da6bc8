"""Works off the day-ends of billing accounts (rule 20.1).

It is set-based: one pass works off one local day of every account given, or several of an account
to which nothing happens on them. Everything that a day-end writes carries the instant at which the
day ended, however late the job runs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.db import transaction

from billing.models import BillingAccount, Invoice
from billing.models.accounts import CYCLE_DAYS
from billing.operations import (
    dunning,
    invoice_dates,
    invoices,
    items,
    plan_parts,
    statements,
    unusable_methods,
)
from billing.queries.quiet import quiet_through
from credit.operations import lines, unpaid_bills
from lib import calendar, prepared
from merchants.models import Merchant
from merchants.queries import time_zones_from

# The columns are those of _Day.
LOCK_ENDED = """
SELECT merchant_id, timezone, open_on, open_until, next_plan_on, next_cycle_on, plan_interval_days,
       closed_on, payment_method, currency, unapplied > 0
FROM billing_billingaccount
WHERE merchant_id = ANY(%(accounts)s::bigint[]) AND open_until <= %(now)s
ORDER BY merchant_id FOR NO KEY UPDATE
"""

# Plan dates and those of the cycle are never passed over.
OPEN_NEXT_DAY = """
UPDATE billing_billingaccount account
SET open_on = next.day,
    open_until = next.ends,
    last_wrote_at = greatest(account.last_wrote_at, next.at),
    timezone = next.timezone,
    timezone_since_on = CASE WHEN account.timezone <> next.timezone THEN next.day
                             ELSE account.timezone_since_on END,
    timezone_since_at = CASE WHEN account.timezone <> next.timezone THEN next.at
                             ELSE account.timezone_since_at END,
    next_plan_on = account.next_plan_on + CASE
        WHEN account.next_plan_on = next.day THEN account.plan_interval_days ELSE 0 END,
    next_cycle_on = account.next_cycle_on + CASE
        WHEN account.next_cycle_on = next.day THEN %(cycle_days)s ELSE 0 END
FROM unnest(%(accounts)s::bigint[], %(days)s::date[], %(instants)s::timestamptz[],
            %(ends)s::timestamptz[], %(timezones)s::text[])
     AS next(account_id, day, at, ends, timezone)
WHERE account.merchant_id = next.account_id
"""


@dataclass(frozen=True)
class _Day:
    """The local day of one account that ends, and the account's columns that decide what happens
    then.
    """

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
    has_unapplied: bool  # money, which pays the bills that are written

    @property
    def next(self) -> date:
        """The local day that starts as this one ends."""
        return self.day + calendar.ONE_DAY

    @property
    def brings_plan(self) -> bool:
        """Whether the next day is a plan date; never, on a closed account."""
        return self.closed_on is None and self.next_plan_on == self.next

    @property
    def brings_cycle(self) -> bool:
        """Whether the next day is a bill date without a plan fee, of which plans longer than 30
        days have some; never, on a closed account.
        """
        return (
            self.closed_on is None
            and self.next_cycle_on == self.next != self.next_plan_on
            and self.plan_interval_days > CYCLE_DAYS
        )


@dataclass(frozen=True)
class _Stretch:
    """The days of an account that are worked off in one pass: one day, or several on which nothing
    happens.
    """

    last: _Day  # that ends
    days: int  # that end; all but the last one quietly
    is_quiet: bool  # nothing happens as the last one ends either


def work_off(account_ids: Sequence[int], *, now: datetime, ends_caller: bool = False) -> int:
    """Work off all day-ends up to `now` of these accounts, in order; returns how many days ended,
    over all accounts. It locks them. A day-end posts items, writes bills, closes statements, ends
    payment plans and fails bills that transfers have not paid when due, with the notices that these
    take.

    A pass works off one day of each account, or several on which nothing happens to it. Each pass
    is one transaction (or part of the caller's), so a run that dies, is late, or meets another one
    leaves every account at the end of some day. An error is raised, and undoes the pass it came in;
    with `ends_caller` it undoes the caller's whole transaction, which then needs no savepoints.
    Rule 20.1, rule 20.2.
    """
    worked_off, ended = 0, account_ids
    while ended:
        with transaction.atomic(savepoint=not ends_caller):
            days, ended = _work_off_once(ended, now)
        worked_off += days
    return worked_off


def _work_off_once(account_ids: Sequence[int], now: datetime) -> tuple[int, Sequence[int]]:
    """Work off one pass over those of the accounts whose day has ended: one day, or several on
    which nothing happens. Returns how many days ended, and the keys, rising, of the accounts of
    which another day has ended by `now`. It locks these accounts.
    """
    ended = _lock_ended(account_ids, now)
    if not ended:
        return 0, []
    # Asked once the accounts are locked: what it depends on is written under their locks.
    quiet = quiet_through([day.account_id for day in ended])
    stretches = [_stretch(day, quiet_through=quiet[day.account_id], now=now) for day in ended]
    ending = [one.last for one in stretches if not one.is_quiet]
    if ending:
        _end_days(ending)
    ends = _open_next_day([one.last for one in stretches])
    again = [one.last.account_id for one, end in zip(stretches, ends, strict=True) if end <= now]
    return sum(one.days for one in stretches), again


def _lock_ended(account_ids: Sequence[int], now: datetime) -> list[_Day]:
    """Lock those of these accounts whose open day has ended by `now`; returns these days, in the
    order of the accounts' keys.
    """
    rows = prepared.rows(LOCK_ENDED, {"accounts": list(account_ids), "now": now})
    return [_Day(*row) for row in rows]


def _stretch(day: _Day, *, quiet_through: date, now: datetime) -> _Stretch:
    """The days of the account that are worked off together: the given day alone or, if nothing
    happens as it ends, it and the days after it of which that is true and that end by `now`.

    `quiet_through` is the last day as which nothing is known to happen. The last day of a month is
    never passed over, nor is any day while the account's payment method can't be used.
    """

    def is_quiet(ending: date) -> bool:
        """Whether nothing happens to the merchant as this day ends; False for the last day of a
        month.
        """
        return ending <= quiet_through and (ending + calendar.ONE_DAY).day != 1

    if not is_quiet(day.day) or unusable_methods.is_unusable(day.payment_method, day.currency):
        return _Stretch(day, days=1, is_quiet=False)
    last, last_ended_at, days = day.day, day.ended_at, 1
    following = calendar.days_after(day.day, day.ended_at, day.timezone)
    next(following)  # the day that opens as this one ends
    for tomorrow, ended_at in following:
        ending = tomorrow - calendar.ONE_DAY
        if ended_at > now or not is_quiet(ending):
            break
        last, last_ended_at, days = ending, ended_at, days + 1
    return _Stretch(replace(day, day=last, ended_at=last_ended_at), days=days, is_quiet=True)


def _end_days(ending: Sequence[_Day]) -> None:
    """Do all that happens to the locked accounts as these days end, but for opening the next ones:
    post, check thresholds, close statements, write bills by date, end payment plans, remind of
    parts of plans, and fail bills that transfers have not paid. Merchants are notified of it;
    methods that cannot collect any more are left, with trail rows.
    """
    _hold_lines(ending)
    _leave_unusable_methods(ending)
    _bill_thresholds(ending)
    statements.close([day.account_id for day in ending if day.next.day == 1])
    _bill_new_dates(ending)
    account_ids = [day.account_id for day in ending]
    last, opens = [day.day for day in ending], [day.next for day in ending]
    at = [day.ended_at for day in ending]
    if plan_parts.are_near(account_ids, by=max(opens)):
        dunning.end_plans(account_ids, last=last, at=at)
        plan_parts.remind(account_ids, opens=opens, at=at)
    dunning.fail_manual_invoices(account_ids, due_by=opens, at=at)


def _hold_lines(ending: Sequence[_Day]) -> None:
    """Lock the lines of all these accounts, in the order of their keys, if unapplied money of one
    may pay a bill of which a freeze for unpaid bills depends: bills by threshold, by plan and by
    cycle are paid one kind after the other, each of which begins with the first account again.
    """
    paying = [day.account_id for day in ending if day.has_unapplied]
    if paying and unpaid_bills.concern(paying):
        lines.hold([day.account_id for day in ending])


def _leave_unusable_methods(ending: Sequence[_Day]) -> None:
    """Move those of the accounts to bank transfer whose payment method can't collect in their
    currency any more, each with a trail row.
    """
    for day in ending:
        if unusable_methods.is_unusable(day.payment_method, day.currency):
            account = BillingAccount.objects.get(pk=day.account_id)
            unusable_methods.leave(account, now=day.ended_at)


def _bill_thresholds(ending: Sequence[_Day]) -> None:
    """Post the items that are due as these days end, and write threshold bills, dated these days,
    for the accounts that have reached their threshold by that; the merchants are notified of those
    that are no drafts.
    """
    reached = set(items.post_day([day.account_id for day in ending]))
    invoices.issue(
        [
            invoices.Due(day.account_id, Invoice.Kind.THRESHOLD, day.day, day.ended_at)
            for day in ending
            if day.account_id in reached
        ]
    )


def _bill_new_dates(ending: Iterable[_Day]) -> None:
    """Charge the plan fees and write the plan and cycle bills that are dated the days after these,
    as these end; accounts without such a date are left out. Merchants are notified of bills that
    are no drafts. What is too little for a bill makes none (invoices.issue).
    """
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


def _open_next_day(ending: Sequence[_Day]) -> list[datetime]:
    """Open the day after each of these, in the time zone that counts from then on; a planned change
    of it that takes effect is made to the merchant, too. An account of which the new day is a plan
    or cycle date gets its next one. Returns the instants at which the new days end, in the same
    order.
    """
    timezones = _time_zones(ending)
    # A day that the new zone's clocks have behind them already is over as it starts.
    ends = [
        max(calendar.day_end(day.next, timezone), day.ended_at)
        for day, timezone in zip(ending, timezones, strict=True)
    ]
    prepared.run(
        OPEN_NEXT_DAY,
        {
            "accounts": [day.account_id for day in ending],
            "days": [day.next for day in ending],
            "instants": [day.ended_at for day in ending],
            "ends": ends,
            "timezones": timezones,
            "cycle_days": CYCLE_DAYS,
        },
    )
    return ends


def _time_zones(ending: Sequence[_Day]) -> list[str]:
    """Change the time zone of merchants for which a planned change takes effect, as a month starts.
    Returns the time zone in which each account counts the next day, in the order of `ending`.
    """
    account_ids = [day.account_id for day in ending]
    months = {day.next for day in ending if day.next.day == 1}
    changes = {month: time_zones_from(account_ids, month) for month in months}
    timezones = [changes.get(day.next, {}).get(day.account_id, day.timezone) for day in ending]
    for day, timezone in zip(ending, timezones, strict=True):
        if timezone != day.timezone:
            Merchant.objects.filter(pk=day.account_id).update(timezone=timezone)
    return timezones
