"""Asking a provider about an attempt. Nothing is written here, and no lock is held."""

import logging
from datetime import datetime

from billing.models import Payment
from billing.providers.answers import Answer, NoAnswer, StrangeAnswer
from billing.providers.registry import PROVIDERS
from jobs.chunks import TRANSIENT_ERRORS
from jobs.silences import Silences

log = logging.getLogger(__name__)


def to_pay(payment: Payment, *, silences: Silences, now: datetime) -> Answer:
    """Have the attempt's provider take its amount; the answer is undecided where the provider gives
    none.

    Raises TRANSIENT_ERRORS, as when the time of the caller is up. Then the outcome of the request
    is asked for later.
    """
    try:
        answer = PROVIDERS[payment.provider].collect(payment, now=now)
    except TRANSIENT_ERRORS:
        raise
    except Exception as error:  # whatever it was, the request may have arrived
        return _silence(payment, error, silences)
    silences.heard(payment.provider)
    return answer


def about(payment: Payment, *, silences: Silences) -> Answer | None:
    """The provider's answer about the attempt: undecided without an answer, None when it never
    received it.
    """
    try:
        answer = PROVIDERS[payment.provider].find(payment)
    except TRANSIENT_ERRORS:
        raise
    except Exception as error:
        return _silence(payment, error, silences)
    silences.heard(payment.provider)
    return answer


def _silence(payment: Payment, error: Exception, silences: Silences) -> Answer:
    log.warning(
        "Payment %s: no answer of %s: %s",
        payment,
        payment.provider,
        error,
        exc_info=None if isinstance(error, NoAnswer) else error,
    )
    if isinstance(error, StrangeAnswer):
        silences.heard(payment.provider)
        return Answer.undecided("", problem=str(error))
    silences.kept_silent(payment.provider)
    return Answer.undecided("")
