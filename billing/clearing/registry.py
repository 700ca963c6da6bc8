"""Which provider has documents cleared."""

from django.conf import settings

from billing.clearing.protocol import NoAnswer, Provider
from billing.clearing.sandbox import Sandbox
from billing.models import ClearingProvider


def offered() -> list[ClearingProvider]:
    """The providers that an issuer can choose here: the manual one, and the sandbox where that is
    switched on.
    """
    every = list(ClearingProvider)
    return every if settings.TAEL_SANDBOX else [ClearingProvider.MANUAL]


def provider(name: str) -> Provider:
    """Return the provider of clearing with this code, to be asked over the network. Raises NoAnswer
    if there is none here to ask: for the manual one, whose numbers people enter, and for a sandbox
    that was switched off.
    """
    if name == ClearingProvider.SANDBOX and settings.TAEL_SANDBOX:
        return Sandbox()
    raise NoAnswer(f"{name} cannot be asked here")
