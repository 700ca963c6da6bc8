"""The fields into which people type amounts of money."""

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from djmoney.forms import MoneyField
from moneyed import Money

from lib import formats, money
from lib.refusals import Invalid

AS_TYPED = {"inputmode": "decimal", "autocomplete": "off"}  # attributes of the inputs
# Plain digits, or groups of three of them between commas, as pages of all our languages show
# figures and people copy them; and a point. Never 1e3 or 1_000, which Python would take, too.
_PLAIN = re.compile(r"[+-]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)(\.[0-9]*)?|[+-]?\.[0-9]+")

_NO_NUMBER = forms.DecimalField.default_error_messages["invalid"]


def plain(typed: Any) -> str:
    """A figure that somebody typed, as text without its commas and blanks, such as "-1234.5"; ""
    for nothing or None. Raises ValidationError for what is not digits with the separators that
    pages show, a point and a sign.
    """
    text = re.sub(r"\s", "", str("" if typed is None else typed))
    if text and not _PLAIN.fullmatch(text):
        raise forms.ValidationError(_NO_NUMBER, code="invalid")
    return text.replace(",", "")


class FigureField(forms.DecimalField):
    """A form field for a figure that is no amount of money, such as a price of a unit."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.TextInput(attrs=AS_TYPED))
        super().__init__(**kwargs)

    def clean(self, value: Any) -> Decimal | None:
        """The figure that was typed, without its commas and blanks; None if nothing was and nothing
        is required. Raises ValidationError if it is required, and for what is no figure or has more
        digits, or another value, than the field takes.
        """
        found: Decimal | None = super().clean(plain(value))
        return found


class OneCurrencyField(MoneyField):
    """A form field with one input for a figure, whose value is Money in the field's currency;
    `in_currency` sets that currency.
    """

    currency = ""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]
        self.initial = kwargs.get("initial")  # not a pair of amount and currency

    def clean(self, value: Any) -> Money | None:
        """The figure that was typed, as Money in the field's currency; None if nothing was and
        nothing is required. Raises ValidationError if it is required, and for what is no figure or
        not one that the field takes.
        """
        typed = [plain(value), self.currency]
        found: Money | None = super().clean(typed)  # type: ignore[no-untyped-call]
        return found

    def compress(self, data_list: Any) -> Money | None:
        """The figure (the first of `data_list`) as Money in the field's currency, not rounded; None
        if nothing was entered.
        """
        amount = data_list[0] if data_list else None
        return None if amount is None else Money(amount, self.currency)

    def prepare_value(self, value: Any) -> Any:
        """The bare figure that the input shows for an amount; other values as they are."""
        return value.amount if isinstance(value, Money) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether the text that was sent differs from the initial amount's figure: always, where
        there is an initial amount, as a text is no figure; otherwise, if anything was sent.
        """
        return forms.Field.has_changed(self, self.prepare_value(initial), data)


def in_currency(form: forms.Form, currency: str) -> None:
    """Set the currency of each OneCurrencyField of the form to this code; no figure is
    converted.
    """
    for field in form.fields.values():
        if isinstance(field, OneCurrencyField):
            field.currency = currency


class AmountField(OneCurrencyField):
    """A form field into which a merchant types an amount above 0; digits that its currency does not
    have are refused, not rounded.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.TextInput(attrs=AS_TYPED), decimal_places=None, **kwargs)

    def clean(self, value: Any) -> Money | None:
        """The amount that was typed, or None if nothing was and nothing is required; spaces, commas
        between thousands and the currency's own code after the figure are allowed. Raises
        ValidationError if it is required, and for what is no figure, is not above 0, is too large
        to keep, or has more decimals than the currency.
        """
        text = re.sub(r"\s", "", str(value or "")).removesuffix(self.currency)
        return super().clean(text)

    def compress(self, data_list: Any) -> Money | None:
        """The amount, or None if nothing was entered. Raises ValidationError if it is not above 0,
        is too large to keep, or has more decimals than its currency.
        """
        amount = super().compress(data_list)
        if amount is None:
            return None
        if amount.amount <= 0:
            raise forms.ValidationError(_("Enter an amount above 0."))
        if amount.amount >= money.LARGEST_AMOUNT:
            largest = formats.plain_money(money.of(money.LARGEST_AMOUNT, self.currency))
            raise forms.ValidationError(
                _("Enter an amount below %(largest)s.") % {"largest": largest}
            )
        try:
            return money.accepted(amount, self.currency)
        except Invalid:
            digits = money.minor_digits(self.currency)
            raise forms.ValidationError(
                _("Enter an amount with at most %(digits)s decimals, as %(currency)s has.")
                % {"currency": self.currency, "digits": digits}
            ) from None
