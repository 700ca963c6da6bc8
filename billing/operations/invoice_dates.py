"""Writes the bills that come on a date: plan fees in advance, and the 30-day cycle (rule 15.4, rule
15.5).
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from billing.models import Fee, Invoice
from billing.models.charges import RESERVED_PREFIX
from billing.operations import invoices
from lib import prepared
from lib.parts import InSteps

# Where two terms have the same date, the one decided later holds.
BEGIN_TERMS = """
UPDATE billing_billingaccount account
SET plan = term.plan, plan_price = term.plan_price, plan_interval_days = term.plan_interval_days
FROM (
    SELECT DISTINCT ON (term.account_id) term.*
    FROM unnest(%(accounts)s::bigint[], %(days)s::date[]) AS due(account_id, day)
    JOIN billing_planterm term ON term.account_id = due.account_id AND term.starts_on = due.day
    ORDER BY term.account_id, term.id DESC
) term WHERE account.merchant_id = term.account_id
"""

# A plan fee is a charge like any other, except that its posting never makes a threshold bill.
CHARGE_PLANS = InSteps("""
WITH due AS (
    SELECT account.merchant_id AS account_id, account.currency, account.plan_price, account.plan,
           due.day, due.at
    FROM unnest(%(accounts)s::bigint[], %(days)s::date[], %(instants)s::timestamptz[])
         AS due(account_id, day, at)
    JOIN billing_billingaccount account ON account.merchant_id = due.account_id
), item AS (
    INSERT INTO billing_invoiceitem (account_id, fee_id, posting, posting_on, posted_at,
                                     is_collecting, currency, amount, charge_count)
    SELECT account_id, %(fee)s::text, 'IMMEDIATE', day, at, false, currency, plan_price, 1
    FROM due ORDER BY account_id
    RETURNING id, account_id
), charge AS (
    INSERT INTO billing_charge (account_id, item_id, fee_id, reference, request, description,
                                quantity, currency, amount, at, service_on, arrived_at, is_late)
    SELECT due.account_id, item.id, %(fee)s::text,
           %(prefix)s::text || to_char(due.day, 'YYYY-MM-DD'), '', due.plan, 1,
           due.currency, due.plan_price, due.at, due.day, due.at, false
    FROM due JOIN item USING (account_id) ORDER BY due.account_id
)
UPDATE billing_billingaccount account SET outstanding = account.outstanding + due.plan_price
FROM due WHERE account.merchant_id = due.account_id
""")


def bill_plans(account_ids: Sequence[int], *, on: Sequence[date], at: Sequence[datetime]) -> None:
    """Charge each locked account its plan fee on its day in `on`, also one of 0, and write the bill
    for it; `at` has the instants, in the same order. The account's next plan date is set by the
    caller.

    A change of plan that was planned for the date takes effect first. No bill is written if what it
    would take is too little (invoices.issue). Merchants are notified of their bills, but not of
    drafts, which they are where bills are reviewed. Rule 15.4.
    """
    due: dict[str, Any] = {
        "accounts": list(account_ids),
        "days": list(on),
        "instants": list(at),
        "fee": Fee.PLAN,
        "prefix": f"{RESERVED_PREFIX}plan:",
    }
    prepared.run(BEGIN_TERMS, due)
    prepared.run(CHARGE_PLANS, due)
    _issue(Invoice.Kind.SUBSCRIPTION, account_ids, on, at)


def bill_cycles(account_ids: Sequence[int], *, on: Sequence[date], at: Sequence[datetime]) -> None:
    """Write the CYCLE bill of each locked account, dated its day in `on`; `at` has the instants, in
    the same order. No bill is written if what it would take is too little (invoices.issue).
    Merchants are notified of their bills, but not of drafts, which they are where bills are
    reviewed. Rule 15.5.
    """
    _issue(Invoice.Kind.CYCLE, account_ids, on, at)


def _issue(
    kind: Invoice.Kind, account_ids: Sequence[int], on: Sequence[date], at: Sequence[datetime]
) -> None:
    """Write a bill of this kind for each account that has enough for one, dated its day in `on` and
    written at its instant in `at` (invoices.issue, which notifies the merchants of those that are
    no drafts).
    """
    invoices.issue(
        [
            invoices.Due(account_id, kind, day, instant)
            for account_id, day, instant in zip(account_ids, on, at, strict=True)
        ]
    )
