"""All event types, and the order in which a run of events is applied.

Each event has one outcome; a rejected event does not hold up the others. See chapter 23 of
docs/rules.md.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any

import psycopg
from django.conf import settings
from django.db import transaction
from pydantic import Field

from billing import events as billing_events
from billing.models import BillingAccount
from billing.operations import accounts, charges
from credit import events as credit_events
from credit.operations import lines
from lib import counters
from lib.events import (
    APPLIED,
    Amount,
    Currency,
    Data,
    Event,
    Handler,
    Name,
    OptionalReference,
    Outcome,
    Reference,
    read,
)
from lib.refusals import Invalid, Refused
from merchants.models import Merchant
from merchants.operations import merchants

JOINED = "merchant.joined"
CHARGED = "charge.recorded"
PLACED = "order.placed"
DAYS = Annotated[int, Field(strict=True, ge=0, le=366)]
SETTLEMENT_DAYS = (0, 7, 15)
# SQLSTATE classes of values that can't be kept: data exceptions, constraints, our triggers.
CONTENT_STATES = ("22", "23", "P0")

log = logging.getLogger(__name__)


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
    payment_method: OptionalReference | None = None


@transaction.atomic
def join(event: Event, now: datetime) -> Outcome:
    """Create a merchant with its credit line and its billing account, or nothing at all."""
    data = read(MerchantJoined, event)
    if data.settlement_days not in SETTLEMENT_DAYS:
        raise Invalid("settlement_days", f"must be one of {SETTLEMENT_DAYS}")
    merchant, is_new = merchants.join(
        reference=event.merchant,
        at=event.at,
        name=data.name,
        language=data.language,
        timezone=data.timezone,
        terms=_terms(data),
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


def _terms(data: MerchantJoined) -> dict[str, Any]:
    """The terms by which a repeated event is told from a conflicting one.

    A member that is left out counts as its default.
    """
    meant = {
        "billing_currency": data.billing_currency or data.currency,
        "payment_method": data.payment_method or str(BillingAccount.Method.MANUAL),
    }
    return data.model_dump(mode="json") | meant


def _payment_method(named: str | None) -> BillingAccount.Method:
    method = named or BillingAccount.Method.MANUAL
    if method not in BillingAccount.Method.values:
        raise Invalid("payment_method", f"{named!r} is none of {BillingAccount.Method.values}")
    if method == BillingAccount.Method.SANDBOX and not settings.TAEL_SANDBOX:
        raise Invalid("payment_method", "sandbox payments need TAEL_SANDBOX=1")
    return BillingAccount.Method(method)


class _Faulty(Invalid):
    """The database refuses a value of the event that our own checks should have refused."""

    def __init__(self) -> None:
        super().__init__("event", "has something in it that cannot be kept")


class EventRun:
    """Applies a run of events, in the order given, each arriving at its own instant.

    What an event's content does wrong is its outcome; what is our failure is raised, and nothing of
    the event at which it came up is kept.

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
        """Apply one event that arrives at `now`."""
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
        except Exception as error:
            if not _is_of_content(error):
                raise
            self._outcomes[place] = _faulty(error)

    def hold(self, events: Iterable[Event]) -> None:
        """Lock the books of all merchants of these events, which are applied in one transaction.

        Orders lock lines and charges lock accounts: in the order of events that would be a line
        before its account, or one merchant's line before another's, which waits for this one.
        """
        named = {event.merchant for event in events}
        known = Merchant.objects.filter(reference__in=named).values_list("reference", "pk")
        self._merchants.update(known)
        accounts.hold_both([pk for _, pk in known])

    def finish(self) -> list[Outcome]:
        """Record the charges that were held back; returns the outcome of every event, in order."""
        self._record_held()
        outcomes = [outcome for outcome in self._outcomes if outcome is not None]
        became = (outcome.status for outcome in outcomes)
        transaction.on_commit(partial(_measure, Counter(zip(self._types, became, strict=True))))
        return outcomes

    def _record_held(self) -> None:
        if not self._held:
            return
        recorded = _record([new for _, new in self._held])
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


def _record(new: Sequence[charges.NewCharge]) -> list[Outcome]:
    """Record charges together; where the content of one is at fault, each half of them, and so on.

    Recording is all or nothing, so the halves find the books as the whole did.
    """
    try:
        return billing_events.record(new)
    except Exception as error:
        if not _is_of_content(error):
            raise
        if len(new) == 1:
            return [_faulty(error)]
    middle = len(new) // 2
    return _record(new[:middle]) + _record(new[middle:])


def _is_of_content(error: Exception) -> bool:
    """Whether the database refuses the values of an event: too long, out of range, not to be
    encoded, or against a constraint or a trigger.

    A connection that is gone, a deadlock and wrong SQL are our own failures.
    """
    if isinstance(error, UnicodeError):
        return True
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    if not isinstance(cause, psycopg.Error):
        return False
    if cause.sqlstate:
        return cause.sqlstate[:2] in CONTENT_STATES
    # psycopg itself would not send the value, such as a text with NUL.
    return isinstance(cause, psycopg.DataError)


def _faulty(error: Exception) -> Outcome:
    log.error("An event has something in it that the database refuses", exc_info=error)
    return Outcome.rejected(_Faulty())


def _handler(event_type: str) -> Handler:
    try:
        return credit_events.HANDLERS[event_type]
    except KeyError:
        raise Invalid("type", f"there is no event type {event_type!r}") from None


def _measure(became: Mapping[tuple[tuple[str, str], str], int]) -> None:
    """Count the outcomes of a run's events by type and currency, for the metrics."""
    for ((event_type, currency), outcome), times in became.items():
        is_known = event_type in (JOINED, CHARGED) or event_type in credit_events.HANDLERS
        counters.EVENTS.labels(event_type if is_known else "unknown", outcome).inc(times)
        if event_type != PLACED:
            continue
        if outcome == APPLIED.status:
            counters.ORDERS.labels("placed").inc(times)
            counters.HOLDS.labels(currency).inc(times)
        elif outcome == "declined":
            counters.ORDERS.labels("declined").inc(times)


def apply_all(events: Iterable[Event], *, now: datetime) -> list[Outcome]:
    """Apply events that arrive together at `now`, in the order of `at`, equal ones as listed.

    They count at their arrival. Returns their outcomes in the order in which they are listed.
    Failures of our own are raised: nothing of that event is kept, and all events may be sent again.
    """
    listed = list(events)
    order = sorted(range(len(listed)), key=lambda place: listed[place].at)
    run = EventRun()
    for place in order:
        run.apply(listed[place], now=now)
    became = dict(zip(order, run.finish(), strict=True))
    return [became[place] for place in range(len(listed))]
