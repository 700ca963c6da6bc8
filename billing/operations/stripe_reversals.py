"""Records refunds and disputes at Stripe (rule 18.1).

An event only says where to look. Once a day all recent refunds and disputes are looked at, in case
an event was lost. What counts is the object as Stripe has it now.
"""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from moneyed import Money

from billing.models import BillingAccount, Payment, Reversal, UnappliedEntry
from billing.operations import reversals, stripe_payments
from billing.operations.reversals import ProviderReport
from billing.providers import stripe as stripe_provider
from billing.providers.answers import NoAnswer
from billing.providers.stripe_library import stripe
from billing.queries import provider_transfers
from jobs.silences import Silences

log = logging.getLogger(__name__)

STRIPE = BillingAccount.Method.STRIPE
EVENT = "stripe"  # the actor of what an event tells
LOOK = "look-for-reversals"  # and of what the daily look finds
# How long ago what the daily look goes over was made. What events told of is looked at until it is
# over, however old it is.
LOOKED_BACK = timedelta(days=30)

CAME_BACK = {"failed", "canceled", "won"}  # a refund that did not go through, a dispute we won
# What a dispute is called while it is no more than a question, or was settled before it was one:
# nothing is taken.
NOTHING_TAKEN = {"warning_needs_response", "warning_under_review", "warning_closed", "prevented"}
OVER = {*CAME_BACK, "succeeded", "lost"}
# Reasons that are given by who asks for a refund: by us. Others are Stripe's own, or tell nothing.
OUR_REASONS = {"duplicate", "fraudulent", "requested_by_customer"}


def refund(refund_id: str, *, now: datetime) -> None:
    """Ask Stripe for the refund with this id, and record its present state as a reversal of its
    payment (reversals.record): the merchant is notified of a new one, and of money that came back.
    Does nothing if Stripe does not know it, it is of no payment of ours or in another currency, or
    this state is on record. Raises NoAnswer, ProviderNotReady.
    """
    with stripe_provider.asking():
        made = _retrieved(stripe_provider.client().v1.refunds.retrieve, refund_id)
    if made is not None:
        _take_refund(made, EVENT, now)


def refunds_of(charge_id: str, *, now: datetime) -> None:
    """Ask Stripe for all refunds of the charge with this id, and record the present state of each
    as a reversal of its payment (reversals.record): the merchant is notified of a new one, and of
    money that came back. Those of no payment of ours or in another currency are left out, as are
    those whose state is on record. Raises NoAnswer, ProviderNotReady.
    """
    with stripe_provider.asking():
        found = stripe_provider.client().v1.refunds.list({"charge": charge_id, "limit": 100})
        made = list(found.auto_paging_iter())
    for one in made:
        _take_refund(one, EVENT, now)


def dispute(dispute_id: str, *, now: datetime) -> None:
    """Ask Stripe for the dispute with this id, and record its present state as a reversal of its
    payment (reversals.record). A new one takes money that had become unapplied from there as far as
    there is any, and nothing more is collected from the account's card if it is the disputed one.
    One on record that is won gives back what the merchant lost, as unapplied money that pays unpaid
    bills. Of both, the merchant is notified.

    Does nothing while it has taken no money (NOTHING_TAKEN), if Stripe does not know it, if it is
    of no payment of ours or in another currency, if this state is on record, or if it is new and
    was won already, or nothing is left of the payment. If no payment has its money yet, the outcome
    of its PaymentIntent is recorded first (stripe_payments.settle). It locks the bill, its account
    and its credit line. Raises NoAnswer, ProviderNotReady.
    """
    with stripe_provider.asking():
        made = _retrieved(stripe_provider.client().v1.disputes.retrieve, dispute_id)
    if made is not None:
        _take_dispute(made, EVENT, now)


def look_at(provider: int, /, *, now: datetime, silences: Silences) -> None:
    """Look for refunds and disputes at Stripe and record them (`look`), as the daily job does;
    `provider` is always Stripe's number in queries.reversals.

    Raises ProviderNotReady, and KeepsSilent if Stripe does not answer: the next look finds what
    this one missed.
    """
    with silences.asking(STRIPE, NoAnswer, "No look at what was taken back"):
        look(now=now)


def look(*, now: datetime) -> None:
    """Record the present state of all refunds and disputes at Stripe of the last 30 days, and of
    older ones on record that may still change; merchants are notified of what is new.

    One that fails is logged and does not hold up the others; the first error is raised at the end.
    Raises NoAnswer, ProviderNotReady.
    """
    bugs = []
    for take, made in _recent(now):
        try:
            take(made, LOOK, now)
        except Exception as error:
            log.exception("%s could not be taken", made.id)
            bugs.append(error)
    if bugs:
        raise bugs[0]


def _recent(now: datetime) -> Iterator[tuple[Any, Any]]:
    """Yields pairs of a function and a refund or dispute as Stripe has it now; called with
    that object, an actor and an instant, the function records it. They are those made in
    the last 30 days before `now`, and older ones on our record in a state that may still
    change. All of them are asked for before the first pair is yielded, and nothing is
    recorded here. Raises NoAnswer, ProviderNotReady.
    """
    since: Any = {"created": {"gte": int((now - LOOKED_BACK).timestamp())}, "limit": 100}
    with stripe_provider.asking():
        asked = stripe_provider.client().v1
        refunds = list(asked.refunds.list(since).auto_paging_iter())
        disputes = list(asked.disputes.list(since).auto_paging_iter())
        seen = {made.id for made in refunds} | {made.id for made in disputes}
        for known in _not_over():
            if known.provider_reference not in seen:
                retrieve = asked.disputes.retrieve if known.is_dispute else asked.refunds.retrieve
                made = _retrieved(retrieve, known.provider_reference)
                (disputes if known.is_dispute else refunds).extend([made] if made else [])
    yield from ((_take_refund, made) for made in refunds)
    yield from ((_take_dispute, made) for made in disputes)


def _not_over() -> Iterator[Reversal]:
    """Yields the reversals on record at Stripe whose state may still change, in the order in which
    they were recorded.

    A refund that went through may fail within a month, during which it is among the recent ones.
    """
    theirs = Reversal.objects.filter(provider=STRIPE, came_back_at__isnull=True)
    yield from theirs.exclude(state__in=OVER).order_by("pk")


def _retrieved(retrieve: Any, object_id: str) -> Any:
    """The object with this id, which `retrieve` gets from Stripe; None, which is logged, if Stripe
    does not know it.
    """
    try:
        return retrieve(object_id)
    except stripe.InvalidRequestError as refusal:
        if refusal.http_status != 404:
            raise
        log.warning("Stripe told us of %s, and does not know it", object_id)
        return None


def _take_refund(made: "stripe.Refund", actor: str, now: datetime) -> None:
    """Record the refund, as it is at Stripe now, as a reversal of its payment (`_take`). It counts
    as ours if its reason is one that we give. `actor` is how we heard of it. The merchant is
    notified of a new one, and of money that came back. The bill, its account and its credit line
    are locked.
    """
    is_ours = made.reason in OUR_REASONS
    _take(made, Reversal.Kind.REFUND, made.status or "", is_ours, actor, now)


def _take_dispute(made: "stripe.Dispute", actor: str, now: datetime) -> None:
    """Record this state of a dispute at Stripe (`_take`); nothing while no money is taken. `actor`
    is how we heard of it. The merchant is notified of a new one, and of money that came back. The
    bill, its account and its credit line are locked.
    """
    if made.status not in NOTHING_TAKEN:
        _take(made, Reversal.Kind.DISPUTE, made.status, False, actor, now)


def _take(
    made: Any, kind: Reversal.Kind, state: str, is_ours: bool, actor: str, now: datetime
) -> None:
    """Record this state of a refund or dispute, `made` at Stripe; `is_ours` if we refunded by
    ourselves. Nothing is done if it is recorded already in this state, or its payment is not ours
    or in another currency, which is logged. Otherwise reversals.record does it: it notifies the
    merchant of a new one and of money that came back, and locks the bill, its account and its
    credit line.
    """
    intent_id = _intent_id(made)
    if not intent_id or _is_known(made.id, state):
        return
    payment = _payment_of(intent_id, now)
    if payment is None:
        _log_unknown(made, intent_id)
        return
    if made.currency != payment.currency.lower():
        log.error("%s is in another currency than payment %s", made.id, payment)
        return
    report = ProviderReport(
        provider=STRIPE,
        reference=made.id,
        kind=kind,
        money_reference=intent_id,
        amount=Money(stripe_provider.amount_of(made.amount, payment.currency), payment.currency),
        state=state,
        came_back=state in CAME_BACK,
        is_ours=is_ours,
    )
    reversals.record(report, payment_id=payment.pk, actor=actor, now=now)


def _log_unknown(made: Any, intent_id: str) -> None:
    """Log that a refund or dispute is of no payment that we know; as an error if a person has
    recorded that money like a transfer, of which no reversal can be: a person takes it off.
    """
    if provider_transfers.recorded([intent_id]):
        log.error("%s takes back %s, which is recorded as a transfer", made.id, intent_id)
    else:
        log.warning("Stripe told us of %s, of no payment that we know", made.id)


def _is_known(reference: str, state: str) -> bool:
    """Whether the reversal with this id at Stripe is on record in this state; asked without a
    lock.
    """
    return Reversal.objects.filter(
        provider=STRIPE, provider_reference=reference, state=state
    ).exists()


def _intent_id(made: Any) -> str:
    """The id of the PaymentIntent that the refund or dispute is of; "" if there is none."""
    intent = made.payment_intent
    return str(getattr(intent, "id", intent) or "")


def _payment_of(intent_id: str, now: datetime) -> Payment | None:
    """The attempt that the PaymentIntent with this id paid, or None. If there is none yet, the
    intent's outcome is asked for and recorded first (stripe_payments.settle), which locks the bill,
    its account and its credit line. Raises NoAnswer, ProviderNotReady.
    """
    payment = _with_money_of(intent_id)
    if payment is None:
        stripe_payments.settle(intent_id, now=now)
        payment = _with_money_of(intent_id)
    return payment


def _with_money_of(intent_id: str) -> Payment | None:
    """Look up the attempt that is paid by the PaymentIntent, or whose late money became unapplied;
    None if there is none.
    """
    theirs = Payment.objects.filter(provider=STRIPE)
    paid = theirs.filter(provider_reference=intent_id, status=Payment.Status.SUCCEEDED).first()
    if paid is not None:
        return paid
    kept = UnappliedEntry.objects.filter(
        kind=UnappliedEntry.Kind.RECEIVED, reference=intent_id, payment__provider=STRIPE
    ).select_related("payment")
    entry = kept.first()
    return entry.payment if entry else None
