"""The kinds Merchant and Person of the operators' search."""

from django.db.models import Q, QuerySet

from backoffice.finders import Started
from lib import search
from lib.search import Kind
from merchants.models import Merchant, User


def register() -> None:
    """Register merchants and people for the operators' search. Called once, when a program
    starts.
    """
    search.KINDS.register(*KINDS)


def _merchants(text: str) -> "QuerySet[Merchant]":
    """The merchants whose reference starts with `text`, or whose name does in any case."""
    started = Q(reference__startswith=text) | Q(name__istartswith=text)
    return Merchant.objects.filter(started).order_by("reference")


def _people(text: str) -> "QuerySet[User]":
    """The people whose e-mail address starts with `text`, in any case."""
    return User.objects.filter(email__startswith=text.lower()).order_by("email")


KINDS = (
    Kind(
        label="Merchant",
        model=Merchant,
        operators=Started(10, _merchants, lambda merchant, text: merchant.reference == text),
    ),
    Kind(
        label="Person",
        model=User,
        operators=Started(20, _people, lambda user, text: user.email == text.lower()),
    ),
)
