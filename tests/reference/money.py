"""Amounts: reading, splitting and writing them (chapter 1 of docs/rules.md)."""

import re
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
PLAIN = re.compile(r"[0-9]+(\.[0-9]+)?", re.ASCII)


class Invalid(Exception):
    """The event's data cannot be read; outcome `rejected`, code `invalid`."""


def digits(currency: str) -> int:
    """Minor digits of a currency."""
    return {"JPY": 0, "KWD": 3}.get(currency, 2)


def step(currency: str) -> Decimal:
    """The smallest amount of a currency: 1, 0.01 or 0.001."""
    return Decimal(1).scaleb(-digits(currency))


def read(value: object, currency: str) -> Decimal:
    """A non-negative posted amount from a decimal string; Invalid if it would need rounding."""
    if not isinstance(value, str) or not PLAIN.fullmatch(value):
        raise Invalid(f"not an amount: {value!r}")
    amount = Decimal(value)
    posted = amount.quantize(step(currency), rounding=ROUND_FLOOR)
    if posted != amount:
        raise Invalid(f"too many digits for {currency}: {value}")
    return posted


def split(amount: Decimal, parts: int, currency: str) -> list[Decimal]:
    """Equal parts, each rounded down; the last one takes the remainder."""
    each = (amount / parts).quantize(step(currency), rounding=ROUND_FLOOR)
    return [each] * (parts - 1) + [amount - each * (parts - 1)]


def nearest(amount: Decimal, currency: str) -> Decimal:
    """The posted amount next to this one; halves go away from zero."""
    return amount.quantize(step(currency), rounding=ROUND_HALF_UP)


def floor_to(amount: Decimal, whole: Decimal) -> Decimal:
    """The largest multiple of `whole` that is not above `amount`."""
    return (amount / whole).to_integral_value(rounding=ROUND_FLOOR) * whole


def text(amount: Decimal, currency: str) -> str:
    """Exactly the currency's digits; refuses to lose any."""
    posted = amount.quantize(step(currency))
    if posted != amount:
        raise AssertionError(f"unposted amount {amount} {currency}")
    if posted == 0:
        posted = abs(posted)
    return f"{posted:f}"
