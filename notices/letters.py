"""The words of notices, in the application and in e-mails.

A notice keeps figures and references; here they become a title and a sentence of its kind, in the
language in force, at the time they are read.
"""

from collections.abc import Callable, Iterator, Mapping

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils.translation import gettext, override
from django_stubs_ext import StrOrPromise

from merchants.models import User
from notices import details, kinds, routes
from notices.kinds import Kind, Text
from notices.models import Notice


def title(notice: Notice) -> str:
    return _text(notice, lambda text: text.title)


def sentence(notice: Notice) -> str:
    return _text(notice, lambda text: text.sentence)


def write(notice: Notice, reader: User) -> EmailMessage:
    """The e-mail that tells `reader` of the notice, in the reader's language if we know it."""
    merchant = notice.merchant
    with override(reader.language or merchant.language):
        body = gettext(
            "%(sentence)s\n\n%(link)s\n\n-- \n"
            "You belong to %(merchant)s on Tael, where you can choose which e-mails you get."
        ) % {
            "sentence": sentence(notice),
            "link": link(notice),
            "merchant": merchant.name,
        }
        # A merchant's name may be anything printable; folded into one line all the same.
        subject = " ".join(f"{merchant.name}: {title(notice)}".split())
    return EmailMessage(subject=subject, body=body, to=[reader.email])


def link(notice: Notice) -> str:
    """Where the merchant's people read more: the page of what the notice is about."""
    merchant = notice.merchant.reference
    address = routes.address(notice, merchant)
    return settings.TAEL_BASE_URL + (address or reverse("overview", args=[merchant]))


def _text(notice: Notice, which: Callable[[Text], StrOrPromise]) -> str:
    """The title or the sentence; the kind's label where nothing else can be said."""
    kind = kinds.get(notice.kind)
    text = kind.text(notice.details.get("status", "")) if kind else None
    if kind is None or text is None:
        return notice.get_kind_display()
    try:
        return str(which(text)) % _Shown(kind, notice.details)
    except (KeyError, ValueError, ArithmeticError):
        # Written by another version, with other details: say at least what it is.
        return notice.get_kind_display()


class _Shown(Mapping[str, str]):
    """The details as a sentence has them, each made readable when it is asked for."""

    def __init__(self, kind: Kind, stored: details.Details) -> None:
        self._kind, self._stored = kind, stored

    def __getitem__(self, name: str) -> str:
        return self._kind.shows.get(name, details.plain)(name, self._stored)

    def __iter__(self) -> Iterator[str]:
        return iter({*self._stored, *self._kind.shows})

    def __len__(self) -> int:
        return len({*self._stored, *self._kind.shows})
