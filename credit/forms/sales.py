"""What is asked of the pages of sales and refunds."""

import re
from collections.abc import Sequence
from datetime import date
from typing import ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from credit.queries.after_sales import Span
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


class SpanFilter(Filter):
    """Filters what was told or placed on the last days, or in a month."""

    SORTS: ClassVar[Sequence[str]] = ()  # each list has its own

    days = choice(SPANS)
    month = forms.RegexField(MONTH, required=False)

    @property
    def lately(self) -> Span:
        """The days that are asked for, or the month that counts instead."""
        month = self.rows["month"]
        first = date.fromisoformat(f"{month}-01") if month else None
        return Span(int(self.rows["days"] or DAYS), first)


class RefundFilter(SpanFilter):
    """Filters refunds."""

    SORTS = ("-arrived_at", "arrived_at")
    ANCHOR = "refunds"

    stage = choice(STAGES)
    buyer = text()


class CancelledFilter(SpanFilter):
    """Filters cancelled orders; `none` asks for those without a reason."""

    SORTS = ("-placed_at", "placed_at")

    because = text(500)
    none = choice([("", ""), ("1", "")])

    @property
    def reason(self) -> str | None:
        """The reason that is asked for, "" for none, or None for all."""
        return "" if self.rows["none"] else self.rows["because"] or None
