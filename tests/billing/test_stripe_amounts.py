"""Amounts as Stripe counts them: exactly, or not at all."""

from decimal import Decimal

import pytest

from billing.providers.stripe import AmountNotPossible, units


@pytest.mark.parametrize(
    ("amount", "currency", "counted"),
    [
        ("39.00", "USD", 3900),
        ("39.0000", "USD", 3900),  # as the column keeps it
        ("0.07", "THB", 7),
        ("999999999.99", "CNY", 99999999999),
        ("1.10", "BRL", 110),
        ("500", "JPY", 500),
        ("500", "KRW", 500),
        ("12", "MGA", 12),  # two digits for us, none for Stripe
        ("1.230", "KWD", 1230),
        ("1.23", "BHD", 1230),
        ("5", "ISK", 500),
        ("5", "UGX", 500),
        ("10.45", "HUF", 1045),
        ("10.45", "TWD", 1045),
    ],
)
def test_an_amount_in_units(amount: str, currency: str, counted: int) -> None:
    assert units(Decimal(amount), currency) == counted


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("1.234", "KWD"),
        ("0.005", "TND"),
        ("12.50", "MGA"),
        ("0.5", "JPY"),
        ("5.5", "ISK"),
        ("0.001", "USD"),
        ("10.000", "IQD"),  # no currency of Stripe's
        ("10.000", "LYD"),
    ],
)
def test_an_amount_that_there_are_no_units_for_is_not_rounded(amount: str, currency: str) -> None:
    with pytest.raises(AmountNotPossible, match=currency):
        units(Decimal(amount), currency)
