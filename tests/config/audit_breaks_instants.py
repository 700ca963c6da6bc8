"""Breaks of the rule that instants never fall (rule 25.10), in the manner of audit_breaks.py."""

from tests.config.breaking import DRESS, SILK, Break

LINE_ROWS = "instants of a line's rows never fall"
LINE_STEPS = "what happens to a line's rows comes in order"
ACCOUNT_ROWS = "instants of an account's rows never fall"
ACCOUNT_STEPS = "what happens to an account's rows comes in order"
LATEST = "(SELECT max(id) FROM {table} WHERE {column} = {merchant})"


def fall(table: str, column: str, instant: str, *, merchant: str = DRESS) -> str:
    """SQL that has the latest row of the merchant's written before all that came before it."""
    latest = LATEST.format(table=table, column=column, merchant=merchant)
    return f"UPDATE {table} SET {instant} = '2020-01-01 00:00Z' WHERE id = {latest}"


INSTANT_BREAKS = [
    Break(LINE_ROWS, fall("credit_limitentry", "line_id", "at"), "dress: entry "),
    Break(LINE_ROWS, fall("credit_order", "line_id", "placed_at"), "dress: order "),
    Break(LINE_ROWS, fall("credit_proceedsentry", "line_id", "at"), "dress: proceeds "),
    Break(
        LINE_STEPS,
        "UPDATE credit_order SET placed_at = '2030-01-01 00:00Z' WHERE reference = 'D-3'",
        "dress: order ",
    ),
    Break(
        LINE_STEPS,
        "UPDATE credit_refusedcash SET last_arrived_at = '2020-01-01 00:00Z'",
        "silk: refused ",
    ),
    Break(
        LINE_STEPS,
        "UPDATE credit_order SET shipped_told_at = '2020-01-01 00:00Z',"
        " shipped_at = '2020-01-01 00:00Z' WHERE reference = 'D-3'",
        "dress: order ",
    ),
    Break(
        LINE_STEPS,
        f"UPDATE credit_freeze SET lifted_at = '2020-01-01 00:00Z' WHERE line_id = {SILK}",
        "silk: freeze ",
    ),
    Break(
        LINE_STEPS,
        "UPDATE credit_withdrawal SET sent_at = '2030-01-01 00:00Z' WHERE ended_at IS NOT NULL",
        "dress: withdrawal ",
    ),
    Break(
        "a line last wrote no earlier than its rows, and within its open day",
        "UPDATE credit_creditline SET last_wrote_at = '2020-01-01 00:00Z'"
        f" WHERE merchant_id = {DRESS}",
        "dress: credit line … found 2020-01-01 00:00:00+00:00",
    ),
    Break(
        "a line last wrote no earlier than its rows, and within its open day",
        "UPDATE credit_creditline SET last_wrote_at = '2030-01-01 00:00Z'"
        f" WHERE merchant_id = {DRESS}",
        "dress: credit line … found 2030-01-01 00:00:00+00:00",
    ),
    Break(ACCOUNT_ROWS, fall("billing_charge", "account_id", "arrived_at"), "dress: charge "),
    Break(ACCOUNT_ROWS, fall("billing_statement", "account_id", "opened_at"), "dress: statement "),
    Break(
        ACCOUNT_ROWS,
        fall("billing_invoice", "account_id", "issued_at") + "; UPDATE billing_invoice"
        " SET drafted_at = NULL WHERE issued_at = '2020-01-01 00:00Z'",
        "dress: bill ",
    ),
    Break(
        ACCOUNT_ROWS,
        "UPDATE billing_invoiceitem SET posted_at = '2030-01-01 00:00Z'"
        " WHERE posting = 'IMMEDIATE' AND id = (SELECT min(id) FROM billing_invoiceitem"
        f" WHERE posting = 'IMMEDIATE' AND account_id = {DRESS})",
        "dress: item ",
    ),
    Break(
        ACCOUNT_STEPS,
        "UPDATE billing_invoiceitem SET posted_at = posted_at + interval '1 microsecond'"
        " WHERE posting = 'DAILY' AND posting_on = '2026-11-12'",
        "dress: item ",
    ),
    Break(
        ACCOUNT_STEPS,
        "UPDATE billing_payment SET ended_at = started_at - interval '1 microsecond'"
        " WHERE amount = 225",
        "dress: payment ",
    ),
    Break(
        "an account last wrote no earlier than its rows, and within its open day",
        "UPDATE billing_billingaccount SET last_wrote_at = '2020-01-01 00:00Z'"
        f" WHERE merchant_id = {DRESS}",
        "dress: billing account … found 2020-01-01 00:00:00+00:00",
    ),
]
