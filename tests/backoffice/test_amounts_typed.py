"""What operators type as a figure, in every form of the admin."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.urls import reverse
from moneyed import Money

from backoffice.asking_again import AsksAgain
from backoffice.decision_pages import Deciding
from lib.amount_fields import FigureField, OneCurrencyField, plain
from merchants.admin.policies import NewVersion
from tests import shops
from tests.amounts import usd
from tests.factories import browser_of, operator
from tests.text import text_of
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

WHY = {"reason": "Busy season."}


def figures() -> Iterator[tuple[str, forms.Field]]:
    """Every field of every form of the admin's decisions into which a figure with a point goes."""
    for model, pages in admin.site._registry.items():
        if not isinstance(pages, Deciding):
            continue
        for one in (*pages.decisions, *pages.list_decisions):
            found = one.form.base_fields
            if issubclass(one.form, NewVersion):
                found = one.form().fields
            for name, made in found.items():
                if isinstance(made, forms.DecimalField | forms.FloatField | OneCurrencyField):
                    yield f"{model._meta.label_lower} {one.name} {name}", made


@pytest.mark.parametrize("typed", ["1e3", "1E3", "1_000", "1_0", "0x10", "Infinity", "NaN", "1,0"])
def test_no_form_takes_what_is_not_plain_digits(typed: str) -> None:
    names = []
    for name, made in figures():
        assert isinstance(made, OneCurrencyField | FigureField), name
        if isinstance(made, OneCurrencyField):
            made.currency = "USD"
        with pytest.raises(forms.ValidationError, match="Enter a number"):
            made.clean(typed)
        names.append(name)
    assert len(names) >= 35


@pytest.mark.parametrize(
    ("typed", "figure"),
    [
        ("1000", "1000"),
        ("1,000", "1000"),
        ("1,234,567.5", "1234567.5"),
        (" 1 000 ", "1000"),
        ("-5", "-5"),
        (".5", ".5"),
        ("5.", "5."),
        ("", ""),
        (None, ""),
    ],
)
def test_digits_with_the_separators_of_pages_are_plain(typed: str | None, figure: str) -> None:
    assert plain(typed) == figure


def test_each_takes_groups_of_thousands() -> None:
    for name, made in figures():
        if isinstance(made, OneCurrencyField):
            made.currency = "USD"
            assert made.clean("1,000") == Money(1000, "USD"), name
        elif not any(one in name for one in ("factor", "weight", "percent")):
            assert made.clean("1,000") == Decimal(1000), name


# --- once more ------------------------------------------------------------------------------------


class Asked(AsksAgain):
    price = FigureField(required=False)


def asked(present: str | None, **typed: str) -> Asked:
    """The form with an amount, as it was typed, for a field that is `present` now."""
    now = None if present is None else Decimal(present)
    return Asked(typed, initial={"present": {"price": now}})


@pytest.mark.parametrize(
    ("present", "typed", "is_asked"),
    [
        ("5", "50", False),
        ("5", "50.01", True),
        ("5", "0.01", False),
        ("5", "", False),
        ("0", "0.01", False),
        (None, "1000", False),
    ],
)
def test_what_is_more_than_ten_times_the_present_is_asked_once_more(
    present: str | None, typed: str, is_asked: bool
) -> None:
    form = asked(present, price=typed)
    assert form.is_valid() is not is_asked
    assert ("price_again" in form.errors) is is_asked


@pytest.mark.parametrize("again", ["50", "500.01", "1e3", "", "yes"])
def test_another_second_entry_does_not_do(again: str) -> None:
    assert not asked("5", price="500", price_again=again).is_valid()
    form = asked("5", price="500", price_again="500.00")
    assert form.is_valid()
    assert form.cleaned_data == {"price": Decimal(500)}


def test_a_page_says_what_it_is_now_and_what_was_typed() -> None:
    shop = shops.join("2026-11-01 10:00", billing_threshold="200.00")
    browser = browser_of(operator("Billing officer"))
    page = reverse("admin:billing_billingaccount_decide", args=[shop.account.pk, "threshold"])
    with nothing_changes():
        told = text_of(browser.post(page, {"threshold": "2,000.01", **WHY}))
    said = "It is 200.00 USD now, and 2,000.01 USD is more than 10 times as much."
    assert said in told.replace("\N{NO-BREAK SPACE}", " ")
    twice: dict[str, Any] = {"threshold": "2,000.01", "threshold_again": "2000.01"}
    assert browser.post(page, twice | WHY).status_code == 302
    assert shop.account.threshold == usd("2000.01")
