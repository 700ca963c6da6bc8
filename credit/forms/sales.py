"""What is asked of the lists of sales, refunds and cancelled orders."""

from datetime import date, timedelta
from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from credit.models import Order
from credit.queries.orders import OVERDUE
from credit.queries.sales import Stage
from lib.lists import Amounts, Filter, choice, text
from lib.spans import Dates, Span

LATELY = 90  # days of which the groups are, unless others are asked for
STAGES = [("", _("All")), *Stage.choices]
_UNSOLD = (Order.Status.DECLINED, Order.Status.CANCELLED)
SOLD = [
    ("", _("Sold")),
    (OVERDUE, _("Overdue")),
    *(one for one in Order.Status.choices if one[0] not in _UNSOLD),
    (Order.Status.CANCELLED.value, Order.Status.CANCELLED.label),
]
REASONS = [("", _("All")), ("none", _("No reason was told"))]


class MonthFilter(Filter):
    """Filters the orders that were placed in a month."""

    LIST = "credit:sales_month"
    SORTS = ("-placed_at", "placed_at")
    ANCHOR = "orders"
    SEARCH = "reference"
    DATES = Dates("placed_at", _("Placed"))
    AMOUNTS = Amounts(["amount"])
    SUMS: ClassVar = {"amount": _("Total")}

    reference = text(label=_("Part of the order’s reference"))
    standing = choice(SOLD, _("Status"))
    buyer = text(label=_("Buyer"))


class RefundFilter(Filter):
    """Filters refunds by the day on which they were told."""

    LIST = "credit:after_sales"
    SORTS = ("-arrived_at", "arrived_at")
    ANCHOR = "refunds"
    SEARCH = "reference"
    FINDS_PARTS = False
    DATES = Dates("arrived_at", _("When"))
    AMOUNTS = Amounts(["amount"])
    SUMS: ClassVar = {"amount": _("Total")}

    reference = text(label=_("Order or refund"))
    stage = choice(STAGES, _("How far the order had come"))
    buyer = text(label=_("Buyer"))

    def lately(self, today: date) -> Span:
        """The days that are asked for, or the last ones."""
        return self.span or Span(today - timedelta(days=LATELY - 1), today)


class CancelledFilter(Filter):
    """Filters cancelled orders."""

    LIST = "credit:cancelled"
    SORTS = ("-placed_at", "placed_at")
    SEARCH = "reference"
    DATES = Dates("placed_at", _("Placed"))
    AMOUNTS = Amounts(["amount"])
    SUMS: ClassVar = {"amount": _("Total")}

    reference = text(label=_("Part of the order’s reference"))
    told = choice(REASONS)
    because = text(500, label=_("Cancel reason"))
    buyer = text(label=_("Buyer"))

    @property
    def reason(self) -> str | None:
        """The reason that is asked for, "" for none, or None for all."""
        return "" if self.rows["told"] else self.rows["because"] or None
