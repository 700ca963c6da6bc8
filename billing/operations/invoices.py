"""Writes bills (rule 15.1)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from django.db import transaction

from billing import issuer, moving_in
from billing.issuer import VERSION
from billing.models import BillingAccount, Invoice
from billing.models.accounts import DAYS_TO_PAY
from billing.notices.invoices import BILL_ISSUED
from billing.operations import invoice_taxes, moved_in, unapplied
from billing.operations.taken import TAKEN
from billing.providers import minimums
from lib import cells, counters, prepared
from lib.parts import InSteps
from notices.operations import notices


@dataclass(frozen=True)
class Due:
    """A bill that is to be written for a locked account, of the items that its kind takes."""

    account_id: int
    kind: Invoice.Kind
    issued_on: date
    at: datetime


# An account whose bills are reviewed gets drafts: they hold their items, and get their number
# when an operator issues them (invoice_decisions).
#
# One statement writes all bills of a chunk: the items they take, the bills with their numbers, the
# frozen lines, the notices, and the accounts' figures. The number series is locked by it, and so
# for the shortest time there is; every other row belongs to an account that the caller holds.
_ISSUE = f"""
{TAKEN}, drawn AS (
    SELECT due.*, taken.*, {{tax}} AS tax, account.reviews_bills AND %(may_wait)s AS is_draft,
           account.card_disputed_at IS NOT NULL AS is_disputed,
           coalesce(issuer.prefix, '') AS series, version.id AS issuer_version,
           due.issued_on - CASE WHEN due.kind IN ('THRESHOLD', 'FINAL', 'ON_REQUEST') THEN 0
                                ELSE 1 END AS last_day,
           extract(year FROM due.issued_on)::int AS year,
           row_number() OVER (
               PARTITION BY issuer.prefix, extract(year FROM due.issued_on),
                            account.reviews_bills AND %(may_wait)s
               ORDER BY due.account_id) AS place
    FROM due JOIN (
        SELECT account_id AS payer_id, sum(amount) AS total,
               min(posting_on) FILTER (WHERE NOT is_plan) AS oldest_on,
               min(posting_on) FILTER (WHERE is_plan) AS plan_start,
               max(posting_on) FILTER (WHERE is_plan) AS last_plan_on
        FROM taken GROUP BY account_id HAVING sum(amount) > 0
    ) taken ON taken.payer_id = due.account_id
    JOIN billing_billingaccount account ON account.merchant_id = due.account_id
    LEFT JOIN billing_issuer issuer ON issuer.id = account.issuer_id
    {VERSION.format(issuer="account.issuer_id", at="due.at")}
    LEFT JOIN {minimums.RELATION} ON minimum.method = account.payment_method
                                 AND minimum.currency = account.currency
    {{join_taxes}}
    WHERE taken.total >= coalesce(minimum.least, 0) {{is_collected}}
      -- Carried plan fees that have reached the threshold alone let no later charge be billed by
      -- itself: then what is billed has to reach it.
      AND (due.kind <> 'THRESHOLD' OR taken.total >= account.threshold
           OR account.outstanding - taken.total < account.threshold)
), series AS (
    INSERT INTO billing_numberseries AS series (series, year, last)
    SELECT series, year, count(*) FROM drawn WHERE NOT is_draft
    GROUP BY series, year ORDER BY series, year
    ON CONFLICT (series, year) DO UPDATE SET last = series.last + excluded.last
    RETURNING series, year, last
), numbered AS (
    SELECT drawn.*, CASE WHEN NOT drawn.is_draft THEN
               series.last - count(*) OVER (
                   PARTITION BY drawn.series, drawn.year, drawn.is_draft) + drawn.place
           END AS number
    FROM drawn LEFT JOIN series USING (series, year)
), invoice AS (
    INSERT INTO billing_invoice (account_id, number, kind, status, issued_on, issued_at, drafted_at,
        next_attempt_at, period_start, period_end, plan_start, plan_end, threshold, due_on,
        currency, total, tax, amount_paid, issuer_id, issuer_name, issuer_address, details_id,
        merchant_name, merchant_reference, language)
    SELECT drawn.account_id,
           %(mark)s || CASE WHEN drawn.series <> '' THEN drawn.series || '-' ELSE '' END
               || drawn.year || '-'
               || lpad(drawn.number::text, greatest(6, length(drawn.number::text)), '0'),
           drawn.kind, CASE WHEN drawn.is_draft
               THEN 'DRAFT' ELSE 'OPEN' END, drawn.issued_on, drawn.at,
           CASE WHEN drawn.is_draft THEN drawn.at END,
           CASE WHEN NOT drawn.is_draft AND account.payment_method <> 'manual' THEN drawn.at END,
           CASE WHEN drawn.oldest_on IS NULL THEN drawn.plan_start
                ELSE least(coalesce(account.billed_through + 1, account.joined_on), drawn.oldest_on)
           END,
           CASE WHEN drawn.oldest_on IS NULL
                THEN drawn.last_plan_on + plan.plan_interval_days - 1 ELSE drawn.last_day END,
           drawn.plan_start, drawn.last_plan_on + plan.plan_interval_days - 1,
           CASE drawn.kind WHEN 'THRESHOLD' THEN account.threshold END,
           drawn.issued_on
               + CASE account.payment_method WHEN 'manual' THEN %(days_to_pay)s::int ELSE 0 END,
           account.currency, drawn.total + drawn.tax, drawn.tax, 0, drawn.issuer_version,
           coalesce(issuer.name, %(issuer_name)s), coalesce(issuer.address, %(issuer_address)s),
           account.details_id, merchant.name, merchant.reference, merchant.language
    FROM numbered drawn
    JOIN billing_billingaccount account ON account.merchant_id = drawn.account_id
    JOIN merchants_merchant merchant ON merchant.id = drawn.account_id
    LEFT JOIN billing_issuerversion issuer ON issuer.id = drawn.issuer_version
    LEFT JOIN (
        SELECT account_id, plan_interval_days, starts_on,
               lead(starts_on, 1, 'infinity')
                   OVER (PARTITION BY account_id ORDER BY starts_on, id) AS next_on
        FROM billing_planterm WHERE account_id IN (SELECT account_id FROM due)
    ) plan ON plan.account_id = drawn.account_id AND plan.starts_on <= drawn.last_plan_on
          AND drawn.last_plan_on < plan.next_on
    ORDER BY drawn.series, drawn.year, drawn.number
    RETURNING id, account_id, number, kind, issued_on, issued_at, currency, total, tax, due_on,
              issuer_id, next_attempt_at IS NOT NULL AS is_collected
), billed AS (
    UPDATE billing_invoiceitem item SET invoice_id = invoice.id, is_collecting = false
    FROM taken JOIN invoice USING (account_id)
    WHERE item.id = taken.id
    RETURNING item.id, item.invoice_id, item.fee_id, item.posting_on, item.charge_count,
              item.currency, item.amount
), line AS (
    INSERT INTO billing_invoiceline (invoice_id, item_id, category, fee_code, fee_name, fee_names,
                                     posting_on, {{line_columns}})
    SELECT billed.invoice_id, billed.id, fee.category, fee.code, fee.name, fee.names,
           billed.posting_on, {{line_values}}
    FROM billed JOIN billing_fee fee ON fee.code = billed.fee_id {{join_parts}}
    ORDER BY billed.invoice_id, billed.posting_on, fee.category, fee.code, billed.id{{write_taxes}}
), told AS (
    {notices.INTO}
    SELECT account_id, '{BILL_ISSUED}', invoice.number,
           jsonb_build_object('number', invoice.number,
               'total', invoice.total::text, 'currency', invoice.currency,
               'invoice_kind', invoice.kind,
               'status', CASE WHEN invoice.is_collected AND NOT drawn.is_disputed
                   THEN 'DATED_COLLECTED' ELSE 'DATED_TO_PAY' END,
               'issued_on', invoice.issued_on::text, 'due_on', invoice.due_on::text,
               'has_reference', CASE WHEN paid_to.bank_accounts
                   @> jsonb_build_array(jsonb_build_object('currency', invoice.currency))
                   THEN 'yes' ELSE '' END), invoice.issued_at
    FROM invoice JOIN drawn USING (account_id)
    LEFT JOIN billing_issuerversion paid_to
         ON paid_to.id = invoice.issuer_id AND paid_to.has_references
    WHERE invoice.number IS NOT NULL ORDER BY account_id
    {notices.ONCE}
)
UPDATE billing_billingaccount account
SET outstanding = account.outstanding - (invoice.total - invoice.tax),
    billed_through = greatest(account.billed_through, drawn.last_day)
FROM invoice JOIN drawn USING (account_id) WHERE account.merchant_id = invoice.account_id
RETURNING invoice.id, account.merchant_id, account.unapplied > 0
"""
ISSUE = InSteps(
    _ISSUE.format(
        tax="0::numeric",
        join_taxes="",
        is_collected="",
        line_columns="charge_count, currency, amount",
        line_values="billed.charge_count, billed.currency, billed.amount",
        join_parts="",
        write_taxes="",
    )
)
# Where some of the bills have tax: their taxes, which were computed before, and their lines, of
# which an item has one for each rate. What is collected is positive and enough for its provider,
# too, though credits may have more tax than what they are billed with.
ISSUE_TAXED = InSteps(
    _ISSUE.format(
        tax="coalesce(taxes.tax, 0)",
        join_taxes="""LEFT JOIN unnest(%(taxed)s::bigint[], %(taxes)s::numeric[])
         AS taxes(account_id, tax) ON taxes.account_id = due.account_id""",
        is_collected="""AND taken.total + coalesce(taxes.tax, 0) > 0
      AND taken.total + coalesce(taxes.tax, 0) >= coalesce(minimum.least, 0)""",
        line_columns="""charge_count, currency, amount, tax_category, tax_percent, service_from,
                                     service_to, charge_ids""",
        line_values="""coalesce(part.charges, billed.charge_count), billed.currency,
           coalesce(part.amount, billed.amount), coalesce(part.category, ''),
           coalesce(part.percent, 0), part.service_from, part.service_to, part.charge_ids""",
        join_parts="""
    LEFT JOIN (
        SELECT * FROM jsonb_to_recordset(%(parts)s::jsonb) AS one(
            items bigint[], amount numeric, charges bigint, category text, percent numeric,
            service_from date, service_to date, charge_ids bigint[]), unnest(one.items) AS item_id
    ) part ON part.item_id = billed.id""",
        write_taxes="""
), taxed AS (
    INSERT INTO billing_invoicetax
           (invoice_id, corrects_id, country, category, percent, currency, base, tax, sentence)
    SELECT invoice.id, row.corrects_id, row.country, row.category, row.percent, invoice.currency,
           row.base, row.tax, row.sentence
    FROM invoice JOIN jsonb_to_recordset(%(tax_rows)s::jsonb) AS row(
        account_id bigint, corrects_id bigint, country text, category text, percent numeric,
        base numeric, tax numeric, sentence text) USING (account_id)
    ORDER BY invoice.id, row.percent DESC, row.category, row.corrects_id NULLS FIRST""",
    )
)
ISSUER = "issue"  # the actor of payments that a bill meets as it is issued


def issue(due: Sequence[Due]) -> list[int]:
    """Write the bills that are due, at most one for each of these locked accounts; returns the
    sorted primary keys of those that were written, drafts included. Nothing is collected here, and
    the accounts' figures change in the database alone: callers load theirs again.

    A THRESHOLD bill takes what was posted up to its date, without plan fees; it is not written if
    plan fees alone reach the threshold and what it would take does not. An ON_REQUEST bill takes
    the same, whatever the threshold. A FINAL bill takes everything. The others take what was posted
    before their date, and the plan fee of that date. Items that come to 0 or less, or to less than
    the account's provider collects, make no bill and stay outstanding. Accounts whose bills are
    reviewed get drafts; all others are notified. Unapplied money of an account that got a bill or
    draft pays its unpaid bills at once. While the past of a marketplace is replayed (moving_in),
    there are no drafts, and bills are paid as they are issued. Where the issuer's country taxes, a
    bill's total has the tax of its items (rule 28.2). Rule 15.1.
    """
    if not due:
        return []
    which: dict[str, Sequence[Any]] = {
        "accounts": [invoice.account_id for invoice in due],
        "kinds": [str(invoice.kind) for invoice in due],
        "dates": [invoice.issued_on for invoice in due],
        "instants": [invoice.at for invoice in due],
    }
    taxes = invoice_taxes.compute(which)
    # Planning it anew took longer than writing a bill.
    issued = prepared.rows(
        ISSUE_TAXED if taxes else ISSUE,
        {
            **which,
            "days_to_pay": DAYS_TO_PAY,
            "mark": cells.mark(),
            # Bills that were settled outside are not reviewed.
            "may_wait": not moving_in.is_under_way(),
            **issuer.now_in_force(),
            **(_taxed(taxes) if taxes else {}),
        },
    )
    invoices = sorted(pk for pk, _, _ in issued)
    if moving_in.is_under_way():
        moved_in.settle(invoices)
    _pay_at_once({account_id for _, account_id, has_unapplied in issued if has_unapplied}, due)
    written = counters.INVOICES.labels(due[0].kind)  # callers ask for one kind at a time
    transaction.on_commit(partial(written.inc, len(invoices)))
    return invoices


def _taxed(taxes: Mapping[int, invoice_taxes.Taxes]) -> dict[str, Any]:
    """The parameters of ISSUE_TAXED: the accounts whose bills have taxes, the sum of each one's
    taxes, and as JSON the parts of their items and the rows of their taxes.
    """
    return {
        "taxed": list(taxes),
        "taxes": [one.tax for one in taxes.values()],
        "parts": json.dumps(invoice_taxes.parts(taxes.values())),
        "tax_rows": json.dumps(invoice_taxes.rows(taxes)),
    }


def _pay_at_once(account_ids: set[int], due: Sequence[Due]) -> None:
    """Pay unpaid bills of these accounts, for which bills were just issued, with their unapplied
    money, and notify the merchants of it. Each account's unpaid bills are locked.
    """
    if not account_ids:
        return
    instants = {invoice.account_id: invoice.at for invoice in due}
    for account in BillingAccount.objects.filter(pk__in=account_ids).order_by("pk"):
        unapplied.pay_invoices(account, actor=ISSUER, now=instants[account.pk])
