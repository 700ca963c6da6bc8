"""One break for every check of the audit: SQL that no operation would send, and what is seen of it.

A break drops the constraints that would have refused it; triggers do not fire (test_audit.py).
"""

from typing import NamedTuple

DRESS = "(SELECT id FROM merchants_merchant WHERE reference = 'dress')"
SILK = "(SELECT id FROM merchants_merchant WHERE reference = 'silk')"
LINE = f"UPDATE credit_creditline SET {{}} WHERE merchant_id = {DRESS}"
ORDER = "UPDATE credit_order SET {} WHERE reference = '{}'"
ACCOUNT = f"UPDATE billing_billingaccount SET {{}} WHERE merchant_id = {DRESS}"
CHARGE = f"UPDATE billing_charge SET {{}} WHERE reference = '{{}}' AND account_id = {DRESS}"
ITEM = f"UPDATE billing_invoiceitem SET {{}} WHERE posting_on = '{{}}' AND account_id = {DRESS}"
STATEMENT = f"UPDATE billing_statement SET {{}} WHERE month = '{{}}' AND account_id = {DRESS}"
BILL = "UPDATE billing_invoice SET {} WHERE number = '{}'"
DROP = "ALTER TABLE {} DROP CONSTRAINT {};"


class Break(NamedTuple):
    check: str
    sql: str
    seen: str


def _drop(table: str, name: str) -> str:
    return DROP.format(table, name)


CREDIT = [
    Break(
        "limit and used are the sums of the line's entries",
        LINE.format('"limit" = 751'),
        "dress: credit line: expected 750.0000, 200.0000; found 751.0000, 200.0000",
    ),
    Break(
        "an entry's balances go on from those of the entry before",
        "UPDATE credit_limitentry SET used_after = 301 WHERE kind = 'HOLD' AND order_id ="
        " (SELECT id FROM credit_order WHERE reference = 'D-1')",
        "HOLD: expected 1000.0000, 300.0000; found 1000.0000, 301.0000",
    ),
    Break(
        "used is what open orders hold",
        ORDER.format("outstanding = 150", "D-6"),
        "dress: credit line: expected 150.0000; found 200.0000",
    ),
    Break(
        "limit and used are not negative",
        _drop("credit_creditline", "used_not_negative") + LINE.format("used = -1"),
        "dress: credit line: expected 750.0000, 0; found 750.0000, -1.0000",
    ),
    Break(
        "freezes in force are those not lifted",
        f"UPDATE credit_freeze SET lifted_at = now() WHERE line_id = {SILK}",
        "silk: credit line: expected 0; found 1",
    ),
    Break(
        "all that happens on a line is in its currency",
        "UPDATE credit_proceedsentry SET currency = 'EUR' WHERE amount = 200",
        "expected USD; found EUR",
    ),
    Break(
        "an order's amount is paid, outstanding, written off or given back",
        ORDER.format("paid = 90", "D-6"),
        "dress: order D-6: expected 300.0000; found 290.0000",
    ),
    Break(
        "an order's entries are its steps",
        "DELETE FROM credit_limitentry WHERE kind = 'RELEASE'",
        "dress: order D-3:",
    ),
    Break(
        "an order's status is what its figures say",
        ORDER.format("status = 'REFUNDED'", "D-1"),
        "dress: order D-1: expected PAID; found REFUNDED",
    ),
    Break(
        "an order falls due as delivery and payments say",
        ORDER.format("due_on = '2027-02-26'", "D-6"),
        "dress: order D-6: expected 2027-02-26, 2027-03-28; found 2027-02-26, 2027-02-26",
    ),
    Break(
        "proceeds are the sum of their entries, maturing and matured",
        LINE.format("proceeds = 400"),
        "dress: credit line: expected 500.0000, 500.0000; found 400.0000, 500.0000",
    ),
    Break(
        "proceeds are the sum of their entries, maturing and matured",
        _drop("credit_proceedsentry", "proceeds_entry_has_the_sign_of_its_kind")
        + "UPDATE credit_proceedsentry SET matures_on = NULL WHERE amount = 200",
        "dress: credit line: expected 500.0000, 500.0000; found 500.0000, 300.0000",
    ),
    Break(
        "sales are the payments that orders took, one each",
        "UPDATE credit_orderpayment SET status = 'APPLIED' WHERE reference = 'P-0'",
        "found nothing",
    ),
    Break(
        "sales are the payments that orders took, one each",
        "UPDATE credit_proceedsentry SET payment_id = NULL WHERE amount = 200",
        "dress: sale without a payment: expected nothing",
    ),
    Break(
        "an order's paid and recovered are its payments",
        "UPDATE credit_orderpayment SET status = 'APPLIED' WHERE reference = 'P-3'",
        "dress: order D-2: expected 100.0000, 0; found 0.0000, 100.0000",
    ),
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
        "2026-11-01; found nothing",
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
        _drop("billing_invoiceitem", "only_posted_items_are_billed")
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
        STATEMENT.format("closed_at = NULL", "2026-11-01"),
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
        "one statement per merchant and month",
        _drop("billing_statement", "one_statement_per_merchant_and_month")
        + STATEMENT.format("month = '2026-11-01'", "2026-12-01"),
        "dress: statement 2026-11: expected 1; found 2",
    ),
]

BILLS = [
    Break(
        "all that an account is billed is in its currency",
        BILL.format("currency = 'EUR'", "2026-000003"),
        "expected USD; found EUR",
    ),
    Break(
        "a bill's total is the sum of its lines",
        BILL.format("total = 226, amount_paid = 226", "2026-000003"),
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
        "dress: item shipping-label 2026-11-12: expected 2026-000003;"
        " found 2026-000003, 2026-000004",
    ),
    Break(
        "an item is on at most one bill that is not void",
        _drop("billing_invoice", "bill_is_paid_exactly_when_its_payments_reach_its_total")
        + BILL.format("status = 'VOID'", "2026-000003"),
        "dress: item app-usage 2026-11-10: expected 2026-000003; found nothing",
    ),
    Break(
        "a bill takes what its account had posted by its day",
        ITEM.format("posting_on = '2026-11-13'", "2026-11-12"),
        ", too young",
    ),
    Break(
        "one scheduled bill per merchant and date",
        "DROP INDEX one_scheduled_bill_per_merchant_and_date;"
        + BILL.format("issued_on = '2026-12-01'", "2026-000005"),
        "dress: bills of 2026-12-01: expected 1; found 2",
    ),
    Break(
        "scheduled bills are of plan dates, or else of the cycle",
        BILL.format("kind = 'SUBSCRIPTION'", "2026-000006"),
        "silk: bill 2026-000006 of 2026-12-31: expected CYCLE; found SUBSCRIPTION",
    ),
    Break(
        "a bill is dated by the day it was issued",
        BILL.format("issued_at = '2026-11-14 05:00Z'", "2026-000003"),
        "dress: bill 2026-000003: expected 2026-11-12; found 2026-11-13",
    ),
    Break(
        "bill periods follow one another",
        BILL.format("period_start = '2026-11-12'", "2026-000004"),
        "dress: bill 2026-000004: expected 2026-11-13, 2026-12-01; found 2026-11-12, 2026-12-01",
    ),
    Break(
        "the next plan and cycle dates follow the open day",
        ACCOUNT.format("next_plan_on = '2027-03-02'"),
        "dress: billing account: expected 2027-03-01, 2027-03-01, 2027-01-30;"
        " found 2027-03-02, 2027-03-01, 2027-01-30",
    ),
    Break(
        "a plan fee is charged once on each plan date",
        CHARGE.format("service_on = '2026-12-01'", "tael:plan:2026-12-31"),
        "dress: plan fee of 2026-12-01: expected 1; found 2",
    ),
    Break(
        "bill numbers run without a gap to the last one given out",
        BILL.format("number = '2026-000007'", "2026-000003"),
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
        _drop("billing_invoice", "bill_is_paid_exactly_when_its_payments_reach_its_total")
        + BILL.format("status = 'OPEN'", "2026-000003"),
        "dress: bill 2026-000003: expected 225.0000, PAID; found 225.0000, not paid",
    ),
]

BREAKS = CREDIT + CHARGES + BILLS
