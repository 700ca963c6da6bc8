"""What is asked of the lists of sales, refunds and cancelled orders."""

from datetime import date
from typing import Any, ClassVar

from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from credit.models import Order
from credit.queries.orders import OVERDUE, UNSOLD
from credit.queries.sales import Stage
from lib import spans
from lib.list_forms import Amounts, choice, text
from lib.lists import Filter
from lib.spans import Dates, Span

LATELY = "90"  # the days that are shown unless others are asked for (spans.LONGER)
STAGES = [("", _("All")), *Stage.choices]
SOLD = [
    ("", _("Sold")),
    (OVERDUE, _("Overdue")),
    *(one for one in Order.Status.choices if one[0] not in UNSOLD),
    (Order.Status.CANCELLED.value, Order.Status.CANCELLED.label),
]
REASONS = [("", _("All")), ("none", _("No reason was told"))]


class MonthFilter(Filter):
    """Filters the orders that were placed in a month."""

    LIST = "credit:sales_month"
    SORTS = ("-placed_at", "placed_at")
    ANCHOR = "orders"
    SEARCH = "reference"
    COUNTED_BY = "reference"
    DATES = Dates("placed_at", _("Placed"))
    AMOUNTS = Amounts(["amount"])
    SUMS: ClassVar = {"amount": _("Total")}

    reference = text(label=_("Order contains"))
    standing = choice(SOLD, _("Status"))
    buyer = text(label=_("Buyer"))

    def __init__(self, *args: Any, month: date | None = None, **kwargs: Any) -> None:
        """`month` is the first day of the month, which only names of files need."""
        super().__init__(*args, **kwargs)
        self._month = month

    @property
    def period(self) -> str:
        """The days that are asked for or, without any, the month."""
        return f"{self._month:%Y-%m}" if self._month and not self.span else super().period


class RefundFilter(Filter):
    """Filters refunds by the day on which they were told."""

    LIST = "credit:after_sales"
    SORTS = ("-arrived_at", "arrived_at")
    ANCHOR = "refunds"
    SEARCH = "reference"
    FINDS_PARTS = False
    IS_OF_SOME_DAYS = True
    DATES = Dates(
        "arrived_at",
        _("When"),
        presets={code: one for code, one in spans.LONGER.items() if code != LATELY},
        otherwise=spans.LONGER[LATELY][0],
        before="365",
    )
    AMOUNTS = Amounts(["amount"])
    SUMS: ClassVar = {"amount": _("Total")}

    reference = text(label=_("Order or refund"))
    stage = choice(STAGES, _("How far the order had come"))
    buyer = text(label=_("Buyer"))

    @cached_property
    def span(self) -> Span:
        """The days that are asked for; without any, the LATELY days that end with `today`."""
        return super().span or spans.LONGER[LATELY][1](self._days.today)

    @property
    def nothing_found(self) -> StrOrPromise:
        """What the reader of a list that found nothing is told: that there are no refunds on these
        days, if nothing but the days and how to sort is asked for; otherwise what any list says
        (Filter.nothing_found).
        """
        if self.asked.keys() <= {"days", "since", "until", "by"} and not self.is_mistaken:
            return _("No refunds on these days.")
        return super().nothing_found

    @property
    def periods(self) -> list[tuple[str, StrOrPromise, bool]]:
        """The days that are offered by name, each as its address, its label, and whether it is the
        one that is chosen.
        """
        none = {"since": "", "until": ""}
        is_named = not (self.said["since"] or self.said["until"])
        choices: Any = self.DATES.choices
        return [
            (self.link(**none | {"days": code}), label, is_named and code == self.said["days"])
            for code, label in choices
        ]


class CancelledFilter(Filter):
    """Filters cancelled orders."""

    LIST = "credit:cancelled"
    SORTS = ("-placed_at", "placed_at")
    SEARCH = "reference"
    COUNTED_BY = "reference"
    DATES = Dates("placed_at", _("Placed"))
    AMOUNTS = Amounts(["amount"])
    SUMS: ClassVar = {"amount": _("Total")}

    reference = text(label=_("Order contains"))
    told = choice(REASONS)
    because = text(500, label=_("Cancel reason"))
    buyer = text(label=_("Buyer"))

    @property
    def reason(self) -> str | None:
        """The reason of cancelling by which orders are looked for; "" for those without a reason,
        None for all.
        """
        return "" if self.rows["told"] else self.rows["because"] or None
