"""Every event type, and the order in which a run of events is applied.

Each event has one outcome; a rejected one leaves the rest to go on. Domain: events and API.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Annotated

from django.conf import settings
from django.db import transaction
from pydantic import Field

from billing import events as billing_events
from billing.models import BillingAccount
from billing.operations import accounts, charges
from credit import events as credit_events
from credit.operations import lines
from merchants import metrics
from merchants.events import (
    APPLIED,
    Amount,
    Currency,
    Data,
    Event,
    Handler,
    Name,
    Outcome,
    Reference,
    read,
)
from merchants.models import Merchant
from merchants.operations import merchants
from merchants.refusals import Invalid, Refused

JOINED = "merchant.joined"
CHARGED = "charge.recorded"
PLACED = "order.placed"
DAYS = Annotated[int, Field(strict=True, ge=0, le=366)]
SETTLEMENT_DAYS = (0, 7, 15)


class MerchantJoined(Data):
    name: Name
    currency: Currency
    timezone: Reference
    language: Reference
    credit_limit: Amount
    payment_days: DAYS = 10
    settlement_days: DAYS
    billing_threshold: Amount
    plan: Reference
    plan_price: Amount
    plan_interval_days: Annotated[int, Field(strict=True)]
    billing_currency: Currency | None = None
    payment_method: str | None = None


@transaction.atomic
def join(event: Event, now: datetime) -> Outcome:
    """Take in a merchant with its credit line and its billing account, all or nothing."""
    data = read(MerchantJoined, event)
    if data.settlement_days not in SETTLEMENT_DAYS:
        raise Invalid("settlement_days", f"must be one of {SETTLEMENT_DAYS}")
    merchant, is_new = merchants.join(
        reference=event.merchant,
        name=data.name,
        language=data.language,
        timezone=data.timezone,
        terms=data.model_dump(mode="json"),
        now=now,
    )
    if not is_new:
        return Outcome.of(is_new)
    lines.open(
        merchant=merchant,
        currency=data.currency,
        limit=data.credit_limit,
        payment_days=data.payment_days,
        settlement_days=data.settlement_days,
        now=now,
    )
    accounts.open(
        merchant=merchant,
        currency=data.billing_currency or data.currency,
        threshold=data.billing_threshold,
        plan=accounts.Plan(data.plan, data.plan_price, data.plan_interval_days),
        payment_method=_payment_method(data.payment_method),
        now=now,
    )
    return Outcome.of(is_new)


def _payment_method(named: str | None) -> BillingAccount.Method:
    method = named or BillingAccount.Method.MANUAL
    if method not in BillingAccount.Method.values:
        raise Invalid("payment_method", f"{named!r} is none of {BillingAccount.Method.values}")
    if method == BillingAccount.Method.SANDBOX and not settings.TAEL_SANDBOX:
        raise Invalid("payment_method", "sandbox payments need TAEL_SANDBOX=1")
    return BillingAccount.Method(method)


class EventRun:
    """Applies a run of events, in the order given, each arriving at its own instant.

    Charges are held back and recorded together: nothing else that an event does reads or writes
    what they write, except a joining merchant, whose first bill takes the next number. `finish`
    gives the outcomes, in order.
    """

    def __init__(self) -> None:
        self._outcomes: list[Outcome | None] = []
        self._types: list[tuple[str, str]] = []  # and the currency of each, for the metrics
        self._held: list[tuple[int, charges.NewCharge]] = []
        self._merchants: dict[str, int] = {}

    def apply(self, event: Event, *, now: datetime) -> None:
        """Apply one event that arrives `now`."""
        place = len(self._outcomes)
        self._outcomes.append(None)
        self._types.append((event.type, str(event.data.get("currency", ""))))
        try:
            if event.type == JOINED:
                self._record_held()
                self._outcomes[place] = join(event, now)
            elif event.type == CHARGED:
                new = billing_events.charge(event, self._merchant_id(event.merchant), now)
                self._held.append((place, new))
            else:
                merchant_id = self._merchant_id(event.merchant)
                self._outcomes[place] = _handler(event.type)(event, merchant_id, now)
        except Refused as refusal:
            self._outcomes[place] = Outcome.rejected(refusal)

    def finish(self) -> list[Outcome]:
        """Record the charges that were held back; what became of every event, in order."""
        self._record_held()
        outcomes = [outcome for outcome in self._outcomes if outcome is not None]
        became = (outcome.status for outcome in outcomes)
        transaction.on_commit(partial(_measure, Counter(zip(self._types, became, strict=True))))
        return outcomes

    def _record_held(self) -> None:
        if not self._held:
            return
        recorded = billing_events.record([new for _, new in self._held])
        for (place, _), outcome in zip(self._held, recorded, strict=True):
            self._outcomes[place] = outcome
        self._held.clear()

    def _merchant_id(self, reference: str) -> int:
        if reference not in self._merchants:
            pk = Merchant.objects.filter(reference=reference).values_list("pk", flat=True).first()
            if pk is None:
                raise merchants.UnknownMerchant(f"merchant: there is no merchant {reference}")
            self._merchants[reference] = pk
        return self._merchants[reference]


def _handler(event_type: str) -> Handler:
    try:
        return credit_events.HANDLERS[event_type]
    except KeyError:
        raise Invalid("type", f"there is no event type {event_type!r}") from None


def _measure(became: Mapping[tuple[tuple[str, str], str], int]) -> None:
    """Count what became of a run's events, by type and currency, for the metrics."""
    for ((event_type, currency), outcome), times in became.items():
        is_known = event_type in (JOINED, CHARGED) or event_type in credit_events.HANDLERS
        metrics.EVENTS.labels(event_type if is_known else "unknown", outcome).inc(times)
        if event_type != PLACED:
            continue
        if outcome == APPLIED.status:
            metrics.ORDERS.labels("placed").inc(times)
            metrics.HOLDS.labels(currency).inc(times)
        elif outcome == "declined":
            metrics.ORDERS.labels("declined").inc(times)


def apply_all(events: Iterable[Event], *, now: datetime) -> list[Outcome]:
    """Apply events that arrive together, and tell what became of each, in order."""
    run = EventRun()
    for event in events:
        run.apply(event, now=now)
    return run.finish()
