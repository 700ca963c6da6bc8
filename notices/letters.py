"""The titles, sentences and e-mails of notices.

A notice stores figures and references; a title and a sentence of its kind are made of them when
they are read, in the language in force.
"""

from collections.abc import Callable, Iterator, Mapping

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext, override
from django_stubs_ext import StrOrPromise

from lib.letters import Letter
from merchants.models import User
from notices import details, kinds, routes
from notices.kinds import Kind, Text
from notices.models import Notice


def title(notice: Notice) -> str:
    """The notice's title in the language in force; its kind's label if that has no text for the
    notice's status, or the details do not fit.
    """
    return _text(notice, lambda text: text.title)


def sentence(notice: Notice) -> str:
    """The notice's sentence in the language in force; its kind's label if that has no text for the
    notice's status, or the details do not fit.
    """
    return _text(notice, lambda text: text.sentence)


def write(notice: Notice, reader: User) -> Letter:
    """Make the e-mail about the notice to `reader`, in the reader's language if we know it, or else
    in the merchant's. It is not sent here.
    """
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
        subject = gettext("%(merchant)s: %(title)s") % {
            "merchant": merchant.name,
            "title": title(notice),
        }
        return Letter(subject=subject, body=body, to=[reader.email], opens=opens(notice))


def link(notice: Notice) -> str:
    """The full address of the page that the notice is about, or that of the merchant's overview if
    it is about no page.
    """
    merchant = notice.merchant.reference
    address = routes.address(notice, merchant)
    return settings.TAEL_BASE_URL + (address or reverse("overview", args=[merchant]))


def opens(notice: Notice) -> str:
    """The text, in the language in force, of the button of the notice's e-mail that opens `link`:
    what the kind says of its page, or "Open your overview" if it leads there.
    """
    kind = kinds.get(notice.kind)
    if kind is None or kind.link is None or not routes.address(notice, notice.merchant.reference):
        return gettext("Open your overview")
    return str(kind.link.opens)


def _text(notice: Notice, which: Callable[[Text], StrOrPromise]) -> str:
    """The notice's text that `which` picks (its title or its sentence) with the notice's details
    filled in, in the language in force; the kind's label if the details do not fit, or there is no
    text for its status.
    """
    kind = kinds.get(notice.kind)
    text = kind.text(notice.details.get("status", "")) if kind else None
    if kind is None or text is None:
        return notice.get_kind_display()
    try:
        return str(which(text)) % _Shown(kind, notice.details)
    except (KeyError, ValueError, ArithmeticError):
        # Another version of the code wrote other details: the label at least says what it is about.
        return notice.get_kind_display()


class _Shown(Mapping[str, str]):
    """The details of a notice, each formatted when the sentence asks for it."""

    def __init__(self, kind: Kind, stored: details.Details) -> None:
        self._kind, self._stored = kind, stored

    def __getitem__(self, name: str) -> str:
        return self._kind.shows.get(name, details.plain)(name, self._stored)

    def __iter__(self) -> Iterator[str]:
        return iter({*self._stored, *self._kind.shows})

    def __len__(self) -> int:
        return len({*self._stored, *self._kind.shows})
