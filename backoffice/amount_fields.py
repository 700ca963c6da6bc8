"""The fields into which operators type amounts and figures, as the admin's theme shows them."""

from typing import Any

from unfold.widgets import UnfoldAdminTextInputWidget

from lib.amount_fields import AS_TYPED, FigureField, OneCurrencyField
from lib.money import DECIMAL_PLACES, MAX_DIGITS


def amount_field(**said: Any) -> OneCurrencyField:
    """A form field for an amount that an operator types, with up to four decimals in any currency;
    `said` are further arguments of the field. Its value is Money in the currency that was set
    before it is checked (lib.amount_fields.in_currency); pages of decisions set that of their row.
    It may be 0 or less: whether such an amount can be, and whether it has the digits of its
    currency, is checked by the operation, not here.
    """
    said.setdefault("widget", UnfoldAdminTextInputWidget(attrs=AS_TYPED))
    return OneCurrencyField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, **said)


def figure_field(**said: Any) -> FigureField:
    """A form field for a figure that is no amount, whose value is a Decimal, of any sign and never
    rounded; `said` are further arguments of the field, such as how many digits it takes.
    """
    return FigureField(widget=UnfoldAdminTextInputWidget(attrs=AS_TYPED), **said)
