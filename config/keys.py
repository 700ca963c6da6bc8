"""Reads the keys that encrypt content (lib.secrets) from the environment."""

import base64
import binascii
import os

from django.core.exceptions import ImproperlyConfigured

from config.local import datafolder

KEY_BYTES = 32


def encryption_keys(*, deployed: bool) -> list[str]:
    """The keys in TAEL_ENCRYPTION_KEYS, newest first. If it is empty, a demonstration gets the key
    of its data folder, which is made if it is missing.

    Raises ImproperlyConfigured for a deployment without keys, and for a text that is not a key: at
    the start, and not only when the first merchant adds a bank card.
    """
    keys = os.environ.get("TAEL_ENCRYPTION_KEYS", "").replace(",", " ").split()
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


def _is_key(key: str) -> bool:
    """Whether the text is URL-safe base64 of KEY_BYTES bytes."""
    try:
        return len(base64.b64decode(key, altchars=b"-_", validate=True)) == KEY_BYTES
    except (binascii.Error, ValueError):
        return False
