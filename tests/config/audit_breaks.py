"""One break for every check of the audit: SQL that no operation would send, and what is seen of it.

A break drops the constraints that would have refused it; triggers do not fire (test_audit.py).
"""

from tests.config.audit_breaks_banks import BANK_BREAKS
from tests.config.audit_breaks_by_hand import BY_HAND_BREAKS
from tests.config.audit_breaks_cells import CELL_BREAKS
from tests.config.audit_breaks_credit import CREDIT_BREAKS
from tests.config.audit_breaks_imports import IMPORT_BREAKS
from tests.config.audit_breaks_instants import INSTANT_BREAKS
from tests.config.audit_breaks_invoices import INVOICE_BREAKS
from tests.config.audit_breaks_journal import JOURNAL_BREAKS
from tests.config.audit_breaks_parties import PARTY_BREAKS
from tests.config.audit_breaks_payments import PAYMENT_BREAKS
from tests.config.audit_breaks_webhooks import WEBHOOK_BREAKS
from tests.config.breaking import DECLARED, DRESS, Break, drop

ACCOUNT = f"UPDATE billing_billingaccount SET {{}} WHERE merchant_id = {DRESS}"
CHARGE = f"UPDATE billing_charge SET {{}} WHERE reference = '{{}}' AND account_id = {DRESS}"
ITEM = f"UPDATE billing_invoiceitem SET {{}} WHERE posting_on = '{{}}' AND account_id = {DRESS}"
STATEMENT = f"UPDATE billing_statement SET {{}} WHERE month = '{{}}' AND account_id = {DRESS}"
OPEN_AGAIN = "closed_at = NULL, merchant_reference = ''"  # it names its merchant once it is closed
INVOICE = "UPDATE billing_invoice SET {} WHERE number = '{}'"

CARDS = [
    Break(
        "nothing is collected from a card that is blocked",
        "UPDATE billing_card SET blocked_at = '2026-01-01T00:00Z', removed_at = '2026-01-01T00:00Z'"
        " WHERE id = (SELECT min(card_id) FROM billing_payment WHERE card_id IS NOT NULL)",
        "linen: card … expected 0, 0; found",
    )
]

CLOCK = [
    Break(
        "no open day is ahead of the clock",
        f"UPDATE credit_creditline SET open_on = '2200-01-01' WHERE merchant_id = {DRESS}",
        "dress: credit line … at most; found 2200-01-01",
    )
]

CHARGES = [
    Break(
        "a charge is in an item of its account and fee",
        CHARGE.format("fee_id = 'receiving'", "C-5"),
        "dress: charge C-5:",
    ),
    Break(
        "a charge's item posts when its fee says, seen from its arrival",
        CHARGE.format("is_late = false", "C-4"),
        "dress: charge C-4: expected MONTHLY, 2026-12-31; found IMMEDIATE, 2026-12-05",
    ),
    Break(
        "a charge is dated by its service, and late when that month had ended",
        CHARGE.format("service_on = service_on - 1", "C-2"),
        "dress: charge C-2: expected 2026-11-12, in time; found 2026-11-11, in time",
    ),
    Break(
        "a charge is in the statement of its month, if its category has one",
        CHARGE.format("statement_id = NULL", "C-2"),
        "dress: charge C-2: … 2026-11-01; found nothing",
    ),
    Break(
        "a charge is in the statement of its month, if its category has one",
        CHARGE.format("statement_id = (SELECT min(id) FROM billing_statement)", "C-1"),
        "dress: charge C-1: expected nothing",
    ),
    Break(
        "an item is the sum of its charges",
        CHARGE.format("amount = 211", "C-2"),
        "dress: item shipping-label 2026-11-12: expected 211.0000, 1; found 210.0000, 1",
    ),
    Break(
        "outstanding and accruing are the items that are on no bill",
        ACCOUNT.format("accruing = 11"),
        "dress: billing account: expected 3.0000, 12.0000; found 3.0000, 11.0000",
    ),
    Break(
        "what has not posted is of the open day or month",
        drop("billing_invoiceitem", "only_posted_items_are_billed")
        + ITEM.format("posted_at = NULL", "2026-11-12"),
        "dress: item shipping-label 2026-11-12: expected 2027-02-20; found 2026-11-12",
    ),
    Break(
        "an item posted at once, at the end of its day, or of its month",
        ITEM.format("posted_at = posted_at - interval '1 day'", "2026-11-30"),
        "dress: item storage 2026-11-30: expected 2026-11-30; found 2026-11-29",
    ),
    Break(
        "a statement's totals are its charges, fee by fee",
        "UPDATE billing_statementtotal SET amount = 209 WHERE amount = 210",
        "dress: statement 2026-11 shipping-label: expected 210.0000, 1; found 209.0000, 1",
    ),
    Break(
        "a statement closed as its month ended",
        STATEMENT.format(OPEN_AGAIN, "2026-11-01"),
        "dress: statement 2026-11: expected 2026-12-01, 2026-12-01; found nothing",
    ),
    Break(
        "a statement closed as its month ended",
        STATEMENT.format("closed_at = closed_at - interval '1 second'", "2026-11-01"),
        "dress: statement 2026-11: expected 2026-12-01, 2026-12-01; found 2026-12-01, 2026-11-30",
    ),
    Break(
        "a statement opened with its first charge, and got none once closed",
        CHARGE.format("arrived_at = '2026-12-01 05:00Z'", "C-3"),
        "dress: statement 2026-11:",
    ),
    Break(
        DECLARED,
        drop("billing_statement", "one_statement_per_merchant_and_month")
        + STATEMENT.format("month = '2026-11-01'", "2026-12-01"),
        "dress: billing_statement: one_statement_per_merchant_and_month: row ",
    ),
]

INVOICES = [
    Break(
        "all that an account is billed is in its currency",
        INVOICE.format("currency = 'EUR'", "2026-000003"),
        "dress: bill … expected USD; found EUR",
    ),
    Break(
        "a bill's total is the sum of its lines and its tax",
        INVOICE.format("total = 226, amount_paid = 226", "2026-000003"),
        "dress: bill 2026-000003: expected 225.0000; found 226.0000",
    ),
    Break(
        "the lines of a bill that is not void are its items",
        "DELETE FROM billing_invoiceline WHERE amount = 210",
        "dress: item shipping-label 2026-11-12:"
        " expected shipping-label, 2026-11-12, 1, 210.0000, USD; found nothing",
    ),
    Break(
        "an item is on at most one bill that is not void",
        "INSERT INTO billing_invoiceline (invoice_id, item_id, category, fee_code, fee_name,"
        " posting_on, charge_count, currency, amount) SELECT (SELECT id FROM billing_invoice"
        " WHERE number = '2026-000004'), item_id, category, fee_code, fee_name, posting_on,"
        " charge_count, currency, amount FROM billing_invoiceline WHERE amount = 210",
        "dress: item shipping-label 2026-11-12: expected bill 2026-000003;"
        " found bill 2026-000003, bill 2026-000004",
    ),
    Break(
        "an item is on at most one bill that is not void",
        drop("billing_invoice", "invoice_is_paid_exactly_when_its_payments_reach_its_total")
        + INVOICE.format("status = 'VOID'", "2026-000003"),
        "dress: item app-usage 2026-11-10: expected bill 2026-000003; found nothing",
    ),
    Break(
        "a bill takes what its account had posted by its day",
        ITEM.format("posting_on = '2026-11-13'", "2026-11-12"),
        "dress: item shipping-label 2026-11-13 on bill 2026-000003: … too young",
    ),
    Break(
        DECLARED,
        "DROP INDEX one_scheduled_invoice_per_merchant_and_date;"
        + INVOICE.format("issued_on = '2026-12-01'", "2026-000005"),
        "dress: billing_invoice: one_scheduled_invoice_per_merchant_and_date: row ",
    ),
    Break(
        "scheduled bills are of plan dates, or else of the cycle",
        INVOICE.format("kind = 'SUBSCRIPTION'", "2026-000006"),
        "silk: bill 2026-000006 of 2026-12-31: expected CYCLE; found SUBSCRIPTION",
    ),
    Break(
        "a bill is dated by the day it was issued, or drawn up",
        INVOICE.format("issued_at = '2026-11-14 05:00Z'", "2026-000003"),
        "dress: bill 2026-000003: expected 2026-11-12; found 2026-11-14",
    ),
    Break(
        "a bill's period goes on from the bills before it and holds its lines",
        INVOICE.format("period_start = '2026-11-02'", "2026-000003"),
        "dress: bill 2026-000003: expected 2026-11-01, 2026-11-12, nothing, nothing;"
        " found 2026-11-02, 2026-11-12, nothing, nothing",
    ),
    Break(
        "a bill's period goes on from the bills before it and holds its lines",
        INVOICE.format("plan_end = '2026-12-31'", "2026-000004"),
        "dress: bill 2026-000004: expected",
    ),
    Break(
        "the lines of a bill but plan fees were posted in its period",
        INVOICE.format("period_start = '2026-11-11'", "2026-000003"),
        "dress: bill 2026-000003 line app-usage 2026-11-10: expected True; found False",
    ),
    Break(
        "a bill is due on its day, or seven days later where nothing collected it",
        INVOICE.format("due_on = '2026-11-20'", "2026-000003"),
        "dress: bill 2026-000003: expected 2026-11-12; found 2026-11-20",
    ),
    Break(
        "the next plan and cycle dates follow the open day",
        ACCOUNT.format("next_plan_on = '2027-03-02'"),
        "dress: billing account: expected 2027-03-01, 2027-03-01, 2027-01-29;"
        " found 2027-03-02, 2027-03-01, 2027-01-29",
    ),
    Break(
        "a plan fee is charged once on each plan date",
        CHARGE.format("service_on = '2026-12-01'", "tael:plan:2026-12-31"),
        "dress: plan fee of 2026-12-01: expected 1, 39.0000; found 2, 78.0000",
    ),
    Break(
        "bill numbers run without a gap to the last one given out",
        INVOICE.format("number = '2026-000007'", "2026-000003"),
        "number 2026-000003: expected 1; found 0",
    ),
    Break(
        "bill numbers run without a gap to the last one given out",
        "UPDATE billing_numberseries SET last = 5 WHERE year = 2026",
        "silk: number 2026-000006: expected 0; found 1",
    ),
    Break(
        "a bill is paid exactly when its succeeded payments are its total",
        "UPDATE billing_payment SET status = 'FAILED' WHERE amount = 225",
        "dress: bill 2026-000003: expected 0, not paid; found 225.0000, PAID",
    ),
    Break(
        "a bill is paid exactly when its succeeded payments are its total",
        drop("billing_invoice", "invoice_is_paid_exactly_when_its_payments_reach_its_total")
        + INVOICE.format("status = 'OPEN'", "2026-000003"),
        "dress: bill 2026-000003: expected 225.0000, PAID; found 225.0000, not paid",
    ),
]

BREAKS = [
    *(*CARDS, *CLOCK, *CREDIT_BREAKS, *CHARGES, *INVOICES, *INSTANT_BREAKS),
    *PARTY_BREAKS,
    *JOURNAL_BREAKS,
    *BANK_BREAKS,
    *CELL_BREAKS,
    *(*INVOICE_BREAKS, *PAYMENT_BREAKS, *BY_HAND_BREAKS, *IMPORT_BREAKS, *WEBHOOK_BREAKS),
]
