"""Providers that pay withdrawals out: operators with files for their bank (`manual`), or one of
PROVIDERS.

A provider knows a withdrawal by our reference. After a request without an answer it is asked by
that reference whether it paid, and nothing is sent again before it says that it never received it.
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
    """The sandbox pays nobody, so it needs TAEL_SANDBOX=1."""

    code = "sandbox_not_allowed"


class NoAnswer(Exception):
    """The provider did not answer, or its answer cannot be understood: it may have paid or not."""


@dataclass(frozen=True)
class Answer:
    """A provider's answer about a withdrawal: whether it was PAID or FAILED."""

    status: Withdrawal.Status
    reference: str = ""  # the provider's own, when it paid
    reason: str = ""  # in words a merchant can read, when it did not
    amount: Money | None = None  # what it says that it paid, or did not pay, where it says so

    @classmethod
    def paid(cls, reference: str, amount: Money | None = None) -> "Answer":
        """The answer that the withdrawal was paid, under the provider's own `reference`. `amount`
        is what the provider says that it paid, or None if it does not say.
        """
        return cls(Withdrawal.Status.PAID, reference=reference, amount=amount)

    @classmethod
    def failed(cls, reason: str) -> "Answer":
        """The answer that the withdrawal was not paid; `reason` says why, and the merchant reads it
        as it is, unless it is a sentence of withdrawal_failures, which is translated.
        """
        return cls(Withdrawal.Status.FAILED, reason=reason)


class Provider(Protocol):
    """What a payout provider has to implement. It must stop waiting for an answer within a minute:
    a process that still asks after ten minutes is taken for dead.
    """

    def check_allowed(self) -> None:
        """Implementations raise an error if the provider cannot be used in this installation. It is
        called before anything is sent.
        """

    def send(self, withdrawal: Withdrawal) -> Answer:
        """Implementations pay the withdrawal to its destination and return whether it was PAID or
        FAILED. They raise NoAnswer if they cannot tell.
        """

    def find(self, reference: str) -> Answer | None:
        """Implementations return the answer about the withdrawal with this reference, or None if
        the provider never received it. They raise NoAnswer if they cannot tell.
        """


def number_of(withdrawal: Withdrawal) -> str:
    """The decrypted number of the withdrawal's destination. Only whoever makes the payment may see
    it.

    Raises Undecryptable.
    """
    return encrypted.read(withdrawal.destination, "number").decode()


class Sandbox:
    """A provider for demonstrations and tests: it answers PAID and moves no money.

    Withdrawals to a number that ends in 0002 fail. Those to a number that ends in 0119 are paid,
    but `send` raises NoAnswer (4000 0000 0000 0002 and 4000 0000 0000 0119 are such card numbers).
    """

    REFUSED = "0002"
    SILENT = "0119"
    KEPT_SECONDS = 30 * 24 * 60 * 60

    def check_allowed(self) -> None:
        """Raise SandboxNotAllowed unless the sandbox is switched on."""
        if not settings.TAEL_SANDBOX:
            raise SandboxNotAllowed("sandbox withdrawals need TAEL_SANDBOX=1")

    def send(self, withdrawal: Withdrawal) -> Answer:
        """Note the withdrawal's outcome by its reference for `find`, and return it: FAILED for a
        number that ends in 0002, and PAID for others. For one that ends in 0119 it raises NoAnswer
        after it noted PAID. What was noted first for a reference stays for 30 days. Raises
        SandboxNotAllowed, and Undecryptable.
        """
        self.check_allowed()
        number = number_of(withdrawal)
        # The first answer about a reference is kept in the cache, where another process finds it.
        refused = number.endswith(self.REFUSED)
        cache.add(_cache_key(withdrawal.reference), refused, timeout=self.KEPT_SECONDS)
        if number.endswith(self.SILENT):
            raise NoAnswer("the sandbox keeps silent about this number")
        return self._answer(withdrawal.reference, refused)

    def find(self, reference: str) -> Answer | None:
        """The outcome that `send` noted for this reference in the last 30 days, or None. Raises
        SandboxNotAllowed.
        """
        self.check_allowed()
        refused = cache.get(_cache_key(reference))
        return None if refused is None else self._answer(reference, refused)

    def _answer(self, reference: str, refused: bool) -> Answer:
        """The answer FAILED if `refused`, else PAID under a reference that is made of ours."""
        if refused:
            return Answer.failed("The account does not take payments.")
        return Answer.paid(f"sandbox-{reference}")


def _cache_key(reference: str) -> str:
    """The key of the cache under which the sandbox notes the outcome of the withdrawal with this
    reference.
    """
    return f"sandbox-payout-{reference}"


SANDBOX = "sandbox"
PROVIDERS: dict[str, Provider] = {SANDBOX: Sandbox()}


def chosen() -> str:
    """The name of the provider for withdrawals that are requested now: TAEL_PAYOUT_PROVIDER if it
    is set, or else `sandbox` in a demonstration and `manual` otherwise.

    Raises ImproperlyConfigured for a provider that is not known.
    """
    name = settings.TAEL_PAYOUT_PROVIDER or (
        SANDBOX if settings.TAEL_SANDBOX else Withdrawal.MANUAL
    )
    if name != Withdrawal.MANUAL and name not in PROVIDERS:
        known = ", ".join([Withdrawal.MANUAL, *PROVIDERS])
        raise ImproperlyConfigured(f"TAEL_PAYOUT_PROVIDER is {name!r}; known are {known}.")
    return name
