"""Why a withdrawal failed, in words."""

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

# What a failed withdrawal keeps as its reason where it was nobody's words but ours.
DESTINATION_REMOVED = "Its destination was removed before anything was paid there."

TRANSLATED: dict[str, StrOrPromise] = {
    DESTINATION_REMOVED: _("Its destination was removed before anything was paid there."),
}


def in_words(reason: str) -> str:
    """The reason as it was given; ours are translated."""
    return str(TRANSLATED.get(reason, reason))
