"""Takes in events that Stripe sends to our webhook (rule 16.15).

An event only says where to look: events come late, twice, and in any order. What counts is the
object as Stripe has it now.
"""

import logging
from datetime import datetime

from billing.operations import cards, stripe_payments, stripe_reversals
from billing.providers.answers import NoAnswer, ProviderNotReady
from lib.refusals import Refused

log = logging.getLogger(__name__)

PAYMENT_EVENTS = {
    "payment_intent.canceled",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.succeeded",
}
CARD_EVENTS = {"setup_intent.succeeded"}
CHARGE_EVENTS = {"charge.refunded"}  # which name what was refunded, and not by what
REFUND_EVENTS = {
    "charge.refund.updated",
    "refund.created",
    "refund.failed",
    "refund.updated",
}
DISPUTE_EVENTS = {
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.updated",
}


class Again(Exception):
    """Stripe could not be asked about its own event now; it should send the event again."""


def take(kind: str, object_id: str, *, now: datetime) -> int | None:
    """Ask Stripe for the object `object_id` of an event of this kind, and record its present state:
    of a payment, a card, a refund or a dispute, under the locks and with the notices and trail rows
    that each takes.

    Events of other kinds, and of objects that are not ours, change nothing. For an event about a
    card that is kept, returns the key of its account, whose bills can now be tried; otherwise None,
    also for a card that is refused, which is logged. Raises Again if Stripe does not answer, and
    ProviderNotReady if it can't be asked at all.
    """
    try:
        if kind in PAYMENT_EVENTS:
            stripe_payments.settle(object_id, now=now)
        elif kind in CARD_EVENTS:
            return _keep_card(object_id, now)
        elif kind in CHARGE_EVENTS:
            stripe_reversals.refunds_of(object_id, now=now)
        elif kind in REFUND_EVENTS:
            stripe_reversals.refund(object_id, now=now)
        elif kind in DISPUTE_EVENTS:
            stripe_reversals.dispute(object_id, now=now)
        return None
    except (NoAnswer, cards.ProviderSilent) as silence:
        raise Again(str(silence)) from silence


def _keep_card(setup_intent_id: str, now: datetime) -> int | None:
    """Keep the card of this setup, with a trail row, and collect from it (cards.finish_unseen);
    returns the key of its account, or None if it was refused, which is logged, or is not ours.
    Raises ProviderSilent and ProviderNotReady.
    """
    try:
        card = cards.finish_unseen(setup_intent_id, now=now)
    except (cards.ProviderSilent, ProviderNotReady):
        raise  # the event is to come again
    except Refused as refusal:
        log.warning("The card of %s was not kept: %s", setup_intent_id, refusal)
        return None
    return card.account_id if card else None
