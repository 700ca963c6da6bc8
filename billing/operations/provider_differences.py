"""Names where a provider's payouts and our books say different things (rule 29.25), and keeps what
operators say of it (rule 29.28).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from moneyed import Money

from billing.models import (
    BillingAccount,
    Payment,
    ProviderDifference,
    ProviderMovement,
    ProviderPayout,
)
from billing.providers.stripe_payouts import OVER, PAID
from billing.queries import provider_transfers
from billing.trail import Action
from lib import cells, locks, money, wording
from lib.refusals import AlreadyDecided, Refused
from merchants import moved
from trail import operations as trail

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
    """Compare Stripe's payouts that were made since then, and those with open differences, with our
    books, and look for payments of ours that are in no payout. What is different is written down,
    what is so no more is ended, and what was closed with other figures waits for somebody again.
    The caller holds the lock (wait_turn). Writes no trail row.
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
            # It was closed with other figures.
            known.closed_at, known.closed_by, known.reason = None, "", ""
            known.save(update_fields=["there", "here", "closed_at", "closed_by", "reason"])
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


def wait_turn() -> None:
    """Take the lock under which payouts and their differences are written, one process at a time;
    it is kept until the transaction ends. It has to be taken before any of their rows is locked.
    """
    locks.wait_for_advisory_lock("provider-payouts")


class UnknownDifference(Refused):
    """There is no such difference."""

    code = "unknown_difference"


@transaction.atomic
def close(*, difference_id: int, reason: str, actor: str, now: datetime) -> ProviderDifference:
    """Say why a difference may stay as it is, such as money that the provider sent back by hand,
    with a trail row: it waits for nobody any more. It takes the lock of payouts (wait_turn).
    Nothing of the books is changed. It is found again, and waits, once its figures are others.

    Raises UnknownDifference, AlreadyDecided for one that has ended or is closed, Invalid without a
    reason. Rule 29.28.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    wait_turn()
    found = ProviderDifference.objects.select_related("payment__invoice")
    difference = found.filter(pk=difference_id).first()
    if difference is None:
        raise UnknownDifference(f"difference: there is no difference {difference_id}")
    if not difference.is_open:
        how = "has ended" if difference.ended_at else "is closed already"
        raise AlreadyDecided(f"difference: {difference} {how}")
    difference.closed_at = max(now, difference.found_at)
    difference.closed_by, difference.reason = actor, reason
    difference.save(update_fields=["closed_at", "closed_by", "reason"])
    payment = difference.payment
    trail.write(
        Action.PROVIDER_DIFFERENCE_CLOSED,
        merchant_id=payment.invoice.account_id if payment else None,
        subject=str(difference)[:100],
        after={"there": difference.there, "here": difference.here},
        actor=actor,
        reason=reason,
        now=difference.closed_at,
    )
    return difference


def _of_payout(payout: ProviderPayout) -> Iterator[_Found]:
    """Yields what is different about a payout: that its rows do not make up its amount, that it did
    not arrive, and what is different about each row. Each cell has the whole payout, so that what
    is of no row is for the first one to name (rule 30.14).
    """
    if cells.number() == cells.FIRST:
        yield from _of_whole(payout)
    of_money = (Movement.PAYMENT, Movement.REFUND, Movement.DISPUTE)
    found = payout.movements.filter(kind__in=of_money).select_related("payment", "reversal")
    rows = list(found.order_by("pk"))
    recorded = provider_transfers.recorded(
        one.money_reference for one in rows if one.payment is None
    )
    for one in rows:
        if one.payment is None:
            yield from _of_no_payment(payout, one, recorded)
        else:
            yield from _of_movement(payout, one, one.payment)


def _of_whole(payout: ProviderPayout) -> Iterator[_Found]:
    """Yields what is different about a payout as a whole: that its rows less their fees do not come
    to its amount, if Stripe names its rows, and that it failed or was cancelled.
    """
    if payout.has_movements and payout.net != payout.amount:
        figures = money.full(payout.amount), money.full(payout.net)
        yield _Found(Kind.SUM, payout.reference, payout, None, *figures)
    if payout.state in OVER - {PAID}:
        yield _Found(Kind.FAILED, payout.reference, payout, None, money.full(payout.amount))


def _of_no_payment(
    payout: ProviderPayout, one: ProviderMovement, recorded: Mapping[tuple[str, str], Money]
) -> Iterator[_Found]:
    """Yields what is different about a row that is of no payment of ours; nothing for rows of
    others who share the account, and of other cells. A payment with our key is NOT_HERE unless a
    person has `recorded` its money as a transfer, by its name at the provider and its currency, and
    ANOTHER_AMOUNT if that is of another amount. It is TWICE if another row about the same money is
    of a payment of ours, or came before, of money that is so recorded.

    What was taken back of money that is so recorded is NOT_HERE: no reversal can be of it, and a
    person takes it off (rule 17.9).
    """
    ours = recorded.get((one.money_reference, one.asked.rpartition(" ")[2]))
    if one.kind != Movement.PAYMENT:
        if ours is not None:
            yield _Found(Kind.NOT_HERE, one.reference, payout, None, one.asked)
        return
    if not moved.is_of_this_cell(one.key):
        return
    same = ProviderMovement.objects.filter(
        kind=Movement.PAYMENT, money_reference=one.money_reference
    )
    before = Q(pk__lt=one.pk) if ours is not None else Q(pk__in=[])
    if same.filter(Q(payment__isnull=False) | before).exists():
        yield _Found(Kind.TWICE, one.reference, payout, None, one.asked)
    elif ours is None:
        yield _Found(Kind.NOT_HERE, one.reference, payout, None, one.asked)
    elif money.full(ours) != one.asked:
        yield _Found(Kind.ANOTHER_AMOUNT, one.reference, payout, None, one.asked, money.full(ours))


def _of_movement(
    payout: ProviderPayout, one: ProviderMovement, payment: Payment
) -> Iterator[_Found]:
    """Yields what is different about a row of this payment of ours, or of money of it that was
    taken back: that it was paid out in another currency than was asked for, or that our books have
    another amount, or not the reversal.
    """
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
    """Yields a difference for each of our payments by Stripe that is in no payout although it
    succeeded 14 days ago or more, and since the first payout on record was made. Payments that
    succeeded more than 60 days ago are looked for only if an open difference names them.
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
