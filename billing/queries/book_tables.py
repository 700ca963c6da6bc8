"""Which columns of which tables make the billing book of a merchant, and by what names the document
of docs/books.md calls them.

Names with an underscore are keys by which rows refer to each other: the document has none of them.
"""

from functools import partial
from typing import Any

from billing.models import (
    AccountChange,
    BankTransfer,
    BillingAccount,
    BillingCredit,
    Card,
    Charge,
    Clearance,
    CollectionPause,
    CreditNote,
    DueDay,
    FeePrice,
    FulfilmentRequest,
    Invoice,
    InvoiceDecision,
    InvoiceItem,
    InvoiceLine,
    InvoiceTax,
    Payment,
    PaymentPlan,
    PaymentPlanPart,
    PlanTerm,
    Reversal,
    Statement,
    StatementTotal,
    TaxTreatment,
    ThresholdRequest,
    UnappliedEntry,
    Waiver,
)
from merchants.books import Table, columns

OF_ACCOUNT = partial(Table, "account_id")
OF_INVOICE = partial(Table, "invoice__account_id")

ACCOUNT = Table(
    "merchant_id",
    columns(
        "outstanding accruing unapplied threshold plan plan_price plan_interval_days"
        " joined_on next_plan_on next_cycle_on billed_through reviews_bills payment_method"
        " _card=card_id card_disputed_at timezone open_on open_until closed_at closed_on"
    ),
)
PLAN_TERMS = OF_ACCOUNT(
    columns("starts_on plan plan_price plan_interval_days"),
)
CHANGES = OF_ACCOUNT(
    columns("at what before after effective_on actor reason"),
)
PRICES = Table(
    "merchant_id",
    columns("fee=fee_id currency from_on unit_price introduced_at introduced_by reason"),
    plain="unit_price",
)
CARDS = OF_ACCOUNT(
    columns(
        "provider brand number=last_four expires_on added_at added_by removed_at removed_by"
        " blocked_at blocked_by blocked_reason _pk=pk"
    ),
)
REQUESTS = OF_ACCOUNT(
    columns("reference first_at"),
)
STATEMENTS = OF_ACCOUNT(
    columns("month opened_at closed_at _pk=pk"),
)
TOTALS = Table(
    "statement__account_id",
    columns(
        "category=fee__category fee=fee_id amount charges=charge_count _statement=statement_id"
    ),
)
ITEMS = OF_ACCOUNT(
    columns(
        "category=fee__category fee=fee_id posting posting_on posted_at amount"
        " charges=charge_count takes_more_charges=is_collecting _pk=pk _invoice=invoice_id"
    ),
)
CHARGES = OF_ACCOUNT(
    columns(
        "reference category=fee__category fee=fee_id request description quantity unit_price"
        " amount served_at=at service_on arrived_at is_late _pk=pk _item=item_id"
        " _statement=statement_id"
    ),
    plain="quantity unit_price",
)
CREDITS = OF_ACCOUNT(
    columns(
        "fee=fee_id amount status message asked_at asked_by decided_at decided_by reason"
        " undone_at undone_by undone_reason _charge=charge_id _made=made_id"
        " _taken_back=taken_back_id"
    ),
)
INVOICES = OF_ACCOUNT(
    columns(
        "number kind status issued_on issued_at drafted_at period_start period_end plan_start"
        " plan_end threshold total tax amount_paid paid_at due_on next_attempt_at next_attempt_by"
        " first_failed_at first_failed_on held_until merchant_name merchant_reference language"
        " _pk=pk"
    ),
)
LINES = OF_INVOICE(
    columns(
        "category fee=fee_code fee_name posting_on charges=charge_count amount"
        " tax_category tax_percent _invoice=invoice_id _item=item_id"
    ),
    plain="tax_percent",
)
TAXES = OF_INVOICE(
    columns("category percent base tax sentence _corrects=corrects_id _invoice=invoice_id"),
    plain="percent",
)
CREDIT_NOTES = OF_ACCOUNT(
    columns("number issued_on issued_at total tax _pk=pk _invoice=invoice_id"),
)
CLEARANCES = OF_ACCOUNT(
    columns(
        "provider status attempt taken_up_at sent_at number file_name refusal ended_at ended_by"
        " _invoice=invoice_id _note=note_id"
    ),
)
TAX_TREATMENTS = OF_ACCOUNT(columns("starts_on treatment decided_at decided_by reason"))
DECISIONS = OF_INVOICE(
    columns("at decision actor reason _invoice=invoice_id"),
)
DUE_DAYS = OF_INVOICE(
    columns("at before due_on actor reason told _invoice=invoice_id"),
)
PAUSES = OF_INVOICE(
    columns(
        "at began_on until_on until_at actor reason told ended_at ended_on ended_by"
        " _invoice=invoice_id"
    ),
)
WAIVERS = OF_INVOICE(
    columns(
        "at amount actor reason told _charge=charge_id _payment=payment_id _invoice=invoice_id"
    ),
)
PAYMENT_PLANS = OF_INVOICE(
    columns(
        "at made_on status paid_before next_due_on actor reason told ended_at ended_on ended_by"
        " _pk=pk _invoice=invoice_id"
    ),
)
PLAN_PARTS = Table("plan__invoice__account_id", columns("due_on amount _plan=plan_id"))
PAYMENTS = OF_INVOICE(
    columns(
        "attempt provider amount status failure is_hard reference=provider_reference problem"
        " actor chosen_by started_at asked_again_at ended_at arrived_on=transfer__arrived_on"
        " _key=idempotency_key _pk=pk _card=card_id _invoice=invoice_id"
    ),
)
TRANSFERS = OF_ACCOUNT(
    columns(
        "reference amount arrived_on status recorded_at recorded_by moved_at moved_by moved_reason"
        " taken _pk=pk _payment=payment_id _charge=charge_id"
    ),
)
UNAPPLIED = OF_ACCOUNT(
    columns("at kind amount balance source reference actor reason _payment=payment_id"),
)
REVERSALS = OF_ACCOUNT(
    columns(
        "provider reference=provider_reference money_reference kind state status amount taken"
        " recorded_at recorded_by decided_at decided_by reason message came_back_at _pk=pk"
        " _payment=payment_id _charge=charge_id"
    ),
)
THRESHOLD_REQUESTS = OF_ACCOUNT(
    columns(
        "status threshold_before threshold_wanted threshold_given message asked_at asked_by"
        " answer answered_at answered_by"
    ),
)
# Every table, by what the book calls its rows.
TABLES: dict[str, tuple[Table, type[Any]]] = {
    "account": (ACCOUNT, BillingAccount),
    "plan_terms": (PLAN_TERMS, PlanTerm),
    "changes": (CHANGES, AccountChange),
    "prices": (PRICES, FeePrice),
    "cards": (CARDS, Card),
    "requests": (REQUESTS, FulfilmentRequest),
    "statements": (STATEMENTS, Statement),
    "totals": (TOTALS, StatementTotal),
    "items": (ITEMS, InvoiceItem),
    "charges": (CHARGES, Charge),
    "credits": (CREDITS, BillingCredit),
    "invoices": (INVOICES, Invoice),
    "lines": (LINES, InvoiceLine),
    "taxes": (TAXES, InvoiceTax),
    "credit_notes": (CREDIT_NOTES, CreditNote),
    "clearances": (CLEARANCES, Clearance),
    "tax_treatments": (TAX_TREATMENTS, TaxTreatment),
    "decisions": (DECISIONS, InvoiceDecision),
    "due_days": (DUE_DAYS, DueDay),
    "pauses": (PAUSES, CollectionPause),
    "waivers": (WAIVERS, Waiver),
    "payment_plans": (PAYMENT_PLANS, PaymentPlan),
    "plan_parts": (PLAN_PARTS, PaymentPlanPart),
    "payments": (PAYMENTS, Payment),
    "transfers": (TRANSFERS, BankTransfer),
    "unapplied": (UNAPPLIED, UnappliedEntry),
    "reversals": (REVERSALS, Reversal),
    "threshold_requests": (THRESHOLD_REQUESTS, ThresholdRequest),
}
