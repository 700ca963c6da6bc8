"""The kinds Merchant and Person of the operators' search."""

from django.db.models import QuerySet

from backoffice.finders import Started
from lib import search, words
from lib.search import Kind
from merchants.models import Merchant, User
from merchants.queries import called


def register() -> None:
    """Register merchants and people for the operators' search. Called once, when a program
    starts.
    """
    search.KINDS.register(*KINDS)


def _merchants(text: str) -> "QuerySet[Merchant]":
    """The merchants in whose name or reference each of the first words of `text` (lib.words.begin)
    begins a word, in any case, by reference; none if `text` has an @, as a part of an e-mail
    address has.
    """
    if "@" in text:
        return Merchant.objects.none()
    return Merchant.objects.filter(words.begin(text, *Merchant.NAMED_BY)).order_by("reference")


def _people(text: str) -> "QuerySet[User]":
    """The people whose e-mail address begins with `text`, or in whose name or address its words
    begin words (merchants.queries.called), sorted by address.
    """
    return User.objects.filter(called(text)).order_by("email")


KINDS = (
    Kind(
        label="Merchant",
        model=Merchant,
        operators=Started(
            10, _merchants, lambda merchant, text: merchant.reference.lower() == text.lower()
        ),
    ),
    Kind(
        label="Person",
        model=User,
        operators=Started(20, _people, lambda user, text: user.email == text.lower()),
    ),
)
