"""All terms of a merchant that is brought in by hand."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from backoffice.decisions import Reasoned
from billing.models import BillingAccount
from billing.queries import methods
from credit.rules import MOST_PAYMENT_DAYS, SETTLEMENT_DAYS
from lib.text_fields import LineField

TERMS = (
    *("name", "language", "timezone", "currency", "credit_limit", "payment_days"),
    *("settlement_days", "billing_currency", "billing_threshold", "plan", "plan_price"),
    *("plan_interval_days", "payment_method"),
)


def _line(label: str = "", hint: str = "", **more: Any) -> LineField:
    """Return a form field for one line of text in the admin's look, with this label and `hint` as
    its help text; `more` are its other arguments.
    """
    return LineField(label=label or None, help_text=hint, widget=UnfoldAdminTextInputWidget, **more)


def _days(label: str, **bounds: Any) -> forms.IntegerField:
    """Return a form field for a number of days in the admin's look, within `bounds`."""
    return forms.IntegerField(label=label, widget=UnfoldAdminIntegerFieldWidget, **bounds)


def _choice(label: str, choices: Any, **more: Any) -> forms.TypedChoiceField:
    """Return a form field for one of these choices in the admin's look; `more` are its other
    arguments.
    """
    return forms.TypedChoiceField(
        label=label, choices=choices, widget=UnfoldAdminSelectWidget, **more
    )


class NewMerchant(Reasoned):
    """The form with all terms of a new merchant. Amounts are texts, as in the event: opening the
    books checks them.
    """

    reference = _line(hint="By which the marketplace's systems know it; it never changes.")
    name = _line()
    owner_email = forms.EmailField(
        max_length=254,
        label="First owner's e-mail address",
        help_text="The invitation goes there, good for seven days.",
        widget=UnfoldAdminEmailInputWidget,
    )
    language = _choice("Language", settings.LANGUAGES)
    timezone = _line("Time zone", "By whose days it is billed, such as Asia/Bangkok.")
    currency = _line("Currency", "Three letters, such as USD.", max_length=3)
    credit_limit = _line("Credit limit", "Such as 5000.00.")
    payment_days = _days(
        "Days from the delivery to the first due day", min_value=0, max_value=MOST_PAYMENT_DAYS
    )
    settlement_days = _choice(
        "Days from the payment until it can be withdrawn",
        [(days, str(days)) for days in SETTLEMENT_DAYS],
        coerce=int,
    )
    billing_currency = _line(
        "Currency of invoices", "Empty: that of its credit.", required=False, max_length=3
    )
    billing_threshold = _line("Billing threshold", "Outstanding of this much is billed at once.")
    plan = _line("Plan", "What it is called on invoices.")
    plan_price = _line("Plan's price", "Such as 39.00; 0 for none.")
    plan_interval_days = _days("Days of a plan", min_value=30)
    payment_method = _choice(
        "Pays by", BillingAccount.Method.choices, initial=BillingAccount.Method.MANUAL
    )
    field_order: tuple[str, ...] = ("reference", "owner_email", *TERMS, "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["payment_method"]
        assert isinstance(field, forms.ChoiceField)
        if not methods.has_sandbox():
            Method = BillingAccount.Method
            field.choices = [one for one in Method.choices if one[0] != Method.SANDBOX]


def terms_of(said: Mapping[str, Any]) -> dict[str, Any]:
    """The cleaned form's terms as the members of the event of joining. What was left empty is left
    out.
    """
    return {name: said[name] for name in TERMS if said[name] != ""}
