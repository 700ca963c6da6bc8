"""Forecasts when an account reaches its threshold, and what its next bill comes to (rule 15.2, rule
15.4).
"""

import math
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.core.cache import cache
from django.db import connection
from moneyed import Money
from redis import RedisError

from billing.models import BillingAccount
from lib import money
from lib.calendar import ONE_DAY, day_start

PACE_DAYS = 14
FARTHEST = timedelta(days=3660)  # a threshold day beyond that is as good as none

# All charges but plan fees that arrived in the days of the pace. Items know the day on which their
# charges arrived, but for those that wait for a month's end: they may be very many, and what came
# before today is a sum that stays while the day lasts, so that it is taken once (`known`). A change
# of plan waits for its date.
READ = """
SELECT (
    SELECT coalesce(sum(item.amount), 0)
    FROM billing_invoiceitem item JOIN billing_fee fee ON fee.code = item.fee_id
    WHERE item.account_id = account.merchant_id
      AND item.posting_on >= %(since)s AND item.posting_on < %(today)s
      AND item.posting <> 'MONTHLY' AND fee.category <> 'SUBSCRIPTION'
), coalesce(%(known)s::numeric, (
    SELECT sum(charge.amount)
    FROM billing_invoiceitem item JOIN billing_charge charge ON charge.item_id = item.id
    WHERE item.account_id = account.merchant_id
      AND item.posting_on >= %(since)s AND item.posting = 'MONTHLY'
      AND charge.arrived_at >= %(since_at)s AND charge.arrived_at < %(today_at)s
), 0), coalesce((
    SELECT term.plan_price FROM billing_planterm term
    WHERE term.account_id = account.merchant_id AND term.starts_on = account.next_plan_on
    ORDER BY term.id DESC LIMIT 1
), account.plan_price)
FROM billing_billingaccount account WHERE account.merchant_id = %(account)s
"""
ONE_DAY_SECONDS = 24 * 60 * 60


@dataclass(frozen=True)
class Forecast:
    """What is likely if charges go on as in the last 14 days; nothing of this is booked."""

    charged: Money  # in the last 14 local days before today, without plan fees
    pace: Money  # the same a day
    reached: Money  # outstanding and accruing, which count towards the threshold
    to_threshold: Money  # what is missing; 0 when it is reached
    threshold_on: date | None  # None: never, at this pace, or for a closed account
    next_invoice_on: date | None  # None for a closed account
    next_invoice: Money | None  # what that bill would come to, its plan fee included
    days_to_next_invoice: int
    to_come: Money  # in these days, at the pace
    plan_fee: Money  # of the next bill; 0 where it has none


def forecast(account: BillingAccount, *, today: date) -> Forecast:
    """Forecast, on local day `today`, when the threshold is reached and what the next bill comes
    to; amounts are in the account's currency.

    Rule 15.2, rule 15.4, rule 15.5.
    """
    nothing = money.zero(account.currency)
    charged, plan_fee = _read(account, today)
    pace = charged / PACE_DAYS
    reached = account.outstanding + account.accruing
    has_invoices = not account.is_closed
    days_left = max((account.next_invoice_on - today).days, 0) if has_invoices else 0
    plan_fee = plan_fee if has_invoices and account.next_invoice_has_plan else nothing
    missing = max(account.threshold - reached, nothing)
    return Forecast(
        charged=charged,
        pace=money.nearest(pace),
        reached=reached,
        to_threshold=missing,
        threshold_on=_threshold_on(missing, pace, today) if has_invoices else None,
        next_invoice_on=account.next_invoice_on if has_invoices else None,
        next_invoice=money.nearest(reached + pace * days_left + plan_fee) if has_invoices else None,
        days_to_next_invoice=days_left,
        to_come=money.nearest(pace * days_left),
        plan_fee=plan_fee,
    )


def _read(account: BillingAccount, today: date) -> tuple[Money, Money]:
    """What was charged in the 14 days before today, without plan fees, and the price of the plan on
    its next date.
    """
    since = today - PACE_DAYS * ONE_DAY
    key = f"pace:{account.pk}:{today}:{account.timezone}"
    known = _kept(key)
    with connection.cursor() as cursor:
        cursor.execute(
            READ,
            {
                "account": account.pk,
                "since": since,
                "today": today,
                "since_at": day_start(since, account.timezone),
                "today_at": day_start(today, account.timezone),
                "known": known,
            },
        )
        posted, waiting, plan_fee = cursor.fetchone()
    if known is None:
        _keep(key, waiting)
    return money.of(posted + waiting, account.currency), money.of(plan_fee, account.currency)


def _kept(key: str) -> Decimal | None:
    """The cached figure; None if there is none, or if Redis is away, which only makes the page
    slower.
    """
    try:
        known: Decimal | None = cache.get(key)
    except RedisError:
        return None
    return known


def _keep(key: str, waiting: Decimal) -> None:
    """Cache the figure for a day; does nothing if Redis is away."""
    with suppress(RedisError):
        cache.set(key, waiting, ONE_DAY_SECONDS)


def _threshold_on(missing: Money, pace: Money, today: date) -> date | None:
    """The day on which `missing` will have been charged, at `pace` a day: today if nothing is
    missing; None if never, or in over ten years.
    """
    if not missing:
        return today
    if pace.amount <= 0 or missing / pace > FARTHEST.days:
        return None
    return today + timedelta(days=math.ceil(missing / pace))
