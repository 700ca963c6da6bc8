"""Amounts have exactly their currency's digits; only here is anything rounded."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moneyed import Money

from lib import money
from lib.refusals import CurrencyMismatch, Invalid


@pytest.mark.parametrize(
    ("currency", "digits"),
    [
        ("JPY", 0),
        ("KRW", 0),
        ("USD", 2),
        ("THB", 2),
        ("CNY", 2),
        ("BRL", 2),
        ("KWD", 3),
        ("BHD", 3),
    ],
)
def test_minor_digits(currency: str, digits: int) -> None:
    assert money.minor_digits(currency) == digits


@pytest.mark.parametrize(
    ("value", "currency", "written"),
    [
        ("10", "USD", "10.00"),
        ("10.900", "USD", "10.90"),
        ("1200", "JPY", "1200"),
        ("1.2E+3", "JPY", "1200"),
        ("1.234", "KWD", "1.234"),
        ("-5", "USD", "-5.00"),
        ("999999999999999.99", "USD", "999999999999999.99"),
    ],
)
def test_an_amount_that_fits_is_posted_as_it_is(value: str, currency: str, written: str) -> None:
    assert str(money.posted(Decimal(value), currency)) == written


@pytest.mark.parametrize(
    ("value", "currency"),
    [
        ("10.905", "USD"),
        ("10.5", "JPY"),
        ("1.2345", "KWD"),
        ("1000000000000000", "USD"),
        ("-1000000000000000", "JPY"),
    ],
)
def test_an_amount_that_would_need_rounding_or_is_too_large_is_refused(
    value: str, currency: str
) -> None:
    with pytest.raises(Invalid, match=r"^amount: "):
        money.posted(Decimal(value), currency)


@pytest.mark.parametrize(
    ("value", "currency", "rounded"),
    [
        ("0.005", "USD", "0.01"),
        ("-0.005", "USD", "-0.01"),
        ("2.675", "USD", "2.68"),
        ("2.665", "USD", "2.67"),  # half-even would say 2.66
        ("0.4999", "JPY", "0"),
        ("0.5", "JPY", "1"),
        ("1.0005", "KWD", "1.001"),
    ],
)
def test_rounding_is_half_away_from_zero(value: str, currency: str, rounded: str) -> None:
    assert str(money.rounded(Decimal(value), currency)) == rounded


@given(
    cents=st.integers(1, 10**14),
    parts=st.integers(1, 120),
    currency=st.sampled_from(["JPY", "USD", "KWD"]),
)
def test_parts_add_up_and_the_last_one_takes_the_rest(
    cents: int, parts: int, currency: str
) -> None:
    smallest = Decimal(1).scaleb(-money.minor_digits(currency))
    amount = Money(cents * smallest, currency)
    part = money.part_of(amount, parts)
    last = amount - part * (parts - 1)
    assert 0 <= part.amount <= last.amount < part.amount + parts * smallest
    assert part == money.accepted(part, currency)


def test_another_currency_is_never_converted() -> None:
    assert str(money.accepted(Money("10.5", "USD"), "USD").amount) == "10.50"
    with pytest.raises(CurrencyMismatch, match="USD given, this merchant's is THB"):
        money.accepted(Money("10.50", "USD"), "THB")


@pytest.mark.parametrize("code", ["", "usd", "ZZZ", "XAU", "XXX", "US"])
def test_what_is_no_currency_is_invalid(code: str) -> None:
    with pytest.raises(Invalid, match=r"^billing_currency: "):
        money.check_currency(code, field="billing_currency")


def test_a_stored_figure_reads_with_its_currencys_digits() -> None:
    assert str(money.of(Decimal("1200.0000"), "JPY").amount) == "1200"
    assert money.text(money.of(Decimal("1.2340"), "KWD")) == "1.234"
    assert money.figure_text(Decimal("1000000000000.0000"), "USD") == "1000000000000.00"
