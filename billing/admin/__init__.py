"""The admin pages of accounts, charges and bills, and the decisions about them.

Only operations write these rows. Importing the modules registers the pages.
"""

from billing.admin import (
    accounts,
    bank_lines,
    banks,
    by_hand_rows,
    charges,
    clearances,
    credits,
    documents,
    fees,
    invoices,
    journal,
    parties,
    payments,
    payouts,
    prices,
    questions,
    reversals,
    taxes,
    thresholds,
    transfers,
)

__all__ = [
    "accounts",
    "bank_lines",
    "banks",
    "by_hand_rows",
    "charges",
    "clearances",
    "credits",
    "documents",
    "fees",
    "invoices",
    "journal",
    "parties",
    "payments",
    "payouts",
    "prices",
    "questions",
    "reversals",
    "taxes",
    "thresholds",
    "transfers",
]
