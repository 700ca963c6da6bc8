"""Why nothing was done: the sentence stands on the refusal, in every language."""

from collections.abc import Iterator

import pytest
from django.utils import translation

from billing.operations.at_once import TooManyCards
from credit.models import PayoutDestination
from credit.operations.destination_fields import NotADestination
from credit.operations.requests import NotARaise
from lib.refusals import Conflict, Invalid, Refused, sentence_of
from merchants.operations.team import LastOwner

Kind = PayoutDestination.Kind


def refusals(of: type[Refused] = Refused) -> Iterator[type[Refused]]:
    """The class and all below it."""
    yield of
    for refusal in of.__subclasses__():
        yield from refusals(refusal)


@pytest.mark.parametrize(
    ("refusal", "sentence"),
    [
        (LastOwner("x"), "A merchant needs an owner who can sign in: make somebody else owner"),
        (NotARaise("x"), "Name a limit that is above the present one."),
        (TooManyCards("x"), "Five cards were added within 24 hours."),
        (Invalid("name", "is missing"), "This can't be kept as it is."),
        (Invalid("name", "is missing", "Say your name."), "Say your name."),
        (Conflict("x"), "This can't be done. Check what you entered."),
    ],
)
def test_a_refusal_says_why_in_its_own_words(refusal: Refused, sentence: str) -> None:
    assert sentence_of(refusal).startswith(sentence)


@pytest.mark.parametrize(
    ("kind", "field", "sentence"),
    [
        (Kind.BANK_CARD, "number", "This is no card number: it has 12 to 19 digits."),
        (Kind.ALIPAY, "number", "Enter the e-mail address or the mobile number of the Alipay"),
        (Kind.BANK_ACCOUNT, "number", "This is no account number of that country."),
        (Kind.BANK_ACCOUNT, "routing", "This is no bank or branch code of that country."),
        (Kind.BANK_CARD, "holder", "Write the name in letters only, as the bank knows it."),
        (Kind.BANK_CARD, "bank", "Write the name in letters only, as the bank knows it."),
    ],
)
def test_what_is_wrong_with_a_destination_is_told_by_field(
    kind: Kind, field: str, sentence: str
) -> None:
    assert sentence_of(NotADestination(kind, field, "is wrong")).startswith(sentence)


@pytest.mark.parametrize("language", ["zh-hans", "th"])
def test_every_sentence_is_translated(language: str) -> None:
    with translation.override("en"):
        english = {refusal: str(refusal.sentence) for refusal in refusals()}
    assert len(set(english.values())) > 40
    with translation.override(language):
        same = [one for one, sentence in english.items() if str(one.sentence) == sentence]
    assert same == []
