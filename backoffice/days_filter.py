"""The filter of admin lists by the days of a column."""

from datetime import date, datetime
from typing import Any

from django import forms
from django.db.models import DateTimeField, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.widgets import UnfoldAdminTextInputWidget

from backoffice import times
from lib import calendar

# Days of which the time-zone data knows when they start; what is further away means no bound.
FIRST_DAY, LAST_DAY = date(1970, 1, 2), date(2099, 12, 30)


class Days(forms.Form):
    """The filter's fields for a first and a last day, both included."""

    def __init__(self, name: str, data: dict[str, Any], where: str = "") -> None:
        super().__init__(data)
        for end, title in (("from", "From"), ("to", "To")):
            words = f"{title}, {where}" if where else title
            widget = UnfoldAdminTextInputWidget(attrs={"type": "date", "aria-label": words})
            self.fields[f"{name}_{end}"] = forms.DateField(required=False, widget=widget)


class OnDays(RangeDateFilter):
    """A filter by the days of a column: those of the operator's time zone for instants."""

    form_class = Days

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_of_instants = isinstance(self.field, DateTimeField)
        self.where = times.zone_name() if self.is_of_instants else ""
        what = str(self.field.verbose_name)
        self.title = f"{what} ({self.where})" if self.where else what

    def choices(self, changelist: Any) -> Any:
        """Yield what the filter's template needs: its form with the days as they were asked for."""
        form = self._days()
        yield {"request": self.request, "parameter_name": self.parameter_name, "form": form}

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        """The rows of the chosen days, the first and the last included; an end that is not chosen
        stays open, and so does a first day before 1970 and a last day after 2099. None at all if
        the days are invalid, which the filter then says.
        """
        days = self._days()
        if not days.is_valid():
            return queryset.none()
        first, last = days.cleaned_data.values()
        if first and first > FIRST_DAY:
            queryset = queryset.filter(**{f"{self.field_path}__gte": self._start(first)})
        if last and last < LAST_DAY:
            after = self._start(last + calendar.ONE_DAY)
            queryset = queryset.filter(**{f"{self.field_path}__lt": after})
        return queryset

    def _days(self) -> Days:
        """The filter's form, filled with the first and the last day that the address asks for."""
        names = (f"{self.parameter_name}_{end}" for end in ("from", "to"))
        asked = {name: self.used_parameters.get(name) for name in names}
        return Days(str(self.parameter_name), asked, self.where)

    def _start(self, day: date) -> date | datetime:
        """The first instant of the day in the operator's time zone, or the day itself where the
        column holds days.
        """
        return calendar.day_start(day, times.zone_name()) if self.is_of_instants else day
