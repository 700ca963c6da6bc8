"""Amounts as tests write them."""

from moneyed import Money


def usd(amount: str | int) -> Money:
    return Money(amount, "USD")
