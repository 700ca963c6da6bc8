"""The form by which an owner sets up automatic withdrawals."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from credit.forms.withdrawals import destination_label
from credit.models import CreditLine, PayoutSchedule
from credit.queries import destinations
from lib import formats, money
from lib.amount_fields import AmountField, in_currency

Every, Weekday = PayoutSchedule.Every, PayoutSchedule.Weekday


class NewAutomatic(forms.Form):
    """The form for automatic withdrawals: how often, on which weekday, from what available amount
    on, and to which destination. It carries along with which schedule in force it was shown.
    """

    every = forms.ChoiceField(
        label=_("How often"), choices=Every.choices, widget=forms.RadioSelect, initial=Every.DAILY
    )
    weekday = forms.TypedChoiceField(
        label=_("Day of the week"),
        choices=[("", "–"), *Weekday.choices],
        coerce=int,
        empty_value=None,
        required=False,
        help_text=_("Only for a weekly withdrawal."),
    )
    from_amount = AmountField()
    destination = forms.TypedChoiceField(
        label=_("To"),
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": _("Choose one of your destinations.")},
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, line: CreditLine, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"label_suffix": ""})
        in_currency(self, line.currency)
        amount = self.fields["from_amount"]
        amount.label = _("From how much on, in %(currency)s") % {"currency": line.currency}
        amount.help_text = _("While less is available, nothing is withdrawn.")
        self.destinations = list(destinations.of_line(line))
        destination = self.fields["destination"]
        destination.choices = [  # type: ignore[attr-defined]
            (one.pk, destination_label(one, now)) for one in self.destinations
        ]
        if self.destinations:
            destination.initial = self.destinations[0].pk

    def clean(self) -> dict[str, Any]:
        """The cleaned data. A weekly withdrawal without a weekday becomes an error of that field,
        and the weekday of a daily one becomes None.
        """
        every, weekday = self.cleaned_data.get("every"), self.cleaned_data.get("weekday")
        if every == Every.WEEKLY and weekday is None:
            self.add_error("weekday", _("Choose the day of the week."))
        if every == Every.DAILY:
            self.cleaned_data["weekday"] = None
        return self.cleaned_data

    @staticmethod
    def content_of(rule: PayoutSchedule | None) -> dict[str, Any]:
        """The initial values of the form: those of the schedule in force (`rule`), or none without
        one.
        """
        if rule is None:
            return {"seen": 0}
        return {
            "seen": rule.pk,
            "every": rule.every,
            "weekday": rule.weekday,
            "from_amount": money.text(rule.from_amount),
            "destination": rule.destination_id,
        }

    @property
    def content(self) -> dict[str, Any]:
        """What was filled in, as arguments of `operations.automatic.set_up`."""
        said = self.cleaned_data
        return {
            "every": said["every"],
            "weekday": said["weekday"],
            "from_amount": said["from_amount"],
            "destination_id": said["destination"],
            "seen": said["seen"],
        }

    def compare_with(self, rule: PayoutSchedule | None) -> None:
        """Have the form, as it was sent, say at each field that states something else than the
        schedule in force what is set up now, or that there is none. Sent again, it counts as filled
        in on a page that shows that.
        """
        present = self.content_of(rule)
        self.data = dict(self.data.items()) | {"seen": present["seen"]}
        if rule is None:
            self.add_error(None, _("They were stopped: none are set up now."))
            return
        shown = {
            "every": rule.get_every_display(),
            "weekday": rule.get_weekday_display() or "–",
            "from_amount": formats.plain_money(rule.from_amount),
            "destination": str(rule.destination),
        }
        present["from_amount"] = rule.from_amount
        for name, value in shown.items():
            if self.cleaned_data.get(name) != present[name]:
                self.add_error(name, _("Saved now: %(value)s") % {"value": value})
