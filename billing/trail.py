"""The actions on prices, credits, terms, bills and payments that the audit trail records."""

from django.db.models import TextChoices


class Action(TextChoices):
    # Prices and credits
    PRICE_INTRODUCED = "PRICE_INTRODUCED", "Price introduced"
    FEE_ADDED = "FEE_ADDED", "Fee added"
    CHARGED_BY_HAND = "CHARGED_BY_HAND", "Charged by hand"
    CREDIT_REQUESTED = "CREDIT_REQUESTED", "Credit requested"
    CREDIT_GRANTED = "CREDIT_GRANTED", "Credit granted"
    CREDIT_APPROVED = "CREDIT_APPROVED", "Credit approved"
    CREDIT_REJECTED = "CREDIT_REJECTED", "Credit rejected"
    CREDIT_UNDONE = "CREDIT_UNDONE", "Credit taken back"

    # A billing account's terms
    THRESHOLD_REQUESTED = "THRESHOLD_REQUESTED", "Threshold requested"
    THRESHOLD_GRANTED = "THRESHOLD_GRANTED", "Threshold granted"
    THRESHOLD_REFUSED = "THRESHOLD_REFUSED", "Threshold refused"
    BILLING_QUESTION_ANSWERED = "BILLING_QUESTION_ANSWERED", "Question about billing answered"
    THRESHOLD_CHANGED = "THRESHOLD_CHANGED", "Threshold changed"
    PLAN_CHANGED = "PLAN_CHANGED", "Plan changed"
    TIME_ZONE_CHANGED = "TIME_ZONE_CHANGED", "Time zone changed"
    INVOICE_REVIEW_CHANGED = "INVOICE_REVIEW_CHANGED", "Review of bills changed"
    METHOD_CHANGED = "METHOD_CHANGED", "Payment method changed"
    CARD_ADDED = "CARD_ADDED", "Card added"
    CARD_BLOCKED = "CARD_BLOCKED", "Card blocked"
    CARD_REMOVED = "CARD_REMOVED", "Card removed"
    ACCOUNT_CLOSED = "ACCOUNT_CLOSED", "Account closed"
    ACCOUNT_REOPENED = "ACCOUNT_REOPENED", "Account opened again"
    REST_BILLED = "REST_BILLED", "Rest billed"
    REST_PAID_OUT = "REST_PAID_OUT", "Rest paid out"

    # Who bills whom
    ISSUER_ADDED = "ISSUER_ADDED", "Issuer added"
    ISSUER_CHANGED = "ISSUER_CHANGED", "Issuer changed"
    ISSUER_CHOSEN = "ISSUER_CHOSEN", "Issuer of an account chosen"
    DETAILS_SAID = "DETAILS_SAID", "Billing details said"
    DETAILS_CONFIRMED = "DETAILS_CONFIRMED", "Billing details confirmed"
    DETAILS_REJECTED = "DETAILS_REJECTED", "Billing details rejected"
    CLEARING_CHOSEN = "CLEARING_CHOSEN", "Clearing of an issuer's documents chosen"
    CLEARED_BY_HAND = "CLEARED_BY_HAND", "Number of a tax office entered"
    CLEARING_AGAIN = "CLEARING_AGAIN", "Document sent to the tax office again"
    TAX_RATE_INTRODUCED = "TAX_RATE_INTRODUCED", "Tax rate introduced"
    TAX_CLASS_CHOSEN = "TAX_CLASS_CHOSEN", "Tax class of a fee chosen"
    TAX_TREATMENT_DECIDED = "TAX_TREATMENT_DECIDED", "Tax treatment of a merchant decided"

    # The journal
    JOURNAL_LOCKED = "JOURNAL_LOCKED", "Month of the journal locked"
    CHART_CHANGED = "CHART_CHANGED", "Chart of accounts changed"

    # Files and mails of documents
    YEAR_ASKED = "YEAR_ASKED", "Documents of a year asked for"
    YEAR_TAKEN = "YEAR_TAKEN", "Documents of a year taken"
    BILLING_ADDRESS_ADDED = "BILLING_ADDRESS_ADDED", "Address for documents added"
    BILLING_ADDRESS_CONFIRMED = (
        "BILLING_ADDRESS_CONFIRMED",
        "Address for documents confirmed",
    )
    BILLING_ADDRESS_ENDED = "BILLING_ADDRESS_ENDED", "Address for documents ended"

    # Bills and what is paid
    BILL_ISSUED = "BILL_ISSUED", "Draft issued"
    INVOICE_SENT_BACK = "INVOICE_SENT_BACK", "Draft sent back"
    INVOICE_VOIDED = "INVOICE_VOIDED", "Bill voided"
    INVOICE_UNCOLLECTIBLE = "INVOICE_UNCOLLECTIBLE", "Bill marked as uncollectible"
    BILLED_ON_REQUEST = "BILLED_ON_REQUEST", "Bill drawn up on request"
    INVOICE_WAIVED = "INVOICE_WAIVED", "Part of a bill waived"
    DUE_DAY_MOVED = "DUE_DAY_MOVED", "Due day moved"
    COLLECTING_PAUSED = "COLLECTING_PAUSED", "Collecting of a bill paused"
    COLLECTING_RESUMED = "COLLECTING_RESUMED", "Collecting of a bill resumed"
    PAYMENT_PLAN_MADE = "PAYMENT_PLAN_MADE", "Payment plan made"
    PAYMENT_PLAN_CANCELLED = "PAYMENT_PLAN_CANCELLED", "Payment plan cancelled"
    TRANSFER_RECORDED = "TRANSFER_RECORDED", "Transfer recorded"
    TRANSFER_MOVED = "TRANSFER_MOVED", "Transfer booked elsewhere"
    BANK_STATEMENT_TAKEN = "BANK_STATEMENT_TAKEN", "Bank statement taken"
    BANK_STATEMENT_ACCEPTED = "BANK_STATEMENT_ACCEPTED", "Bank statement taken after a gap"
    BANK_STATEMENT_SET_ASIDE = "BANK_STATEMENT_SET_ASIDE", "Bank statement set aside"
    PROVIDER_DIFFERENCE_CLOSED = "PROVIDER_DIFFERENCE_CLOSED", "Difference of a payout closed"
    BANK_LINE_BOOKED = "BANK_LINE_BOOKED", "Line of a bank statement booked"
    BANK_LINE_REFUSED = "BANK_LINE_REFUSED", "Proposal for a line of a bank statement refused"
    BANK_LINE_SET_ASIDE = "BANK_LINE_SET_ASIDE", "Line of a bank statement set aside"
    BANK_LINE_RETURNS = "BANK_LINE_RETURNS", "Said which line of a bank statement was returned"
    BANK_LINE_TAKEN_BACK = "BANK_LINE_TAKEN_BACK", "Payment returned by a bank"
    VALUE_DATE_CORRECTED = "VALUE_DATE_CORRECTED", "Value date of a transfer corrected"
    PAYMENT_STARTED = "PAYMENT_STARTED", "Payment started"
    PAYMENT_LOOKED_UP = "PAYMENT_LOOKED_UP", "Payment looked up at its provider"
    PAYMENT_ENDED = "PAYMENT_ENDED", "Payment ended, its provider's answer being wrong"
    REVERSAL_CHARGED = "REVERSAL_CHARGED", "Payment taken back, charged again"
    REVERSAL_ACCEPTED = "REVERSAL_ACCEPTED", "Payment taken back, not charged again"
    UNAPPLIED_GIVEN_BACK = "UNAPPLIED_GIVEN_BACK", "Unapplied money given back"

    # The installation
    TIME_ZONE_DATA_TAKEN = "TIME_ZONE_DATA_TAKEN", "Another time-zone data taken"
