"""Instants of a billing account's rows never fall (rule 25.10)."""

from billing.audit.invoices import DRAWN_UP_AT
from lib.audit import Check
from lib.audit_instants import Rows, Steps, come_in_order, never_fall, of_book

OF_AN_INVOICE = "JOIN billing_invoice invoice ON invoice.id = written.invoice_id"
DRAWN_UP = DRAWN_UP_AT.replace("invoice.", "written.")

# An item that waits for its day posts when later ones have posted: only those posted at once are
# in the order of their rows.
ROWS = (
    Rows("charge", "billing_charge written", "account_id", "arrived_at"),
    Rows(
        "item",
        "billing_invoiceitem written",
        "account_id",
        "posted_at",
        "written.posting = 'IMMEDIATE'",
    ),
    Rows("statement", "billing_statement written", "account_id", "opened_at"),
    Rows("bill", "billing_invoice written", "account_id", DRAWN_UP),
    Rows(
        "decision", f"billing_invoicedecision written {OF_AN_INVOICE}", "invoice.account_id", "at"
    ),
    Rows("due day", f"billing_dueday written {OF_AN_INVOICE}", "invoice.account_id", "at"),
    Rows("pause", f"billing_collectionpause written {OF_AN_INVOICE}", "invoice.account_id", "at"),
    Rows("waiver", f"billing_waiver written {OF_AN_INVOICE}", "invoice.account_id", "at"),
    Rows("plan", f"billing_paymentplan written {OF_AN_INVOICE}", "invoice.account_id", "at"),
    Rows("payment", f"billing_payment written {OF_AN_INVOICE}", "invoice.account_id", "started_at"),
    Rows("reversal", "billing_reversal written", "account_id", "recorded_at"),
    Rows("transfer", "billing_banktransfer written", "account_id", "recorded_at"),
    Rows("unapplied", "billing_unappliedentry written", "account_id", "at"),
    Rows("card", "billing_card written", "account_id", "added_at"),
    Rows("credit", "billing_billingcredit written", "account_id", "asked_at"),
    Rows("threshold request", "billing_thresholdrequest written", "account_id", "asked_at"),
    Rows("change", "billing_accountchange written", "account_id", "at"),
)
STEPS = (
    Steps("statement", "billing_statement written", "account_id", ("opened_at", "closed_at")),
    # A bill takes what has posted, and nothing posts in it afterwards.
    Steps(
        "item",
        f"billing_invoiceitem written {OF_AN_INVOICE}",
        "written.account_id",
        ("written.posted_at", DRAWN_UP_AT),
    ),
    Steps("bill", "billing_invoice written", "account_id", ("drafted_at", "issued_at", "paid_at")),
    Steps("bill", "billing_invoice written", "account_id", (DRAWN_UP, "first_failed_at")),
    Steps(
        "payment",
        f"billing_payment written {OF_AN_INVOICE}",
        "invoice.account_id",
        ("invoice.issued_at", "written.started_at", "written.ended_at"),
    ),
    Steps(
        "reversal",
        "billing_reversal written",
        "account_id",
        ("recorded_at", "greatest(decided_at, came_back_at)"),
    ),
    Steps(
        "pause",
        f"billing_collectionpause written {OF_AN_INVOICE}",
        "invoice.account_id",
        ("invoice.issued_at", "written.at", "written.ended_at"),
    ),
    Steps(
        "plan",
        f"billing_paymentplan written {OF_AN_INVOICE}",
        "invoice.account_id",
        ("invoice.issued_at", "written.at", "written.ended_at"),
    ),
    Steps("card", "billing_card written", "account_id", ("added_at", "removed_at")),
    Steps(
        "credit",
        "billing_billingcredit written",
        "account_id",
        ("asked_at", "decided_at", "undone_at"),
    ),
    Steps("transfer", "billing_banktransfer written", "account_id", ("recorded_at", "moved_at")),
    Steps(
        "threshold request",
        "billing_thresholdrequest written",
        "account_id",
        ("asked_at", "answered_at"),
    ),
)

CHECKS = (
    Check(10, "instants of an account's rows never fall", "instant", never_fall(ROWS)),
    Check(10, "what happens to an account's rows comes in order", "instants", come_in_order(STEPS)),
    Check(
        10,
        "an account last wrote no earlier than its rows, and within its open day",
        "instant",
        of_book("billing_billingaccount", "billing account", ROWS),
    ),
)
