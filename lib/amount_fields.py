"""The fields into which people type amounts of money."""

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from lib import money
from lib.money import DECIMAL_PLACES, MAX_DIGITS
from lib.refusals import Invalid


def amount_field(**said: Any) -> forms.DecimalField:
    """A form field for an amount that an operator types; `said` are the arguments of the field.

    It knows no currency: the operation checks currency and digits.
    """
    return forms.DecimalField(
        max_digits=MAX_DIGITS,
        decimal_places=DECIMAL_PLACES,
        widget=UnfoldAdminDecimalFieldWidget,
        **said,
    )


# A comma between groups of three digits, as pages show amounts and people copy them.
_GROUPED = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?")


class AmountField(forms.DecimalField):
    """A form field for an amount above 0 in `currency`, never rounded and never guessed."""

    currency = ""  # to be set before use

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(widget=widget, **kwargs)

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]
        text = re.sub(r"\s", "", str(value or "")).removesuffix(self.currency)
        amount = super().to_python(text.replace(",", "") if _GROUPED.fullmatch(text) else text)
        if amount is None:
            return None
        if not amount.is_finite():  # "NaN" is a decimal, too
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        if amount <= 0:
            raise forms.ValidationError(_("Enter an amount above 0."))
        try:
            return money.posted(amount, self.currency)
        except Invalid:
            digits = money.minor_digits(self.currency)
            raise forms.ValidationError(
                _("Enter an amount with at most %(digits)s decimals, as %(currency)s has.")
                % {"currency": self.currency, "digits": digits}
            ) from None
