"""What is kept encrypted, the keys that open it, and the one place at which they do."""

import pytest
from django.conf import LazySettings

from lib import secrets

OLD = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
NEW = "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWY="
CARD = b"6212262000000050003"
HERE = "destination 7"


def encrypt(content: bytes, place: str = HERE) -> bytes:
    """The content, encrypted for this place."""
    return secrets.encrypt(content, bound_to=place)


def decrypt(kept: bytes | memoryview, place: str = HERE) -> bytes:
    """The content that was encrypted for this place."""
    return secrets.decrypt(kept, bound_to=place)


def test_what_was_encrypted_can_be_read_and_shows_nothing(settings: LazySettings) -> None:
    settings.TAEL_ENCRYPTION_KEYS = [OLD]
    kept = encrypt(CARD)
    assert decrypt(kept) == CARD
    assert decrypt(memoryview(kept)) == CARD
    assert b"6212" not in kept
    assert kept != encrypt(CARD)  # the same number twice does not show


def test_the_first_key_encrypts_and_all_decrypt(settings: LazySettings) -> None:
    settings.TAEL_ENCRYPTION_KEYS = [OLD]
    old = encrypt(b"old")
    settings.TAEL_ENCRYPTION_KEYS = [NEW, OLD]
    new = encrypt(b"new")
    assert (decrypt(old), decrypt(new)) == (b"old", b"new")
    assert [secrets.is_current(kept, bound_to=HERE) for kept in (old, new)] == [False, True]
    settings.TAEL_ENCRYPTION_KEYS = [NEW]
    assert decrypt(new) == b"new"
    with pytest.raises(secrets.Undecryptable, match="TAEL_ENCRYPTION_KEYS"):
        decrypt(old)


def test_what_somebody_changed_is_refused(settings: LazySettings) -> None:
    settings.TAEL_ENCRYPTION_KEYS = [OLD]
    for position in (0, 5, 30):  # the version, the nonce, what is encrypted
        kept = bytearray(encrypt(CARD))
        kept[position] ^= 1
        with pytest.raises(secrets.Undecryptable):
            decrypt(bytes(kept))
    for other in (b"", CARD, encrypt(CARD)[:12], encrypt(CARD)[:-1]):
        with pytest.raises(secrets.Undecryptable):
            decrypt(other)


def test_it_opens_at_its_own_place_only(settings: LazySettings) -> None:
    settings.TAEL_ENCRYPTION_KEYS = [OLD]
    kept = encrypt(CARD)
    with pytest.raises(secrets.Undecryptable):
        decrypt(kept, "destination 8")
    assert not secrets.is_current(kept, bound_to="destination 8")
