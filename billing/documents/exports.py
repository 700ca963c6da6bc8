"""Lists of an account as CSV files, with headings in the language in force (docs/files.md)."""

from collections.abc import Iterator
from decimal import Decimal

from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from billing.models import BillingAccount, Invoice, Statement
from billing.models.fees import STATEMENT_CATEGORIES, Category
from lib.csv_files import amount, instants, of_rows


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
        pgettext("file", "Charges"): "charge_count",
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
