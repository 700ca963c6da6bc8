"""What Stripe tells us by itself (domain: payment).

An event says where to look, and no more: events come late, twice, and in any order. What counts is
the object as Stripe has it now.
"""

import logging
from datetime import datetime

import stripe

from billing import stripe_provider
from billing.answers import Answer, NoAnswer
from billing.models import BillingAccount, Payment
from billing.operations import cards, payments
from merchants.refusals import Refused

log = logging.getLogger(__name__)

PAYMENT_EVENTS = {
    "payment_intent.canceled",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.succeeded",
}
CARD_EVENTS = {"setup_intent.succeeded"}


class Again(Exception):
    """Stripe could not be asked about its own event now, and is to send it again."""


def take(kind: str, object_id: str, *, now: datetime) -> int | None:
    """Look at what the event is about, and settle the attempt or keep the card it belongs to.

    Events of other kinds, and of objects that are not ours, change nothing. Returns the key of the
    account for which the event tells of a choice: what that makes due is for workers to try. Raises
    Again.
    """
    try:
        if kind in PAYMENT_EVENTS:
            _settle(object_id, now)
        elif kind in CARD_EVENTS:
            return _keep_card(object_id, now)
        return None
    except (NoAnswer, cards.ProviderSilent) as silence:
        raise Again(str(silence)) from silence


def _settle(intent_id: str, now: datetime) -> None:
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
    payments.settle(payment.pk, answer, now=now)


def _keep_card(setup_intent_id: str, now: datetime) -> int | None:
    try:
        card = cards.finish_unseen(setup_intent_id, now=now)
    except cards.ProviderSilent:
        raise
    except Refused as refusal:
        log.warning("The card of %s was not kept: %s", setup_intent_id, refusal)
        return None
    return card.account_id if card else None
