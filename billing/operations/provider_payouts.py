"""Asks Stripe what it paid out to our bank, and keeps each payout with its rows beside our own
payments (rule 29.24). Nothing of the books is changed by it; the journal enters what it says.

What is on record is never asked for or written twice, so that it may run twice, at once, and die on
the way: the next look goes on.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from moneyed import Money

from billing.models import (
    BillingAccount,
    JournalLock,
    Payment,
    ProviderMovement,
    ProviderPayout,
    Reversal,
    UnappliedEntry,
)
from billing.operations import chart, provider_differences
from billing.providers import stripe_payouts
from billing.providers.answers import NoAnswer
from billing.providers.stripe_payouts import OVER, PAID, Moved, Paid
from jobs.silences import Silences
from lib import money

log = logging.getLogger(__name__)

STRIPE = BillingAccount.Method.STRIPE
Kind = ProviderMovement.Kind
TAKEN_BACK = (Kind.REFUND, Kind.DISPUTE)
# Rows of which it is not known yet what of ours they are of.
UNKNOWN = Q(account__isnull=True) | Q(kind__in=TAKEN_BACK, reversal__isnull=True)
# How long ago payouts were made that are looked at; others are until they are over.
LOOKED_BACK = timedelta(days=30)


def look_at(provider: int, /, *, now: datetime, silences: Silences) -> None:
    """Record the payouts of Stripe and what they are of, as `look` does, for the daily job;
    `provider` is always its number in queries.reversals.

    Raises ProviderNotReady, and KeepsSilent if Stripe does not answer or this run has given it up:
    the next look finds what this one missed.
    """
    with silences.asking(STRIPE, NoAnswer, "No look at payouts"):
        look(now=now)


def look(*, now: datetime) -> None:
    """Record Stripe's payouts of the last 30 days, and older ones on record that were not over,
    with their rows; find our payments and reversals in them; have the journal enter the rows of
    payouts that have arrived; and name the differences. Of two looks at once, the second waits
    before it writes.

    A payout that can't be recorded, or an older one of which Stripe says nothing, does not hold up
    the others; each is logged, and the first error is raised at the end. Raises NoAnswer at once if
    Stripe falls silent otherwise, and ProviderNotReady.
    """
    recent = stripe_payouts.since(now - LOOKED_BACK)
    older, bugs = _older({one.reference for one in recent})
    for paid in (*older, *recent):
        try:
            _record(paid, now)
        except NoAnswer:
            raise
        except Exception as error:
            log.exception("Payout %s could not be taken", paid.reference)
            bugs.append(error)
    with transaction.atomic():
        provider_differences.wait_turn()
        for payout in provider_differences.in_question(now - LOOKED_BACK):
            _find_ours(list(payout.movements.filter(UNKNOWN, entered_at__isnull=True)))
            _enter(payout, now)
        provider_differences.compare(now=now, since=now - LOOKED_BACK)
    if bugs:
        raise bugs[0]


def _older(recent: set[str]) -> tuple[list[Paid], list[Exception]]:
    """The payouts on record that were not over and are not among the recent ones, by their
    references, and an error for each of which Stripe says nothing, such as one of a former account.
    Those are logged.
    """
    found: list[Paid] = []
    errors: list[Exception] = []
    for one in ProviderPayout.objects.filter(provider=STRIPE).exclude(state__in=OVER):
        if one.reference not in recent:
            try:
                found.append(stripe_payouts.payout(one.reference))
            except NoAnswer as error:
                log.warning("Payout %s could not be asked about: %s", one.reference, error)
                errors.append(error)
    return found, errors


def _record(paid: Paid, now: datetime) -> None:
    """Write the payout down, or its present state; its rows are asked for until they make up its
    amount. Of two calls at once, the second waits.
    """
    known = ProviderPayout.objects.filter(provider=STRIPE, reference=paid.reference).first()
    is_whole = known is not None and known.net == paid.amount
    moved = [] if is_whole or not paid.has_movements else stripe_payouts.movements(paid.reference)
    with transaction.atomic():
        provider_differences.wait_turn()
        zero = money.zero(paid.amount.currency.code)
        payout, _is_new = ProviderPayout.objects.get_or_create(
            provider=STRIPE,
            reference=paid.reference,
            defaults={
                "currency": paid.amount.currency.code,
                "amount": paid.amount,
                "state": paid.state,
                "has_movements": paid.has_movements,
                "made_at": paid.made_at,
                "arrives_on": paid.arrives_on,
                **{"gross": zero, "fee": zero, "net": zero, "count": 0},
                **{"recorded_at": now, "looked_at": now},
            },
        )
        _add(payout, moved, now)
        if payout.state != PAID:  # by the day on which it arrived, the journal has entered it
            payout.arrives_on = paid.arrives_on
        payout.state, payout.looked_at = paid.state, now
        payout.save()


def _add(payout: ProviderPayout, moved: Sequence[Moved], now: datetime) -> None:
    """Write down those rows of the payout that are not on record, each with the payment or reversal
    of ours that it is of, as far as that is known, and add them to the payout's sums, which the
    caller saves.
    """
    known = set(payout.movements.values_list("reference", flat=True))
    made = [_movement(payout, one, now) for one in moved if one.reference not in known]
    _find_ours(made, are_new=True)
    ProviderMovement.objects.bulk_create(made)
    payout.gross = _total(payout.gross, (one.gross for one in made))
    payout.fee = _total(payout.fee, (one.fee for one in made))
    payout.net = payout.gross - payout.fee
    payout.count += len(made)


def _movement(payout: ProviderPayout, moved: Moved, now: datetime) -> ProviderMovement:
    """The row for our books of what the provider `moved` in the payout, not saved yet. Which
    payment or reversal of ours it is of is not set here.
    """
    return ProviderMovement(
        payout=payout,
        reference=moved.reference,
        kind=moved.kind,
        description=moved.description,
        source=moved.source,
        money_reference=moved.money_reference,
        key=moved.key,
        asked=moved.asked,
        currency=payout.currency,
        gross=moved.gross,
        fee=moved.fee,
        net=moved.net,
        made_at=moved.made_at,
        recorded_at=now,
    )


def _total(start: Money, amounts: Iterable[Money]) -> Money:
    """The sum of these amounts and `start`, which has their currency."""
    return sum(amounts, start)


def _find_ours(found: Sequence[ProviderMovement], *, are_new: bool = False) -> None:
    """Set which payment or reversal of ours each of these rows is of, and whose, as far as that is
    known by now, and save those that are not new. A second row about a payment has none.
    """
    of_money = _payments({one.money_reference for one in found} - {""})
    reversals = {
        one.provider_reference: one
        for one in Reversal.objects.filter(
            provider=STRIPE, provider_reference__in=[one.source for one in found]
        )
    }
    taken = set(
        ProviderMovement.objects.filter(
            kind=Kind.PAYMENT, payment__in=list(of_money.values())
        ).values_list("payment_id", flat=True)
    )
    for one in found:
        payment = of_money.get(one.money_reference)
        if payment is None or (one.kind == Kind.PAYMENT and payment.pk in taken):
            continue
        one.payment, one.account_id = payment, payment.invoice.account_id
        if one.kind == Kind.PAYMENT:
            taken.add(payment.pk)
        else:
            one.reversal = reversals.get(one.source)
        if not are_new:
            one.save(update_fields=["payment", "account", "reversal"])


def _payments(references: set[str]) -> dict[str, Payment]:
    """Our payments by Stripe whose money has one of these references, the provider's names for it,
    by the reference: those that succeeded, and those whose money came late and is kept as
    unapplied.
    """
    theirs = Payment.objects.filter(provider=STRIPE).select_related("invoice")
    kept = UnappliedEntry.objects.filter(
        kind=UnappliedEntry.Kind.RECEIVED, reference__in=references, payment__provider=STRIPE
    ).select_related("payment__invoice")
    return {one.reference: one.payment for one in kept if one.payment} | {
        one.provider_reference: one
        for one in theirs.filter(provider_reference__in=references, status=Payment.Status.SUCCEEDED)
    }


def _enter(payout: ProviderPayout, now: datetime) -> None:
    """Have the journal enter those rows of a payout that are our merchants' and in the currency of
    what was asked for; nothing, while it has not arrived. Nobody locks a month meanwhile, and
    nothing is entered before the last lock.
    """
    if payout.state != PAID:
        return
    waiting = payout.movements.exclude(UNKNOWN).filter(entered_at__isnull=True)
    same = waiting.filter(asked__endswith=f" {payout.currency}")
    if same.exists():
        chart.wait_turn()
        lock = JournalLock.objects.order_by("through").last()
        same.update(entered_at=max(now, lock.locked_at) if lock else now)
