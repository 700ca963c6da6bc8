"""Money of payments that their providers took back. Nothing here writes."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet

from billing.models import Card, Invoice, Reversal

STRIPE = 1  # the number of the only provider that takes back by itself


def providers_to_look_at(now: datetime) -> Sequence[int]:
    """The providers that can be asked what they took back, and have taken something."""
    has_cards = Card.objects.filter(provider="stripe").exists()
    return [STRIPE] if settings.STRIPE_API_KEY and has_cards else []


def of_bill(bill: Invoice) -> QuerySet[Reversal]:
    """What was taken back of the attempts on a bill, oldest first."""
    return Reversal.objects.filter(payment__invoice=bill).order_by("recorded_at", "pk")
