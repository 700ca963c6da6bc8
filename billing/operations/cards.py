"""Adds and removes cards at Stripe (rule 16.15).

A person's browser hands the card to Stripe, never to us: `begin` opens a SetupIntent for it, and
`finish` asks Stripe for its outcome. No lock is held while Stripe is asked.
"""

import calendar
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypedDict

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from billing.models import BillingAccount, Card
from billing.operations import at_once, payment_methods
from billing.providers import stripe as stripe_provider
from billing.providers.answers import NoAnswer, ProviderNotReady
from billing.providers.stripe import ACTOR, INSTALLATION, MERCHANT
from billing.providers.stripe_library import stripe
from lib.refusals import Refused
from merchants import installation
from merchants.models import Merchant

log = logging.getLogger(__name__)

PROVIDER = BillingAccount.Method.STRIPE


class UnknownSetup(Refused):
    """Stripe knows of no such setup of a card, or it is another merchant's."""

    code = "unknown_card_setup"
    sentence = _("This card was not added. Start again.")


class CardNotConfirmed(Refused):
    """The card's bank has not agreed to it being charged from now on."""

    code = "card_not_confirmed"
    sentence = _("The card's bank has not agreed. Try again, or add another card.")


class ProviderSilent(Refused):
    """Stripe gave no answer; nothing was added, and it can be tried again."""

    code = "provider_silent"
    sentence = _("Our payment provider does not answer. Try again in a few minutes.")


class _Said(TypedDict):
    """What Stripe says of a card."""

    brand: str
    last_four: str
    expires_on: date


@dataclass(frozen=True)
class Begun:
    """What the browser needs to hand a card to Stripe. The secret is good for this one card
    only.
    """

    setup_intent_id: str
    client_secret: str


def begin(*, merchant_id: int, actor: str, now: datetime) -> Begun:
    """Create a SetupIntent at Stripe, by which the merchant's browser hands a card to
    Stripe, and before a merchant's first card also a customer there, which is the same one
    if this is done again within about a day. Returns its id, which `finish` takes, and the
    secret for the browser. No card is kept yet, and nothing is written here.

    Raises ProviderNotReady, ProviderSilent, TooManyCards if five were added within 24
    hours, including those removed since, and BillingAccount.DoesNotExist.
    """
    account = BillingAccount.objects.select_related("merchant").get(pk=merchant_id)
    at_once.check_cards(account, now=now)
    client = stripe_provider.client()
    if not settings.STRIPE_PUBLISHABLE_KEY:
        raise ProviderNotReady("adding a card needs STRIPE_PUBLISHABLE_KEY")
    with _asking():
        setup = client.v1.setup_intents.create(
            {
                "customer": _customer(account, client),
                "usage": "off_session",
                "allowed_payment_method_types": ["card"],
                "metadata": {
                    INSTALLATION: installation.own(),
                    MERCHANT: account.merchant.reference,
                    ACTOR: actor,
                },
            }
        )
    assert setup.client_secret is not None  # only those who list setups don't get it
    return Begun(setup.id, setup.client_secret)


def finish(*, merchant_id: int, setup_intent_id: str, actor: str, now: datetime) -> Card:
    """Keep the card that was handed to Stripe, and collect from it from now on, with a
    trail row, as payment_methods.add_card does; a freeze may be lifted and unapplied
    money pay bills, of which the merchant is notified. Bills are tried by the caller or
    the job, not here. If the card is kept already, it is returned, and nothing is locked
    or changed, even if it was removed or blocked, or another method was chosen since.
    Account and credit line are locked only to keep a new card, not while Stripe is asked;
    one that is refused as one too many, as blocked or for the account's currency is
    detached at Stripe.

    Raises UnknownSetup, also for a setup that another installation or an earlier version
    of this one began (_is_ours), CardNotConfirmed, ProviderNotReady, ProviderSilent,
    TooManyCards, Merchant.DoesNotExist, and what payment_methods.add_card raises.
    """
    merchant = Merchant.objects.get(pk=merchant_id)
    client = stripe_provider.client()
    setup = _setup(client, setup_intent_id)
    written = stripe_provider.metadata(setup)
    if not _is_ours(written) or written.get(MERCHANT) != merchant.reference:
        raise UnknownSetup("card: this merchant has no such card setup")
    if setup.status != "succeeded" or setup.payment_method is None:
        raise CardNotConfirmed("card: it was not confirmed yet")
    token = str(setup.payment_method)
    kept = Card.objects.filter(provider=PROVIDER, token=token).first()
    if kept is None:
        return _keep(client, merchant_id, token, str(setup.customer), actor, now)
    if kept.account_id != merchant_id:
        raise UnknownSetup("card: this merchant has no such card setup")
    # Finished again, perhaps days later, it must not undo a choice that was made since.
    return kept


def _keep(
    client: "stripe.StripeClient",
    merchant_id: int,
    token: str,
    customer: str,
    actor: str,
    now: datetime,
) -> Card:
    """Keep the card that Stripe calls `token`, as `finish` says. It is attached to the customer
    first, if it is attached to nobody and may be kept. One that is refused is detached, so that it
    does not stay at Stripe while nobody here knows of it; if Stripe does not answer, it stays, and
    that is logged. Raises what `finish` raises.
    """
    with _asking():
        method = client.v1.payment_methods.retrieve(token)
    if method.card is None or method.customer not in (None, customer):
        raise UnknownSetup("card: this merchant has no such card setup")
    said: _Said = {
        "brand": method.card.brand,
        "last_four": method.card.last4,
        "expires_on": _last_day(method.card.exp_year, method.card.exp_month),
    }
    is_attached = method.customer is not None
    try:
        payment_methods.check_new(merchant_id, PROVIDER, token, **said, now=now)
        if not is_attached:
            _attach(client, token, customer)
            is_attached = True
        return payment_methods.add_card(
            merchant_id=merchant_id,
            provider=PROVIDER,
            token=token,
            customer=customer,
            **said,
            actor=actor,
            now=now,
        )
    except (at_once.TooManyCards, payment_methods.CardBlocked, payment_methods.CurrencyNotTaken):
        kept = Card.objects.filter(provider=PROVIDER, token=token).first()
        if kept is not None and kept.account_id == merchant_id:
            return kept  # meanwhile, by the browser or by Stripe's event
        if kept is None and is_attached:
            _detach(token)
        raise


def finish_unseen(setup_intent_id: str, *, now: datetime) -> Card | None:
    """Finish a setup that Stripe reports as succeeded, as its browser may never come back to us;
    keeps the card with a trail row, collects from it from now on, and returns it. It locks account
    and credit line. The actor is whoever began the setup, or "stripe".

    Returns None for a setup that names no merchant whose account is in this cell, or that another
    installation began. Raises UnknownSetup, CardNotConfirmed, ProviderNotReady, ProviderSilent,
    TooManyCards, and what else `finish` does.
    """
    written = stripe_provider.metadata(_setup(stripe_provider.client(), setup_intent_id))
    # All cells share merchants, and are asked one after the other: one has the account.
    accounts = BillingAccount.objects.filter(merchant__reference=written.get(MERCHANT, ""))
    merchant_id = accounts.values_list("pk", flat=True).first()
    if merchant_id is None or not _is_ours(written):
        return None
    return finish(
        merchant_id=merchant_id,
        setup_intent_id=setup_intent_id,
        actor=written.get(ACTOR) or "stripe",
        now=now,
    )


def _is_ours(written: dict[str, str]) -> bool:
    """Whether this installation began the setup that has this metadata: several may share an
    account at Stripe, each with a merchant of the same reference. What earlier versions began
    names no installation, and could be anybody's: such a card is to be added once more.
    """
    return written.get(INSTALLATION) == installation.own()


def remove(*, merchant_id: int, card_id: int, actor: str, now: datetime) -> Card:
    """Remove a card that nothing is collected from, here, with a trail row, and then at Stripe.

    If Stripe does not answer, the card stays removed here, and that is logged. Raises UnknownCard,
    CardInUse. It locks the account, whose ended days are worked off first (accounts.lock), while it
    removes the card here.
    """
    card = payment_methods.remove_card(
        merchant_id=merchant_id, card_id=card_id, actor=actor, now=now
    )
    detach(card)
    return card


def detach(card: Card) -> None:
    """Detach a card that was removed or blocked here from its customer at Stripe. If Stripe does
    not answer or refuses, it stays attached there, and that is logged, not raised. Does nothing for
    a card of another provider.
    """
    if card.provider == PROVIDER:
        _detach(card.token)


def _detach(token: str) -> None:
    """Detach the card that Stripe calls `token` from its customer there. If Stripe does not answer
    or refuses, as it does for one that is detached already, that is logged, not raised.
    """
    try:
        with stripe_provider.asking():
            stripe_provider.client().v1.payment_methods.detach(token)
    except (NoAnswer, ProviderNotReady) as problem:
        log.warning("Card %s stays attached at Stripe: %s", token, problem)


@contextmanager
def _asking() -> Iterator[None]:
    """Turn NoAnswer within the block into ProviderSilent, which people can be told."""
    try:
        with stripe_provider.asking():
            yield
    except NoAnswer as silence:
        raise ProviderSilent(f"card: {silence}") from silence


def _customer(account: BillingAccount, client: "stripe.StripeClient") -> str:
    """The id of the merchant's customer at Stripe: that of its latest card, removed ones included,
    or else of one that is created now. Tried again before a card is kept, it is the same one as
    long as Stripe remembers the request (about a day). Raises Stripe's errors.
    """
    known = Card.objects.filter(account=account, provider=PROVIDER).exclude(customer="")
    customer = known.order_by("-pk").values_list("customer", flat=True).first()
    if customer is not None:
        return customer
    # Stripe wants the same words under the same key, so they hold nothing that may change.
    reference = account.merchant.reference
    made = client.v1.customers.create(
        {"description": reference, "metadata": {MERCHANT: reference}},
        {"idempotency_key": installation.outside(f"customer-{account.pk}")},
    )
    return made.id


def _setup(client: "stripe.StripeClient", setup_intent_id: str) -> "stripe.SetupIntent":
    """The SetupIntent with this id as Stripe has it now. Raises UnknownSetup if there is none, and
    ProviderSilent if Stripe does not answer.
    """
    if not setup_intent_id.startswith("seti_"):  # it comes from a browser
        raise UnknownSetup("card: there is no such card setup")
    with _asking():
        try:
            return client.v1.setup_intents.retrieve(setup_intent_id)
        except stripe.InvalidRequestError as refusal:
            if refusal.http_status != 404:
                raise
            raise UnknownSetup("card: there is no such card setup") from refusal


def _attach(client: "stripe.StripeClient", token: str, customer: str) -> None:
    """Attach the card that Stripe calls `token`, and that is attached to nobody, to the customer
    there, so that it can be charged.

    Raises CardNotConfirmed if the bank declines, ProviderSilent, and UnknownSetup if Stripe does
    not attach it: one that was detached is never attached again.
    """
    with _asking():
        try:
            client.v1.payment_methods.attach(token, {"customer": customer})
        except stripe.CardError as decline:
            raise CardNotConfirmed(f"card: {decline.user_message}") from decline
        except stripe.InvalidRequestError as refusal:
            raise UnknownSetup(f"card: Stripe does not attach it: {refusal}") from refusal


def _last_day(year: int, month: int) -> date:
    """The last day of the month with this number in this year."""
    return date(year, month, calendar.monthrange(year, month)[1])
