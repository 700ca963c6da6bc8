"""The forms of the page for a merchant's accountant."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from billing.models import BillingAddress
from lib import calendar, spans
from lib.formats import day_text
from lib.spans import DayField

LAST_MONTH = "last-month"


class Days(forms.Form):
    """Which days' charges are taken: days that are over, by default those of the last month.

    `days` in the address chooses others by name, as in the bars of lists (lib.spans).
    """

    start = DayField(label=_("From"))
    end = DayField(label=_("Up to and including"))

    def __init__(self, *args: Any, last: date, named: str = "", **kwargs: Any) -> None:
        """Fill the fields with the days called `named`, or last month's for an unknown name; what
        of them is after `last`, the last day that is over, is left out.
        """
        self.last = last
        self.named = named if named in self.presets else LAST_MONTH
        _label, span_on = spans.PRESETS[self.named]
        span = span_on(last + calendar.ONE_DAY)
        initial = {"start": span.since, "end": min(span.until or last, last)}
        super().__init__(
            *args, **kwargs | {"initial": initial, "auto_id": "days_%s", "label_suffix": ""}
        )

    @property
    def presets(self) -> dict[str, StrOrPromise]:
        """The named spans of days of which some are over, with their labels: never today, nor a
        month on its first day.
        """
        today = self.last + calendar.ONE_DAY
        return {
            code: label
            for code, (label, of) in spans.PRESETS.items()
            if (of(today).since or today) < today
        }

    def clean(self) -> dict[str, Any]:
        """The cleaned data. An end before the start, or a day that is not over, becomes an error of
        the end.
        """
        cleaned = super().clean() or self.cleaned_data
        start, end = cleaned.get("start"), cleaned.get("end")
        if start and end and end < start:
            self.add_error("end", gettext("This is before the first day."))
        elif end and end > self.last:
            self.add_error(
                "end",
                gettext("Charges can be taken of days that are over, up to %(day)s.")
                % {"day": day_text(self.last)},
            )
        return cleaned


class NewAddress(forms.Form):
    """An address that is to get documents, and when its mails come."""

    email = forms.EmailField(label=_("E-mail address"), max_length=254)
    schedule = forms.ChoiceField(label=_("Mails"), choices=BillingAddress.Schedule.choices)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"auto_id": "address_%s", "label_suffix": ""})


class Years(forms.Form):
    """How years are written on Thai documents."""

    buddhist_years = forms.BooleanField(
        label=_("Buddhist years on documents in Thai"),
        help_text=_("PDF files of bills and statements have 2569 for 2026 then."),
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"auto_id": "years_%s", "label_suffix": ""})
