"""The whole: merchants, events one at a time, local day-ends in between.

Chapters 2, 3, 20 and 23 of docs/rules.md.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, localcontext
from typing import Any, NamedTuple

from .billing import Account
from .credit import CreditLine, Refused
from .days import ONE_DAY, Calendar, happened, local_day, parse_instant
from .money import Invalid
from .operators import ACTS
from .parsing import PARSERS
from .review import Review, review

PRECISION = 80  # digits: nothing here is ever rounded by the context


class Outcome(NamedTuple):
    kind: str  # applied, duplicate, declined, rejected
    code: str | None = None


@dataclass
class Merchant:
    calendar: Calendar
    open_day: date  # of the line and of the account
    clock: datetime
    line: CreditLine
    account: Account
    # By when they were measured.
    metrics: dict[datetime, dict[str, Any]] = field(default_factory=dict)
    reviews: list[Review] = field(default_factory=list)
    # Content by natural reference.
    seen: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def lift_if_paid(self) -> None:
        """Nothing that is unpaid freezes the line any more."""
        if not any(invoice.status == "OPEN" for invoice in self.account.invoices):
            self.line.lift("UNPAID_BILL", self.open_day)


class Model:
    """Apply events in order of their arrival; `advance` to an end; read `state`."""

    def __init__(self, *, refunds: bool = True, reviews: bool = True, dunning: bool = True) -> None:
        self.refunds, self.reviews, self.dunning = refunds, reviews, dunning
        self.merchants: dict[str, Merchant] = {}
        self.joined: dict[str, dict[str, Any]] = {}  # content of merchant.joined
        self.outcomes: dict[str, dict[str, int]] = {}
        self.now: datetime | None = None

    def apply(self, event: object, arrived: datetime | None = None) -> Outcome:
        """Apply one event that arrives then, after every day-end up to it; without that, at its own
        instant.
        """
        with localcontext() as context:
            context.prec = PRECISION
            try:
                outcome = self._apply(event, arrived)
            except Invalid:
                outcome = Outcome("rejected", "invalid")
            except Refused as refused:
                outcome = Outcome("rejected", refused.code)
        kind = event.get("type") if isinstance(event, dict) else None
        counts = self.outcomes.setdefault(kind if kind in tuple(PARSERS) else "unknown", {})
        label = f"{outcome.kind}:{outcome.code}" if outcome.code else outcome.kind
        counts[label] = counts.get(label, 0) + 1
        return outcome

    def _apply(self, event: object, arrived: datetime | None) -> Outcome:
        kind, at, reference, data = envelope(event)
        now = arrived or at
        if kind == "order.refunded" and not self.refunds:
            raise Refused("unsupported")
        parse, key_field = PARSERS[kind]
        if kind == "merchant.joined":
            return self._join(reference, parse(data), at, now)
        if reference not in self.merchants:
            raise Refused("unknown_merchant")
        merchant = self.merchants[reference]
        self._catch_up(merchant, now)
        content = parse(data)
        key = (kind, content[key_field] if key_field else at.isoformat())
        if kind == "proceeds.opening":
            key = (kind, "all of them")
        if key in merchant.seen:
            return same_or_conflict(merchant.seen[key], content)
        try:
            code = operate(merchant, kind, content, at, now)
        except Refused:
            if kind == "order.paid" and content["payment"] in merchant.line.unmatched:
                merchant.seen[key] = content
            raise
        merchant.seen[key] = content
        return Outcome("declined", code) if code else Outcome("applied")

    def _join(
        self, reference: str, content: dict[str, Any], at: datetime, now: datetime
    ) -> Outcome:
        if reference in self.joined:
            return same_or_conflict(self.joined[reference], content)
        if happened(at, now) is None:
            raise Invalid("it has not joined yet")
        zone, today = content["timezone"], local_day(content["timezone"], now)
        calendar = Calendar(zone)
        line = CreditLine(
            calendar, content["currency"], content["payment_days"], content["settlement_days"]
        )
        line.change("OPENED", limit=content["credit_limit"])
        account = Account(
            content["billing_currency"],
            content["billing_threshold"],
            content["plan_price"],
            content["plan_interval_days"],
            today,
            content["payment_method"] == "sandbox",
        )
        self.merchants[reference] = Merchant(calendar, today, now, line, account)
        self.joined[reference] = content
        self._tick(now)
        account.invoice_of(today)
        return Outcome("applied")

    def grant_credit(
        self, merchant: str, reference: str, category: str, amount: Decimal, at: str
    ) -> None:
        """An operator's approved BillingCredit; no event does this, rule 26.3 needs it."""
        owner, instant = self.merchants[merchant], parse_instant(at)
        assert instant is not None
        self._catch_up(owner, instant)
        owner.account.grant(reference, category, amount, owner.open_day)

    def close(self, merchant: str, at: datetime) -> None:
        """An operator closes the merchant; no event does this."""
        owner = self._come_to(merchant, at)
        owner.line.is_closed = True
        owner.line.overtake()
        owner.account.close(owner.open_day)
        owner.lift_if_paid()

    def reopen(self, merchant: str, at: datetime) -> None:
        """Two operators open the closed merchant again; no event does this."""
        owner = self._come_to(merchant, at)
        owner.line.is_closed = False
        owner.account.reopen(owner.open_day)

    def act(self, merchant: str, what: str, at: datetime, to: Any) -> Outcome:
        """An operator, or the merchant, decides this of it (operators.ACTS); no event does."""
        owner = self._come_to(merchant, at)
        try:
            ACTS[what](owner, to)
        except Refused as refused:
            return Outcome("rejected", refused.code)
        return Outcome("applied")

    def _come_to(self, merchant: str, at: datetime) -> Merchant:
        owner = self.merchants[merchant]
        with localcontext() as context:
            context.prec = PRECISION
            self._catch_up(owner, at)
        return owner

    # Days

    def advance(self, until: str | datetime) -> None:
        """Work off every merchant's day-ends up to and including `until`."""
        instant = parse_instant(until) if isinstance(until, str) else until
        assert instant is not None
        with localcontext() as context:
            context.prec = PRECISION
            self._tick(instant)
            for merchant in self.merchants.values():
                self._catch_up(merchant, instant)

    def _tick(self, instant: datetime) -> None:
        self.now = max(self.now, instant) if self.now else instant

    def _catch_up(self, merchant: Merchant, instant: datetime) -> None:
        if instant < merchant.clock:
            raise ValueError("events and ends must come in order of time")
        self._tick(instant)
        merchant.clock = instant
        while merchant.calendar.start_of(merchant.open_day + ONE_DAY) <= instant:
            self._end_day(merchant)

    def _end_day(self, merchant: Merchant) -> None:
        merchant.account.end_day(merchant.open_day)
        today = merchant.open_day = merchant.open_day + ONE_DAY
        merchant.line.start_day(today)
        if self.dunning and merchant.account.has_dunned_invoice(today):
            merchant.line.freeze("UNPAID_BILL", today)
        if self.reviews and today.day == 1 and not merchant.line.is_closed:
            latest = merchant.metrics[max(merchant.metrics)] if merchant.metrics else None
            done = review(merchant.line, latest, today)
            if done:
                merchant.reviews.append(done)

    def state(self) -> dict[str, Any]:
        """Plain JSON values, keyed by references; as of the last `advance`."""
        from .report import report

        return report(self)


def envelope(event: object) -> tuple[str, datetime, str, dict[str, Any]]:
    """(type, instant, merchant, data) of an event; Invalid when one is missing or misformed."""
    if not isinstance(event, dict):
        raise Invalid("not an object")
    for name in ("id", "type", "merchant"):
        if not isinstance(event.get(name), str) or not event[name]:
            raise Invalid(f"{name} is missing")
    at = parse_instant(event.get("at"))
    if event["type"] not in PARSERS or at is None or not isinstance(event.get("data"), dict):
        raise Invalid("type, at or data")
    return event["type"], at, event["merchant"], event["data"]


def same_or_conflict(before: dict[str, Any], content: dict[str, Any]) -> Outcome:
    return Outcome("duplicate") if before == content else Outcome("rejected", "conflict")


def operate(
    merchant: Merchant, kind: str, content: dict[str, Any], at: datetime, now: datetime
) -> str | None:
    """One event on one merchant; a decline code for a declined order; Refused otherwise."""
    line, today = merchant.line, merchant.open_day
    if kind == "order.placed":
        return line.place(content, at, now)
    if kind == "order.opening":
        line.bring_order(content, at, now)
        return None
    if kind == "proceeds.opening":
        line.bring_proceeds(content, today)
        return None
    if kind == "shop.metrics":
        line.counted(at, now)
        merchant.metrics[at] = content
    elif kind == "order.shipped":
        line.ship(content, at, now)
    elif kind == "order.delivered":
        line.deliver(content, at, now, today)
    elif kind == "order.cancelled":
        line.cancel(content, at, now)
    elif kind == "order.paid":
        line.pay(content, at, now, today)
    elif kind == "order.refunded":
        line.refund(content, at, now, today)
    else:
        if content["currency"] != merchant.account.currency:
            raise Refused("currency_mismatch")
        if line.is_closed:
            raise Refused("account_closed")
        served_on = merchant.calendar.local_day(line.counted(at, now))
        merchant.account.record(content, served_on, today)
    return None
