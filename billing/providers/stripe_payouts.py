"""What Stripe says that it paid out to our bank, and what each payout is made of (rule 29.24)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from moneyed import Money

from billing.models import ProviderMovement
from billing.providers import stripe as stripe_provider
from lib import money, texts

Kind = ProviderMovement.Kind
LONGEST = 200
# Stripe's types of a balance transaction; a dispute is an adjustment whose source is one.
KINDS = {
    **{"charge": Kind.PAYMENT, "payment": Kind.PAYMENT},
    **{"refund": Kind.REFUND, "payment_refund": Kind.REFUND, "refund_failure": Kind.REFUND},
    **{"stripe_fee": Kind.FEE, "network_cost": Kind.FEE, "tax_fee": Kind.FEE},
}
PAID = "paid"
OVER = {PAID, "failed", "canceled"}


@dataclass(frozen=True)
class Paid:
    """A payout, as it stands at Stripe now."""

    reference: str
    state: str
    has_movements: bool  # Stripe tells them of the payouts that it makes by itself
    amount: Money
    made_at: datetime
    arrives_on: date


@dataclass(frozen=True)
class Moved:
    """A row of a payout."""

    reference: str
    kind: Kind
    description: str
    source: str
    money_reference: str
    key: str
    asked: str
    gross: Money
    fee: Money
    net: Money
    made_at: datetime


def since(instant: datetime) -> list[Paid]:
    """The payouts that were made since then, oldest first. Raises NoAnswer, ProviderNotReady."""
    with stripe_provider.asking():
        found = stripe_provider.client().v1.payouts.list(
            {"created": {"gte": int(instant.timestamp())}, "limit": 100}
        )
        return [_paid(one) for one in found.auto_paging_iter()][::-1]


def payout(reference: str) -> Paid:
    """The payout with this reference. Raises NoAnswer, also where Stripe does not know it, and
    ProviderNotReady.
    """
    with stripe_provider.asking():
        return _paid(stripe_provider.client().v1.payouts.retrieve(reference))


def movements(reference: str) -> list[Moved]:
    """The rows that Stripe lists of the payout with this reference, without the row of the payout
    itself, oldest first. Raises NoAnswer, ProviderNotReady.
    """
    with stripe_provider.asking():
        found = stripe_provider.client().v1.balance_transactions.list(
            {"payout": reference, "limit": 100, "expand": ["data.source"]}
        )
        return list(_moved(found.auto_paging_iter(), reference))[::-1]


def _paid(one: Any) -> Paid:
    """The payout, from what Stripe's client returned of it."""
    return Paid(
        reference=one.id,
        state=texts.shown(one.status, 40),
        has_movements=bool(one.automatic),
        amount=_money(one.amount, one.currency),
        made_at=_instant(one.created),
        arrives_on=_instant(one.arrival_date).date(),
    )


def _moved(listed: Iterator[Any], payout_reference: str) -> Iterator[Moved]:
    """Yields the rows that Stripe lists of the payout, in its order, but for the payout's own."""
    for one in listed:
        source = one.source
        source_id = str(getattr(source, "id", source) or "")
        if source_id == payout_reference:
            continue
        made: Any = None if isinstance(source, str) else source
        is_dispute = getattr(made, "object", "") == "dispute"
        kind = Kind.DISPUTE if is_dispute else KINDS.get(one.type, Kind.OTHER)
        intent = getattr(made, "payment_intent", None)
        is_of_money = made is not None and kind in (Kind.PAYMENT, Kind.REFUND, Kind.DISPUTE)
        yield Moved(
            reference=one.id,
            kind=kind,
            description=texts.shown(one.description or one.type, LONGEST),
            source=source_id,
            money_reference=str(getattr(intent, "id", intent) or ""),
            key=stripe_provider.metadata(made).get(stripe_provider.PAYMENT, "")[:LONGEST],
            asked=money.full(_money(made.amount, made.currency)) if is_of_money else "",
            gross=_money(one.amount, one.currency),
            fee=_money(one.fee, one.currency),
            net=_money(one.net, one.currency),
            made_at=_instant(one.created),
        )


def _money(counted: int, currency: str) -> Money:
    """The amount of money that Stripe states as `counted`, a number of its units of the currency
    (stripe.units); the code of the currency is in small letters.
    """
    code = currency.upper()
    return Money(stripe_provider.amount_of(counted, code), code)


def _instant(seconds: int) -> datetime:
    """The instant, in UTC, that Stripe counts in seconds."""
    return datetime.fromtimestamp(seconds, UTC)
