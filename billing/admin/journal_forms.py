"""What operators ask the journal for, and the forms of decisions about it."""

from datetime import UTC, date, timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from backoffice.decisions import Reasoned
from billing.models import BillingAccount
from billing.models.journal import LONGEST_CODE, LONGEST_NAME
from billing.queries import chart
from billing.queries.journal import Asked
from credit.models import CreditLine
from lib import calendar, clock
from lib.spans import DayField
from lib.text_fields import LineField
from merchants.models import Merchant

LONGEST = timedelta(days=3 * 366)  # a page is read at once


class Question(forms.Form):
    """The days, the currency, the merchant and the account that a page of the journal is asked for,
    by its address. What is left empty is this month, and everything else.

    Once it is valid, `asked` is what is asked for.
    """

    start = DayField(label="From")
    end = DayField(label="To")
    currency = forms.ChoiceField(required=False)
    merchant = LineField(required=False, label="Merchant's reference")
    account = forms.ChoiceField(required=False)

    def __init__(self, typed: QueryDict) -> None:
        """Fill in what `typed` leaves out or has empty: this month up to today (UTC). Offers the
        currencies of the books and the accounts of the chart.
        """
        self.now = clock.now()
        today = self.now.astimezone(UTC).date()
        by_itself = {"start": calendar.month_of(today).isoformat(), "end": today.isoformat()}
        super().__init__(by_itself | {name: value for name, value in typed.items() if value})
        codes = {
            *BillingAccount.objects.values_list("currency", flat=True).distinct(),
            *CreditLine.objects.values_list("currency", flat=True).distinct(),
        }
        present = chart.in_force()
        known = sorted((present[key].code, present[key].name, key) for key in chart.choosable())
        self._offer("currency", [("", "All"), *((code, code) for code in sorted(codes))])
        self._offer("account", [("", "All"), *((key, f"{code} {name}")
                                               for code, name, key in known)])  # fmt: skip

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        """Set the choices of the form's field `name`, as pairs of a value and a label."""
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean_merchant(self) -> int | None:
        """The primary key of the merchant whose reference was typed; None, for all, if the field is
        empty. Raises ValidationError for an unknown one.
        """
        reference = self.cleaned_data["merchant"]
        if not reference:
            return None
        found = Merchant.objects.filter(reference=reference).values_list("pk", flat=True).first()
        if found is None:
            raise forms.ValidationError("There is no merchant with this reference.")
        return found

    def clean(self) -> dict[str, Any]:
        """The cleaned data. An end before the start, and days longer than LONGEST, become errors of
        their field.
        """
        said = super().clean() or {}
        start, end = said.get("start"), said.get("end")
        if start and end and end < start:
            self.add_error("end", "It is before the first day.")
        elif start and end and end - start > LONGEST:
            self.add_error("start", "A page has about three years at most; files have all.")
        return said

    @property
    def asked(self) -> Asked:
        """What the journal is asked for: the days, merchant, currency and account of the valid
        form.
        """
        said = self.cleaned_data
        return Asked(
            said["start"], said["end"], said["merchant"], said["currency"], said["account"]
        )

    @property
    def query(self) -> dict[str, str]:
        """The fields that are not empty, as they were typed or, of the days, filled in, for the
        query of another page's address.
        """
        return {
            name: str(value)
            for name in self.fields
            if (value := self.data.get(name))  # as it was typed: a merchant by its reference
        }


def _month_before(today: date) -> str:
    """The month before that of `today`, such as 2026-10."""
    return f"{calendar.month_of(today) - calendar.ONE_DAY:%Y-%m}"


class Month(Reasoned):
    """The form that locks a month of the journal; the month before this one, unless another is
    typed.
    """

    month = forms.DateField(
        label="Up to the end of",
        input_formats=["%Y-%m"],
        widget=UnfoldAdminTextInputWidget(attrs={"type": "month", "placeholder": "2026-11"}),
        help_text="A month that is over everywhere, such as 2026-11. All months before are locked,"
        " too.",
    )
    field_order = ("month", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["month"].initial = _month_before(clock.now().date())

    def clean_month(self) -> date:
        """The first day of the month that was typed. Raises ValidationError for one that nobody can
        mean (calendar.is_meant).
        """
        month: date = self.cleaned_data["month"]
        if not calendar.is_meant(month):
            raise forms.ValidationError("This is no month that could be over.")
        return month


class AccountChoice(Reasoned):
    """The form that chooses the code and the name of an account of the journal."""

    key = forms.ChoiceField(label="Account", widget=UnfoldAdminSelectWidget)
    code = LineField(
        max_length=LONGEST_CODE,
        widget=UnfoldAdminTextInputWidget,
        help_text="Capitals, digits and hyphens, as your accountant has it. Accounts with one code"
        " and one name are one account.",
    )
    name = LineField(max_length=LONGEST_NAME, widget=UnfoldAdminTextInputWidget)
    field_order = ("key", "code", "name", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["key"]
        assert isinstance(field, forms.ChoiceField)
        present = chart.in_force()
        field.choices = [
            (key, f"{present[key].code} {present[key].name} ({key})") for key in chart.choosable()
        ]
