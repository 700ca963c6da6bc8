"""What is kept encrypted, and the keys that open it."""

import pytest
from django.conf import LazySettings

from merchants import secrets

OLD = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
NEW = "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWY="


def test_what_was_encrypted_can_be_read_and_shows_nothing(settings: LazySettings) -> None:
    settings.TAEL_ENCRYPTION_KEYS = [OLD]
    kept = secrets.encrypt("6212262000000050003")
    assert secrets.decrypt(kept) == "6212262000000050003"
    assert secrets.decrypt(memoryview(kept)) == "6212262000000050003"
    assert b"6212" not in kept
    assert kept != secrets.encrypt("6212262000000050003")  # the same number twice does not show


def test_the_first_key_encrypts_and_all_decrypt(settings: LazySettings) -> None:
    settings.TAEL_ENCRYPTION_KEYS = [OLD]
    old = secrets.encrypt("old")
    settings.TAEL_ENCRYPTION_KEYS = [NEW, OLD]
    new = secrets.encrypt("new")
    assert (secrets.decrypt(old), secrets.decrypt(new)) == ("old", "new")
    assert (secrets.is_current(old), secrets.is_current(new)) == (False, True)
    settings.TAEL_ENCRYPTION_KEYS = [NEW]
    assert secrets.decrypt(new) == "new"
    with pytest.raises(secrets.Undecryptable, match="TAEL_ENCRYPTION_KEYS"):
        secrets.decrypt(old)


def test_what_somebody_changed_is_refused(settings: LazySettings) -> None:
    settings.TAEL_ENCRYPTION_KEYS = [OLD]
    kept = bytearray(secrets.encrypt("6212262000000050003"))
    kept[30] ^= 1
    for changed in (bytes(kept), b"", b"6212262000000050003"):
        with pytest.raises(secrets.Undecryptable):
            secrets.decrypt(changed)
