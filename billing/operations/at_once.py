"""Limits how often people may have a bill tried, and add cards, so that nobody can test stolen
cards here.

Attempts count that a person made (pay now), or caused by choosing a method, but not those that the
bill's own dates make.
"""

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models import BillingAccount, Invoice, Payment
from lib.refusals import Refused

WITHIN = timedelta(hours=24)
MOST_ATTEMPTS = 5  # of a bill
MOST_CARDS = 5  # of an account


class TooManyAttempts(Refused):
    """People have had the bill tried five times within 24 hours."""

    code = "too_many_attempts"
    sentence = _(
        "This bill was tried five times within 24 hours. Try again later, or pay it by bank"
        " transfer."
    )


class TooManyCards(Refused):
    """Five cards were added to the account within 24 hours."""

    code = "too_many_cards"
    sentence = _(
        "Five cards were added within 24 hours. Use one of them, or add another one later."
    )


def next_attempt_from(invoice: Invoice, *, collector: str, now: datetime) -> datetime:
    """The instant from which people may have the locked bill tried again: `now`, or, after five
    attempts by people within 24 hours, 24 hours after the first of the latest five.

    `collector` is the actor of attempts that the bill's own dates make, which don't count. Rule
    16.10.
    """
    by_people = ~Q(actor=collector) | ~Q(chosen_by="")
    tried = invoice.payments.filter(by_people, started_at__gt=now - WITHIN)
    asked = tried.exclude(provider__in=Payment.OWN_PROVIDERS).order_by("-started_at", "-pk")
    latest = list(asked.values_list("started_at", flat=True)[:MOST_ATTEMPTS])
    return now if len(latest) < MOST_ATTEMPTS else latest[-1] + WITHIN


def check_cards(account: BillingAccount, *, now: datetime) -> None:
    """Raise TooManyCards if five cards were added to the account within the last 24 hours. Rule
    16.10.
    """
    if account.cards.filter(added_at__gt=now - WITHIN).count() >= MOST_CARDS:
        raise TooManyCards(f"card: {MOST_CARDS} were added within 24 hours; try again later")
