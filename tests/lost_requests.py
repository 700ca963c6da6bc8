"""The sandbox of bills and that of withdrawals, from which a request can get lost on the way: what
the last four digits ask for, with `lost`, whose first request never arrives.
"""

from datetime import datetime
from typing import Any

import pytest
from django.core.cache import cache

from billing.models import Payment
from billing.providers import registry
from credit import providers
from credit.models import Withdrawal

LAST_FOUR = {
    "good": "4242",
    "refused": registry.Sandbox.REFUSED,
    "short": registry.Sandbox.SHORT,
    "silent": registry.Sandbox.SILENT,
    "lost": "0259",
}


def is_first(key: str) -> bool:
    """Whether nobody asked this before; kept where the sandbox keeps what it was asked."""
    return cache.add(f"lost-request-{key}", value=True)


class Collecting(registry.Sandbox):
    def collect(self, payment: Payment, *, now: datetime) -> registry.Answer:
        """Collect as the sandbox does. The first request about a card that loses requests never
        arrives: it raises NoAnswer.
        """
        is_lost = payment.card is not None and payment.card.last_four == LAST_FOUR["lost"]
        if is_lost and is_first(payment.idempotency_key):
            raise registry.NoAnswer("it never arrived")
        return super().collect(payment, now=now)


class Cards(Collecting):
    """Collects in the place of a provider that collects no little amounts (Stripe's minimums)."""

    needs_card = True


class Payouts(providers.Sandbox):
    def send(self, withdrawal: Withdrawal) -> providers.Answer:
        """Send as the sandbox does. The first request about a number that loses requests never
        arrives: it raises NoAnswer.
        """
        is_lost = providers.number_of(withdrawal).endswith(LAST_FOUR["lost"])
        if is_lost and is_first(withdrawal.reference):
            raise providers.NoAnswer("it never arrived")
        return super().send(withdrawal)


def install(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Let both collect and pay out for everybody."""
    settings.TAEL_SANDBOX = True
    monkeypatch.setitem(registry.PROVIDERS, "sandbox", Collecting())
    monkeypatch.setitem(registry.PROVIDERS, "stripe", Cards())
    monkeypatch.setitem(providers.PROVIDERS, providers.SANDBOX, Payouts())
