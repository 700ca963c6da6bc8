"""What providers say, in words that are the same for all of them."""

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
    """It was asked and did not answer, or not in words we know: it may have paid or not."""


class StrangeAnswer(NoAnswer):
    """It answered, and what it says cannot be right; the words are for operators."""


@dataclass(frozen=True)
class Answer:
    """What became of an attempt. UNKNOWN: the provider has it, and has not decided yet."""

    status: Payment.Status
    reference: str = ""  # the provider's own
    failure: str = ""  # a code of billing.payment_failures, or the provider's own
    is_hard: bool = False  # the same card will not do
    problem: str = ""  # what it says that cannot be right, in words for operators

    @classmethod
    def succeeded(cls, reference: str) -> "Answer":
        return cls(Payment.Status.SUCCEEDED, reference=reference)

    @classmethod
    def failed(cls, failure: str, *, is_hard: bool = False, reference: str = "") -> "Answer":
        return cls(Payment.Status.FAILED, reference, failure, is_hard)

    @classmethod
    def undecided(cls, reference: str, problem: str = "") -> "Answer":
        return cls(Payment.Status.UNKNOWN, reference=reference, problem=problem)
