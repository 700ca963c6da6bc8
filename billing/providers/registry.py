"""The providers that collect bills. Each knows a payment by its idempotency key, and takes it once.

Whatever may go wrong between us and a provider, the answer to "did you take this?" is asked by that
key, and nothing is tried anew before it is "no" or "I never heard of it".
"""

from datetime import datetime
from typing import Protocol

from django.conf import settings
from django.core.cache import cache

from billing.models import BillingAccount, Payment
from billing.providers.answers import Answer, NoAnswer, ProviderNotReady
from billing.providers.minimums import minimum
from billing.providers.stripe import Stripe
from credit.models import CreditLine
from credit.operations import bill_payments
from lib.refusals import CurrencyMismatch

__all__ = [
    "PROVIDERS",
    "Answer",
    "NoAnswer",
    "Proceeds",
    "Provider",
    "ProviderNotReady",
    "Sandbox",
    "minimum",
]


class Provider(Protocol):
    """What each payment provider implements. It has to answer or give up within a minute: after
    ten, the process that asked is taken for dead.
    """

    # Whether it keeps its books in our database: then it is asked within the transaction that
    # writes the attempt down, and the two can't part.
    is_local: bool
    needs_card: bool

    def check_ready(self) -> None:
        """A provider raises ProviderNotReady here if a setting is missing without which it can't be
        asked; otherwise it does nothing.
        """

    def collect(self, payment: Payment, *, now: datetime) -> Answer:
        """A provider collects the payment's amount here, and returns the outcome; it raises
        NoAnswer if it can't tell.
        """

    def find(self, payment: Payment) -> Answer | None:
        """A provider returns its answer about the payment here, or None if it never received the
        payment; it raises NoAnswer if it can't tell.
        """


class Sandbox:
    """Pays every bill, with no money at all; for demonstrations, tests and replays.

    Exceptions: the card 4000 0000 0000 0002 is declined for good, 4000 0000 0000 9995 lacks funds
    and may be tried again, and for 4000 0000 0000 0119 it takes the payment and gives no answer.
    """

    is_local = False
    needs_card = False
    REFUSED, SHORT, SILENT = "0002", "9995", "0119"
    TAKEN = "sandbox-"  # how its name for a payment begins, which ends in our key
    KEPT_SECONDS = 30 * 24 * 60 * 60

    def check_ready(self) -> None:
        """Raise ProviderNotReady unless the sandbox is switched on (TAEL_SANDBOX)."""
        if not settings.TAEL_SANDBOX:
            raise ProviderNotReady("sandbox payments need TAEL_SANDBOX=1")

    def collect(self, payment: Payment, *, now: datetime) -> Answer:
        """The outcome that the last four digits of the payment's card ask for; success without a
        card. For the silent card, the payment is taken and NoAnswer is raised. Raises
        ProviderNotReady. What it has answered about a card is kept in the cache, for `find`.
        """
        self.check_ready()
        answer = self._answer(payment)
        if payment.card is None:
            return answer
        # What it has heard of is in the cache, where another process finds it.
        cache.add(_ledger(payment), answer.status, timeout=self.KEPT_SECONDS)
        if payment.card.last_four == self.SILENT:
            raise NoAnswer("the sandbox keeps silent about this card")
        return answer

    def find(self, payment: Payment) -> Answer | None:
        """Look up what became of the payment, without collecting it. The answer is the one that
        `collect` gives; for the silent card, for which `collect` raises NoAnswer, it is
        success. It is None for a payment with a card that was not collected within the last 30
        days; a payment without a card has always succeeded. Raises ProviderNotReady unless the
        sandbox is switched on.
        """
        self.check_ready()
        if payment.card is not None and cache.get(_ledger(payment)) is None:
            return None
        return self._answer(payment)

    def _answer(self, payment: Payment) -> Answer:
        """The outcome that the last four digits of the payment's card ask for: declined for good
        with REFUSED, not enough funds with SHORT, and success for any other card, or none.
        """
        last_four = payment.card.last_four if payment.card else ""
        if last_four == self.REFUSED:
            return Answer.failed("card_declined", is_hard=True)
        if last_four == self.SHORT:
            return Answer.failed("insufficient_funds")
        return Answer.succeeded(f"{self.TAKEN}{payment.idempotency_key}")


def _ledger(payment: Payment) -> str:
    """The key in the cache under which the sandbox remembers the payment."""
    return f"sandbox-payment-{payment.idempotency_key}"


class Proceeds:
    """Pays bills out of the merchant's withdrawable proceeds: the whole amount, or nothing."""

    is_local = True
    needs_card = False

    def check_ready(self) -> None:
        """Do nothing: proceeds need no configuration."""

    def collect(self, payment: Payment, *, now: datetime) -> Answer:
        """Take the amount from those of the merchant's proceeds that can be withdrawn; a repeat for
        the same payment takes nothing more, and has succeeded. The answer is the failure
        "not_enough_proceeds", and nothing is taken, if less can be withdrawn, or there are no
        proceeds in this currency. It locks the credit line.
        """
        try:
            bill_payments.take(
                merchant_id=payment.invoice.account_id,
                amount=payment.amount,
                payment=payment.idempotency_key,
                now=now,
            )
        except (bill_payments.NotEnoughProceeds, CurrencyMismatch, CreditLine.DoesNotExist):
            return Answer.failed("not_enough_proceeds")
        return Answer.succeeded(payment.idempotency_key)

    def find(self, payment: Payment) -> Answer | None:
        """None, whatever the payment: an attempt to pay from proceeds is never undecided."""
        return None  # it is never undecided


PROVIDERS: dict[str, Provider] = {
    BillingAccount.Method.SANDBOX: Sandbox(),
    BillingAccount.Method.PROCEEDS: Proceeds(),
    BillingAccount.Method.STRIPE: Stripe(),
}
