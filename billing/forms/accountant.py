"""The forms of the page for a merchant's accountant."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.models import BillingAddress
from lib import calendar
from lib.formats import day_text


class DayField(forms.DateField):
    """A day, as the browser's own field for days sends it."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        super().__init__(input_formats=["%Y-%m-%d"], widget=widget, **kwargs)


class Days(forms.Form):
    """Which days' charges are taken: days that are over, by default those of the last month."""

    start = DayField(label=_("From"))
    end = DayField(label=_("Up to and including"))

    def __init__(self, *args: Any, last: date, **kwargs: Any) -> None:
        """`last` is the last day that is over."""
        month = calendar.month_of(calendar.month_of(last + calendar.ONE_DAY) - calendar.ONE_DAY)
        initial = {"start": month, "end": calendar.month_end(month)}
        super().__init__(
            *args, **kwargs | {"initial": initial, "auto_id": "days_%s", "label_suffix": ""}
        )
        self.last = last

    def clean(self) -> dict[str, Any]:
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
