"""What is asked of a merchant's buyers."""

from datetime import date
from typing import Any, ClassVar, cast

from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from credit.models import CreditLine
from credit.queries import buyer_list
from credit.queries.buyer_list import Asked, Buyers
from credit.queries.buyers import Outcome
from lib import calendar
from lib.figures import Figures
from lib.list_forms import Amounts, choice, text
from lib.lists import Filter
from lib.spans import LONGER, Dates

OUTCOMES = [("", _("All")), *Outcome.choices]


class BuyersFilter(Filter):
    """Filters the list of all buyers, whose rows are no model's (credit.queries.buyer_list)."""

    LIST = "credit:buyers"
    SORTS = buyer_list.SORTS
    ANCHOR = "buyers"
    SEARCH = "name"
    DATES = Dates("latest_at", _("Last order"), presets=LONGER)
    AMOUNTS = Amounts(["holds"], _("Holds"))
    SUMS: ClassVar = {"holds": _("Holds"), "lost": _("Written off, and not recovered")}
    SUMMED: ClassVar = {"holds": {"standing": "HOLDS"}, "lost": {"standing": "LOST"}}

    name = text(label=_("Buyer contains"))
    standing = choice([("", _("All")), *buyer_list.Standing.choices], _("Status"))

    def asking(self, line: CreditLine, today: date) -> Buyers:
        """The query for the line's buyers that meet the filter, as of the local day `today`;
        nothing is read yet. If the filter has an error, it finds none.
        """
        span, ends = self.span, [self.said[end] for end in ("least", "most")]
        least, most = (None if end == "" else end for end in ends)
        next_day = span.until and span.until + calendar.ONE_DAY
        asked = Asked(
            **self.rows,
            since=self._days.start_of(span.since) if span.since else None,
            before=self._days.start_of(next_day) if next_day else None,
            least=least,
            most=most,
            is_nothing=self.is_mistaken,
        )
        return Buyers(line, today, asked)

    def page(self, found: Any) -> Any:
        """The page of these buyers, as `asking` gave them, in the list's order."""
        self._found = found
        self._page = found.page(by=self.by, params=self.data)
        return self._page

    def counted(self, found: Any, most: int | None) -> Figures:
        """The number of the buyers, whatever `most` is, and their sums."""
        return cast(Figures, found.figures)

    @property
    def nothing_found(self) -> StrOrPromise:
        """What the reader can do about a list that found nothing: try a shorter part of the name,
        if one was asked for and the filter has no error; otherwise as for any list
        (Filter.nothing_found).
        """
        if self.said["name"] and not self.is_mistaken:
            return _("Nothing matches. Try a shorter part of the name, or clear the filter.")
        return super().nothing_found

    @cached_property
    def shown_of(self) -> tuple[int, int, int] | None:
        """The numbers of the first and the last row that are shown, and how many there are; None if
        the list has one page.
        """
        page = self._page
        if page is None or not page.rows or not (page.before or page.after):
            return None
        rows: Any = page.rows
        return rows[0].number, rows[-1].number, self.figures.count


class BuyerFilter(Filter):
    """Filters the orders of one buyer."""

    LIST = "credit:buyer"
    SORTS = ("-placed_at", "placed_at")
    ANCHOR = "orders"
    SEARCH = "reference"
    ALSO = ("amount",)  # of the order that may be taken
    DATES = Dates("placed_at", _("Placed"))
    AMOUNTS = Amounts(["amount"])
    SUMS: ClassVar = {"sold": _("Sold"), "not_sold": _("Declined or cancelled")}

    reference = text(label=_("Order contains"))
    outcome = choice(OUTCOMES, _("Status"))
