"""What people type as an amount becomes Money of the one currency that the form asks for."""

import pytest
from django import forms
from moneyed import Money

from backoffice.amount_fields import amount_field
from lib.amount_fields import AmountField, in_currency


class Asked(forms.Form):
    """As merchants are asked, and operators."""

    amount = AmountField()
    cap = AmountField(required=False)
    price = amount_field(required=False)


def asked(currency: str = "USD", **typed: str) -> Asked:
    """The form of an amount in this currency, with what was typed."""
    form = Asked(typed)
    in_currency(form, currency)
    return form


@pytest.mark.parametrize(
    ("typed", "currency", "amount"),
    [
        ("1234.5", "USD", "1234.50"),
        ("1,234.50 USD", "USD", "1234.50"),
        (" 1 234 ", "JPY", "1234"),
        ("1.234", "KWD", "1.234"),
    ],
)
def test_it_is_money_with_the_digits_of_its_currency(
    typed: str, currency: str, amount: str
) -> None:
    form = asked(currency, amount=typed)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["amount"] == Money(amount, currency)
    assert str(form.cleaned_data["amount"].amount) == amount
    assert form.cleaned_data["cap"] is None


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "This field is required."),
        ("much", "Enter a number."),
        ("1,23", "Enter a number."),
        ("NaN", "Enter a number."),
        ("5 THB", "Enter a number."),
        ("0", "Enter an amount above 0."),
        ("-5", "Enter an amount above 0."),
        ("1.005", "Enter an amount with at most 2 decimals, as USD has."),
        ("1000000000000000", "Enter an amount below 1,000,000,000,000,000.00\xa0USD."),
        ("9" * 40, "Enter an amount below 1,000,000,000,000,000.00\xa0USD."),
    ],
)
def test_what_is_no_amount_is_told_at_its_field(typed: str, sentence: str) -> None:
    assert asked(amount=typed).errors == {"amount": [sentence]}


def test_operators_may_type_more_which_the_operation_refuses() -> None:
    form = asked(amount="1", price="-1.005")
    assert form.is_valid()
    assert form.cleaned_data["price"] == Money("-1.005", "USD")
    assert list(asked(amount="1", price="1.00005").errors) == ["price"]


def test_there_is_one_input_which_shows_the_figure() -> None:
    form = Asked(initial={"amount": Money("1234.50", "USD")})
    assert str(form["amount"]).count("<input") == 1
    assert 'name="amount" value="1234.50"' in str(form["amount"])
    assert "select" not in form.as_p()
