"""Amounts of money: the only module that rounds (rule 1.3).

A posted amount has exactly the minor digits of its currency: JPY 0, USD 2, KWD 3.
"""

from collections.abc import Iterable
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
    """How many decimals a posted amount in the currency with this code has. Raises
    CurrencyDoesNotExist for an unknown code.
    """
    return len(str(get_currency(currency).sub_unit)) - 1


_currency = cache(get_currency)


@cache
def _known() -> frozenset[str]:
    """The codes of all currencies that books can be kept in."""
    return frozenset(settings.CURRENCIES)


@cache
def _exponent(currency: str) -> Decimal:
    """The smallest unit of the currency, such as 0.01, to quantize by."""
    return Decimal(1).scaleb(-minor_digits(currency))


def check_currency(code: str, *, field: str = "currency") -> str:
    """Return the code if it is an ISO 4217 currency that books can be kept in; raises Invalid
    otherwise.
    """
    if code not in _known():
        raise Invalid(field, f"{code!r} is not an ISO 4217 currency")
    return code


def posted(value: Decimal, currency: str, *, field: str = "amount") -> Decimal:
    """`value`, a figure that somebody else stated, with exactly the currency's digits.

    Raises Invalid when that would need rounding, or when the value is too large to keep: somebody
    else's amount is refused, never rounded. Rule 1.2.
    """
    if abs(value) >= LARGEST_AMOUNT:
        raise Invalid(field, f"{value} is larger than any amount Tael keeps")
    return _exact(value, currency, field)


def is_comparable(value: Decimal) -> bool:
    """Whether a figure that somebody else stated can be compared with those that are kept, and be
    written out: it is finite, and has no more digits on either side of the point than these may
    have. In full, 1E-99999999 would take a hundred megabytes.
    """
    if not value.is_finite():
        return False
    return value.adjusted() < MAX_DIGITS and int(value.as_tuple().exponent) >= -MAX_DIGITS


def _exact(value: Decimal, currency: str, field: str) -> Decimal:
    """`value` with exactly the currency's digits. Raises Invalid if that would need rounding."""
    quantized = value.quantize(_exponent(currency))
    if quantized != value:
        raise Invalid(field, f"{value} has more digits than {currency} ({minor_digits(currency)})")
    return quantized


def rounded(value: Decimal, currency: str) -> Decimal:
    """`value` rounded half away from zero to the currency's digits; done once for each line of a
    bill.

    Rule 1.3.
    """
    return value.quantize(_exponent(currency), rounding=ROUND_HALF_UP)


def nearest(amount: Money) -> Money:
    """`amount` rounded half away from zero to its currency's digits. Rule 1.3."""
    currency = amount.currency.code
    return of(rounded(amount.amount, currency), currency)


def rounded_down(amount: Money) -> Money:
    """`amount`, which is not negative, rounded down to its currency's smallest unit."""
    exponent = _exponent(amount.currency.code)
    return Money(amount.amount.quantize(exponent, rounding=ROUND_DOWN), amount.currency)


def smallest(currency: str) -> Money:
    """The smallest amount of the currency that can be posted."""
    return of(_exponent(currency), currency)


def part_of(amount: Money, parts: int) -> Money:
    """The amount of each part but the last when `amount` is split into `parts`: rounded down. The
    last part takes the rest, which is left to the caller.

    Rule 1.4.
    """
    return rounded_down(amount / parts)


def figure_text(value: Decimal, currency: str) -> str:
    """A figure as files and APIs write it: a plain dot decimal with the currency's digits; one that
    has more is rounded, a half to the even digit.
    """
    return f"{value:.{minor_digits(currency)}f}"


def text(amount: Money) -> str:
    """The amount's figure as files and APIs write it, a plain dot decimal with the currency's
    digits, without the currency.
    """
    return figure_text(amount.amount, amount.currency.code)


def full(amount: Money) -> str:
    """The amount with its currency, for records that people read: "5000.00 USD"."""
    return f"{text(amount)} {amount.currency.code}"


def unit_price(value: Decimal, currency: str) -> str:
    """The price of a unit as text with its currency, with all its decimals but without zeros behind
    them, and with at least the decimals of the currency: "0.015 USD".
    """
    shortest = value.normalize()
    digits = max(minor_digits(currency), -int(shortest.as_tuple().exponent))
    return f"{value:.{digits}f} {currency}"


def of(value: Decimal, currency: str, *, field: str = "amount") -> Money:
    """A stored figure (columns carry four decimals) as Money with exactly the currency's digits.

    Raises Invalid when it has more digits than the currency.
    """
    return Money(_exact(value, currency, field), _currency(currency))


@cache
def zero(currency: str) -> Money:
    """An amount of 0 in `currency`."""
    return of(Decimal(0), currency)


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of the amounts, all of which are in `currency`; 0 if there are none. Raises TypeError
    for one in another currency.
    """
    return sum(amounts, zero(currency))


def exact(amount: Money, currency: str, *, field: str) -> Money:
    """`amount` with exactly the digits of `currency`, for amounts of our own.

    Raises CurrencyMismatch if it is in another currency, and Invalid if it has more digits.
    """
    if amount.currency.code != currency:
        raise CurrencyMismatch(amount.currency.code, currency)
    return Money(_exact(amount.amount, currency, field), amount.currency)


def accepted(amount: Money, currency: str, *, field: str = "amount") -> Money:
    """An amount that somebody else stated, with exactly the digits of `currency`, in which the
    books are kept.

    Raises CurrencyMismatch if it is in another currency, and Invalid if it has more digits or is
    too large to keep. Rule 1.2.
    """
    if amount.currency.code != currency:
        raise CurrencyMismatch(amount.currency.code, currency)
    return Money(posted(amount.amount, currency, field=field), amount.currency)
