"""Forecasts the bills of an account's coming days, and when its threshold is reached (rule
15.27).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from moneyed import Money

from billing import forecasting
from billing.forecasting import PACE_DAYS, Pace, Plan, Standing, walk
from billing.models import BillingAccount, Fee, Invoice
from billing.providers import minimums
from billing.queries import taxation
from lib import kept, money
from lib.calendar import ONE_DAY
from merchants.queries import day_start

DAYS_AHEAD = 62  # two bill dates and two months' ends at least

# What each fee brought in the days of the pace and today, by when it posts; what waits for the end
# of the day or of the month; the plan fees that are carried, and the plan from its next date on. An
# item knows the day on which its charges arrived, but for those that wait for a month's end
# (MONTHLY).
READ = """
WITH fees AS (
    SELECT item.fee_id, item.posting,
           coalesce(sum(item.amount) FILTER (WHERE item.posting_on < %(today)s
                                             AND item.posting <> 'MONTHLY'), 0) AS charged,
           coalesce(sum(item.amount) FILTER (WHERE item.posting_on >= %(today)s), 0) AS today,
           sum(item.amount) FILTER (WHERE item.posted_at IS NULL) AS waiting
    FROM billing_invoiceitem item JOIN billing_fee fee ON fee.code = item.fee_id
    WHERE item.account_id = %(account)s AND item.posting_on >= %(since)s
      AND fee.category <> 'SUBSCRIPTION'
    GROUP BY item.fee_id, item.posting
)
SELECT (SELECT coalesce(jsonb_agg(jsonb_build_array(
            fee_id, posting, charged::text, today::text, waiting::text)), '[]') FROM fees),
       (SELECT coalesce(sum(item.amount), 0)
        FROM billing_invoiceitem item JOIN billing_fee fee ON fee.code = item.fee_id
        WHERE item.account_id = %(account)s AND item.posted_at IS NOT NULL
          AND item.invoice_id IS NULL AND fee.category = 'SUBSCRIPTION'),
       coalesce(term.plan_price, account.plan_price),
       coalesce(term.plan_interval_days, account.plan_interval_days),
       (SELECT max(invoice.issued_on) FROM billing_invoice invoice
        WHERE invoice.account_id = %(account)s AND invoice.number IS NOT NULL)
FROM billing_billingaccount account
LEFT JOIN LATERAL (
    SELECT * FROM billing_planterm term
    WHERE term.account_id = account.merchant_id AND term.starts_on = account.next_plan_on
    ORDER BY term.id DESC LIMIT 1
) term ON true
WHERE account.merchant_id = %(account)s
"""
# Of the fees that wait for a month's end: what arrived in the days of the pace, and what of the
# open month arrived before today. There may be very many charges of them, and both sums stay while
# the day lasts, so that they are taken once a day (`_monthly`).
READ_MONTHLY = """
SELECT item.fee_id,
       coalesce(sum(charge.amount) FILTER (WHERE charge.arrived_at >= %(since_at)s), 0)::text,
       coalesce(sum(charge.amount) FILTER (WHERE item.posting_on >= %(today)s), 0)::text
FROM billing_invoiceitem item JOIN billing_charge charge ON charge.item_id = item.id
WHERE item.account_id = %(account)s AND item.posting_on >= %(since)s AND item.posting = 'MONTHLY'
  AND charge.arrived_at < %(today_at)s
GROUP BY item.fee_id
"""
# What settles a payment, or gives or takes back a credit, comes once: no pace goes on with it.
ONCE = frozenset({*Fee.NOT_GRANTED, *Fee.AFTER_CLOSING})


@dataclass(frozen=True)
class ComingInvoice:
    """A bill that is likely to come; its total is about right."""

    kind: Invoice.Kind
    issued_on: date
    net: Money  # what counts towards threshold and minimum
    tax: Money  # 0 where its issuer's country has none
    plan_fee: Money  # in it; 0 where it has none

    @property
    def label(self) -> str:
        """The name of the bill's kind, in the reader's language."""
        return str(self.kind.label)

    @property
    def total(self) -> Money:
        """What the bill is likely to ask for, with tax."""
        return self.net + self.tax


@dataclass(frozen=True)
class Forecast:
    """What is likely if charges go on as in the last 14 days; nothing of this is booked."""

    charged: Money  # in the last 14 local days before today, without plan fees
    pace: Money  # the same a day
    reached: Money  # outstanding and accruing, which count towards the threshold
    waiting: Money  # for the month's end, when it counts, too
    to_threshold: Money  # what is missing; 0 when it is reached
    last_invoice_on: date | None  # after which they come; None without any bill
    ahead: int = DAYS_AHEAD  # days, today included
    # None: a threshold bill comes on none of these days, or the account is closed.
    threshold_on: date | None = None
    next_invoice_on: date | None = None  # the next bill date; None for a closed account
    coming: list[ComingInvoice] = field(default_factory=list)  # of these days

    @property
    def next_invoice(self) -> ComingInvoice | None:
        """The next bill, by whatever rule; None if none comes on these days."""
        return self.coming[0] if self.coming else None

    @property
    def on_date(self) -> ComingInvoice | None:
        """The bill that is likely to come on the next bill date. None if there will be too little
        for one, if that date is after the days of the forecast, or if the account is closed.
        Threshold bills are not considered.
        """
        dated = (one for one in self.coming if one.kind in Invoice.SCHEDULED)
        found = next(dated, None)
        return found if found and found.issued_on == self.next_invoice_on else None


def forecast(account: BillingAccount, *, today: date) -> Forecast:
    """Forecast, on local day `today`, the bills of the next DAYS_AHEAD days, together with the pace
    of charges that they follow from, and how far the account is from its threshold; amounts are in
    the account's currency. For a closed account no bill and no day is forecast, and only the
    figures of the past are there.

    Rule 15.27.
    """
    standing, paces = gather(account, today=today)
    currency = account.currency
    charged = money.of(sum((pace.charged for pace in paces), Decimal(0)), currency)
    reached = account.outstanding + account.accruing
    told: dict[str, Any] = {}
    if not account.is_closed:
        coming = walk(standing, paces, until=today + (DAYS_AHEAD - 1) * ONE_DAY)
        tax = _Tax.of(account, paces, today)
        at_threshold = (one for one in coming if one.kind == Invoice.Kind.THRESHOLD)
        told = {
            "threshold_on": next((one.issued_on for one in at_threshold), None),
            "next_invoice_on": account.next_invoice_on,
            "coming": [
                ComingInvoice(
                    one.kind,
                    one.issued_on,
                    money.of(one.total, currency),
                    money.of(tax.on(one, currency), currency),
                    money.of(one.plan_fee, currency),
                )
                for one in coming
            ],
        }
    return Forecast(
        charged=charged,
        pace=money.nearest(charged / PACE_DAYS),
        reached=reached,
        waiting=money.of(standing.waiting or Decimal(0), currency),
        to_threshold=max(account.threshold - reached, money.zero(currency)),
        last_invoice_on=standing.last_invoice_on,
        **told,
    )


@dataclass(frozen=True)
class _Tax:
    """What a coming bill's tax is about: the plan fee's by its own rate, and the rest's by those of
    the fees of the pace, as they are mixed in that. In per cent.
    """

    plan: Decimal
    others: Decimal

    @classmethod
    def of(cls, account: BillingAccount, paces: Sequence[Pace], today: date) -> "_Tax":
        """The per cents by the rates that hold today: the plan fee's, and the mean of those of the
        other fees, weighted by what was charged of each in the days of the pace (the plan fee's, if
        nothing was). Both are 0 for an account that is not taxed.
        """
        payers = taxation.payers([account.pk])
        if not payers:
            return cls(Decimal(0), Decimal(0))
        rates = taxation.Taxation(payers)

        def percent(fee: str) -> Decimal:
            """The rate of tax on the fee today, in percent; 0 without one."""
            rate = rates.rate(account.pk, fee, today)
            return rate.percent if rate else Decimal(0)

        charged = [(max(one.charged, Decimal(0)), percent(one.fee)) for one in paces]
        base = sum((amount for amount, _ in charged), Decimal(0))
        plan = percent(Fee.PLAN)
        if not base:
            return cls(plan, plan)
        return cls(plan, sum((amount * rate for amount, rate in charged), Decimal(0)) / base)

    def on(self, coming: forecasting.ComingInvoice, currency: str) -> Decimal:
        """The likely tax of this coming bill, by the mixed per cents, rounded to the currency's
        digits.
        """
        plan_fee = coming.plan_fee
        taxed = plan_fee * self.plan + (coming.total - plan_fee) * self.others
        return money.rounded(taxed / 100, currency)


def gather(account: BillingAccount, *, today: date) -> tuple[Standing, list[Pace]]:
    """What a walk from local day `today` on needs to know: where the account stands, and how fast
    each fee goes on that was charged since PACE_DAYS days before. Plan fees have no pace, and
    neither has what comes once (ONCE).
    """
    since = today - PACE_DAYS * ONE_DAY
    with connection.cursor() as cursor:
        cursor.execute(READ, {"account": account.pk, "since": since, "today": today})
        found, carried, price, interval, last_invoice_on = cursor.fetchone()
    fees = [(fee, posting, *map(_figure, sums)) for fee, posting, *sums in json.loads(found)]
    monthly = {}
    if any(posting == "MONTHLY" for _, posting, *_ in fees):
        monthly = _monthly(account, since, today)
    standing = Standing(
        currency=account.currency,
        open_on=account.open_on,
        today=max(today, account.open_on),
        threshold=account.threshold.amount,
        minimum=minimums.minimum(account).amount,
        outstanding=account.outstanding.amount,
        carried_plans=carried,
        accruing=_waiting(fees, "DAILY"),
        waiting=_waiting(fees, "MONTHLY"),
        next_plan_on=account.next_plan_on,
        next_cycle_on=account.next_cycle_on,
        plan=Plan(account.plan_price.amount, timedelta(account.plan_interval_days)),
        plan_to_come=Plan(price, timedelta(interval)),
        last_invoice_on=last_invoice_on,
    )
    return standing, [_pace(row, monthly) for row in fees if row[0] not in ONCE]


def _pace(row: Sequence[Any], monthly: dict[str, list[str]]) -> Pace:
    """The pace of a fee, from a row of READ: what was charged in all of the PACE_DAYS days
    before today, and what was charged today. For a MONTHLY fee `monthly` has two figures by
    the fee's code: what was charged in those days, and what of the open month was charged
    before today. Today's is then the open month's sum, which the row has as `today`, less
    the second figure. A code that `monthly` does not have counts as two zeros.
    """
    fee, posting, charged, today, _ = row
    if posting == "MONTHLY":
        lately, before = map(Decimal, monthly.get(fee, ("0", "0")))
        charged, today = lately, today - before
    return Pace(fee, posting, charged, today)


def _figure(text: str | None) -> Decimal | None:
    """The text as a decimal; None for None."""
    return None if text is None else Decimal(text)


def _waiting(fees: Sequence[Sequence[Any]], posting: str) -> Decimal | None:
    """The sum of what waits to be posted at the time `posting` (DAILY or MONTHLY), from
    rows of READ, which has one for each fee and posting. It is None if nothing waits, but 0
    if what waits comes to 0.
    """
    waiting = [row[4] for row in fees if row[1] == posting and row[4] is not None]
    return sum(waiting, Decimal(0)) if waiting else None


def _monthly(account: BillingAccount, since: date, today: date) -> dict[str, list[str]]:
    """For each MONTHLY fee, by its code: what was charged in the days of the pace, and in the open
    month before today; cached while the day lasts. The days of the pace begin with `since`.
    """
    key = f"monthly-pace:{account.pk}:{today}:{account.timezone}"
    known: dict[str, list[str]] | None = kept.read([key]).get(key)
    if known is None:
        with connection.cursor() as cursor:
            cursor.execute(
                READ_MONTHLY,
                {
                    "account": account.pk,
                    "since": since,
                    "today": today,
                    "since_at": day_start(account, since),
                    "today_at": day_start(account, today),
                },
            )
            known = {fee: [lately, before] for fee, lately, before in cursor.fetchall()}
        kept.keep({key: known})
    return known
