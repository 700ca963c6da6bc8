"""The answers of payment providers, in the same words for all of them."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from billing.models import Payment
from lib.refusals import Refused


class ProviderNotReady(Refused):
    """The provider can't be asked at all; the message names the setting that it lacks."""

    code = "provider_not_ready"
    sentence = _(
        "We can't collect from this method at the moment. Choose another one, or try again later."
    )


class NoAnswer(Exception):
    """The provider did not answer, or not in a way that we understand, so that it may have taken
    the money or not.
    """


class StrangeAnswer(NoAnswer):
    """The provider's answer contradicts our books; the message is for operators."""


@dataclass(frozen=True)
class Answer:
    """A provider's answer about an attempt.

    The status UNKNOWN means that the provider gave no answer, or that it has the attempt and has
    not decided yet.
    """

    status: Payment.Status
    reference: str = ""  # the provider's own
    failure: str = ""  # a code of billing.payment_failures, or the provider's own
    is_hard: bool = False  # the same card will not do
    problem: str = ""  # what it says that cannot be right, in words for operators

    @classmethod
    def succeeded(cls, reference: str) -> "Answer":
        """The answer that the payment succeeded, with the provider's own reference."""
        return cls(Payment.Status.SUCCEEDED, reference=reference)

    @classmethod
    def failed(cls, failure: str, *, is_hard: bool = False, reference: str = "") -> "Answer":
        """The answer that the payment failed; `failure` is the code of the reason, and `is_hard`
        says that it is of no use to try the same again. `reference` is the provider's own, if there
        is one.
        """
        return cls(Payment.Status.FAILED, reference, failure, is_hard)

    @classmethod
    def undecided(cls, reference: str, problem: str = "") -> "Answer":
        """An answer from which nobody can tell yet whether the money was taken, with the provider's
        own reference; `problem` says what of it contradicts our books, if something does.
        """
        return cls(Payment.Status.UNKNOWN, reference=reference, problem=problem)
