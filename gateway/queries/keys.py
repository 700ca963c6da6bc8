"""Which key of the API a text is.

A key has 256 bits of chance, so that one plain digest of it is as good as a slow one, and is
computed at each request.
"""

import hashlib
import hmac

from gateway.models import ApiKey

BRAND = "tael"
PARTS = 3  # brand, prefix, secret


def digest(key: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def named(text: str) -> ApiKey | None:
    """The key with this text, valid or not; None if there is none."""
    parts = text.split("_", PARTS - 1)
    if len(parts) != PARTS or not text.isascii():
        return None
    key = ApiKey.objects.select_related("merchant").filter(prefix=parts[1]).first()
    if key is None or not hmac.compare_digest(key.digest, digest(text)):
        return None
    return key
