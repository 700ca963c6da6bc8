"""The operators' view of credit lines: all of it written by operations only, and their decisions.

Importing the modules registers the pages.
"""

from credit.admin import (
    cash,
    lines,
    orders,
    payout_answers,
    policies,
    reviews,
    withdrawals,
)

__all__ = [
    "cash",
    "lines",
    "orders",
    "payout_answers",
    "policies",
    "reviews",
    "withdrawals",
]
