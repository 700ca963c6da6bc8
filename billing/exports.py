"""Lists of an account as CSV files."""

from collections.abc import Iterator

from django.db.models import QuerySet

from billing.models import BillingAccount, Invoice
from merchants.exports import amount, of_rows, utc


def bills(account: BillingAccount, found: QuerySet[Invoice]) -> Iterator[bytes]:
    """These bills of the account, in their order."""
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
    }
    rows = found.values(
        *("number", "kind", "status", "issued_on", "period_start", "period_end", "due_on"),
        *("total", "amount_paid", "currency", "paid_at"),
    )
    return of_rows(columns, rows)
