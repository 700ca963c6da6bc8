"""What a reader asks the money calendar: about which day, and which kind of what comes."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from lib import formats
from lib.list_forms import choice
from lib.lists import Filter
from pages.money_calendar import Kind

KINDS = [("", _("All")), *Kind.choices]
ALL = "ALL"
SPANS = [("", _("Up to the day above")), (ALL, _("All days"))]


class CalendarFilter(Filter):
    """Filters the list of what comes, which is always by day; `on` is kept for the answer above
    it.
    """

    SORTS = ("on",)
    ANCHOR = "days"

    on = forms.DateField(required=False)
    kind = choice(KINDS)
    reach = choice(SPANS)


class OnDay(forms.Form):
    """The form that asks what would be free on a day, from `first` to `last`."""

    on = forms.DateField(
        label=_("What would be free on"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )

    def __init__(self, *args: Any, first: date, last: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"label_suffix": ""})
        self._first, self._last = first, last
        days = {"min": first.isoformat(), "max": last.isoformat()}
        self.fields["on"].widget.attrs.update(days)

    def clean_on(self) -> date:
        """The day that was typed. Raises ValidationError for one that the calendar does not
        reach.
        """
        on: date = self.cleaned_data["on"]
        if not self._first <= on <= self._last:
            said = _("Choose a day from %(first)s to %(last)s.") % {
                "first": formats.day_text(self._first),
                "last": formats.day_text(self._last),
            }
            raise forms.ValidationError(said)
        return on
