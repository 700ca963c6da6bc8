"""The fields into which operators type amounts and figures, as the admin's theme shows them."""

from typing import Any

from unfold.widgets import UnfoldAdminTextInputWidget

from lib.amount_fields import AS_TYPED, FigureField, OneCurrencyField
from lib.money import DECIMAL_PLACES, MAX_DIGITS


def amount_field(**said: Any) -> OneCurrencyField:
    """A form field for an amount that an operator types; `said` are further arguments of the field.

    It takes up to four decimals in any currency. That the amount has the digits of its currency is
    checked by the operation, not here.
    """
    said.setdefault("widget", UnfoldAdminTextInputWidget(attrs=AS_TYPED))
    return OneCurrencyField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, **said)


def figure_field(**said: Any) -> FigureField:
    """A form field for a figure that is no amount; `said` are further arguments of the field."""
    return FigureField(widget=UnfoldAdminTextInputWidget(attrs=AS_TYPED), **said)
