"""What is asked of the lists of payments to come."""

from datetime import date, timedelta
from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from lib import calendar, spans
from lib.list_forms import Amounts, choice, text
from lib.lists import Filter, Rows
from lib.spans import Dates

DAYS_AHEAD = timedelta(61)  # after today, as in the money calendar
OVERDUE, LATER, UNDELIVERED = "OVERDUE", "LATER", "UNDELIVERED"
WHAT = [
    ("", _("Due")),
    (OVERDUE, _("Overdue")),
    (LATER, _("Due later")),
    (UNDELIVERED, _("Not delivered yet")),
]


class ComingFilter(Filter):
    """Filters the orders of which something is to be paid; days are those on which it is due."""

    LIST = "credit:coming"
    SORTS = ("due_on", "-due_on", "reference", "-reference")
    SEARCH = "reference"
    DATES = Dates("due_on", _("Due"), presets=spans.TO_COME)
    AMOUNTS = Amounts(["coming"])
    SUMS: ClassVar = {"coming": _("Total")}

    reference = text(label=_("Order contains"))
    what = choice(WHAT, _("What"))
    buyer = text(label=_("Buyer"))

    def first(self, today: date) -> date:
        """The first due day to list. What is overdue is listed from the day asked for, or else from
        the first day there is; what is due later, from the day after those of the money calendar;
        the rest, from `today`. A later day that was asked for counts in its place.
        """
        if self.rows["what"] == OVERDUE:
            return self.span.since or calendar.FIRST_DAY
        first = today + DAYS_AHEAD + calendar.ONE_DAY if self.rows["what"] == LATER else today
        return max(self.span.since or first, first)

    def last(self, today: date) -> date:
        """The last due day of the list of what is due from `today` on: the one that was asked for,
        or else the last day of the money calendar. Lists of what is overdue, and of what is due
        later, end on other days, which their view knows.
        """
        return self.span.until or today + DAYS_AHEAD

    def narrowed(self, found: Rows) -> Rows:
        """Those of `found` whose amounts are within those asked for; none if the filter has an
        error. The days are not looked at here: they were asked for when `found` was read.
        """
        found = self.within_amounts(found)
        return found.none() if self.is_mistaken else found
