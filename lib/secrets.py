"""Content that is kept encrypted: whoever reads the database alone cannot read it.

The keys are settings.TAEL_ENCRYPTION_KEYS. The first one encrypts and all of them decrypt, so that
a new key is put first, `manage.py rotate_keys` goes over what is kept, and then the old key goes.

What is encrypted belongs to one place (`bound_to`: the column and its row), as data that AES-GCM
authenticates beside it: a row's content opens nowhere else. Rows and columns are named by
lib.encrypted.
"""

import base64
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

VERSION = b"\x01"  # of the form: this byte, the nonce, what is encrypted with its tag
NONCE_BYTES = 12
KEY_BYTES = 32


class Undecryptable(Exception):
    """No key opens it here: one is missing from TAEL_ENCRYPTION_KEYS, or it was changed or moved
    from another row.
    """


@lru_cache(maxsize=8)
def _boxes(keys: tuple[str, ...]) -> tuple[AESGCM, ...]:
    """A cipher for each key. Its key is derived from the given one, so that it serves for nothing
    else.
    """
    return tuple(
        AESGCM(
            HKDF(SHA256(), length=KEY_BYTES, salt=None, info=b"tael: kept encrypted").derive(
                base64.urlsafe_b64decode(key)
            )
        )
        for key in keys
    )


def _ours() -> tuple[AESGCM, ...]:
    return _boxes(tuple(settings.TAEL_ENCRYPTION_KEYS))


def encrypt(content: bytes, *, bound_to: str) -> bytes:
    """Encrypt `content` with the first key; it can be decrypted only with the same `bound_to`."""
    nonce = os.urandom(NONCE_BYTES)
    return VERSION + nonce + _ours()[0].encrypt(nonce, content, bound_to.encode())


def decrypt(kept: bytes | memoryview, *, bound_to: str) -> bytes:
    """Decrypt what was encrypted with the same `bound_to`. Raises Undecryptable."""
    for box in _ours():
        content = _opened(box, bytes(kept), bound_to)
        if content is not None:
            return content
    raise Undecryptable("no key of TAEL_ENCRYPTION_KEYS opens it here")


def is_current(kept: bytes | memoryview, *, bound_to: str) -> bool:
    """Whether the first key decrypts it, so that it needs no rotation."""
    return _opened(_ours()[0], bytes(kept), bound_to) is not None


def _opened(box: AESGCM, kept: bytes, bound_to: str) -> bytes | None:
    start = len(VERSION) + NONCE_BYTES
    if not kept.startswith(VERSION) or len(kept) < start:
        return None
    try:
        return box.decrypt(kept[len(VERSION) : start], kept[start:], bound_to.encode())
    except InvalidTag:
        return None
