"""Spans of local days that readers choose for a list: the last days or months, or any two days.

Days are the merchant's own, and both ends of a span belong to it (rule 23.17).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import DateTimeField, Model, Q
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from lib import calendar
from lib.formats import day_text


class LocalDays(Protocol):
    """How a merchant counts its days, and which one it has now."""

    @property
    def today(self) -> date:
        """The merchant's present local day."""

    def start_of(self, day: date) -> datetime:
        """The instant at which the merchant's local day starts."""


class DayField(forms.DateField):
    """A form field for a day, as the browser's own field for days sends it."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        super().__init__(input_formats=["%Y-%m-%d"], widget=widget, **kwargs)

    def clean(self, value: Any) -> date | None:
        """The day that was sent; None if nothing was entered and nothing is required. Raises
        ValidationError if it is required, and for what is no day, or none that somebody can mean
        (calendar.is_meant).
        """
        day: date | None = super().clean(value)
        if day is not None and not calendar.is_meant(day):
            raise ValidationError(
                _("Enter a day between %(earliest)s and %(latest)s.")
                % {"earliest": calendar.FIRST_YEAR, "latest": calendar.LAST_YEAR}
            )
        return day


@dataclass(frozen=True)
class Span:
    """The local days from `since` to `until`, both included; None is open at that end."""

    since: date | None = None
    until: date | None = None

    @property
    def text(self) -> str:
        """The span as a reader reads it: "1 Oct 2026 – 31 Oct 2026", or one day, or from or up to a
        day. It must have one end at least.
        """
        if self.since is not None and self.since == self.until:
            return day_text(self.since)
        if self.since is None:
            return str(_("up to %(day)s") % {"day": day_text(self.until)})
        if self.until is None:
            return str(_("from %(day)s") % {"day": day_text(self.since)})
        return f"{day_text(self.since)} – {day_text(self.until)}"

    @property
    def query(self) -> str:
        """The parameters by which the address of a list asks for the span, such as
        "since=2026-10-01&until=2026-10-31", without a "?"; an open end is left out, and both give
        "".
        """
        ends = (("since", self.since), ("until", self.until))
        return urlencode({name: f"{day}" for name, day in ends if day is not None})

    def before(self, today: date) -> "Span | None":
        """The span to compare this with: of a month that is over, the whole month before; of one
        that goes on, as many days of the month before as it has had by `today`; otherwise as many
        days just before it. None without a first day, or if it is all to come.
        """
        if self.since is None or self.since > today:
            return None
        until = min(self.until or today, today)
        if self.since.day == 1 and self.until == calendar.month_end(self.since):
            last = self.since - calendar.ONE_DAY
            first = calendar.month_of(last)
            whole = until == self.until
            return Span(first, last if whole else min(first + (until - self.since), last))
        last = self.since - calendar.ONE_DAY
        return Span(last - (until - self.since), last)

    def __bool__(self) -> bool:
        return self.since is not None or self.until is not None


def _last(days: int) -> Callable[[date], Span]:
    """A function that gives the span of the last `days` days up to a day, that day included."""
    return lambda today: Span(today - timedelta(days=days - 1), today)


def _month(today: date) -> Span:
    """The span of the whole month that the day is in."""
    return Span(calendar.month_of(today), calendar.month_end(today))


def _last_month(today: date) -> Span:
    """The span of the month before the one that the day is in."""
    return _month(calendar.month_of(today) - calendar.ONE_DAY)


ANY_TIME = _("Any time")
# The spans that are offered by name, by what the address calls them.
PRESETS: dict[str, tuple[StrOrPromise, Callable[[date], Span]]] = {
    "today": (_("Today"), _last(1)),
    "7": (_("Last 7 days"), _last(7)),
    "30": (_("Last 30 days"), _last(30)),
    "month": (_("This month"), _month),
    "last-month": (_("Last month"), _last_month),
}


def _next(days: int) -> Callable[[date], Span]:
    """A function that gives the span of `days` days from a day on, that day included."""
    return lambda today: Span(today, today + timedelta(days=days - 1))


# The same, with longer ones, for what is looked back on.
LONGER: dict[str, tuple[StrOrPromise, Callable[[date], Span]]] = PRESETS | {
    "90": (_("Last 90 days"), _last(90)),
    "365": (_("Last 365 days"), _last(365)),
}
# The same for what is still to come.
TO_COME: dict[str, tuple[StrOrPromise, Callable[[date], Span]]] = {
    "today": PRESETS["today"],
    "7": (_("Next 7 days"), _next(7)),
    "30": (_("Next 30 days"), _next(30)),
    "month": PRESETS["month"],
    "next-month": (_("Next month"), lambda today: _month(calendar.next_month(today))),
}


@dataclass(frozen=True)
class Dates:
    """The column by which a list is asked for days: one of instants, of days, or, with
    `is_of_months`, of the first days of months, which are found by any of their days.
    """

    column: str
    label: StrOrPromise
    is_of_months: bool = False
    presets: Mapping[str, tuple[StrOrPromise, Callable[[date], Span]]] = field(
        default_factory=lambda: PRESETS
    )
    otherwise: StrOrPromise = ANY_TIME  # what is shown if no days are asked for
    before: str = ""  # the span before which that is offered; "" for the first of all

    @property
    def choices(self) -> list[tuple[str, StrOrPromise]]:
        """The spans that are offered by name, as choices of a form, with the one that is shown if
        no days are asked for at its place among them.
        """
        named = [(code, label) for code, (label, _of) in self.presets.items()]
        place = list(self.presets).index(self.before) if self.before else 0
        return [*named[:place], ("", self.otherwise), *named[place:]]

    def preset(self, code: str, today: date) -> Span:
        """The span with this code as of the local day `today`. Raises KeyError for an unknown
        code.
        """
        return self.presets[code][1](today)

    def within(self, span: Span, model: type[Model], local: LocalDays) -> Q:
        """The condition that a row of the model lies in the span, by the merchant's local days; an
        open end bounds nothing, and a row whose column is empty lies in no span that has an end.
        Where rows stand for months (`is_of_months`), the whole month of the first day counts.
        """
        if isinstance(model._meta.get_field(self.column), DateTimeField):
            return self._between_instants(span, local)
        first = span.since and calendar.month_of(span.since) if self.is_of_months else span.since
        found = Q()
        if first is not None:
            found &= Q(**{f"{self.column}__gte": first})
        if span.until is not None:
            found &= Q(**{f"{self.column}__lte": span.until})
        return found

    def _between_instants(self, span: Span, local: LocalDays) -> Q:
        """The condition that the column's instant is not before the first day's start, and before
        the end of the last day: the start of the next one. When these days start is asked of
        `local`.
        """
        found = Q()
        if span.since is not None:
            found &= Q(**{f"{self.column}__gte": local.start_of(span.since)})
        if span.until is not None:
            next_day = span.until + calendar.ONE_DAY
            found &= Q(**{f"{self.column}__lt": local.start_of(next_day)})
        return found
