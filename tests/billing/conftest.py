"""What tests of payments stand on: who may collect, and what it answers."""

from typing import Any

import pytest

from billing.providers import PROVIDERS
from tests.billing.paying import Told


@pytest.fixture
def sandbox(settings: Any) -> Any:
    settings.TAEL_SANDBOX = True
    return settings


@pytest.fixture
def provider(sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> Told:
    """One that answers what a test tells it to, in the place of the card provider."""
    told = Told()
    monkeypatch.setitem(PROVIDERS, "stripe", told)
    return told
