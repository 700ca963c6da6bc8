"""The reasons of failed withdrawals, in words."""

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

# Reasons that Tael itself gives, where neither an operator nor a provider gave one.
DESTINATION_REMOVED = "Its destination was removed before anything was paid there."

TRANSLATED: dict[str, StrOrPromise] = {
    DESTINATION_REMOVED: _("Its destination was removed before anything was paid there."),
}


def in_words(reason: str) -> str:
    """The reason of a failed withdrawal in the reader's language if Tael wrote it; any other reason
    as it is.
    """
    return str(TRANSLATED.get(reason, reason))
