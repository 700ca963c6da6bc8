"""Finds the columns that are kept encrypted, and encrypts and decrypts a row's content.

A column of ours is an EncryptedField, which names itself and the values of its row that never
change. So all of them are found by asking the models: `manage.py rotate_keys` and the audit go over
`columns()`, and none can be forgotten. Second factors and sessions are rows of other packages'
models, so what we encrypt there is listed here.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Protocol

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import connection, models

from lib import secrets
from lib.fields import EncryptedField

OF_AUTHENTICATORS = "mfa.authenticator.data"


class Column(Protocol):
    """What rotate_keys and the audit know of an encrypted column; a row of it may keep several
    secrets, each under a name.
    """

    @property
    def model(self) -> type[models.Model]: ...

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
        return self.field.model

    @property
    def called(self) -> str:
        return self.field.called

    def bound_to(self, row: Any) -> str:
        """The column's name and the values of its row that never change."""
        values = [f"{path}={attrgetter(path)(row)}" for path in self.field.bound_to]
        return " ".join([f"{self.model._meta.label_lower}.{self.field.name}", *values])

    def merchant_id(self, row: Any) -> int | None:
        """The first of the values that the content is bound to."""
        key = attrgetter(self.field.bound_to[0])(row)
        return None if key is None else int(key)

    def kept(self, row: Any) -> dict[str, bytes]:
        content = bytes(getattr(row, self.field.name))
        return {self.field.name: content} if content else {}

    def keep(self, row: Any, anew: Mapping[str, bytes]) -> None:
        setattr(row, self.field.name, anew[self.field.name])
        row.save(update_fields=[self.field.name])


class OfAuthenticators:
    """The secrets of second factors: those of authenticator apps, and the seeds of recovery codes.

    allauth encrypts them before it knows their row (merchants.sign_in.factors.EncryptedFactors), so
    they are bound to the column, not to the row.
    """

    model = Authenticator
    called = "second factors"

    def bound_to(self, row: Any) -> str:
        """The name of the column, which is the same for every row."""
        return OF_AUTHENTICATORS

    def merchant_id(self, row: Any) -> int | None:
        """Always None: the row belongs to a person."""
        return None

    def kept(self, row: Any) -> dict[str, bytes]:
        """The row's secrets, still encrypted: "secret", "seed", and "code 0" and so on for codes
        that were taken over.

        A text that is not base64 is returned as it is: no key decrypts it, so that the audit
        reports it.
        """
        texts = {name: row.data[name] for name in ("secret", "seed") if name in row.data}
        texts |= {f"code {n}": code for n, code in enumerate(row.data.get("migrated_codes", ()))}
        return {name: unpacked(text) for name, text in texts.items()}

    def keep(self, row: Any, anew: Mapping[str, bytes]) -> None:
        """Write the contents that were encrypted anew into the row, each under its name."""
        for name, content in anew.items():
            if name.startswith("code "):
                row.data["migrated_codes"][int(name.removeprefix("code "))] = packed(content)
            else:
                row.data[name] = packed(content)
        row.save(update_fields=["data"])


class OfSessions:
    """The contents of sessions (merchants.sign_in.sessions), bound to the digest of their key."""

    model = Session
    called = "sessions"

    def bound_to(self, row: Any) -> str:
        return place_of_session(str(row.session_key))

    def merchant_id(self, row: Any) -> int | None:
        """Always None: the row belongs to a person."""
        return None

    def kept(self, row: Any) -> dict[str, bytes]:
        return {"session_data": unpacked(row.session_data)}

    def keep(self, row: Any, anew: Mapping[str, bytes]) -> None:
        row.session_data = packed(anew["session_data"])
        row.save(update_fields=["session_data"])


def place_of_session(digest: str) -> str:
    """The name of the place that a session's content is bound to; `digest` is that of the session's
    key.
    """
    return f"sessions.session.session_data {digest}"


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


def columns() -> Sequence[Column]:
    """Every column that is kept encrypted."""
    ours: list[Column] = [
        OfField(field)
        for model in apps.get_models()
        for field in model._meta.local_fields
        if isinstance(field, EncryptedField)
    ]
    return [*ours, OfAuthenticators(), OfSessions()]


def put(row: models.Model, name: str, content: bytes) -> None:
    """Encrypt `content` into the field `name` of the row, whose primary key must be known; empty
    content is kept as it is. The caller saves the row.
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
    """Yields pairs for the rows that keep a secret: the row, and True if any of its secrets can't
    be decrypted. Rows without one are left out.
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
