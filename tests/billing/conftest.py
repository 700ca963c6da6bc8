"""What tests of payments stand on: who may collect, and what it answers."""

from collections.abc import Iterator
from typing import Any

import pytest

from billing.providers.registry import PROVIDERS
from tests import stripe_server
from tests.billing.paying import Told
from tests.stripe_server import OddStripe


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


@pytest.fixture
def odd(settings: Any) -> Iterator[OddStripe]:
    """A server that answers as Stripe does, or as a test tells it to."""
    with stripe_server.odd_stripe() as server:
        stripe_server.be_asked(settings, server.url)
        yield server
