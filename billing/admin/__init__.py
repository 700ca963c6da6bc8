"""The operators' view of accounts, charges and bills, and their decisions about them.

All of it is written by operations only. Importing the modules registers the pages.
"""

from billing.admin import (
    accounts,
    charges,
    credits,
    invoices,
    payments,
    prices,
    reversals,
    thresholds,
)

__all__ = [
    "accounts",
    "charges",
    "credits",
    "invoices",
    "payments",
    "prices",
    "reversals",
    "thresholds",
]
