"""Lists of an account as CSV files, with headings in the language in force (docs/files.md)."""

import json
from collections.abc import Iterator
from decimal import Decimal

from django.db.models import Q, QuerySet, Sum
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from billing.documents.csv_export import invoice_number
from billing.documents.statement_csv import fees_in, without_tax
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
from billing.queries import taxes
from billing.queries.requests import fees as request_fees
from billing.queries.standings import LEFT, Standing
from lib.csv_files import (
    Figure,
    amount,
    codes,
    in_words,
    instants,
    of_rows,
    quoted,
    safe,
    yes_or_no,
)


def invoices(account: BillingAccount, found: QuerySet[Invoice]) -> Iterator[bytes]:
    """A CSV file of these bills of the account, in the order of the query, which has to be given
    their standing first (standings.placed). Totals include tax, which has a column of its own if
    any bill of the account has a rate of tax (taxes.has_any).
    """
    columns = {
        _("Bill #"): invoice_number("number"),
        pgettext("date", "Issued"): "issued_on",
        _("Kind"): in_words("kind", Invoice.Kind.choices),
        _("Start of billing cycle"): "period_start",
        _("End of billing cycle"): "period_end",
        _("Status"): in_words("standing", Standing.choices),
        _("Due"): "due_on",
        _("Total"): amount("total", account.currency),
        pgettext("amount", "Paid"): amount("amount_paid", account.currency),
        _("Left to pay"): amount(LEFT.format(invoice="row"), account.currency),
        _("Currency"): "currency",
        **instants({_("Paid at"): "paid_at"}, account.timezone),
        _("Start of plan"): "plan_start",
        _("End of plan"): "plan_end",
        **instants({_("Last try"): "last_tried_at"}, account.timezone),
        **instants({_("Next try"): "next_attempt_at"}, account.timezone),
        _("Freezes your credit line on"): "freezes_on",
    }
    if taxes.has_any(account):
        columns[_("Tax")] = amount("tax", account.currency)
    columns |= codes({_("Kind"): "kind", _("Status"): "standing"})
    rows = found.values(
        *("number", "kind", "status", "issued_on", "period_start", "period_end", "due_on"),
        *("total", "amount_paid", "currency", "paid_at", "plan_start", "plan_end"),
        *("standing", "last_tried_at", "next_attempt_at", "freezes_on", "tax"),
    )
    return of_rows(columns, rows)


def closed_months(account: BillingAccount, found: QuerySet[Statement]) -> Iterator[bytes]:
    """A CSV file of the closed statements among `found`, in the order of the query, with the sum of
    each category that statements have and the total; open ones are left out.
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
    if taxes.are_added(account):
        columns |= without_tax()
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


# What the charges of a request come to, by fee, and the bills that they are on.
COSTS = """
CROSS JOIN LATERAL (
    SELECT sum(fee.charges) AS charges, sum(fee.charged) AS charged, sum(fee.credited) AS credited,
           sum(fee.billed) AS billed, string_agg({fee} || ' ' || {amount}, '; ' ORDER BY {fee})
           AS fees, json_object_agg(fee.fee_id, fee.amount) AS by_fee
    FROM (
        SELECT charge.fee_id, count(*) AS charges, sum(charge.amount) AS amount,
               coalesce(sum(charge.amount) FILTER (WHERE charge.amount >= 0), 0) AS charged,
               coalesce(sum(charge.amount) FILTER (WHERE charge.amount < 0), 0) AS credited,
               coalesce(sum(charge.amount) FILTER (WHERE invoice.number <> ''), 0) AS billed
        FROM billing_charge charge JOIN billing_invoiceitem item ON item.id = charge.item_id
        LEFT JOIN billing_invoice invoice ON invoice.id = item.invoice_id
        WHERE charge.account_id = {account} AND charge.request = row.reference
        GROUP BY charge.fee_id
    ) fee
) cost
CROSS JOIN LATERAL (
    SELECT string_agg(DISTINCT {number}, '; ') AS numbers
    FROM billing_charge charge JOIN billing_invoiceitem item ON item.id = charge.item_id
    JOIN billing_invoice invoice ON invoice.id = item.invoice_id
    WHERE charge.account_id = {account} AND charge.request = row.reference
) bill
"""


def requests(account: BillingAccount, found: QuerySet[FulfilmentRequest]) -> Iterator[bytes]:
    """A CSV file of these fulfilment requests of the account, in the order of the query, each with
    the order of the same reference, if there is one, what it cost so far, all together and fee by
    fee, credits subtracted, and the bills that it is on.
    """
    joined = COSTS.format(
        fee=f"({_fees()} -> fee.fee_id ->> 'name')",
        amount=amount("fee.amount", account.currency),
        account=account.pk,
        number=invoice_number("invoice.number"),
    )
    # Fees may share a name in some language: the second is told apart by its code.
    names: dict[str, str] = {}
    for fee in request_fees():
        names[f"{fee.label} ({fee.pk})" if fee.label in names else fee.label] = fee.pk
    by_fee = {
        name: amount(f"coalesce((by_fee ->> {quoted(code)})::numeric, 0)", account.currency)
        for name, code in names.items()
    }
    has_order = (
        f"EXISTS (SELECT 1 FROM credit_order o WHERE o.line_id = {account.pk}"
        " AND o.reference = row.reference)"
    )
    columns = {
        _("Request"): safe("reference"),
        _("Order"): f"CASE WHEN {has_order} THEN {safe('reference')} END",
        **instants({_("First service"): "first_at"}, account.timezone),
        pgettext("file", "Charges"): Figure("coalesce(charges, 0)"),
        _("Fees"): "fees",
        **by_fee,
        _("Charged"): amount("coalesce(charged, 0)", account.currency),
        _("Credited"): amount("coalesce(credited, 0)", account.currency),
        _("Cost"): amount("coalesce(charged + credited, 0)", account.currency),
        _("Billed"): amount("coalesce(billed, 0)", account.currency),
        _("Not billed yet"): amount("coalesce(charged + credited - billed, 0)", account.currency),
        _("Bill #"): "numbers",
        _("Currency"): quoted(account.currency),
    }
    return of_rows(columns, found.values("reference", "first_at"), joined)


def charges(account: BillingAccount, found: QuerySet[Charge]) -> Iterator[bytes]:
    """A CSV file of these charges of the account, in the order of the query, each with the number
    of the bill it is on by now, empty for one on none and on a draft.
    """
    columns = {
        _("Day"): "item__posting_on",
        pgettext("file", "Charge"): safe("reference"),
        _("Category"): f"{_fees()} -> fee_id ->> 'category'",
        _("Fee"): f"{_fees()} -> fee_id ->> 'name'",
        _("Request"): safe("request"),
        _("Description"): safe("description"),
        _("Quantity"): Figure("trim_scale(quantity)"),
        _("Rate"): Figure("trim_scale(unit_price)"),
        _("Amount"): amount("amount", account.currency),
        _("Currency"): "currency",
        _("Service date"): "service_on",
        **instants({_("Service time"): "at"}, account.timezone),
        **instants({_("Arrived"): "arrived_at"}, account.timezone),
        _("Late"): yes_or_no("is_late"),
        _("Bill #"): invoice_number("item__invoice__number"),
    }
    if taxes.are_added(account):
        columns |= without_tax()
    columns |= codes({_("Category"): "fee__category", _("Fee"): "fee_id"})
    rows = found.values(
        *("reference", "fee_id", "fee__category", "request", "description", "quantity"),
        *("unit_price", "amount", "currency", "service_on", "at", "arrived_at", "is_late"),
        *("item__posting_on", "item__invoice__number"),
    )
    return of_rows(columns, rows)


def days(account: BillingAccount, found: QuerySet[InvoiceItem]) -> Iterator[bytes]:
    """A CSV file of these items of the account, in the order of the query: the sums of its charges
    by fee and the day on which they post or posted, each with the number of its bill, empty on none
    and on a draft.
    """
    columns = {
        _("Day"): "posting_on",
        _("Category"): f"{_fees()} -> fee_id ->> 'category'",
        _("Fee"): f"{_fees()} -> fee_id ->> 'name'",
        pgettext("file", "Charges"): Figure("charge_count"),
        _("Amount"): amount("amount", account.currency),
        _("Currency"): "currency",
        **instants({_("Counts since"): "posted_at"}, account.timezone),
        _("Bill #"): invoice_number("invoice__number"),
    }
    rows = found.values(
        *("posting_on", "fee_id", "charge_count", "amount", "currency", "posted_at"),
        "invoice__number",
    )
    return of_rows(columns, rows)


def credits(account: BillingAccount, found: QuerySet[BillingCredit]) -> Iterator[bytes]:
    """A CSV file of these credits of the account, in the order of the query, with what the merchant
    asked and our answer.
    """
    columns = {
        pgettext("file", "Charge"): safe("charge__reference"),
        _("Reason"): f"{_fees()} -> fee_id ->> 'name'",
        _("Status"): in_words("status", BillingCredit.Status.choices),
        _("Amount"): amount("amount", account.currency),
        _("Currency"): "currency",
        **instants({_("Asked"): "asked_at"}, account.timezone),
        _("What went wrong"): safe("message"),
        **instants({pgettext("time", "Answered"): "decided_at"}, account.timezone),
        _("Answer"): safe("reason"),
        _("Bill #"): invoice_number("made__item__invoice__number"),
        **instants({pgettext("time", "Taken back"): "undone_at"}, account.timezone),
        **codes({_("Status"): "status"}),
    }
    rows = found.values(
        *("charge__reference", "fee_id", "status", "amount", "currency", "asked_at", "message"),
        *("decided_at", "reason", "made__item__invoice__number", "undone_at"),
    )
    return of_rows(columns, rows)


def _fees() -> str:
    """SQL for a JSON object with each fee's category and name in the language in force, by the
    fee's code (statement_csv.fees_in).
    """
    return f"{quoted(json.dumps(fees_in(get_language() or 'en')))}::jsonb"
