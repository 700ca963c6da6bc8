"""Lists of an account as CSV files."""

from collections.abc import Iterator
from decimal import Decimal

from django.db.models import Q, QuerySet, Sum

from billing.models import BillingAccount, Invoice, Statement
from billing.models.fees import STATEMENT_CATEGORIES, Category
from lib.csv_files import amount, of_rows, utc


def invoices(account: BillingAccount, found: QuerySet[Invoice]) -> Iterator[bytes]:
    """A CSV file of these bills of the account, in their order; they are placed (standings)."""
    columns = {
        "Bill #": "number",
        "Kind": "kind",
        "Status": "status",
        "Date": "issued_on",
        "Start of billing cycle": "period_start",
        "End of billing cycle": "period_end",
        "Due date": "due_on",
        "Total": amount("total", account.currency),
        "Paid": amount("amount_paid", account.currency),
        "Currency": "currency",
        "Paid (UTC)": utc("paid_at"),
        "Start of plan": "plan_start",
        "End of plan": "plan_end",
        "Standing": "standing",
        "Last try (UTC)": utc("last_tried_at"),
        "Next try (UTC)": utc("next_attempt_at"),
        "Freezes the line on": "freezes_on",
    }
    rows = found.values(
        *("number", "kind", "status", "issued_on", "period_start", "period_end", "due_on"),
        *("total", "amount_paid", "currency", "paid_at", "plan_start", "plan_end"),
        *("standing", "last_tried_at", "next_attempt_at", "freezes_on"),
    )
    return of_rows(columns, rows)


def closed_months(account: BillingAccount, found: QuerySet[Statement]) -> Iterator[bytes]:
    """A CSV file of the closed statements among `found`, in their order, with the sum of each
    category; open ones are left out.
    """
    categories = [category for category in Category if category in STATEMENT_CATEGORIES]
    columns = {
        "Month": "to_char(month, 'YYYY-MM')",
        "Closed (UTC)": utc("closed_at"),
        "Charges": "charge_count",
        **{
            category.value.replace("_", " ").capitalize(): amount(
                category.lower(), account.currency
            )
            for category in categories
        },
        "Total": amount("amount", account.currency),
        "Currency": "currency",
    }
    sums = {
        category.lower(): Sum(
            "totals__amount", filter=Q(totals__fee__category=category), default=Decimal(0)
        )
        for category in categories
    }
    rows = found.filter(closed_at__isnull=False).annotate(**sums)
    return of_rows(
        columns, rows.values("month", "closed_at", "charge_count", *sums, "amount", "currency")
    )
