"""Where the keys come from that encrypt what is kept encrypted."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from config import keys
from config.local import datafolder
from tests.factories import UserFactory, signed_in

FIRST = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
SECOND = "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWY="


@pytest.mark.parametrize("given", [f"{FIRST},{SECOND}", f" {FIRST}  {SECOND}\n"])
def test_they_are_given_newest_first(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("TAEL_ENCRYPTION_KEYS", given)
    assert keys.encryption_keys(deployed=True) == [FIRST, SECOND]


@pytest.mark.parametrize("wrong", ["secret", FIRST[:-4], FIRST.replace("M", "!"), "ключ"])
def test_what_is_no_key_is_named_by_its_place_only(
    monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.setenv("TAEL_ENCRYPTION_KEYS", f"{FIRST} {wrong}")
    with pytest.raises(ImproperlyConfigured, match="Key 2 of TAEL_ENCRYPTION_KEYS") as refusal:
        keys.encryption_keys(deployed=False)
    assert wrong not in str(refusal.value)


def test_a_deployment_needs_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TAEL_ENCRYPTION_KEYS", raising=False)
    with pytest.raises(ImproperlyConfigured, match="Set TAEL_ENCRYPTION_KEYS"):
        keys.encryption_keys(deployed=True)


def test_elsewhere_one_is_made_and_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TAEL_ENCRYPTION_KEYS", raising=False)
    monkeypatch.setattr(datafolder, "root", lambda: tmp_path)
    (made,) = keys.encryption_keys(deployed=False)
    Fernet(made)
    assert keys.encryption_keys(deployed=False) == [made]
    assert (tmp_path / "encryption_key").stat().st_mode & 0o077 == 0
    assert datafolder.secret_key() != made


@pytest.mark.django_db
def test_a_machine_that_made_up_its_own_does_not_start_on_anothers_books(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://tael@elsewhere/tael")
    monkeypatch.delenv("TAEL_ENCRYPTION_KEYS", raising=False)
    ours = settings.TAEL_ENCRYPTION_KEYS
    settings.TAEL_ENCRYPTION_KEYS = [FIRST]
    keys.refuse_other_keys()  # nothing is kept yet
    settings.TAEL_ENCRYPTION_KEYS = ours
    signed_in(UserFactory.create())
    keys.refuse_other_keys()
    settings.TAEL_ENCRYPTION_KEYS = [FIRST]
    with pytest.raises(ImproperlyConfigured) as refusal:
        keys.refuse_other_keys()
    assert str(refusal.value).startswith(
        "Set TAEL_ENCRYPTION_KEYS and SECRET_KEY to those of the other machines: "
    )
    # Keys may be lost for good: who gave others is told, and goes on.
    monkeypatch.setenv("TAEL_ENCRYPTION_KEYS", FIRST)
    keys.refuse_other_keys()
    assert "TAEL_ENCRYPTION_KEYS open nothing of what the database keeps" in caplog.text
