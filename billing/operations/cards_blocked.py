"""Blocks a card by an operator's decision, as when it turned out to be stolen (rule 16.20)."""

from datetime import datetime

from django.db import transaction

from billing.models import BillingAccount, Card
from billing.notices.account import CARD_BLOCKED
from billing.operations import accounts, payment_methods
from billing.trail import Action
from lib import wording
from lib.refusals import AlreadyDecided
from notices.operations import notices
from trail import operations as trail


@transaction.atomic
def block(*, card_id: int, reason: str, told: str, actor: str, now: datetime) -> Card:
    """Block a card, with a trail row: it is removed, nothing is collected from it from now on, and
    the merchant cannot add it again (payment_methods.add_card). If bills were collected from it,
    the account pays by bank transfer from now on, as by payment_methods.choose. What its provider
    was asked for before goes on, and the provider is not told here. The merchant is notified,
    owners by e-mail in any case, and reads `told`; `reason` is for colleagues.

    Raises Card.DoesNotExist, AlreadyDecided for one that is blocked, Invalid without both texts. It
    locks account and credit line, whose ended days are worked off first (accounts.lock_both). Rule
    16.20.
    """
    reason, told = wording.checked("reason", reason), wording.checked("told", told)
    account_id = Card.objects.values_list("account_id", flat=True).get(pk=card_id)
    account, _ = accounts.lock_both(account_id, now=now)
    now = account.now
    card = Card.objects.get(pk=card_id)
    if card.is_blocked:
        raise AlreadyDecided(f"{card} was blocked by {card.blocked_by} already.")
    if account.card_id == card.pk:
        manual = BillingAccount.Method.MANUAL
        payment_methods.choose(
            merchant_id=account.pk, method=manual, actor=actor, reason=reason, now=now
        )
    if card.removed_at is None:
        card.removed_at, card.removed_by = now, actor
    card.blocked_at, card.blocked_by, card.blocked_reason = now, actor, told
    card.save(
        update_fields=["removed_at", "removed_by", "blocked_at", "blocked_by", "blocked_reason"]
    )
    trail.write(
        Action.CARD_BLOCKED,
        merchant_id=account.pk,
        subject=str(card),
        before={"blocked": "no"},
        after={"blocked": "yes"},
        reason=reason,
        actor=actor,
        now=now,
    )
    notices.write(
        merchant_id=account.pk,
        kind=CARD_BLOCKED,
        cause=str(card.pk),
        at=now,
        card=str(card),
        reason=told,
    )
    return card
