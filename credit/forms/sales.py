"""What is asked of the pages of sales and refunds."""

import re
from datetime import date

from django import forms
from django.utils.translation import gettext_lazy as _

from credit.queries.sales import Stage
from lib.lists import Filter, choice, text

SPANS = [("", _("90 days")), ("30", _("30 days")), ("365", _("A year"))]
DAYS = 90  # unless others are asked for
STAGES = [("", _("All")), *Stage.choices]
CANCELLED = "CANCELLED"
SOLD = [("", _("Sold")), (CANCELLED, _("Cancelled"))]
MONTH = re.compile(r"^[1-9][0-9]{3}-(0[1-9]|1[0-2])$")


class MonthFilter(Filter):
    """Filters the orders that were placed in a month."""

    SORTS = ("-placed_at", "placed_at")
    ANCHOR = "orders"

    what = choice(SOLD)


class RefundFilter(Filter):
    """Filters the refunds of some days, or of a month."""

    SORTS = ("-arrived_at", "arrived_at")
    ANCHOR = "refunds"

    days = choice(SPANS)
    month = forms.RegexField(MONTH, required=False)
    stage = choice(STAGES)
    buyer = text()

    @property
    def span(self) -> tuple[int, date | None]:
        """How many days are asked for, and the first day of the month that counts instead; None
        without one.
        """
        month = self.rows["month"]
        return int(self.rows["days"] or DAYS), date.fromisoformat(f"{month}-01") if month else None


class CancelledFilter(Filter):
    """Filters the cancelled orders of some days, or of a month; `none` asks for those without a
    reason.
    """

    SORTS = ("-placed_at", "placed_at")

    days = choice(SPANS)
    month = forms.RegexField(MONTH, required=False)
    reason = text(500)
    none = forms.BooleanField(required=False)

    span = RefundFilter.span
