"""Asks Stripe what it took for us on the last few days, and keeps that beside our own payments
(rule 22.24).

A payment is of the day on which its PaymentIntent was made, by Stripe's clock. Ours are matched by
Stripe's ids, so that one that ended after midnight makes no difference.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from moneyed import Money

from billing.models import BillingAccount, Payment, ProviderDay, UnappliedEntry
from billing.providers import stripe as stripe_provider
from billing.providers.answers import NoAnswer
from billing.queries import provider_transfers
from jobs.silences import Silences
from merchants import installation, moved

STRIPE = BillingAccount.Method.STRIPE
DAYS = 3  # that are looked at, up to yesterday: what waits for its holder may still succeed
MOST_NAMED = 100  # differences of a day

NOT_HERE = "not known here as paid"
NOT_THERE = "not known there"
ANOTHER = "another amount"


@dataclass
class _Day:
    """What is found of one day and currency."""

    there: list[Decimal] = field(default_factory=list)
    here: list[Decimal] = field(default_factory=list)
    differences: list[dict[str, str]] = field(default_factory=list)

    def differ(self, reference: str, what: str, there: object = "", here: object = "") -> None:
        """Note a difference: what differs about this reference, and what the provider and our books
        say.
        """
        said = {"reference": reference, "what": what, "there": f"{there}", "here": f"{here}"}
        self.differences.append(said)


def look_at(provider: int, /, *, now: datetime, silences: Silences) -> None:
    """Ask Stripe what it took on the last days and keep it (`look`), as the daily job does;
    `provider` is always Stripe's number in queries.reversals.

    Raises ProviderNotReady, and KeepsSilent if Stripe does not answer: the next look finds what
    this one missed.
    """
    with silences.asking(STRIPE, NoAnswer, "No look at what was taken"):
        look(now=now)


def look(*, now: datetime) -> None:
    """Ask Stripe what it took on each of the last DAYS days that are over in UTC, compare that with
    our payments, and keep both sums and the differences (MOST_NAMED at most), a row for each day
    and currency, in place of those of the looks before; a row of which nothing is found any more is
    deleted. Raises NoAnswer, ProviderNotReady.
    """
    last = now.astimezone(UTC).date()
    first = last - timedelta(days=DAYS)
    # One that was made on the day before may have ended here on the first one.
    intents = _succeeded(first - timedelta(days=1))
    found: dict[tuple[date, str], _Day] = defaultdict(_Day)
    _compare_theirs(intents, found)
    _add_ours(first, last, intents, found)
    with transaction.atomic():
        before = ProviderDay.objects.filter(provider=str(STRIPE), day__gte=first, day__lt=last)
        for one in before:
            # All of it went to another cell with its merchants since the last look, and is there.
            if (one.day, one.currency) not in found:
                one.delete()
        for (day, currency), figures in sorted(found.items()):
            if first <= day < last:
                _keep(day, currency, figures, now)


def _succeeded(since: date) -> list[Any]:
    """The PaymentIntents of this installation, and of the cell that we are inside, that were made
    since the day (in UTC) and have succeeded, as Stripe lists them. Raises NoAnswer,
    ProviderNotReady.
    """
    start = datetime.combine(since, time.min, UTC)
    with stripe_provider.asking():
        listed = stripe_provider.client().v1.payment_intents.list(
            {"created": {"gte": int(start.timestamp())}, "limit": 100}
        )
        intents = [
            (stripe_provider.metadata(intent).get(stripe_provider.PAYMENT, ""), intent)
            for intent in listed.auto_paging_iter()
            if intent.status == "succeeded"
        ]
    ours = [key for key, _ in intents if installation.cell_of(key)]
    here = Payment.objects.filter(idempotency_key__in=ours)
    known = set(here.values_list("idempotency_key", flat=True))
    known |= {key for key in set(ours) - known if moved.is_of_this_cell(key)}
    return [intent for key, intent in intents if key in known]


def _compare_theirs(intents: Sequence[Any], found: dict[tuple[date, str], _Day]) -> None:
    """Add to the days in `found`, by day and currency, what these PaymentIntents took and what we
    have of each, with the differences. Each counts on the day, in UTC, on which it was made. Of
    several for one attempt of ours, those are known that our books have.
    """
    ours = _known(intents)
    for intent in intents:
        currency = intent.currency.upper()
        counted = getattr(intent, "amount_received", intent.amount)
        there = stripe_provider.amount_of(counted, currency)
        day = datetime.fromtimestamp(intent.created, UTC).date()
        figures, here = found[day, currency], ours.get(intent.id)
        figures.there.append(there)
        if here is None:
            figures.differ(intent.id, NOT_HERE, there)
            continue
        figures.here.append(here)
        if here != there:
            figures.differ(intent.id, ANOTHER, there, here)


def _key(intent: Any) -> str:
    """The idempotency key of the attempt of ours that the PaymentIntent was made for."""
    return stripe_provider.metadata(intent)[stripe_provider.PAYMENT]


def _known(intents: Sequence[Any]) -> dict[str, Decimal]:
    """Return what our books have of the money of these PaymentIntents, as bare figures by
    Stripe's id: the payment that succeeded with one, or else money that came late or a
    second time, and is kept as unapplied. What a person recorded of it like a transfer, in
    the PaymentIntent's currency, as they ended an attempt (ended_payments), is added. One
    that our books do not have is left out. There may be other ids, too: those under which
    other money for the same attempts is kept.
    """
    theirs = Payment.objects.filter(provider=STRIPE)
    paid = theirs.filter(
        status=Payment.Status.SUCCEEDED, provider_reference__in=[one.id for one in intents]
    )
    attempts = theirs.filter(idempotency_key__in=[_key(one) for one in intents])
    kept = UnappliedEntry.objects.filter(kind=UnappliedEntry.Kind.RECEIVED, payment__in=attempts)
    found = {one.reference: one.amount.amount for one in kept} | {
        one.provider_reference: one.amount.amount for one in paid
    }
    recorded = provider_transfers.recorded(one.id for one in intents)
    for intent in intents:
        if transferred := recorded.get((intent.id, intent.currency.upper())):
            found[intent.id] = found.get(intent.id, Decimal(0)) + transferred.amount
    return found


def _add_ours(
    first: date, last: date, intents: Sequence[Any], found: dict[tuple[date, str], _Day]
) -> None:
    """Add to `found` our succeeded payments that were made and ended from `first` until before
    `last` (days in UTC) and that are of none of these PaymentIntents: of these Stripe has none.
    Each counts on the day on which it ended.
    """
    since, until = (datetime.combine(day, time.min, UTC) for day in (first, last))
    ours = Payment.objects.filter(
        provider=STRIPE,
        status=Payment.Status.SUCCEEDED,
        ended_at__gte=since,
        ended_at__lt=until,
        started_at__gte=since,
    ).exclude(provider_reference__in=[one.id for one in intents])
    for payment in ours.order_by("pk"):
        assert payment.ended_at is not None
        figures = found[payment.ended_at.astimezone(UTC).date(), payment.currency]
        figures.here.append(payment.amount.amount)
        figures.differ(payment.idempotency_key, NOT_THERE, here=payment.amount.amount)


def _keep(day: date, currency: str, figures: _Day, now: datetime) -> None:
    """Write the row of a day and currency, with the first MOST_NAMED of its differences, in place
    of the one of an earlier look.
    """
    ProviderDay.objects.update_or_create(
        provider=str(STRIPE),
        day=day,
        currency=currency,
        defaults={
            "count": len(figures.there),
            "amount": Money(sum(figures.there, Decimal(0)), currency),
            "known_count": len(figures.here),
            "known_amount": Money(sum(figures.here, Decimal(0)), currency),
            "differences": figures.differences[:MOST_NAMED],
            "looked_at": now,
        },
    )
