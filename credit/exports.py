"""CSV files of orders, withdrawals, and entries of a credit line."""

from collections.abc import Iterator

from django.db.models import QuerySet

from credit import explanations
from credit.models import CreditLine, LimitEntry, ProceedsEntry, Withdrawal
from credit.models.orders import OrderQuerySet
from lib.csv_files import amount, of_rows, safe, utc


def orders(line: CreditLine, found: OrderQuerySet) -> Iterator[bytes]:
    """Yield the chunks of a CSV file of these orders of the line, in the order of the query."""
    columns = {
        "Order": safe("reference"),
        "Buyer": safe("buyer"),
        "Placed (UTC)": utc("placed_at"),
        "Status": "status",
        "Overdue": "CASE WHEN is_overdue THEN 'yes' ELSE 'no' END",
        "Reason": safe("decline_code"),
        "Due date": "due_on",
        "Instalments": "instalments",
        "Amount": amount("amount", line.currency),
        "Outstanding": amount("outstanding", line.currency),
        "Paid": amount("paid", line.currency),
        "Refunded": amount("refunded", line.currency),
        "Written off": amount("written_off", line.currency),
        "Recovered": amount("recovered", line.currency),
        "Currency": "currency",
        "Shipped (UTC)": utc("shipped_at"),
        "Delivered (UTC)": utc("delivered_at"),
        "Cancelled (UTC)": utc("cancelled_at"),
        "Cancel reason": safe("cancel_reason"),
    }
    rows = found.values(
        *("reference", "buyer", "placed_at", "status", "is_overdue", "decline_code", "due_on"),
        *("instalments", "amount", "outstanding", "paid", "refunded", "written_off", "recovered"),
        *("currency", "shipped_at", "delivered_at", "cancelled_at", "cancel_reason"),
    )
    return of_rows(columns, rows)


def _told() -> str:
    """SQL for what the merchant reads of why its limit was changed (explanations.told)."""
    standard = str(explanations.BY_OUR_TEAM).replace("'", "''")
    return f"(CASE WHEN told > '' THEN told WHEN reason > '' THEN '{standard}' ELSE '' END)"


def entries(line: CreditLine, found: QuerySet[LimitEntry]) -> Iterator[bytes]:
    """Yield the chunks of a CSV file of these entries of the line, in the order of the query. It
    says whether a person or a rule made an entry, but names no operator.
    """
    columns = {
        "Time (UTC)": utc("at"),
        "Kind": "kind",
        "Order": safe("order__reference"),
        "Change of limit": amount("limit_change", line.currency),
        "Change of used": amount("used_change", line.currency),
        "Limit after": amount("limit_after", line.currency),
        "Used after": amount("used_after", line.currency),
        "Currency": "currency",
        "By": "CASE WHEN position('@' IN actor) > 0 THEN 'team' ELSE 'automatic' END",
        "Reason": safe(_told()),
    }
    rows = found.values(
        *("at", "kind", "order__reference", "limit_change", "used_change", "limit_after"),
        *("used_after", "currency", "actor", "reason", "told"),
    )
    return of_rows(columns, rows)


def proceeds_entries(line: CreditLine, found: QuerySet[ProceedsEntry]) -> Iterator[bytes]:
    """Yield the chunks of a CSV file of these entries of the line's proceeds, in the order of the
    query.
    """
    columns = {
        "Time (UTC)": utc("at"),
        "Kind": "kind",
        "Order": safe("order__reference"),
        "Maturing day": "matures_on",
        "Withdrawal": safe("withdrawal__reference"),
        "Bill payment": safe("bill_payment"),
        "Amount": amount("amount", line.currency),
        "Currency": "currency",
        "Reason": safe("correction__told"),
    }
    rows = found.values(
        *("at", "kind", "order__reference", "matures_on", "withdrawal__reference"),
        *("bill_payment", "amount", "currency", "correction__told"),
    )
    return of_rows(columns, rows)


def withdrawals(line: CreditLine, found: QuerySet[Withdrawal]) -> Iterator[bytes]:
    """Yield the chunks of a CSV file of these withdrawals of the line, in the order of the
    query.
    """
    columns = {
        "Withdrawal": "reference",
        "Requested (UTC)": utc("requested_at"),
        "Requested by": safe("requested_by"),
        "To": "destination__kind",
        "Last four": safe("destination__last_four"),
        "Status": "status",
        "Sent (UTC)": utc("sent_at"),
        "Ended (UTC)": utc("ended_at"),
        "Amount": amount("amount", line.currency),
        "Fee": amount("fee", line.currency),
        "Currency": "currency",
        "Reason": safe("reason"),
    }
    rows = found.values(
        *("reference", "requested_at", "requested_by", "destination__kind"),
        *("destination__last_four", "status", "sent_at", "ended_at", "amount", "fee", "currency"),
        "reason",
    )
    return of_rows(columns, rows)
