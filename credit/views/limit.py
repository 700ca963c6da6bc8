"""The pages of the limit: its use and history, whether an order would be accepted, freezes."""

from collections.abc import Sequence
from datetime import date

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _

from credit import exports
from credit.forms.limit import Caps, OrderCheck
from credit.forms.orders import EntryFilter, FreezeFilter
from credit.models import CreditLine
from credit.queries import acceptance, exposure, freezes, history, orders
from credit.views import caps
from credit.views.lines import line_and_today
from lib import charts, clock, formats
from lib.csv_files import language_asked
from lib.spreadsheets import download
from merchants.access import MemberRequest, for_exporting, for_members
from merchants.queries import LocalDays, local_day

DUE_NEXT = 5  # orders
LARGEST_BUYERS = 5


@for_members
def limit(request: MemberRequest) -> HttpResponse:
    """The page of the line's limit: what is used and available, freezes in force, the
    orders that are due next, the form for the merchant's own caps, a chart of limit and
    use, and the entries, filtered and sorted as the address asks. It only shows them: the
    form for caps is submitted elsewhere.
    """
    return page(request)


def page(request: MemberRequest, refused: Caps | None = None) -> HttpResponse:
    """The page of the limit: its use, history and freezes, its entries, filtered and sorted as the
    address asks, and the form for caps; `refused` is one that was submitted and refused. A refused
    form is shown with its errors and status 422.
    """
    line, today = line_and_today(request, clock.now())
    asked = EntryFilter(request.GET, local=LocalDays.of(line, today), currency=line.currency)
    balances = _balances(request, line, today)
    context = asked.context | {
        "freezes": freezes.in_force(line),
        "due_next": orders.due_next(line, today=today, most=DUE_NEXT),
        "balances": balances[::-1],
        "a_month_ago": history.a_month_ago(balances),
        "drawing": _drawing(line, balances),
        "page": asked.page(history.entries(line, **asked.rows)),
    }
    return caps.render_with(request, line, "credit/line.html", context, refused=refused)


@for_members
def chart(request: MemberRequest) -> HttpResponse:
    """The chart of limit and use over time as an image, narrow for a phone with `?narrow`."""
    line, today = line_and_today(request, clock.now())
    balances = _balances(request, line, today)
    size = charts.NARROW if "narrow" in request.GET else charts.WIDE
    return charts.image(_drawn(line, balances, size))


@for_exporting
def export_entries(request: MemberRequest) -> HttpResponseBase:
    """Download a file of all entries that the list finds with the same filter: as CSV or, with
    `format=xlsx` in the address, as a spreadsheet. One that an operator takes is put on the trail.
    """
    line, today = line_and_today(request, clock.now())
    asked = EntryFilter(request.GET, local=LocalDays.of(line, today), currency=line.currency)
    found = asked.ordered(history.entries(line, **asked.rows))
    file_name = asked.file_name("limit", request.membership.merchant.reference)
    with language_asked(request):
        return download(request, exports.entries(line, found), file_name)


@for_members
def check(request: MemberRequest) -> HttpResponse:
    """The page that says whether an order of the amount in the address would be accepted now, and
    if not, why and, if it is the limit that is not enough, when it could be. The cap on one buyer
    is left out.
    """
    line, today = line_and_today(request, clock.now())
    form = OrderCheck(request.GET if "amount" in request.GET else None, line=line)
    answer = amount = None
    if form.is_valid():
        amount = form.cleaned_data["amount"]
        answer = acceptance.would_accept(line, amount)
    context = {
        "line": line,
        "form": form,
        "amount": amount,
        "answer": answer,
        "freezes": freezes.in_force(line),
        "due_next": orders.due_next(line, today=today, most=DUE_NEXT),
        "buyers": exposure.by_buyer(line, most=LARGEST_BUYERS),
    }
    return render(request, "credit/check.html", context)


@for_members
def freeze_history(request: MemberRequest) -> HttpResponse:
    """The page of the line's freezes: those in force, and past ones, filtered and sorted as the
    address asks; with what is overdue, how much of that freezes the line, and when a bill that
    stays unpaid will.
    """
    line, today = line_and_today(request, clock.now())
    asked = FreezeFilter(request.GET, local=LocalDays.of(line, today))
    standing = freezes.in_force(line)
    context = asked.context | {
        "line": line,
        "freezes": standing,
        "overdue": freezes.overdue(line, today=today),
        "bills_freeze_on": freezes.for_unpaid_from(line, standing, today=today),
        "page": asked.page(freezes.past(line, **asked.rows)),
    }
    return render(request, "credit/freezes.html", context)


def _drawing(line: CreditLine, balances: Sequence[history.Balance]) -> str:
    """The chart of limit and use as HTML within the page; "" if it would show nothing."""
    if not any(balance.limit or balance.used for balance in balances):
        return ""
    label = _(
        "Chart of limit and used; today %(limit)s and %(used)s. The table below has its figures."
    ) % {"limit": formats.plain_money(line.limit), "used": formats.plain_money(line.used)}
    return charts.inline(_drawn(line, balances, charts.WIDE), label)


def _drawn(line: CreditLine, balances: Sequence[history.Balance], size: tuple[int, int]) -> bytes:
    """The chart of limit and use over time as SVG, of this size."""
    return charts.lines(
        [
            charts.Series(_("Limit"), [balance.limit for balance in balances], is_step=True),
            charts.Series(_("Used"), [balance.used for balance in balances], is_area=True),
        ],
        [formats.day_and_month(balance.on) for balance in balances],
        figure=formats.whole,
        told=lambda value: formats.plain_money(formats.as_money(value, line.currency)),
        size=size,
    )


def _balances(request: MemberRequest, line: CreditLine, today: date) -> Sequence[history.Balance]:
    """The balances for the chart: at most a year of them (history.balances), and at most back to
    the day on which the merchant joined.
    """
    joined_on = local_day(line, request.membership.merchant.joined_at)
    return history.balances(line, since=joined_on, today=today)
