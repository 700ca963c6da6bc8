"""Reads the methods by which an account's bills may be collected. Nothing here writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from moneyed import Money

from billing.models import BillingAccount, Card, Invoice
from billing.queries.choices import Collected, collected


@dataclass(frozen=True)
class Method:
    """A payment method that an account has or can choose, with its card if it has one."""

    name: str  # of BillingAccount.Method
    card: Card | None
    is_in_use: bool
    is_disputed: bool = False  # not asked until it is chosen anew
    collects: Collected | None = None  # what choosing it collects at once

    @property
    def label(self) -> str:
        """The card, or the name of the method, in the reader's language."""
        return str(self.card or BillingAccount.Method(self.name).label)

    @property
    def is_manual(self) -> bool:
        """Whether it is bank transfer, by which nothing is collected."""
        return self.name == BillingAccount.Method.MANUAL

    @property
    def is_proceeds(self) -> bool:
        """Whether bills are paid out of the merchant's proceeds."""
        return self.name == BillingAccount.Method.PROCEEDS


def has_sandbox() -> bool:
    """Whether this installation lets bills be paid by the sandbox."""
    return bool(settings.TAEL_SANDBOX)


def offered(choices: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Those of the choices, pairs of a method's code and its label, that this installation has, in
    their order: all, but the sandbox only where it is switched on.
    """
    return [one for one in choices if has_sandbox() or one[0] != BillingAccount.Method.SANDBOX]


def has_stripe() -> bool:
    """Whether this installation has the keys with which Stripe charges cards."""
    return bool(settings.STRIPE_API_KEY and settings.STRIPE_PUBLISHABLE_KEY)


def of(account: BillingAccount, waiting: Sequence[tuple[Invoice, Money]] = ()) -> Sequence[Method]:
    """The account's present method and those that could be chosen instead: cards that were not
    removed, the latest first, then proceeds where it has a line in its currency, and bank transfer
    last. The sandbox without a card is among them only if it is the present one. A disputed card is
    not in use, though it was chosen last. `waiting` are the bills that a choice tries at once
    (choices.waiting).
    """
    cards = account.cards.filter(removed_at__isnull=True).order_by("-pk")
    found: list[tuple[str, Card | None]] = [(card.provider, card) for card in cards]
    if account.card_id is None and account.payment_method == BillingAccount.Method.SANDBOX:
        found.append((BillingAccount.Method.SANDBOX, None))
    line = getattr(account.merchant, "credit_line", None)  # which the page's account came with
    if line is not None and line.currency == account.currency:
        found.append((BillingAccount.Method.PROCEEDS, None))
    found.append((BillingAccount.Method.MANUAL, None))
    in_use = (account.payment_method, account.card_id)
    return [
        Method(
            name,
            card,
            is_in_use=(is_chosen := (name, card.pk if card else None) == in_use)
            and not account.has_disputed_card,
            is_disputed=is_chosen and account.has_disputed_card,
            collects=collected(account, waiting, name),
        )
        for name, card in found
    ]
