"""Opening a billing account, and taking hold of one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from billing.models import BillingAccount
from billing.models.accounts import CYCLE, CYCLE_DAYS
from billing.operations import bill_dates, days
from merchants import calendar, money
from merchants.models import Merchant
from merchants.refusals import Invalid

LONGEST_INTERVAL_DAYS = 3660


@dataclass(frozen=True)
class Plan:
    """What the merchant subscribed to: `price` is due every `interval_days`, in advance."""

    name: str
    price: Decimal
    interval_days: int


def open(
    *,
    merchant: Merchant,
    currency: str,
    threshold: Decimal,
    plan: Plan,
    payment_method: str,
    now: datetime,
) -> BillingAccount:
    """Open the account on the local day of `now`, and bill the first plan fee on that day.

    Raises Invalid for a plan interval under 30 days and for figures the currency can't have.
    Domain: billing, invoice.
    """
    _check(plan, threshold, currency)
    today = calendar.local_date(now, merchant.timezone)
    with transaction.atomic():
        account = BillingAccount.objects.create(
            merchant=merchant,
            currency=currency,
            threshold=money.posted(threshold, currency, field="billing_threshold"),
            plan=plan.name,
            plan_price=money.posted(plan.price, currency, field="plan_price"),
            plan_interval_days=plan.interval_days,
            payment_method=payment_method,
            joined_on=today,
            next_plan_on=today + timedelta(days=plan.interval_days),
            next_cycle_on=today + CYCLE,
            timezone=merchant.timezone,
            open_on=today,
            open_until=calendar.day_end(today, merchant.timezone),
        )
        bill_dates.bill_plans([account.pk], on=[today], at=[now])
    account.refresh_from_db()
    return account


def _check(plan: Plan, threshold: Decimal, currency: str) -> None:
    money.check_currency(currency, field="billing_currency")
    if not CYCLE_DAYS <= plan.interval_days <= LONGEST_INTERVAL_DAYS:
        raise Invalid(
            "plan_interval_days", f"must be between {CYCLE_DAYS} and {LONGEST_INTERVAL_DAYS}"
        )
    if plan.price < 0:
        raise Invalid("plan_price", "must not be negative")
    if threshold < 0:
        raise Invalid("billing_threshold", "must not be negative")


def lock(merchant_id: int, *, now: datetime) -> BillingAccount:
    """The account, locked until the transaction ends, with all days that ended by `now` worked off.

    The first thing every operation on an account does. Raises BillingAccount.DoesNotExist.
    """
    account = BillingAccount.objects.select_for_update().get(pk=merchant_id)
    if account.open_until <= now:
        days.work_off([merchant_id], now=now)
        account.refresh_from_db()
    return account
