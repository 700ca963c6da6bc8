"""The methods by which an account's bills are collected (rule 16.8)."""

from datetime import date, datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models import AccountChange, BillingAccount, Card, Invoice
from billing.operations import accounts, at_once, dunning, rests
from billing.providers.minimums import is_too_little, takes
from billing.providers.registry import PROVIDERS
from billing.trail import Action
from credit.models import CreditLine
from lib import form_keys
from lib.refusals import Invalid, Refused
from trail import operations as trail


class UnknownCard(Refused):
    """The account has no such card, or it was removed."""

    code = "unknown_card"
    sentence = _("This card is not there any more. Choose another method.")


class CardBlocked(Refused):
    """Our people have blocked this card of the account."""

    code = "card_blocked"
    sentence = _("We have blocked this card. Use another one, or ask us about it.")


class CurrencyNotTaken(Refused):
    """The method collects no bills in the account's currency."""

    code = "currency_not_taken"
    sentence = _("Bills in your currency can't be collected this way.")


class CardInUse(Refused):
    """Bills are collected from this card; choose another method first."""

    code = "card_in_use"
    sentence = _("Bills are collected from this card. Choose another method first.")


@transaction.atomic
def choose(
    *,
    merchant_id: int,
    method: str,
    card_id: int | None = None,
    actor: str,
    reason: str = "",
    now: datetime,
) -> BillingAccount:
    """Collect the account's bills by `method` from now on, from the card `card_id` if the method
    needs one. The change is recorded, also on the trail.

    Open bills that have failed become due to be tried at once, and those not due yet on their due
    day; they are tried by the caller or the job, not here. By bank transfer none is tried any more,
    and one that has not failed may get a later due day. A bill with an attempt that has no answer
    is left alone. The freeze of the line is adjusted for bills that have become too small to be
    collected or are so no more, and unapplied money pays bills. Choosing the present method again
    changes nothing, except that a disputed card may be charged again. Raises UnknownCard,
    ProviderNotReady, Invalid for an unknown method or for proceeds in another currency,
    CurrencyNotTaken. It locks account and credit line, whose ended days are worked off first
    (accounts.lock_both). The merchant is notified of a freeze that is lifted and of unapplied money
    that pays. Rule 16.8.
    """
    account, _ = accounts.lock_both(merchant_id, now=now)
    now = account.now
    _check_method(account, method)
    card = _chosen_card(account, method, card_id)
    is_same = (account.payment_method, account.card) == (method, card)
    if is_same and not account.has_disputed_card:
        return account  # no new method: what waits for one goes on waiting
    before, after = _present_method_text(account), _method_text(method, card)
    small = _too_small(account)
    account.payment_method = method
    account.card = card
    account.card_disputed_at = None
    account.save(update_fields=["payment_method", "card", "card_disputed_at"])
    accounts.note_change(
        account,
        AccountChange.What.PAYMENT_METHOD,
        before=before,
        after=after,
        actor=actor,
        reason=reason,
        now=now,
        trailed={"payment_method": (before, after)},
    )
    dunning.plan_attempts(account, chosen_by=actor, now=now)
    _reconsider_small_invoices(account, small, now=now)
    # What the last method could not have been asked for may have kept it waiting.
    rests.pay_invoices(account, actor=actor, now=now)
    return account


@transaction.atomic
def add_card(
    *,
    merchant_id: int,
    provider: str,
    token: str,
    customer: str = "",
    brand: str,
    last_four: str,
    expires_on: date | None = None,
    request_key: str = "",
    actor: str,
    now: datetime,
) -> Card:
    """Keep a card, with a trail row, and collect from it from now on, with all that
    `choose` changes and notifies the merchant of; `token` is the provider's name for the
    card.

    A card of the account with the same token is not kept twice, but chosen again, however
    many were added lately; only at the sandbox every card is a new one. The same form
    sent twice, recognised by its `request_key`, changes nothing and returns the same
    card. Raises FormConflict if that form had other last digits, TooManyCards for a new
    card, CardBlocked also for another token with the brand, last digits and last day of a
    card that was blocked, and what `choose` raises, such as UnknownCard for another
    account's card, or one that was removed. It locks account and credit line, whose ended
    days are worked off first (accounts.lock_both).
    """
    account, _ = accounts.lock_both(merchant_id, now=now)
    now = account.now
    if known := form_keys.sent_before(account.cards.all(), request_key, last_four=last_four):
        return known
    _check_not_blocked(account, provider, token, (brand, last_four, expires_on))
    card = None
    if provider != BillingAccount.Method.SANDBOX:
        card = Card.objects.filter(provider=provider, token=token).first()
    if card is None:
        at_once.check_cards(account, now=now)
        card = Card.objects.create(
            account=account,
            provider=provider,
            customer=customer,
            token=token,
            brand=brand,
            last_four=last_four,
            expires_on=expires_on,
            request_key=request_key,
            added_at=now,
            added_by=actor,
        )
        _write_trail(Action.CARD_ADDED, card, actor, now)
    elif (
        card.account_id == account.pk
        and account.card_id == card.pk
        and not account.has_disputed_card
    ):
        return card
    choose(merchant_id=merchant_id, method=provider, card_id=card.pk, actor=actor, now=now)
    return card


def check_new(
    merchant_id: int,
    provider: str,
    token: str,
    *,
    brand: str,
    last_four: str,
    expires_on: date | None,
    now: datetime,
) -> None:
    """Raise what add_card would raise for this new card, as far as that can be told without a lock:
    CardBlocked and TooManyCards. Nothing is locked or written. Raises BillingAccount.DoesNotExist.
    """
    account = BillingAccount.objects.get(pk=merchant_id)
    _check_not_blocked(account, provider, token, (brand, last_four, expires_on))
    at_once.check_cards(account, now=now)


@transaction.atomic
def remove_card(*, merchant_id: int, card_id: int, actor: str, now: datetime) -> Card:
    """Remove a card that nothing is collected from, with a trail row; it stays on record as
    removed. The provider is not told here. Raises UnknownCard, CardInUse. It locks the account,
    whose ended days are worked off first (accounts.lock).
    """
    account = accounts.lock(merchant_id, now=now)
    now = account.now
    card = _find_card(account, card_id)
    if account.card_id == card.pk:
        raise CardInUse(f"card: bills are collected from {card}; choose another method first")
    card.removed_at = now
    card.removed_by = actor
    card.save(update_fields=["removed_at", "removed_by"])
    _write_trail(Action.CARD_REMOVED, card, actor, now)
    return card


def _check_not_blocked(
    account: BillingAccount, provider: str, token: str, said: tuple[str, str, date | None]
) -> None:
    """Raise CardBlocked for a card of the account that was blocked. Added again it has another
    token, and is known by all that is `said` of it: a tuple of its brand, last four digits and last
    day.
    """
    brand, last_four, expires_on = said
    same = Q(token=token) | Q(brand=brand, last_four=last_four, expires_on=expires_on)
    blocked = account.cards.filter(same, provider=provider, blocked_at__isnull=False)
    if blocked.exists():
        raise CardBlocked("card: it was blocked; use another one")


def _write_trail(action: Action, card: Card, actor: str, now: datetime) -> None:
    """Write the trail row of a card that was added or removed."""
    what = {"card": str(card), "provider": card.provider}
    is_new = action == Action.CARD_ADDED
    trail.write(
        action,
        merchant_id=card.account_id,
        subject=str(card),
        before={} if is_new else what,
        after=what if is_new else {},
        actor=actor,
        now=now,
    )


def _check_method(account: BillingAccount, method: str) -> None:
    """Raise Invalid for an unknown method, or for proceeds without a line in the account's
    currency; CurrencyNotTaken if it does not collect in that; ProviderNotReady if its provider is
    not set up.
    """
    if method not in BillingAccount.Method.values:
        raise Invalid("payment_method", f"{method!r} is none of {BillingAccount.Method.values}")
    if not takes(method, account.currency):
        raise CurrencyNotTaken(f"payment_method: {method} does not collect in {account.currency}")
    if method in PROVIDERS:
        PROVIDERS[method].check_ready()
    if method == BillingAccount.Method.PROCEEDS:
        currency = CreditLine.objects.filter(pk=account.pk).values_list("currency", flat=True)
        if list(currency) != [account.currency]:
            raise Invalid("payment_method", f"there are no proceeds in {account.currency}")


def _chosen_card(account: BillingAccount, method: str, card_id: int | None) -> Card | None:
    """The account's card with this key for the method; None if no card was named and the method
    needs none. Raises UnknownCard if the method needs one, or it is not a card of the account and
    method.
    """
    if card_id is None:
        if method in PROVIDERS and PROVIDERS[method].needs_card:
            raise UnknownCard("card: this method needs one")
        return None
    card = _find_card(account, card_id)
    if card.provider != method:
        raise UnknownCard(f"card: {card} is not a card of this method")
    return card


def _find_card(account: BillingAccount, card_id: int) -> Card:
    """The account's card with this key. Raises UnknownCard if there is none, or it was removed."""
    card = account.cards.filter(pk=card_id, removed_at__isnull=True).first()
    if card is None:
        raise UnknownCard(f"card: this account has no card {card_id}")
    return card


def _present_method_text(account: BillingAccount) -> str:
    """The account's present method and card as text for records, with a note if the card is
    disputed.
    """
    words = _method_text(account.payment_method, account.card)
    return f"{words}, disputed" if account.has_disputed_card else words


def _method_text(method: str, card: Card | None) -> str:
    """A method and its card as text for records."""
    return f"{method} {card}" if card else str(method)


def _too_small(account: BillingAccount) -> set[int]:
    """The keys of the account's unpaid bills that have less left to pay than its method
    collects.
    """
    unpaid = account.invoices.filter(status__in=Invoice.UNPAID)
    return {invoice.pk for invoice in unpaid if is_too_little(account, invoice.left_to_pay)}


def _reconsider_small_invoices(account: BillingAccount, before: set[int], *, now: datetime) -> None:
    """Adjust the credit line's freeze after a change of method: bills that have become too small to
    be collected cause no freeze (the merchant is notified of one that is lifted), and those that
    were too small `before` and are not any more cause one again.
    """
    after = _too_small(account)
    if after - before:
        dunning.reconsider(account, now=now)
    if before - after:
        again = account.invoices.filter(pk__in=before - after, status__in=Invoice.UNPAID)
        dunning.expect_freezes(account, list(again))
