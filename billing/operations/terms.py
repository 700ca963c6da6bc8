"""Changes to an account's terms: plan, time zone, review of its bills.

See chapter 19 of docs/rules.md.
"""

from datetime import date, datetime

from django.db import transaction
from moneyed import Money

from billing.models import AccountChange, BillingAccount, PlanTerm
from billing.operations import accounts
from billing.operations.charges import AccountClosed
from lib import calendar, money, wording
from merchants.models import TimeZonePeriod


@transaction.atomic
def change_plan(
    *, merchant_id: int, plan: accounts.Plan, actor: str, reason: str, now: datetime
) -> PlanTerm:
    """Give the account this plan from its next plan date on, and record that, also on the trail if
    it is another plan than was to come; nothing is charged or given back now, and the merchant is
    not notified. Returns the term that begins then.

    A later change before that date takes its place. Raises AccountClosed, CurrencyMismatch, and
    Invalid for a plan that cannot be or without a reason. It locks the account, whose ended days
    are worked off first (accounts.lock). Rule 19.1.
    """
    account = _lock_open(merchant_id, now)
    now = account.now
    plan.check(account.currency)
    name = wording.line("plan", plan.name)
    starts_on = account.next_plan_on
    planned = account.plan_terms.latest("pk")
    after = _plan_text(name, plan.price, plan.interval_days)
    accounts.note_change(
        account,
        AccountChange.What.PLAN,
        before=_plan_text(account.plan, account.plan_price, account.plan_interval_days),
        after=after,
        effective_on=starts_on,
        actor=actor,
        reason=wording.checked("reason", reason, wording.LONGEST_REASON),
        now=now,
        trailed={"plan": (_term_text(planned), after)},
    )
    return PlanTerm.objects.create(
        account=account,
        starts_on=starts_on,
        plan=name,
        plan_price=plan.price,
        plan_interval_days=plan.interval_days,
    )


@transaction.atomic
def change_time_zone(
    *, merchant_id: int, timezone: str, actor: str, reason: str, now: datetime
) -> TimeZonePeriod:
    """Count the merchant's days in `timezone` from the start of its next local month on, and record
    that, also on the trail if it is another zone than was to come; returns the period that begins
    then. A closed account's is changed, too. The merchant is not notified.

    Billing account and credit line change with the day-end that ends this month; a later change
    before that takes its place. Raises Invalid for a zone that is none or without a reason. It
    locks account and credit line, whose ended days are worked off first (accounts.lock_both). Rule
    19.2.
    """
    calendar.check_zone(timezone)
    account, _ = accounts.lock_both(merchant_id, now=now)
    now = account.now
    starts_on = calendar.next_month(account.open_on)
    accounts.note_change(
        account,
        AccountChange.What.TIMEZONE,
        before=account.timezone,
        after=timezone,
        effective_on=starts_on,
        actor=actor,
        reason=wording.checked("reason", reason, wording.LONGEST_REASON),
        now=now,
        trailed={"time_zone": (_zone_planned(account, starts_on), timezone)},
    )
    period, _ = TimeZonePeriod.objects.update_or_create(
        merchant_id=merchant_id,
        starts_on=starts_on,
        defaults={
            "timezone": timezone,
            "starts_at": calendar.day_start(starts_on, account.timezone),
        },
    )
    return period


def _zone_planned(account: BillingAccount, on: date) -> str:
    """The time zone that is planned from this day on, or else the account's present one."""
    planned = TimeZonePeriod.objects.filter(merchant_id=account.pk, starts_on=on)
    return planned.values_list("timezone", flat=True).first() or account.timezone


@transaction.atomic
def review_invoices(
    *, merchant_id: int, wanted: bool, actor: str, reason: str, now: datetime
) -> BillingAccount:
    """Set whether the account's bills are drafts that an operator reviews (`wanted`) or are issued
    at once, from the next bill on, and record that, also on the trail if it was set otherwise.
    Drafts that exist stay drafts.

    Raises Invalid without a reason. It locks the account, whose ended days are worked off first
    (accounts.lock).
    """
    account = accounts.lock(merchant_id, now=now)
    now = account.now
    accounts.note_change(
        account,
        AccountChange.What.BILL_REVIEW,
        before=str(account.reviews_bills),
        after=str(wanted),
        actor=actor,
        reason=wording.checked("reason", reason, wording.LONGEST_REASON),
        now=now,
        trailed={"review_of_invoices": (_yes_or_no(account.reviews_bills), _yes_or_no(wanted))},
    )
    account.reviews_bills = wanted
    account.save(update_fields=["reviews_bills"])
    return account


def _lock_open(merchant_id: int, now: datetime) -> BillingAccount:
    """Lock the account until the transaction ends, with its ended days worked off, and return it.
    Raises AccountClosed if it is closed.
    """
    account = accounts.lock(merchant_id, now=now)
    check_open(account)
    return account


def check_open(account: BillingAccount) -> None:
    """Raise AccountClosed if the account is closed."""
    if account.is_closed:
        raise AccountClosed(f"account: it was closed on {account.closed_on}")


def _term_text(term: PlanTerm) -> str:
    """The plan term as text for records, such as "basic 39.00/30"."""
    return _plan_text(term.plan, term.plan_price, term.plan_interval_days)


def _plan_text(plan: str, price: Money, days: int) -> str:
    """A plan as text for records, such as "basic 39.00/30": its name, price and days."""
    return f"{plan} {money.text(price)}/{days}"


def _yes_or_no(wanted: bool) -> str:
    """ "yes" or "no", for the trail."""
    return "yes" if wanted else "no"
