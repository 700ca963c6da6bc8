"""Lists of an account as CSV files, with headings in the language in force (docs/files.md)."""

from collections.abc import Iterator
from decimal import Decimal

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from billing.models import (
    BillingAccount,
    BillingCredit,
    Charge,
    FulfilmentRequest,
    Invoice,
    InvoiceItem,
    Statement,
)
from billing.models.fees import STATEMENT_CATEGORIES, Category
from lib.csv_files import Figure, amount, instants, of_rows, safe, utc


def invoices(account: BillingAccount, found: QuerySet[Invoice]) -> Iterator[bytes]:
    """A CSV file of these bills of the account, in their order; they are placed (standings)."""
    columns = {
        _("Bill #"): "number",
        _("Kind"): "kind",
        _("Status"): "status",
        _("Date"): "issued_on",
        _("Start of billing cycle"): "period_start",
        _("End of billing cycle"): "period_end",
        _("Due date"): "due_on",
        _("Total"): amount("total", account.currency),
        pgettext("amount", "Paid"): amount("amount_paid", account.currency),
        _("Currency"): "currency",
        **instants({_("Paid at"): "paid_at"}, account.timezone),
        _("Start of plan"): "plan_start",
        _("End of plan"): "plan_end",
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
        _("Month"): "to_char(month, 'YYYY-MM')",
        **instants({pgettext("time", "Closed"): "closed_at"}, account.timezone),
        pgettext("file", "Charges"): Figure("charge_count"),
        **{
            str(category.label): amount(category.lower(), account.currency)
            for category in categories
        },
        _("Total"): amount("amount", account.currency),
        _("Currency"): "currency",
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


def requests(account: BillingAccount, found: QuerySet[FulfilmentRequest]) -> Iterator[bytes]:
    """A CSV file of these fulfilment requests of the account, in their order, each with what it
    cost so far.
    """
    columns = {
        "Request": safe("reference"),
        "First service (UTC)": utc("first_at"),
        "Charges": Figure("coalesce(charges, 0)"),
        "Charged": amount("coalesce(charged, 0)", account.currency),
        "Credited": amount("coalesce(credited, 0)", account.currency),
        "Cost": amount("(coalesce(charged, 0) + coalesce(credited, 0))", account.currency),
        "Currency": f"'{account.currency}'",
    }
    own = Charge.objects.filter(account=account.pk, request=OuterRef("reference")).order_by()
    sums = {
        "charges": Count("pk"),
        "charged": Sum("amount", filter=Q(amount__gte=0)),
        "credited": Sum("amount", filter=Q(amount__lt=0)),
    }
    rows = found.annotate(
        **{
            name: Subquery(own.values("request").annotate(value=value).values("value"))
            for name, value in sums.items()
        }
    )
    return of_rows(columns, rows.values("reference", "first_at", *sums))


def days(account: BillingAccount, found: QuerySet[InvoiceItem]) -> Iterator[bytes]:
    """A CSV file of these sums of the account by fee and day, in their order."""
    columns = {
        "Day": "posting_on",
        "Category": "fee__category",
        "Fee": safe("fee__name"),
        "Charges": Figure("charge_count"),
        "Amount": amount("amount", account.currency),
        "Currency": "currency",
        "Counts since (UTC)": utc("posted_at"),
        "Bill #": "invoice__number",
    }
    rows = found.values(
        *("posting_on", "fee__category", "fee__name", "charge_count", "amount", "currency"),
        *("posted_at", "invoice__number"),
    )
    return of_rows(columns, rows)


def credits(account: BillingAccount, found: QuerySet[BillingCredit]) -> Iterator[bytes]:
    """A CSV file of these credits of the account, in their order."""
    columns = {
        "Charge": safe("charge__reference"),
        "Reason": safe("fee__name"),
        "Status": "status",
        "Amount": amount("amount", account.currency),
        "Currency": "currency",
        "Asked (UTC)": utc("asked_at"),
        "Message": safe("message"),
        "Decided (UTC)": utc("decided_at"),
        "Answer": safe("reason"),
        "Bill #": "made__item__invoice__number",
        "Taken back (UTC)": utc("undone_at"),
    }
    rows = found.values(
        *("charge__reference", "fee__name", "status", "amount", "currency", "asked_at", "message"),
        *("decided_at", "reason", "made__item__invoice__number", "undone_at"),
    )
    return of_rows(columns, rows)
