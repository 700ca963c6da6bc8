"""Amounts of money: the only module that rounds (rule 1.3).

A posted amount has exactly the minor digits of its currency: JPY 0, USD 2, KWD 3.
"""

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from functools import cache

from django.conf import settings
from moneyed import Money, get_currency

from lib.refusals import CurrencyMismatch, Invalid

# Sums of many such amounts still fit the columns (MAX_DIGITS), which is the point of a bound.
LARGEST_AMOUNT = Decimal(10) ** 15
MAX_DIGITS = 24
DECIMAL_PLACES = 4  # the most minor digits ISO 4217 gives any currency


@cache
def minor_digits(currency: str) -> int:
    """How many decimals a posted amount of `currency` has."""
    return len(str(get_currency(currency).sub_unit)) - 1


@cache
def _exponent(currency: str) -> Decimal:
    return Decimal(1).scaleb(-minor_digits(currency))


def check_currency(code: str, *, field: str = "currency") -> str:
    """The code itself, when it is an ISO 4217 currency we can keep books in; Invalid otherwise."""
    if code not in settings.CURRENCIES:
        raise Invalid(field, f"{code!r} is not an ISO 4217 currency")
    return code


def posted(value: Decimal, currency: str, *, field: str = "amount") -> Decimal:
    """`value` with exactly the currency's digits.

    Raises Invalid when that would need rounding, or when the value is too large to keep: somebody
    else's amount is refused, never rounded. Rule 1.2.
    """
    if abs(value) >= LARGEST_AMOUNT:
        raise Invalid(field, f"{value} is larger than any amount Tael keeps")
    exact = value.quantize(_exponent(currency))
    if exact != value:
        raise Invalid(field, f"{value} has more digits than {currency} ({minor_digits(currency)})")
    return exact


def rounded(value: Decimal, currency: str) -> Decimal:
    """`value` rounded half away from zero to the currency's digits: once per line of a bill.

    Rule 1.3.
    """
    return value.quantize(_exponent(currency), rounding=ROUND_HALF_UP)


def rounded_down(value: Decimal, currency: str) -> Decimal:
    """`value`, which is not negative, rounded down to the currency's smallest unit."""
    return value.quantize(_exponent(currency), rounding=ROUND_DOWN)


def smallest(currency: str) -> Decimal:
    """The smallest amount of the currency that can be posted."""
    return _exponent(currency)


def part_of(value: Decimal, parts: int, currency: str) -> Decimal:
    """Every part but the last when `value` is split: rounded down. The last part takes the rest."""
    return (value / parts).quantize(_exponent(currency), rounding=ROUND_DOWN)


def text(value: Decimal, currency: str) -> str:
    """The amount as files and APIs write it: a plain dot decimal with the currency's digits."""
    return f"{value:.{minor_digits(currency)}f}"


def full(value: Decimal, currency: str) -> str:
    """The amount with its currency, for records that people read: "5000.00 USD"."""
    return f"{text(value, currency)} {currency}"


def unit_price(value: Decimal, currency: str) -> str:
    """A price of a unit, with all its decimals and at least those of the currency: "0.015 USD"."""
    shortest = value.normalize()
    digits = max(minor_digits(currency), -int(shortest.as_tuple().exponent))
    return f"{value:.{digits}f} {currency}"


def of(value: Decimal, currency: str) -> Money:
    """A stored figure as Money with the currency's own digits; columns carry four decimals."""
    return Money(value.quantize(_exponent(currency)), currency)


def figure(amount: Money, currency: str, *, field: str = "amount") -> Decimal:
    """The bare figure of `amount` for books kept in `currency`.

    Raises CurrencyMismatch, or Invalid when it has more digits than the currency.
    """
    if amount.currency.code != currency:
        raise CurrencyMismatch(amount.currency.code, currency)
    return posted(amount.amount, currency, field=field)
