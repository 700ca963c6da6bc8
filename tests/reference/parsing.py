"""From an event's `data` to plain, comparable values; Invalid when it cannot be.

Chapter 23 of docs/rules.md.

Two events have the same content when these results are equal: amounts are Decimals, and an optional
field that is missing has its default.
"""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from .days import is_zone
from .money import PLAIN, Invalid, read

FEES = {  # code: (category, posting)
    "pick-pack": ("FULFILMENT", "IMMEDIATE"),
    "receiving": ("FULFILMENT", "IMMEDIATE"),
    "packaging": ("FULFILMENT", "IMMEDIATE"),
    "non-compliance": ("FULFILMENT", "IMMEDIATE"),
    "storage": ("FULFILMENT", "MONTHLY"),
    "special-project": ("FULFILMENT", "MONTHLY"),
    "shipping-label": ("SHIPPING", "DAILY"),
    "app-usage": ("APP", "IMMEDIATE"),
    "transaction-fee": ("TRANSACTION", "DAILY"),
}


def line(data: dict[str, Any], key: str, longest: int = 100) -> str:
    """A string that is missing, or fits on a line of so many letters."""
    value = data.get(key)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > longest or any(map(is_control, value)):
        raise Invalid(f"{key} must be a line of {longest} letters at most")
    return value


def is_control(letter: str) -> bool:
    """Whether the letter is NUL or another control character, or half of a letter (a lone
    surrogate).
    """
    code = ord(letter)
    return code < 0x20 or 0x7F <= code <= 0x9F or 0xD800 <= code <= 0xDFFF


def word(data: dict[str, Any], key: str) -> str:
    """A required, non-empty string."""
    value = line(data, key)
    if not value:
        raise Invalid(f"{key} must be a non-empty string")
    return value


def lines(data: dict[str, Any], key: str) -> str:
    """A reason: it may be missing, and may have line ends, kept as LF."""
    value = data.get(key, "")
    if not isinstance(value, str):
        raise Invalid(f"{key} must be a string")
    value = value.replace("\r\n", "\n").replace("\r", "\n")
    line({key: value.replace("\n", " ")}, key, 500)
    return value


def whole(data: dict[str, Any], key: str, low: int, high: int | None = None) -> int:
    """A required JSON integer within bounds."""
    value = data.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        raise Invalid(f"{key} must be an integer of at least {low}")
    if high is not None and value > high:
        raise Invalid(f"{key} must be at most {high}")
    return value


def number(data: dict[str, Any], key: str, high: int | None = None) -> Decimal:
    """A required non-negative number: a JSON number or a decimal string."""
    value = data.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise Invalid(f"{key} must be a number")
    written = str(value)
    if not PLAIN.fullmatch(written) or (high is not None and Decimal(written) > high):
        raise Invalid(f"{key} out of range")
    return Decimal(written)


def currency(data: dict[str, Any], key: str = "currency") -> str:
    """A required ISO 4217 code, by its shape."""
    value = word(data, key)
    if not re.fullmatch("[A-Z]{3}", value):
        raise Invalid(f"{key} must be three capital letters")
    return value


def positive(data: dict[str, Any], code: str) -> Decimal:
    """A required amount above zero."""
    amount = read(data.get("amount"), code)
    if amount == 0:
        raise Invalid("amount must be above zero")
    return amount


def joined(data: dict[str, Any]) -> dict[str, Any]:
    """The checked data of an event by which a merchant joins. Raises Invalid."""
    credit = currency(data)
    billing = (
        currency(data, "billing_currency") if data.get("billing_currency") is not None else credit
    )
    method = line(data, "payment_method") or None
    if method not in (None, "manual", "sandbox"):
        raise Invalid("payment_method must be sandbox, manual or missing")
    if not is_zone(data.get("timezone")):
        raise Invalid("unknown time zone")
    settlement = whole(data, "settlement_days", 0)
    if settlement not in (0, 7, 15):
        raise Invalid("settlement_days must be 0, 7 or 15")
    return {
        "name": word(data, "name"),
        "currency": credit,
        "billing_currency": billing,
        "timezone": data["timezone"],
        "language": word(data, "language"),
        "credit_limit": read(data.get("credit_limit"), credit),
        "payment_days": whole(data, "payment_days", 0),
        "settlement_days": settlement,
        "billing_threshold": read(data.get("billing_threshold"), billing),
        "plan": word(data, "plan"),
        "plan_price": read(data.get("plan_price"), billing),
        "plan_interval_days": whole(data, "plan_interval_days", 30),
        "payment_method": method or "manual",
    }


def metrics(data: dict[str, Any]) -> dict[str, Any]:
    """The checked data of a shop's metrics. Raises Invalid."""
    return {
        "rating": number(data, "rating", 5),
        "listing_quality": number(data, "listing_quality", 100),
        "profile_completeness": number(data, "profile_completeness", 100),
        "after_sales": number(data, "after_sales", 100),
    }


def placed(data: dict[str, Any]) -> dict[str, Any]:
    """The checked data of a new order. Raises Invalid."""
    code = currency(data)
    risk = whole(data, "buyer_risk", 0, 3) if data.get("buyer_risk") is not None else 0
    return {
        "order": word(data, "order"),
        "buyer": word(data, "buyer"),
        "amount": positive(data, code),
        "currency": code,
        "instalments": whole(data, "instalments", 1),
        "buyer_risk": risk,
    }


def opened(data: dict[str, Any]) -> dict[str, Any]:
    """The checked data of an open order of elsewhere, of which less than all was paid there. Raises
    Invalid.
    """
    code = currency(data)
    amount, paid = positive(data, code), read(data.get("paid", "0"), code)
    if paid >= amount:
        raise Invalid("paid must be less than the amount")
    return {
        "order": word(data, "order"),
        "buyer": word(data, "buyer"),
        "amount": amount,
        "currency": code,
        "instalments": whole({"instalments": 1} | data, "instalments", 1),
        "paid": paid,
    }


def brought(data: dict[str, Any]) -> dict[str, Any]:
    """The checked data of proceeds of elsewhere: what is available (below 0: it was owed), and what
    matures when. Raises Invalid.
    """
    code = currency(data)
    written, maturing = data.get("available", "0"), {}
    is_owed = isinstance(written, str) and written.startswith("-")
    available = read(written[1:] if is_owed else written, code)
    for row in data.get("maturing", []):
        on, amount = date.fromisoformat(row["on"]), positive(row, code)
        if on in maturing:
            raise Invalid("a day twice")
        maturing[on] = amount
    if available == 0 and not maturing:
        raise Invalid("nothing to bring along")
    return {
        "currency": code,
        "available": -available if is_owed else available,
        "maturing": maturing,
    }


def order_only(data: dict[str, Any]) -> dict[str, Any]:
    """The checked data of a step that names an order alone. Raises Invalid."""
    return {"order": word(data, "order")}


def cancelled(data: dict[str, Any]) -> dict[str, Any]:
    """The checked data of a cancellation. Raises Invalid."""
    return {"order": word(data, "order"), "reason": lines(data, "reason")}


def paid(data: dict[str, Any]) -> dict[str, Any]:
    """The checked data of a payment. Raises Invalid."""
    code = currency(data)
    return {
        "order": word(data, "order"),
        "payment": word(data, "payment"),
        "amount": positive(data, code),
        "currency": code,
    }


def refunded(data: dict[str, Any]) -> dict[str, Any]:
    """The checked data of a refund. Raises Invalid."""
    code = currency(data)
    return {
        "order": word(data, "order"),
        "refund": word(data, "refund"),
        "amount": positive(data, code),
        "currency": code,
    }


def charged(data: dict[str, Any]) -> dict[str, Any]:
    """The checked data of a charge. Raises Invalid."""
    code = currency(data)
    return {
        "charge": word(data, "charge"),
        "fee": word(data, "fee"),
        "request": line(data, "request"),
        "quantity": number(data, "quantity"),
        "currency": code,
        "amount": None if data.get("amount") is None else read(data["amount"], code),
        "description": line(data, "description", 200),
    }


# type: (parser, the field of its natural reference)
PARSERS: dict[str, tuple[Callable[[dict[str, Any]], dict[str, Any]], str | None]] = {
    "merchant.joined": (joined, None),
    "shop.metrics": (metrics, None),
    "order.placed": (placed, "order"),
    "order.shipped": (order_only, "order"),
    "order.delivered": (order_only, "order"),
    "order.cancelled": (cancelled, "order"),
    "order.paid": (paid, "payment"),
    "order.refunded": (refunded, "refund"),
    "charge.recorded": (charged, "charge"),
    "order.opening": (opened, "order"),
    "proceeds.opening": (brought, "currency"),
}
