"""What an operator asks a report for, by its page's address."""

from datetime import UTC, timedelta
from typing import Any

from django import forms
from django.http import QueryDict

from backoffice import figures
from backoffice.reports.report import Asked, Report, Span
from lib import clock
from lib.spans import DayField

LONGEST = timedelta(days=3 * 366)  # a report is read at once


class Question(forms.Form):
    """The currency and the days of a report. What is left empty is as the report has it by itself.

    Once it is valid, `asked` is what is asked for.
    """

    currency = forms.ChoiceField()
    start = DayField(label="From")
    end = DayField(label="To")

    def __init__(self, report: Report, typed: QueryDict) -> None:
        """Fill in what `typed` leaves out or has empty: the first currency there is, the report's
        usual first day, and today (UTC) as the last day. A report of today asks for no days. The
        currencies are read from the figures of the home page, which are cached.
        """
        self.now = clock.now()
        today = self.now.astimezone(UTC).date()
        codes = [one.code for one in figures.lately(self.now).currencies]
        by_itself = {
            "currency": codes[0] if codes else "",
            "start": report.span.start(today).isoformat(),
            "end": today.isoformat(),
        }
        super().__init__(by_itself | {name: value for name, value in typed.items() if value})
        self.fields["currency"].choices = [(code, code) for code in codes]  # type: ignore[attr-defined]
        if report.span is Span.TODAY:
            for name in ("start", "end"):
                self.fields[name].widget = forms.HiddenInput()

    def clean(self) -> dict[str, Any]:
        """The cleaned data. A last day before the first, and days longer than LONGEST, become
        errors of their field.
        """
        said = super().clean() or {}
        start, end = said.get("start"), said.get("end")
        if start and end:
            if end < start:
                self.add_error("end", "It is before the first day.")
            elif end - start > LONGEST:
                self.add_error("start", "A report is about three years at most.")
        return said

    @property
    def asked(self) -> Asked:
        """What the valid form asks the report for: the currency, the days, and the instant of
        asking.
        """
        return Asked(now=self.now, **self.cleaned_data)
