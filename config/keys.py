"""Reads the keys that encrypt content (lib.secrets) from the environment."""

import base64
import binascii
import logging
import os

from django.core.exceptions import ImproperlyConfigured

from config.local import datafolder, embedded

log = logging.getLogger(__name__)

KEY_BYTES = 32
LOOKED_AT = 3  # rows of each encrypted column: some have whole documents


def encryption_keys(*, deployed: bool) -> list[str]:
    """The keys in TAEL_ENCRYPTION_KEYS, newest first. If it is empty, a demonstration gets the key
    of its data folder, which is made if it is missing.

    Raises ImproperlyConfigured for a deployment without keys, and for a text that is not a key: at
    the start, and not only when the first merchant adds a bank card.
    """
    keys = _given()
    for number, key in enumerate(keys, start=1):
        if not _is_key(key):  # named by its place: logs are no place for keys
            raise ImproperlyConfigured(
                f"Key {number} of TAEL_ENCRYPTION_KEYS is none: it has to be {KEY_BYTES} random"
                ' bytes as URL-safe base64, as "openssl rand -base64 32 | tr +/ -_" makes them.'
            )
    if keys:
        return keys
    if deployed:
        raise ImproperlyConfigured(
            "Set TAEL_ENCRYPTION_KEYS: a deployment (DATABASE_URL is set) needs its own."
        )
    return [datafolder.encryption_key()]


def refuse_other_keys() -> None:
    """Refuse keys that this machine made up for itself, if the database is not one that it runs
    itself, and they open nothing of what that keeps encrypted, be it in one cell only: another
    machine's processes wrote it with theirs, and neither could go on in the other's sessions. If
    keys were given, or the database is our own, it is the operators' matter: a sentence on the log
    says that they open nothing. Where nothing is kept encrypted yet, any keys will do.

    Raises ImproperlyConfigured, and DatabaseError if the database can't be read.
    """
    from lib import cells  # once there are apps

    if all(cells.in_each(_open_something)):
        return
    if _given() or embedded.runs_postgres():
        log.error(
            "TAEL_ENCRYPTION_KEYS open nothing of what the database keeps encrypted: are they those"
            " of the other machines?"
        )
        return
    raise ImproperlyConfigured(
        "Set TAEL_ENCRYPTION_KEYS and SECRET_KEY to those of the other machines: what this database"
        " keeps encrypted is not opened by the key that this one made for itself, in"
        f" {datafolder.root()}."
    )


def _open_something() -> bool:
    """Read from the database whether our keys open one of the latest rows of any encrypted column,
    or there are none.
    """
    from lib import encrypted  # once there are apps

    kept = False
    for column in reversed(encrypted.columns()):  # sessions first, which are small
        rows = column.model._default_manager.order_by("-pk")[:LOOKED_AT]
        for _row, is_lost in encrypted.unreadable(column, iter(rows)):
            if not is_lost:
                return True
            kept = True
    return not kept


def _given() -> list[str]:
    """The keys in TAEL_ENCRYPTION_KEYS, newest first; empty if it is not set."""
    return os.environ.get("TAEL_ENCRYPTION_KEYS", "").replace(",", " ").split()


def _is_key(key: str) -> bool:
    """Whether the text is URL-safe base64 of KEY_BYTES bytes."""
    try:
        return len(base64.b64decode(key, altchars=b"-_", validate=True)) == KEY_BYTES
    except (binascii.Error, ValueError):
        return False
