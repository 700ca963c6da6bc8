"""What tests of payments stand on: who may collect, and what it answers; and what is audited."""

from collections.abc import Iterator
from typing import Any

import pytest

from billing import audit as billing_audit
from billing.providers.registry import PROVIDERS
from lib import audit
from lib.audit import Check
from tests import stripe_server
from tests.billing.paying import Told
from tests.shops import instant
from tests.stripe_server import OddStripe


@pytest.fixture
def sandbox(settings: Any) -> Any:
    """The settings, with the sandbox switched on."""
    settings.TAEL_SANDBOX = True
    return settings


@pytest.fixture
def provider(sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> Told:
    """The card provider's stand-in, which answers what a test tells it to."""
    told = Told()
    monkeypatch.setitem(PROVIDERS, "stripe", told)
    return told


@pytest.fixture
def odd(settings: Any) -> Iterator[OddStripe]:
    """A server that answers as Stripe does, or as a test tells it to."""
    with stripe_server.odd_stripe() as server:
        stripe_server.be_asked(settings, server.url)
        yield server


@pytest.fixture
def audited(db: None) -> Iterator[None]:
    """What these tests write, the audit finds right."""
    yield
    checks = [one for one in billing_audit.CHECKS if isinstance(one, Check)]
    found = audit.run(checks, now=instant("2027-12-01 00:00"))
    assert [(one.check.name, one.listed) for one in found if one.violations] == []
