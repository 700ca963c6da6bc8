"""Names where a provider's payouts and our books say different things (rule 29.25)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from billing.models import (
    BillingAccount,
    Payment,
    ProviderDifference,
    ProviderMovement,
    ProviderPayout,
)
from billing.providers.stripe_payouts import OVER, PAID
from lib import money
from merchants import installation

STRIPE = BillingAccount.Method.STRIPE
Kind = ProviderDifference.Kind
Movement = ProviderMovement.Kind
# After how long a payment has to be in a payout: weekly ones, and a week until money can be paid
# out.
IN_A_PAYOUT_AFTER = timedelta(days=14)
# How long ago payments ended that are looked for in payouts.
LOOKED_FOR = timedelta(days=60)


@dataclass(frozen=True)
class _Found:
    """A difference as it stands now."""

    kind: Kind
    reference: str
    payout: ProviderPayout | None = None
    payment: Payment | None = None
    there: str = ""
    here: str = ""


def in_question(since: datetime) -> QuerySet[ProviderPayout]:
    """Stripe's payouts that are compared, oldest first: those made since then, and those of open
    differences.
    """
    is_open = ProviderDifference.objects.filter(payout=OuterRef("pk"), ended_at__isnull=True)
    recent = Q(made_at__gte=since)
    theirs = ProviderPayout.objects.filter(provider=STRIPE)
    return theirs.filter(recent | Exists(is_open)).order_by("made_at", "pk")


def compare(*, now: datetime, since: datetime) -> None:
    """Compare the payouts made since then, and those with open differences, with our books, and
    look for payments that are in no payout: write down what is different, and end what is so no
    more. The caller holds the lock.
    """
    payouts = list(in_question(since))
    found = {
        (one.kind, one.reference): one
        for one in (*(one for payout in payouts for one in _of_payout(payout)), *_missing(now))
    }
    open_ones = ProviderDifference.objects.filter(provider=STRIPE, ended_at__isnull=True)
    for known in open_ones:
        still = found.pop((Kind(known.kind), known.reference), None)
        if still is None:
            known.ended_at = max(now, known.found_at)
            known.save(update_fields=["ended_at"])
        elif (still.there, still.here) != (known.there, known.here):
            known.there, known.here = still.there, still.here
            known.save(update_fields=["there", "here"])
    ProviderDifference.objects.bulk_create(
        ProviderDifference(
            provider=STRIPE,
            kind=one.kind,
            reference=one.reference,
            payout=one.payout,
            payment=one.payment,
            there=one.there,
            here=one.here,
            found_at=now,
        )
        for one in found.values()
    )


def _of_payout(payout: ProviderPayout) -> Iterator[_Found]:
    """Yields what is different about a payout: that its rows do not make up its amount, that it did
    not arrive, and what is different about each row.
    """
    if payout.has_movements and payout.net != payout.amount:
        figures = money.full(payout.amount), money.full(payout.net)
        yield _Found(Kind.SUM, payout.reference, payout, None, *figures)
    if payout.state in OVER - {PAID}:
        yield _Found(Kind.FAILED, payout.reference, payout, None, money.full(payout.amount))
    of_money = (Movement.PAYMENT, Movement.REFUND, Movement.DISPUTE)
    prefix = installation.outside("")
    for one in payout.movements.filter(kind__in=of_money).select_related("payment", "reversal"):
        yield from _of_movement(payout, one, prefix)


def _of_movement(payout: ProviderPayout, one: ProviderMovement, prefix: str) -> Iterator[_Found]:
    """What is different about a row of a payment, or of money that was taken back. Rows of others
    who share the account have neither our key nor a payment of ours.
    """
    payment = one.payment
    if payment is None:
        if one.kind == Movement.PAYMENT and one.key.startswith(prefix):
            twice = ProviderMovement.objects.filter(
                kind=Movement.PAYMENT, money_reference=one.money_reference, payment__isnull=False
            )
            kind = Kind.TWICE if twice.exists() else Kind.NOT_HERE
            yield _Found(kind, one.reference, payout, None, one.asked)
        return
    if not one.asked.endswith(f" {one.currency}"):
        yield _Found(
            Kind.ANOTHER_CURRENCY, one.reference, payout, payment, money.full(one.gross), one.asked
        )
    if one.kind == Movement.PAYMENT:
        ours = money.full(payment.amount)
    elif one.reversal is None:
        yield _Found(Kind.NOT_HERE, one.reference, payout, payment, one.asked)
        return
    else:
        ours = money.full(one.reversal.amount)
    if ours != one.asked:
        yield _Found(Kind.ANOTHER_AMOUNT, one.reference, payout, payment, one.asked, ours)


def _missing(now: datetime) -> Iterator[_Found]:
    """Our payments that succeeded long enough ago, and since the first payout on record was made,
    and are in no payout.
    """
    first = ProviderPayout.objects.filter(provider=STRIPE).order_by("made_at").first()
    if first is None:
        return
    in_one = ProviderMovement.objects.filter(payment=OuterRef("pk"), kind=Movement.PAYMENT)
    is_named = ProviderDifference.objects.filter(
        payment=OuterRef("pk"), kind=Kind.NOT_THERE, ended_at__isnull=True
    )
    lately = Q(ended_at__gte=max(first.made_at, now - LOOKED_FOR))
    missing = Payment.objects.filter(
        lately | Exists(is_named),
        ~Exists(in_one),
        provider=STRIPE,
        status=Payment.Status.SUCCEEDED,
        ended_at__lte=now - IN_A_PAYOUT_AFTER,
    )
    for payment in missing.order_by("pk"):
        yield _Found(
            Kind.NOT_THERE, payment.idempotency_key, None, payment, "", money.full(payment.amount)
        )
