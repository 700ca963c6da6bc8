"""Encrypts content, so that the database alone does not reveal it.

The keys are settings.TAEL_ENCRYPTION_KEYS. The first one encrypts and all of them decrypt, so that
a new key is put first, `manage.py rotate_keys` encrypts all content anew, and then the old key is
removed.

Content is bound to one place (`bound_to`: the column and its row), which AES-GCM authenticates:
moved to another row, it can't be decrypted. Rows and columns are named by lib.encrypted.
"""

import base64
import hashlib
import hmac
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
    """No key decrypts the content here: a key is missing from TAEL_ENCRYPTION_KEYS, or the content
    was changed or moved from another row.
    """


@lru_cache(maxsize=8)
def _ciphers(keys: tuple[str, ...]) -> tuple[AESGCM, ...]:
    """An AES-GCM cipher for each of these keys, which are URL-safe base64. The cipher does not use
    the key itself, but one derived from it, so that the same key may serve for other purposes. The
    latest are kept.
    """
    return tuple(
        AESGCM(
            HKDF(SHA256(), length=KEY_BYTES, salt=None, info=b"tael: kept encrypted").derive(
                base64.urlsafe_b64decode(key)
            )
        )
        for key in keys
    )


def _own_ciphers() -> tuple[AESGCM, ...]:
    """An AES-GCM cipher for each key of settings.TAEL_ENCRYPTION_KEYS, in their order: the first
    one encrypts, and all of them decrypt.
    """
    return _ciphers(tuple(settings.TAEL_ENCRYPTION_KEYS))


def encrypt(content: bytes, *, bound_to: str) -> bytes:
    """Encrypt `content` with the first key; it can be decrypted only with the same `bound_to`, the
    name of the place where it is kept.
    """
    nonce = os.urandom(NONCE_BYTES)
    return VERSION + nonce + _own_ciphers()[0].encrypt(nonce, content, bound_to.encode())


def mark(text: str, *, purpose: str) -> str:
    """A mark of the text in 64 hex digits, by which rows with equal encrypted texts are found: the
    same text has the same one for the same purpose, and without our first key nobody can try out
    whose mark it is. Whoever encrypts the text anew marks it anew. "" for an empty text.
    """
    return marks(text, purpose=purpose)[0] if text else ""


def marks(text: str, *, purpose: str) -> list[str]:
    """The marks of the text by each of our keys, the first key's first: while keys are
    rotated, a row may have any of them, so rows are looked for by all. The same text
    has other marks for another `purpose`. An empty text has marks here, too, though
    `mark` gives "" for it, so callers that keep "" for an empty text have to look for
    that.
    """
    said = f"{purpose}\0{text}".encode()
    keys = _mark_keys(tuple(settings.TAEL_ENCRYPTION_KEYS))
    return [hmac.new(key, said, hashlib.sha256).hexdigest() for key in keys]


@lru_cache(maxsize=8)
def _mark_keys(keys: tuple[str, ...]) -> tuple[bytes, ...]:
    """The key of marks for each of these keys, which are URL-safe base64: derived from it, so that
    it is another one than the cipher's.
    """
    return tuple(
        HKDF(SHA256(), length=KEY_BYTES, salt=None, info=b"tael: marks").derive(
            base64.urlsafe_b64decode(key)
        )
        for key in keys
    )


def decrypt(kept: bytes | memoryview, *, bound_to: str) -> bytes:
    """Decrypt content that was encrypted with the same `bound_to`, by whichever key fits. Raises
    Undecryptable.
    """
    for cipher in _own_ciphers():
        content = _decrypted(cipher, bytes(kept), bound_to)
        if content is not None:
            return content
    raise Undecryptable("no key of TAEL_ENCRYPTION_KEYS opens it here")


def is_current(kept: bytes | memoryview, *, bound_to: str) -> bool:
    """Whether the content is encrypted with the first key, so that it needs no rotation; False if
    it can't be decrypted at all.
    """
    return _decrypted(_own_ciphers()[0], bytes(kept), bound_to) is not None


def _decrypted(box: AESGCM, kept: bytes, bound_to: str) -> bytes | None:
    """The content, if this cipher decrypts it; None if not, or if it is malformed."""
    start = len(VERSION) + NONCE_BYTES
    if not kept.startswith(VERSION) or len(kept) < start:
        return None
    try:
        return box.decrypt(kept[len(VERSION) : start], kept[start:], bound_to.encode())
    except InvalidTag:
        return None
