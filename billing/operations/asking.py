"""Asks a provider about an attempt. Nothing is written here, and no lock is held."""

import logging
from datetime import datetime

from billing.models import Payment
from billing.providers.answers import Answer, NoAnswer, StrangeAnswer
from billing.providers.registry import PROVIDERS
from jobs.chunks import TRANSIENT_ERRORS
from jobs.silences import Silences

log = logging.getLogger(__name__)


def to_pay(payment: Payment, *, silences: Silences, now: datetime) -> Answer:
    """Ask the attempt's provider to take its amount; returns the provider's answer. It is undecided
    if there was none, which is counted in `silences`, or if it cannot be right, which its `problem`
    says then.

    Whether `silences` has given the provider up is not looked at: the caller does so before
    (silences.check). Raises TRANSIENT_ERRORS, as when the caller's time is up; the outcome of the
    request then has to be asked for later.
    """
    try:
        answer = PROVIDERS[payment.provider].collect(payment, now=now)
    except TRANSIENT_ERRORS:
        raise
    except Exception as error:  # whatever it was, the request may have arrived
        return _no_answer(payment, error, silences)
    silences.heard(payment.provider)
    return answer


def about(payment: Payment, *, silences: Silences) -> Answer | None:
    """Ask the attempt's provider what became of it, and return its answer, or None if it
    says that it never received the attempt. If it does not answer, the returned answer is
    undecided, and the provider's silence is counted in `silences`. If its answer cannot be
    right, the returned one is undecided as well, with what is wrong as its `problem`.
    Whether `silences` has given the provider up is not looked at: the caller does so before
    (silences.check). Raises TRANSIENT_ERRORS, such as that our database is away or the time
    is up.
    """
    try:
        answer = PROVIDERS[payment.provider].find(payment)
    except TRANSIENT_ERRORS:
        raise
    except Exception as error:
        return _no_answer(payment, error, silences)
    silences.heard(payment.provider)
    return answer


def _no_answer(payment: Payment, error: Exception, silences: Silences) -> Answer:
    """Log that there was no usable answer, and return an undecided one. It counts in `silences`
    unless the provider did answer, but with something that cannot be right.
    """
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
