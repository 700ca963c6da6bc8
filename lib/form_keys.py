"""Makes a form that is sent twice write one row: the form carries a key, and the row keeps it.

The operation looks for the key first thing under its lock (`sent_before`). So a form that is sent
twice, even at once, makes one row and gets the same answer both times.
"""

import hashlib
import secrets
from collections.abc import Sequence
from typing import Any, TypeVar

from django import forms
from django.db.models import Model, Q, QuerySet, UniqueConstraint
from django.utils.translation import gettext_lazy as _

from lib.refusals import Conflict, Invalid
from lib.text_fields import LineField

LONGEST_KEY = 64

Row = TypeVar("Row", bound=Model)


class FormConflict(Conflict):
    """The same form was sent before, with other content."""

    sentence = _("This form was sent before, with other content. Open the page again.")


def new_key() -> str:
    """A new key for a form that is shown."""
    return secrets.token_urlsafe(16)


class KeyedForm(forms.Form):
    """A form that carries a new key in a hidden field, by which the operation writes one row
    only.
    """

    request_key = LineField(max_length=LONGEST_KEY, widget=forms.HiddenInput, initial=new_key)


def one_row_per_form(owner: str, name: str) -> UniqueConstraint:
    """The constraint `name`, by which a form's key makes at most one row for each `owner` (a
    field); rows with an empty `request_key`, which no form made, are not limited.
    """
    return UniqueConstraint(fields=[owner, "request_key"], condition=~Q(request_key=""), name=name)


def sent_before(
    rows: QuerySet[Row],
    key: str,
    *,
    conflict: type[Conflict] = FormConflict,
    **content: Any,
) -> Row | None:
    """The one of `rows` that the form with this key made before; None if there is none, or if `key`
    is empty because no form was sent.

    `content` is what the form says now, by the columns that keep it. The caller holds the lock of
    whatever the rows belong to. Raises `conflict` if the form said something else before, and
    Invalid for a key that is too long.
    """
    if not key:
        return None
    if len(key) > LONGEST_KEY:
        raise Invalid("request_key", f"must not have more than {LONGEST_KEY} characters")
    known = rows.filter(request_key=key).first()
    if known is not None and any(getattr(known, name) != said for name, said in content.items()):
        raise conflict(f"request_key: {known} was asked for by this form, with other content")
    return known


def parts(key: str, count: int) -> Sequence[str]:
    """The keys of the `count` rows that the form with this key makes at once. Raises Invalid for a
    key that is empty or too long.
    """
    return [f"{_stem(key)}{number}" for number in range(count)]


def parts_sent_before(rows: QuerySet[Row], key: str) -> list[Row]:
    """Those of `rows` that the form with this key made before, whatever it says now, in the order
    of their primary keys. The caller holds the lock of whatever the rows belong to. Raises Invalid
    for a key that is empty or too long.
    """
    return list(rows.filter(request_key__startswith=_stem(key)).order_by("pk"))


def _stem(key: str) -> str:
    """How the keys of the rows of the form with this key begin; no other form's do. Raises Invalid
    for a key that is empty or too long.
    """
    if not key or len(key) > LONGEST_KEY:
        raise Invalid("request_key", f"must have 1 to {LONGEST_KEY} characters")
    return f"{hashlib.sha256(key.encode()).hexdigest()[:40]}."
