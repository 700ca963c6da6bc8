"""The columns of other packages' models that are kept encrypted: second factors and sessions.

They are registered when the programs start, so that `manage.py rotate_keys` and the audit know
them (lib.encrypted).
"""

from collections.abc import Mapping
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session

from lib import encrypted

OF_AUTHENTICATORS = "mfa.authenticator.data"


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
        return {name: encrypted.unpacked(text) for name, text in texts.items()}

    def keep(self, row: Any, anew: Mapping[str, bytes]) -> None:
        """Write the contents that were encrypted anew into the row, each under its name."""
        for name, content in anew.items():
            if name.startswith("code "):
                row.data["migrated_codes"][int(name.removeprefix("code "))] = encrypted.packed(
                    content
                )
            else:
                row.data[name] = encrypted.packed(content)
        row.save(update_fields=["data"])


class OfSessions:
    """The contents of sessions (merchants.sign_in.sessions), bound to the digest of their key."""

    model = Session
    called = "sessions"

    def bound_to(self, row: Any) -> str:
        """The name of the place that the row's content is bound to, by the digest of its key."""
        return place_of_session(str(row.session_key))

    def merchant_id(self, row: Any) -> int | None:
        """Always None: the row belongs to a person."""
        return None

    def kept(self, row: Any) -> dict[str, bytes]:
        """The row's content, still encrypted, as "session_data"."""
        return {"session_data": encrypted.unpacked(row.session_data)}

    def keep(self, row: Any, anew: Mapping[str, bytes]) -> None:
        """Write the content "session_data", encrypted anew, into the row."""
        row.session_data = encrypted.packed(anew["session_data"])
        row.save(update_fields=["session_data"])


def place_of_session(digest: str) -> str:
    """The name of the place that a session's content is bound to; `digest` is that of the session's
    key.
    """
    return f"sessions.session.session_data {digest}"


COLUMNS = (OfAuthenticators(), OfSessions())
