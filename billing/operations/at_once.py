"""Limits how often people may have a bill tried, and add cards, so that nobody can test stolen
cards here.

Attempts count that a person made (pay now), or caused by choosing a method, but not those that the
bill's own dates make.
"""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from billing.models import BillingAccount
from billing.queries.choices import WITHIN
from lib.refusals import Refused

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


def check_cards(account: BillingAccount, *, now: datetime) -> None:
    """Raise TooManyCards if five cards were added to the account within the last 24 hours,
    including those that were removed since. Rule 16.10.
    """
    if account.cards.filter(added_at__gt=now - WITHIN).count() >= MOST_CARDS:
        raise TooManyCards(f"card: {MOST_CARDS} were added within 24 hours; try again later")
