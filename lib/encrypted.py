"""Finds the columns that are kept encrypted, and encrypts and decrypts a row's content.

A column of ours is an EncryptedField, which names itself and the values of its row that never
change. So all of them are found by asking the models: `manage.py rotate_keys` and the audit go over
`columns()`, and none can be forgotten. Columns of models that are not ours are registered by the
package that has them encrypted.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Protocol

from django.apps import apps
from django.db import connection, models

from lib import secrets
from lib.fields import EncryptedField


class Column(Protocol):
    """What rotate_keys and the audit know of an encrypted column; a row of it may keep several
    secrets, each under a name.
    """

    @property
    def model(self) -> type[models.Model]:
        """The model of the rows that have the column."""

    @property
    def called(self) -> str:
        """The words for the content in sentences, such as "destination numbers"."""

    def bound_to(self, row: Any) -> str:
        """The name of the place (column and row) that the row's secrets are bound to: they can be
        decrypted only there.
        """

    def merchant_id(self, row: Any) -> int | None:
        """The primary key of the merchant that the row belongs to, or None."""

    def kept(self, row: Any) -> dict[str, bytes]:
        """The row's secrets by name, still encrypted; empty if it has none."""

    def keep(self, row: Any, anew: Mapping[str, bytes]) -> None:
        """Replace the row's secrets of these names by those in `anew`, which are encrypted already,
        and save the column.
        """


@dataclass(frozen=True)
class OfField:
    """An encrypted column of our own models: an EncryptedField."""

    field: EncryptedField

    @property
    def model(self) -> type[models.Model]:
        """The model that has the field."""
        return self.field.model

    @property
    def called(self) -> str:
        """The words for the field's content in sentences, such as "destination numbers"."""
        return self.field.called

    def bound_to(self, row: Any) -> str:
        """The name of the place that the row's content is bound to: the column's name, and the
        values of its row that never change.
        """
        values = [f"{path}={attrgetter(path)(row)}" for path in self.field.bound_to]
        return " ".join([f"{self.model._meta.label_lower}.{self.field.name}", *values])

    def merchant_id(self, row: Any) -> int | None:
        """The primary key of the merchant that the row belongs to, or None; read from the column
        that the field names in `whose`.
        """
        key = attrgetter(self.field.whose)(row)
        return None if key is None else int(key)

    def kept(self, row: Any) -> dict[str, bytes]:
        """The encrypted content of the row, by the field's name; empty if the row has none."""
        content = bytes(getattr(row, self.field.name))
        return {self.field.name: content} if content else {}

    def keep(self, row: Any, anew: Mapping[str, bytes]) -> None:
        """Replace the row's content by that in `anew`, which is encrypted already, and save it with
        its marks, which are made anew by the key that encrypted it.
        """
        setattr(row, self.field.name, anew[self.field.name])
        marks = self.field.marks(row)
        for name, mark in marks.items():
            setattr(row, name, mark)
        row.save(update_fields=[self.field.name, *marks])


def packed(content: bytes) -> str:
    """The encrypted content as base64, for columns that keep text."""
    return base64.b64encode(content).decode()


def unpacked(text: str) -> bytes:
    """The encrypted content in a text of base64. A text that is not base64 is returned as bytes as
    it is, which no key decrypts.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return text.encode()


_of_others: list[Column] = []


def register(*columns: Column) -> None:
    """Add encrypted columns of models that are not ours to those that are known."""
    _of_others.extend(columns)


def columns() -> Sequence[Column]:
    """Every column that is kept encrypted. Those of models' fields come first, then those that were
    registered.
    """
    ours: list[Column] = [
        OfField(field)
        for model in apps.get_models()
        for field in model._meta.local_fields
        if isinstance(field, EncryptedField)
    ]
    return [*ours, *_of_others]


def put(row: models.Model, name: str, content: bytes) -> None:
    """Encrypt `content` into the field `name` of the row, bound to the values in the field's
    `bound_to` (mostly the row's and its merchant's primary keys), which the row must have already:
    it can be decrypted only with them. Empty content is kept as it is. The caller sets the field's
    marks, if it has any, and saves the row.
    """
    setattr(
        row, name, content and secrets.encrypt(content, bound_to=_field_of(row, name).bound_to(row))
    )


def read(row: models.Model, name: str) -> bytes:
    """The decrypted content of the row's field `name`; empty if the field is. Raises
    Undecryptable.
    """
    kept = getattr(row, name)
    return secrets.decrypt(kept, bound_to=_field_of(row, name).bound_to(row)) if kept else b""


def _field_of(row: models.Model, name: str) -> OfField:
    """The row's EncryptedField of this name."""
    field = row._meta.get_field(name)
    assert isinstance(field, EncryptedField), f"{name} is not kept encrypted"
    return OfField(field)


def next_key(model: type[models.Model]) -> int:
    """Take the next primary key from the model's sequence, for a row whose content has to be bound
    to its key before it is written.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s))",
            [model._meta.db_table, model._meta.pk.column],
        )
        (key,) = cursor.fetchone()
    return int(key)


def unreadable(column: Column, rows: Iterator[Any]) -> Iterator[tuple[Any, bool]]:
    """Yields a pair for each row that keeps a secret in the column: the row, and True if any of its
    secrets can't be decrypted. Rows without a secret are left out.
    """
    for row in rows:
        kept, place = column.kept(row), column.bound_to(row)
        if kept:
            yield row, not all(_can_decrypt(content, place) for content in kept.values())


def _can_decrypt(content: bytes, place: str) -> bool:
    """Whether any of our keys decrypts the content at this place."""
    try:
        secrets.decrypt(content, bound_to=place)
    except secrets.Undecryptable:
        return False
    return True
