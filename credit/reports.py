"""The operators' reports about credit: orders, limits, proceeds and withdrawals."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Sum

from backoffice.reports.report import COUNT, Asked, Figure, Key, Report, Span
from credit.models import Order
from credit.queries import reports as rows
from lib.formats import day_text, plain_money

SEES = "credit.view_creditline"
MONTH = Key("month", "Month", lambda month: f"{month:%Y-%m}")
DAY = Key("day", "Day (UTC)", day_text)
GRADE = Key("grade", "Grade")

Column = Callable[[Any], str]
ORDER: Mapping[str, Column] = {
    "Order": lambda order: order.reference,
    "Merchant": lambda order: order.line.merchant.name,
    "Buyer": lambda order: order.buyer,
    "Amount": lambda order: plain_money(order.amount),
    "Outstanding": lambda order: plain_money(order.outstanding),
    "Placed": lambda order: f"{order.placed_at:%Y-%m-%d %H:%M}",
}

DECLINED = Report(
    10,
    "declined-orders",
    "Declined orders",
    about="Orders that were declined, and what they were worth, by the reason.",
    permission=SEES,
    span=Span.DAYS,
    rows=rows.declined,
    keys=[DAY, Key("decline_code", "Reason", lambda code: str(Order.Decline(code).label))],
    figures=[COUNT, Figure("worth", "Amount", Sum("amount"))],
    columns=ORDER,
)
OVERDUE = Report(
    20,
    "overdue-orders",
    "Overdue orders",
    about="Open orders with a part that is past its due day, by the month of that day and the"
    " merchant's latest grade, with all that is outstanding of them.",
    permission=SEES,
    span=Span.TODAY,
    rows=rows.overdue,
    keys=[MONTH, GRADE],
    figures=[COUNT, Figure("owed", "Outstanding", Sum("outstanding"))],
    columns=ORDER,
)
WRITTEN_OFF = Report(
    30,
    "written-off",
    "Written off",
    about="What was written off of orders, by month and the merchant's latest grade, and what came"
    " in for it later.",
    permission=SEES,
    span=Span.MONTHS,
    rows=rows.written_off,
    keys=[MONTH, GRADE],
    figures=[
        COUNT,
        Figure("recovered_later", "Recovered", Sum("recovered")),
        Figure("lost", "Written off", Sum("written_off")),
    ],
    columns=ORDER,
)
LIMITS = Report(
    40,
    "limits-by-grade",
    "Limits by grade",
    about="The lines that were reviewed each month by their grade, with their limits before and"
    " after the review.",
    permission=SEES,
    span=Span.MONTHS,
    rows=rows.reviewed,
    keys=[MONTH, GRADE],
    figures=[
        COUNT,
        Figure("before", "Limits before", Sum("limit_before")),
        Figure("after", "Limits after", Sum("limit_after")),
    ],
    columns={
        "Review": lambda review: f"{review.on:%Y-%m-%d}",
        "Merchant": lambda review: review.line.merchant.name,
        "Score": lambda review: f"{review.score:.2f}",
        "Limit before": lambda review: plain_money(review.limit_before),
        "Outcome": lambda review: str(review.get_status_display()),
    },
)


def _matured(asked: Asked) -> dict[str, Any]:
    """The report's line below its table: its label, with what the merchants of the report's
    currency could ask for by now.
    """
    return {"Matured and not asked for yet": rows.matured(asked)}


PROCEEDS = Report(
    50,
    "proceeds-owed",
    "Proceeds by maturity",
    about="Proceeds that have yet to mature, by the merchant's local day on which they do.",
    permission=SEES,
    span=Span.TODAY,
    rows=rows.maturing,
    keys=[Key("matures_on", "Matures on", day_text)],
    figures=[COUNT, Figure("worth", "Amount", Sum("amount"))],
    columns={
        "Entry": lambda entry: str(entry.get_kind_display()),
        "Merchant": lambda entry: entry.line.merchant.name,
        "Amount": lambda entry: plain_money(entry.amount),
        "Written": lambda entry: f"{entry.at:%Y-%m-%d %H:%M}",
    },
    beside=_matured,
)
PAID_OUT = Report(
    60,
    "withdrawals-paid",
    "Cash out: withdrawals paid",
    about="Withdrawals that ended as paid, without fees, and how much of that the bank's own files"
    " have answered: the rest was marked by hand or by a provider.",
    permission=SEES,
    span=Span.DAYS,
    rows=rows.paid_out,
    keys=[DAY],
    figures=[
        COUNT,
        Figure("answered", "Answered by the bank's files", rows.ANSWERED),
        Figure("worth", "Amount", Sum("amount")),
    ],
    columns={
        "Withdrawal": lambda one: one.reference,
        "Merchant": lambda one: one.line.merchant.name,
        "Amount": lambda one: plain_money(one.amount),
        "The bank's reference": lambda one: one.provider_reference,
        "In the bank's files": lambda one: "yes" if one.is_answered else "no",
    },
)
ALL = (DECLINED, OVERDUE, WRITTEN_OFF, LIMITS, PROCEEDS, PAID_OUT)
