"""The page of the money calendar, and its chart."""

from collections.abc import Sequence
from datetime import date, timedelta

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from billing.queries import accounts
from credit.queries import withdrawals
from lib import calendar, charts, clock, formats
from merchants.access import MemberRequest, for_members
from pages import money_calendar
from pages.calendar_forms import ALL, KINDS, SPANS, CalendarFilter, OnDay
from pages.money_calendar import Free, MoneyCalendar

A_WEEK, TWO_WEEKS, A_MONTH = timedelta(7), timedelta(14), timedelta(30)


@for_members
def show(request: MemberRequest) -> HttpResponse:
    """The page of the money calendar: what would be free on the day in the address, or in a week if
    there is none or the calendar does not reach it; what comes up to that day, or on all days and
    of one kind alone if the address asks for that; and the days to come with their chart. Raises
    Http404 if the merchant has not joined completely.
    """
    shown = _calendar(request)
    asked = CalendarFilter(request.GET)
    on = min(shown.today + A_WEEK, shown.until)
    form = OnDay(request.GET if "on" in request.GET else None, first=shown.today, last=shown.until)
    if form.is_valid():
        on = form.cleaned_data["on"]
    form.initial["on"] = on
    kind, last = asked.rows["kind"], shown.until if asked.rows["reach"] == ALL else on
    days = [shown.free_on(day) for day in _days(shown)]
    context = asked.context | {
        "calendar": shown,
        "line": shown.line,
        "form": form,
        "free": shown.free_on(on),
        "stopped_by": withdrawals.stopped_by(shown.line),
        "last_due": on - timedelta(shown.line.settlement_days),  # and matured by the day
        "near": _near(shown),
        "items": shown.listed(kind=kind, until=last),
        "last": last,
        "total": shown.total(kind, until=last) if kind else None,
        "kinds": KINDS,
        "spans": SPANS,
        "days": days,
        "drawing": _drawing(shown, days),
    }
    return render(request, "calendar.html", context)


@for_members
def chart(request: MemberRequest) -> HttpResponse:
    """The chart of what would be free day by day as an image, narrow for a phone with `?narrow`.
    Raises Http404 if the merchant has not joined completely.
    """
    shown = _calendar(request)
    size = charts.NARROW if "narrow" in request.GET else charts.WIDE
    return charts.image(_drawn(shown, [shown.free_on(day) for day in _days(shown)], size))


def _calendar(request: MemberRequest) -> MoneyCalendar:
    """The merchant's calendar as of now. Raises Http404 if the merchant has not joined
    completely.
    """
    account = accounts.with_line(request.membership.merchant)
    if account is None:
        raise Http404("the merchant has not joined completely")
    return money_calendar.of(account.merchant.credit_line, account, now=clock.now())


def _days(shown: MoneyCalendar) -> Sequence[date]:
    """All days of the calendar, from today to its last one, both included."""
    count = (shown.until - shown.today).days + 1
    return [shown.today + timedelta(number) for number in range(count)]


def _near(shown: MoneyCalendar) -> Sequence[tuple[date, str]]:
    """Days that people ask about and that the calendar reaches, such as a week from now, each with
    its name.
    """
    today = shown.today
    named = (
        (today, _("Today")),
        (today + A_WEEK, _("In a week")),
        (today + TWO_WEEKS, _("In two weeks")),
        (calendar.month_end(today), _("At the month’s end")),
        (today + A_MONTH, _("In 30 days")),
        (shown.until, _("The last day")),
    )
    return [(day, name) for day, name in named if day <= shown.until]


def _drawing(shown: MoneyCalendar, days: Sequence[Free]) -> str:
    """The chart as HTML within the page; "" if it would show nothing."""
    if not any(one.limit or one.withdrawable for one in days):
        return ""
    label = _(
        "Chart of what would be free day by day; on %(day)s a limit of %(limit)s, and"
        " %(withdrawable)s to withdraw. The table below has its figures."
    ) % {
        "day": formats.day_text(days[-1].on),
        "limit": formats.plain_money(days[-1].limit),
        "withdrawable": formats.plain_money(days[-1].withdrawable),
    }
    return charts.inline(_drawn(shown, days, charts.WIDE), label)


def _drawn(shown: MoneyCalendar, days: Sequence[Free], size: tuple[int, int]) -> bytes:
    """The chart, as SVG of this size, of the limit that would be free and of what could be
    withdrawn, day by day.
    """
    return charts.lines(
        [
            charts.Series(_("Limit free"), [one.limit.amount for one in days], is_step=True),
            charts.Series(
                _("Can be withdrawn"), [one.withdrawable.amount for one in days], is_step=True
            ),
        ],
        [formats.day_and_month(one.on) for one in days],
        figure=formats.whole,
        told=lambda value: formats.plain_money(formats.as_money(value, shown.line.currency)),
        size=size,
    )
