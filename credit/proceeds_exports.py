"""What moved a merchant's proceeds, as a CSV file."""

from collections.abc import Iterator

from django.db.models import QuerySet

from credit.models import CreditLine, ProceedsEntry
from merchants.exports import amount, of_rows, safe, utc


def entries(line: CreditLine, found: QuerySet[ProceedsEntry]) -> Iterator[bytes]:
    """These entries of the line, in their order."""
    columns = {
        "Time (UTC)": utc("at"),
        "Kind": "kind",
        "Order": safe("order__reference"),
        "Maturing day": "matures_on",
        "Withdrawal": safe("withdrawal__reference"),
        "Bill payment": safe("bill_payment"),
        "Amount": amount("amount", line.currency),
        "Currency": "currency",
    }
    rows = found.values(
        *("at", "kind", "order__reference", "matures_on", "withdrawal__reference"),
        *("bill_payment", "amount", "currency"),
    )
    return of_rows(columns, rows)
