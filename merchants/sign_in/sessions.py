"""Sessions whose key is in the browser's cookie, and only its digest in the database.

So nobody who reads the database, or a dump of it, can continue a session. Nor can they read what is
in one, such as the secret of an authenticator app that is being set up, since that is encrypted
(lib.secrets).
"""

import hashlib
from datetime import datetime
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore as InDatabase
from django.contrib.sessions.models import Session
from django.db import models
from django.utils import timezone

from lib import encrypted, secrets
from merchants.sign_in.encrypted_columns import place_of_session


class Digest(str):
    """The digest of a session's key, as it is stored. It compares equal to the key itself.

    The text of a cookie is always digested again, so that a digest from the database is not a key.
    """

    LENGTH = 40  # as the columns are wide; 160 of SHA-256's bits

    __slots__ = ()

    @classmethod
    def of(cls, key: str) -> "Digest":
        """The digest of a key. A Digest is returned unchanged."""
        if isinstance(key, Digest):
            return key
        return cls(hashlib.sha256(key.encode()).hexdigest()[: cls.LENGTH])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and str(self) == str(Digest.of(other))

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__


class KeyField(models.CharField):
    """A column of session keys that stores and looks up their digests."""

    def get_prep_value(self, value: Any) -> Any:
        """What is stored, or looked up, for a session key: its digest; None for None."""
        return None if value is None else str(Digest.of(value))

    def from_db_value(self, value: str | None, *_: Any) -> Digest | None:
        """The digest that the column has, since the key itself is not known; None for NULL."""
        return None if value is None else Digest(value)

    def deconstruct(self) -> Any:
        """Describe the column as the CharField that it replaces, so that migrations see no
        change.
        """
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


def keep_digests_only() -> None:
    """Make Django's sessions and allauth's list of them store digests of keys.

    Their own code looks keys up in many places, so the class of the column is replaced.
    """
    for model in (Session, UserSession):
        model._meta.get_field("session_key").__class__ = KeyField


class SessionStore(InDatabase):
    """Django's database sessions, with their content encrypted and bound to the session's key."""

    def encode(self, session_dict: dict[str, Any]) -> str:
        """The session's content as text, encrypted and bound to its key."""
        content = self.serializer().dumps(session_dict)
        return encrypted.packed(secrets.encrypt(content, bound_to=self._place()))

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """Decrypt the session's content. It is empty if it can't be decrypted; then its owner has
        to sign in again.
        """
        try:
            content = secrets.decrypt(encrypted.unpacked(str(session_data)), bound_to=self._place())
        except secrets.Undecryptable:
            return {}
        found: dict[str, Any] = self.serializer().loads(content)
        return found

    def _place(self) -> str:
        """What the content is bound to: the digest of the session's key."""
        return place_of_session(str(Digest.of(self.session_key or "")))


def expired(now: datetime) -> "models.QuerySet[Session]":
    """The query for the sessions that have expired both at `now` and by the present clock.

    So an operator who runs the job for a later instant signs nobody out.
    """
    return Session.objects.filter(expire_date__lt=min(now, timezone.now()))
