"""Codes of authenticators, each of which lasts half a minute by the clock."""

from datetime import datetime
from types import SimpleNamespace

import pytest
from allauth.mfa.totp.internal import auth


def hold(monkeypatch: pytest.MonkeyPatch, at: datetime) -> None:
    """Have codes be those of this instant, however long what asks for one takes: a half minute
    would end now and then between a code's making and its check.
    """
    monkeypatch.setattr(auth, "time", SimpleNamespace(time=at.timestamp))


def code_of(secret: str) -> str:
    """The code that an authenticator with this secret shows now."""
    counter = next(iter(auth.yield_hotp_counters_from_time()))
    return str(auth.format_hotp_value(auth.hotp_value(secret, counter)))
