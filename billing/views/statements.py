"""The pages of charges by month: the open month so far, and statements."""

from datetime import date

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.documents import exports, pdf, statement_csv
from billing.forms.lists import ChargeFilter, StatementFilter
from billing.models import BillingAccount
from billing.queries import months, statements_compared, taxes
from billing.queries import statements as statement_queries
from billing.views.accounts import account_and_days, account_and_today
from lib import calendar, charts, clock, downloads, formats
from lib.csv_files import language_asked, language_of
from lib.spreadsheets import download
from merchants.access import MemberRequest, for_exporting, for_members
from merchants.queries import LocalDays

LATEST = 12  # statements, and months of the chart


@for_members
def charges(request: MemberRequest) -> HttpResponse:
    """The page of the open month so far, the months before for comparison, and the latest
    statements (LATEST of each).
    """
    account, today = account_and_today(request, clock.now())
    month = calendar.month_of(today)
    statement = statement_queries.of_month(account, month)
    by_month = months.by_category(account, until=month, most=LATEST)
    context = {
        "account": account,
        "month": month,
        "month_end": calendar.month_end(month),
        "statement": statement,
        "totals": statement_queries.totals(statement) if statement else None,
        "by_month": by_month,
        "drawing": _drawing(account, by_month),
        "statements": statement_queries.of_account(account).order_by("-month")[:LATEST],
    }
    return render(request, "billing/charges.html", context)


@for_members
def chart(request: MemberRequest) -> HttpResponse:
    """The picture of the chart of charges by category in the last LATEST months, as SVG; with
    `?narrow` in the address it is drawn for a phone.
    """
    account, today = account_and_today(request, clock.now())
    by_month = months.by_category(account, until=calendar.month_of(today), most=LATEST)
    size = charts.NARROW if "narrow" in request.GET else charts.WIDE
    return charts.image(_drawn(account, by_month, size))


def _drawing(account: BillingAccount, by_month: months.ByMonth) -> str:
    """The chart of charges by month and category, as SVG for inside the page, with a label for
    those who do not see it; "" if there is nothing to draw.
    """
    if not by_month.categories:
        return ""
    label = _("Chart of charges by month and category. The table below has its figures.")
    return charts.inline(_drawn(account, by_month, charts.WIDE), label)


def _drawn(account: BillingAccount, by_month: months.ByMonth, size: tuple[int, int]) -> bytes:
    """The chart of charges by month and category as an SVG image of this size, (width, height)."""
    return charts.bars(
        [
            charts.Series(str(category.label), by_month.amounts(category))
            for category in by_month.categories
        ],
        [formats.short_month(month) for month in by_month.months],
        figure=formats.whole,
        told=lambda value: formats.plain_money(formats.as_money(value, account.currency)),
        size=size,
        opens=[
            reverse("billing:statement", args=[account.merchant.reference, month])
            for month in by_month.months
        ],
    )


@for_members
def statements(request: MemberRequest) -> HttpResponse:
    """The page with the list of statements, one of each month, filtered and sorted as the address
    asks.
    """
    account, local = account_and_days(request)
    asked = _asked(request, account, local)
    context = asked.context | {"page": asked.page(statement_queries.of_year(account, **asked.rows))}
    return render(request, "billing/statements.html", context)


@for_exporting
def export_statements(request: MemberRequest) -> HttpResponseBase:
    """Download the closed months that the list shows with the same filter, one row each, as
    CSV or, with `format=xlsx` in the address, as a spreadsheet. Owners, finance, and
    operators who look at the pages may take it; what an operator takes is put on the trail.
    """
    account, local = account_and_days(request)
    asked = _asked(request, account, local)
    found = asked.ordered(statement_queries.of_year(account, **asked.rows))
    file_name = asked.file_name("statements", request.membership.merchant.reference)
    with language_asked(request):
        return download(request, exports.closed_months(account, found), file_name)


def _asked(request: MemberRequest, account: BillingAccount, local: LocalDays) -> StatementFilter:
    """Return the filter of closed months, as the address asks for it, with the years that
    the account has statements of. The page that lists the months and the file of them have
    the same one. If a value makes no sense, nothing is raised and the list finds nothing.
    """
    years = statement_queries.years(account)
    return StatementFilter(request.GET, local=local, currency=account.currency, years=years)


@for_members
def statement(request: MemberRequest, month: date) -> HttpResponse:
    """The page of the month's statement, open or closed, with its totals, and with its charges,
    filtered and sorted as the address asks. Raises Http404 if nothing was charged in the month.
    """
    account, local = account_and_days(request)
    statement = statement_queries.of_month(account, month)
    if statement is None:
        raise Http404("no charge has opened a statement of this month")
    # A closed month reads like its CSV; in the open one the latest charge is the interesting one.
    sorts = ("at", "-at") if statement.is_closed else ("-at", "at")
    totals = statements_compared.of(statement)
    fees = [total.fee for category in totals.categories for total in category.fees]
    asked = ChargeFilter(
        request.GET, sorts=sorts, local=local, currency=account.currency, fees=fees
    )
    context = asked.context | {
        "statement": statement,
        "totals": totals,
        "is_net": taxes.are_added(account, statement.closed_at),
        "page": asked.page(statement_queries.charges(statement, **asked.rows)),
    }
    return render(request, "billing/statement.html", context)


@for_exporting
def export_statement(request: MemberRequest, month: date) -> HttpResponseBase:
    """All charges of the month as CSV or, with `format=xlsx` in the address, as a spreadsheet. If
    the month is not closed, or nothing was charged in it, redirects to the list of statements with
    the reason. One that an operator takes is put on the trail.
    """
    merchant = request.membership.merchant
    try:
        export = statement_csv.Export.of(merchant, month, language=language_of(request))
    except statement_csv.NotClosed as refusal:
        messages.warning(request, str(refusal))
        return redirect("billing:statements", merchant=merchant.reference)
    return download(request, export.blocks(), export.file_name)


@for_exporting
def statement_pdf(request: MemberRequest, month: date) -> HttpResponse:
    """The month's statement as PDF. If the month is not closed, or nothing was charged in it,
    redirects to the list of statements with the reason. One that an operator takes is put on the
    trail.
    """
    merchant = request.membership.merchant
    try:
        statement = statement_csv.closed_statement(merchant, month)
    except statement_csv.NotClosed as refusal:
        messages.warning(request, str(refusal))
        return redirect("billing:statements", merchant=merchant.reference)
    file_name = f"statement-{merchant.reference}-{statement}.pdf"
    return downloads.document(pdf.statement_pdf(statement), file_name)
