"""Limits how often people may have a bill tried, and add cards, so that nobody can test stolen
cards here.

Attempts count that a person made (pay now), or caused by choosing a method, but not those that the
bill's own dates make. Cards that were declined as they were added are at Stripe alone, so Stripe is
asked for them.
"""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import Any

from django.utils.translation import gettext_lazy as _

from billing.models import BillingAccount
from billing.providers.answers import ProviderNotReady
from billing.queries.choices import WITHIN
from lib.refusals import Refused

MOST_CARDS = 5  # of an account
MOST_SETUPS = 10  # at Stripe by which a card could be added to an account
MOST_DECLINED = 5  # cards of one setup, and setups of an account by which cards were declined


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


class TooManySetups(Refused):
    """Adding a card to the account was begun ten times within 24 hours, or cards were declined in
    five of these times.
    """

    code = "too_many_card_setups"
    sentence = ProviderNotReady.sentence


def check_setups(begun: Iterable[Any]) -> None:
    """Raise TooManySetups if these are ten, or if a card was declined as it was handed over by five
    of them: SetupIntents of an account's customer at Stripe within the last 24 hours, of which no
    more are asked for than that takes. Rule 16.10.
    """
    found = list(islice(begun, MOST_SETUPS))
    declined = [one for one in found if getattr(one, "last_setup_error", None)]
    if len(found) == MOST_SETUPS or len(declined) >= MOST_DECLINED:
        raise TooManySetups(
            f"card: adding one was begun {len(found)} times within 24 hours, and declined"
            f" {len(declined)} times; try again later"
        )


def check_cards(account: BillingAccount, *, now: datetime) -> None:
    """Raise TooManyCards if five cards were added to the account within the last 24 hours,
    including those that were removed since. Rule 16.10.
    """
    if account.cards.filter(added_at__gt=now - WITHIN).count() >= MOST_CARDS:
        raise TooManyCards(f"card: {MOST_CARDS} were added within 24 hours; try again later")
