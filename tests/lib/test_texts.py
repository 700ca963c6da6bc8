"""What people type is measured as events are: nothing is cut, what does not fit is refused."""

from collections.abc import Iterator
from decimal import Decimal
from importlib import import_module
from pkgutil import walk_packages

import pytest
from django import forms

from credit.operations import limits
from lib import texts, wording
from lib.money import of
from lib.refusals import Invalid
from lib.text_fields import LineField, WordsField
from tests import shops
from tests.packages import PACKAGES
from trail.models import TrailEntry

# allauth's fields, in our forms that count its guesses: a code is compared, never kept nor shown.
CODES = ["CodeAgain.code", "CodeAtSignIn.code", "FirstCode.code"]


def all_forms(of: type[forms.BaseForm] = forms.BaseForm) -> Iterator[type[forms.BaseForm]]:
    """All form classes below this one."""
    for form in of.__subclasses__():
        yield form
        yield from all_forms(form)


def our_forms() -> list[type[forms.BaseForm]]:
    """All form classes of our packages, by name."""
    for package in PACKAGES:
        for module in walk_packages([package], f"{package}."):
            if "forms" in module.name:
                import_module(module.name)
    return sorted(
        {form for form in all_forms() if form.__module__.split(".")[0] in PACKAGES},
        key=lambda form: f"{form.__module__}.{form.__qualname__}",
    )


def test_every_text_that_people_type_is_of_the_shared_kind() -> None:
    """Passwords are Django's: they are never kept nor shown."""
    plain = [
        f"{form.__qualname__}.{name}"
        for form in our_forms()
        for name, field in getattr(form, "base_fields", {}).items()
        if type(field) is forms.CharField and not name.startswith("new_password")
    ]
    assert len(our_forms()) > 25
    assert plain == CODES


@pytest.mark.parametrize("field", [LineField(), WordsField()])
@pytest.mark.parametrize(
    "text", ["a\x00b", "a\x1fb", "a\tb", "a\x7fb", "b\x85", "a\x9fb", "\ud800"]
)
def test_control_characters_are_refused_at_the_form(field: LineField, text: str) -> None:
    with pytest.raises(forms.ValidationError, match=r"cannot be shown|Null characters"):
        field.clean(text)


def test_a_message_may_have_lines_and_a_reference_none() -> None:
    assert WordsField().clean(" one\r\ntwo\rthree\n ") == "one\ntwo\nthree"
    with pytest.raises(forms.ValidationError, match="cannot be shown"):
        LineField().clean("one\ntwo")


def test_each_has_its_length_in_characters() -> None:
    assert LineField().clean("แ" * 100) == "แ" * 100
    with pytest.raises(forms.ValidationError, match="at most 100 characters"):
        LineField().clean("แ" * 101)
    # A browser sends two characters for a line end, and counts one.
    assert len(WordsField().clean("a\r\n" * 249 + "ab")) == 500
    with pytest.raises(forms.ValidationError, match="at most 500 characters"):
        WordsField().clean("a" * 501)


@pytest.mark.parametrize("bad", ["a\x00b", "a\x07b", "a\x85", "a\ud800", "x" * 501])
@pytest.mark.django_db
def test_an_operation_refuses_what_no_form_has_seen(bad: str) -> None:
    shop = shops.join("2026-11-01 10:00")
    with pytest.raises(Invalid, match="reason"):
        limits.set_limit(
            merchant_id=shop.merchant.pk,
            limit=of(Decimal("6000"), "USD"),
            actor="credit@tael.example",
            reason=bad,
            now=shop.at("2026-11-02 10:00"),
        )
    assert shop.limit() == ("5000.00", "0.00", "5000.00")
    assert not TrailEntry.objects.exists()


@pytest.mark.django_db
def test_the_trail_keeps_a_reason_whole() -> None:
    shop, reason = shops.join("2026-11-01 10:00"), "why\n" + "y" * 496
    limits.set_limit(
        merchant_id=shop.merchant.pk,
        limit=of(Decimal("6000"), "USD"),
        actor="credit@tael.example",
        reason=reason.replace("\n", "\r\n"),
        now=shop.at("2026-11-02 10:00"),
    )
    assert TrailEntry.objects.get().reason == reason


def test_a_reference_typed_for_an_operation_is_one_line() -> None:
    assert wording.line("reference", " BANK-1 ") == "BANK-1"
    for bad in ("", " ", "a\nb", "x" * 101):
        with pytest.raises(Invalid, match=r"^reference: "):
            wording.line("reference", bad)


def test_words_of_other_programs_are_cut_with_a_mark() -> None:
    assert texts.shown("declined", 200) == "declined"
    assert texts.shown("x" * 200, 200) == "x" * 200
    assert texts.shown("x" * 201, 200) == "x" * 199 + "…"
    assert texts.shown("a\x00b\ud800c\r\nd", 200) == "a\ufffdb\ufffdc\nd"
