"""Providers that pay withdrawals out: operators with files for their bank (`manual`), or one of
PROVIDERS.

A provider knows a withdrawal by its reference. Whatever may go wrong between us and it, the answer
to "did you pay this?" is asked by that reference, and nothing is sent a second time before it is "I
never heard of it".
"""

from dataclasses import dataclass
from typing import Protocol

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from moneyed import Money

from credit.models import Withdrawal
from lib import encrypted
from lib.refusals import Refused


class SandboxNotAllowed(Refused):
    """The sandbox pays nobody; it needs TAEL_SANDBOX=1."""

    code = "sandbox_not_allowed"


class NoAnswer(Exception):
    """The provider did not answer, or not in words that we know: it may have paid or not."""


@dataclass(frozen=True)
class Answer:
    """A provider's answer about a withdrawal: PAID or FAILED."""

    status: Withdrawal.Status
    reference: str = ""  # the provider's own, when it paid
    reason: str = ""  # in words a merchant can read, when it did not
    amount: Money | None = None  # what it says that it paid, where it says so

    @classmethod
    def paid(cls, reference: str, amount: Money | None = None) -> "Answer":
        return cls(Withdrawal.Status.PAID, reference=reference, amount=amount)

    @classmethod
    def failed(cls, reason: str) -> "Answer":
        return cls(Withdrawal.Status.FAILED, reason=reason)


class Provider(Protocol):
    """A payout provider. It gives up on an answer within a minute: after ten, a process that
    asked is taken for dead.
    """

    def check_allowed(self) -> None:
        """Raise whatever keeps this provider from being used, before anything is sent."""

    def send(self, withdrawal: Withdrawal) -> Answer:
        """Pay it to its destination. Raises NoAnswer."""

    def find(self, reference: str) -> Answer | None:
        """The provider's answer about it; None when it never received it. Raises NoAnswer."""


def number_of(withdrawal: Withdrawal) -> str:
    """The destination's account or card number, to be given only to who pays. Raises
    Undecryptable.
    """
    return encrypted.read(withdrawal.destination, "number").decode()


class Sandbox:
    """Pays every withdrawal with no money at all, for demonstrations and tests.

    But a number ending in 0002 is refused, and of one ending in 0119 it takes the payout without
    giving an answer (4000 0000 0000 0002 and 4000 0000 0000 0119 are numbers of cards).
    """

    REFUSED = "0002"
    SILENT = "0119"
    KEPT_SECONDS = 30 * 24 * 60 * 60

    def check_allowed(self) -> None:
        if not settings.TAEL_SANDBOX:
            raise SandboxNotAllowed("sandbox withdrawals need TAEL_SANDBOX=1")

    def send(self, withdrawal: Withdrawal) -> Answer:
        self.check_allowed()
        number = number_of(withdrawal)
        # What it has heard of is in the cache, where another process finds it; first come, first
        # kept, as a bank would have it.
        refused = number.endswith(self.REFUSED)
        cache.add(_ledger(withdrawal.reference), refused, timeout=self.KEPT_SECONDS)
        if number.endswith(self.SILENT):
            raise NoAnswer("the sandbox keeps silent about this number")
        return self._answer(withdrawal.reference, refused)

    def find(self, reference: str) -> Answer | None:
        self.check_allowed()
        refused = cache.get(_ledger(reference))
        return None if refused is None else self._answer(reference, refused)

    def _answer(self, reference: str, refused: bool) -> Answer:
        if refused:
            return Answer.failed("The account does not take payments.")
        return Answer.paid(f"sandbox-{reference}")


def _ledger(reference: str) -> str:
    return f"sandbox-payout-{reference}"


SANDBOX = "sandbox"
PROVIDERS: dict[str, Provider] = {SANDBOX: Sandbox()}


def chosen() -> str:
    """The provider of withdrawals requested now: settings.TAEL_PAYOUT_PROVIDER.

    Without one, a demonstration has the sandbox, and everybody else their own people.
    """
    name = settings.TAEL_PAYOUT_PROVIDER or (
        SANDBOX if settings.TAEL_SANDBOX else Withdrawal.MANUAL
    )
    if name != Withdrawal.MANUAL and name not in PROVIDERS:
        known = ", ".join([Withdrawal.MANUAL, *PROVIDERS])
        raise ImproperlyConfigured(f"TAEL_PAYOUT_PROVIDER is {name!r}; known are {known}.")
    return name
