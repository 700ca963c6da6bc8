"""Who collects a bill. A provider pays once per idempotency key, so that asking again is safe."""

from dataclasses import dataclass
from typing import Protocol

from django.conf import settings

from billing.models import BillingAccount, Payment


class SandboxNotAllowed(Exception):
    """The sandbox pays with no money at all; it needs TAEL_SANDBOX=1."""


@dataclass(frozen=True)
class Answer:
    status: Payment.Status
    reference: str = ""
    failure: str = ""


class Provider(Protocol):
    def collect(self, payment: Payment) -> Answer:
        """Ask for the payment's amount, under its idempotency key."""


class Sandbox:
    """Pays every bill. For demonstrations, tests and replays."""

    def collect(self, payment: Payment) -> Answer:
        if not settings.TAEL_SANDBOX:
            raise SandboxNotAllowed("sandbox payments need TAEL_SANDBOX=1")
        return Answer(Payment.Status.SUCCEEDED, reference=f"sandbox-{payment.idempotency_key}")


PROVIDERS: dict[str, Provider] = {BillingAccount.Method.SANDBOX: Sandbox()}
