"""Reads reversals: money of payments that their providers took back. Nothing here writes."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from moneyed import Money

from billing.models import BankTransfer, Card, Invoice, ProviderDay, Reversal
from lib import money

STRIPE = 1  # the number of the only provider that takes back by itself


def providers_to_look_at(now: datetime) -> Sequence[int]:
    """The numbers of the providers that can be asked which payments they took back: that of Stripe,
    if it has an API key and has ever kept a card of ours, otherwise none. `now` is not used.
    """
    has_cards = Card.objects.filter(provider="stripe").exists()
    return [STRIPE] if settings.STRIPE_API_KEY and has_cards else []


def providers_that_pay_out(now: datetime) -> Sequence[int]:
    """The numbers of the providers that are asked for their payouts: those of providers_to_look_at
    where TAEL_STRIPE_PAYOUTS asks for that; otherwise none.
    """
    return providers_to_look_at(now) if settings.TAEL_STRIPE_PAYOUTS else []


def providers_whose_days_are_compared(now: datetime) -> Sequence[int]:
    """The numbers of the providers that are asked what they took on the last days: those of
    providers_to_look_at, and Stripe also without a card of ours here, if it has an API key and
    these books have its figures of a day of the last week (ProviderDay). The merchants whose
    payments these were may have been moved to another cell since, and all cards with them.
    """
    lately = (now - timedelta(days=7)).astimezone(UTC).date()
    if settings.STRIPE_API_KEY and ProviderDay.objects.filter(day__gte=lately).exists():
        return [STRIPE]
    return providers_to_look_at(now)


def of_invoice(invoice: Invoice) -> QuerySet[Reversal]:
    """The reversals of the attempts on a bill, oldest first."""
    return Reversal.objects.filter(payment__invoice=invoice).order_by("recorded_at", "pk")


def of_transfer(transfer: BankTransfer) -> Money:
    """How much of what the transfer paid of a bill the bank has taken back, as reversals of that
    payment say that have not come back; 0 if it paid none.
    """
    if transfer.payment_id is None:
        return money.zero(transfer.currency)
    taken = Reversal.objects.filter(payment=transfer.payment_id, came_back_at__isnull=True)
    return money.total((one.amount for one in taken), transfer.currency)
