"""The admin pages of the credit book. They edit nothing: each decision of an operator calls an
operation.

Importing the modules registers the pages.
"""

from credit.admin import (
    cash,
    lines,
    orders,
    payment_files,
    payout_answers,
    policies,
    reviews,
    withdrawals,
)

__all__ = [
    "cash",
    "lines",
    "orders",
    "payment_files",
    "payout_answers",
    "policies",
    "reviews",
    "withdrawals",
]
