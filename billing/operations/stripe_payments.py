"""Records the outcome of attempts from Stripe's PaymentIntents, from whatever source we heard of
them (rule 16.15).
"""

import logging
from datetime import datetime

from billing.models import BillingAccount, Payment
from billing.operations import settling
from billing.providers import stripe as stripe_provider
from billing.providers.answers import Answer
from billing.providers.stripe_library import stripe

log = logging.getLogger(__name__)


def settle(intent_id: str, *, now: datetime) -> None:
    """Record the outcome of the attempt that the PaymentIntent with this id stands for, as Stripe
    has it now (settling.settle, which may notify the merchant). An intent that waits for something,
    such as the holder's confirmation, is cancelled at Stripe first, and the attempt has failed then
    unless it turns out to have succeeded.

    An intent that is not ours, or that Stripe does not know, changes nothing and is logged. One
    that contradicts the attempt leaves it as it is, with the problem noted for operators if it is
    undecided. It locks the bill, its account and its credit line. Raises NoAnswer, also for an
    intent that could not be cancelled, and ProviderNotReady.
    """
    with stripe_provider.asking():
        try:
            intent = stripe_provider.client().v1.payment_intents.retrieve(intent_id)
        except stripe.InvalidRequestError as refusal:
            if refusal.http_status != 404:
                raise
            log.warning("Stripe told us of %s, and does not know it", intent_id)
            return
    key = stripe_provider.metadata(intent).get(stripe_provider.PAYMENT)
    ours = Payment.objects.select_related("card").filter(
        provider=BillingAccount.Method.STRIPE, idempotency_key=key or ""
    )
    payment = ours.first()
    if payment is None:
        log.warning("Stripe told us of %s, of no payment that we know (%s)", intent_id, key)
        return
    try:
        with stripe_provider.asking():
            answer = stripe_provider.answer(payment, intent)
    except stripe_provider.AnotherPayment as problem:
        if not payment.is_undecided or payment.problem == str(problem):
            return  # told again, it would be the same
        answer = Answer.undecided("", problem=str(problem))
    settling.settle(payment.pk, answer, now=now)
