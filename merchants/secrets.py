"""Text that is kept encrypted: whoever reads the database alone cannot read it.

The keys are settings.TAEL_ENCRYPTION_KEYS. The first one encrypts and all of them decrypt, so that
a new key is put first, `manage.py rotate_keys` goes over what is kept, and then the old key goes.
"""

from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class Undecryptable(Exception):
    """None of the keys opens it: one is missing from TAEL_ENCRYPTION_KEYS, or it was changed."""


@lru_cache(maxsize=8)
def _boxes(keys: tuple[str, ...]) -> tuple[Fernet, ...]:
    return tuple(map(Fernet, keys))


def _ours() -> tuple[Fernet, ...]:
    return _boxes(tuple(settings.TAEL_ENCRYPTION_KEYS))


def encrypt(text: str) -> bytes:
    return _ours()[0].encrypt(text.encode())


def decrypt(kept: bytes | memoryview) -> str:
    """Raises Undecryptable."""
    try:
        return MultiFernet(_ours()).decrypt(bytes(kept)).decode()
    except InvalidToken:
        raise Undecryptable("no key of TAEL_ENCRYPTION_KEYS opens it") from None


def is_current(kept: bytes | memoryview) -> bool:
    """Whether the first key opens it: then there is nothing to rotate."""
    try:
        _ours()[0].decrypt(bytes(kept))
    except InvalidToken:
        return False
    return True
