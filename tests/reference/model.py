"""The whole: merchants, events one at a time, local day-ends in between.

Chapters 2, 3, 20 and 23 of docs/rules.md.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any, NamedTuple

from . import bank, proposals
from .billing import Account
from .collecting import collect, run_jobs
from .credit import CreditLine
from .days import ONE_DAY, Calendar, happened, local_day, parse_instant
from .money import Invalid, nearest
from .operators import ACTS
from .parsing import FEES, PARSERS
from .prices import Prices
from .profiles import Profile
from .proposals import Proposal
from .refusals import Refused
from .review import Review, review
from .taxes import Taxation, TaxOffices
from .two_people import Figures, Given, price_is_far
from .withdrawals import Payouts

EASTERNMOST = timedelta(hours=14)  # nowhere is it a later day than by these clocks
OWN_CODES = ("credit-", "manual-", "tael-")  # as which no added fee begins
ADDED_CATEGORIES = ("FULFILMENT", "SHIPPING", "APP", "TRANSACTION")
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
    profile: Profile = field(default_factory=Profile)
    proposals: "list[Proposal]" = field(default_factory=list)
    # Content by natural reference.
    seen: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    figures: dict[str, Figures] = field(default_factory=dict)  # of operators' policies
    given: list[Given] = field(default_factory=list)  # what operators have given and set
    reference: str = ""
    price_on: Callable[[date, str], Decimal | None] = lambda *_: None  # of a unit of a fee
    find: "Callable[[str], Merchant | None]" = lambda _: None  # another, come to the same instant
    is_taken_back: Callable[[], bool] = lambda: False  # whether a bank is about to take some

    def __post_init__(self) -> None:
        self.account.when_paid = self.lift_if_paid
        self.account.start_of, self.account.day_of = (
            self.calendar.start_of,
            self.calendar.local_day,
        )
        self.come_to(self.clock)

    def come_to(self, instant: datetime) -> None:
        """Have what follows count at this instant."""
        self.line.now = self.account.now = instant
        self.line.open_day = self.account.open_day = self.open_day

    def latest_metrics(self) -> dict[str, Any] | None:
        """The metrics measured last, with what is confirmed here of its profile; None without
        any.
        """
        if not self.metrics:
            return None
        latest = self.metrics[max(self.metrics)]
        figure = self.profile.figure(latest["profile_completeness"])
        return latest | {"profile_completeness": figure}

    def lift_if_paid(self) -> None:
        """Lift the freeze for unpaid bills, if nothing that is unpaid freezes the line any more, or
        what did was not late.
        """
        unpaid = (one for one in self.account.invoices if one.is_unpaid)
        is_over = all(invoice.is_planned for invoice in unpaid)
        since = self.line.frozen_on("UNPAID_BILL")
        if since and (is_over or self.account.was_paid_in_time(since, self.open_day)):
            self.line.lift("UNPAID_BILL", self.open_day)

    def freeze_if_dunned(self) -> None:
        """Freeze the line if a bill has failed for long enough."""
        if self.account.has_dunned_invoice(self.open_day):
            self.line.freeze("UNPAID_BILL", self.open_day)


class Model:
    """Apply events in order of their arrival; `advance` to an end; read `state`."""

    def __init__(
        self,
        *,
        refunds: bool = True,
        reviews: bool = True,
        dunning: bool = True,
        jobs: bool = False,
        payouts: dict[str, Payouts] | None = None,
        figures: dict[str, Figures] | None = None,
    ) -> None:
        """Begin with no merchants. With `jobs`, bills are collected and withdrawals sent by
        `run_jobs` alone; otherwise who pays at once has paid at once. `payouts` says by currency
        what the policy says of withdrawals, and `figures` how far one operator goes alone.
        """
        self.refunds, self.reviews, self.dunning, self.jobs = refunds, reviews, dunning, jobs
        self.payouts, self.figures = payouts or {}, figures or {}
        self.offices = TaxOffices()
        self.prices = Prices()
        self.fees = dict(FEES)
        self.merchants: dict[str, Merchant] = {}
        self.joined: dict[str, dict[str, Any]] = {}  # content of merchant.joined
        self.outcomes: dict[str, dict[str, int]] = {}
        self.now: datetime | None = None
        self.moves_in = False
        self.bank: list[bank.Line] = []

    def move_in(self, moves_in: bool) -> None:
        """Whether what is applied from now on was all settled outside, as of a move-in."""
        self.moves_in = moves_in
        for merchant in self.merchants.values():
            merchant.account.moves_in = moves_in

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
        """What becomes of the event; a repeat of it changes nothing. Raises Refused, Invalid."""
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
        now = merchant.clock  # clocks differ: it counts at the latest of all that was written
        content = parse(data)
        if kind == "charge.recorded":
            if content["fee"] not in self.fees:
                raise Invalid("unknown fee")
            self._price(merchant, reference, content, at, now)
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

    def _price(
        self,
        merchant: Merchant,
        reference: str,
        content: dict[str, Any],
        at: datetime,
        now: datetime,
    ) -> None:
        """Give a charge without an amount its price: quantity times the price of its service's day;
        sent again, what it cost before. In a wrong currency, or of an instant that cannot be,
        nothing.
        """
        before = merchant.seen.get(("charge.recorded", content["charge"]))
        if content["amount"] is None and before is not None:
            content["amount"] = before["amount"]
        elif content["amount"] is None and content["currency"] == merchant.account.currency:
            instant = happened(at, now)
            day = merchant.calendar.local_day(instant or now)
            price = self.prices.on(day, content["fee"], content["currency"], reference)
            if price is None:
                raise Invalid("no amount, and no price")
            content["amount"] = nearest(content["quantity"] * price, content["currency"])

    def _join(
        self, reference: str, content: dict[str, Any], at: datetime, now: datetime
    ) -> Outcome:
        """Have the merchant join; again with the same terms it is a duplicate."""
        if reference in self.joined:
            return same_or_conflict(self.joined[reference], content)
        if happened(at, now) is None:
            raise Invalid("it has not joined yet")
        zone, today = content["timezone"], local_day(content["timezone"], now)
        calendar = Calendar(zone)
        line = CreditLine(
            calendar, content["currency"], content["payment_days"], content["settlement_days"]
        )
        line.open_day = today
        line.change("OPENED", limit=content["credit_limit"])
        account = Account(
            content["billing_currency"],
            content["billing_threshold"],
            content["plan_price"],
            content["plan_interval_days"],
            today,
            content["payment_method"] == "sandbox",
            is_collected=self.jobs,
            moves_in=self.moves_in,
        )
        line.payouts = self.payouts.get(line.currency, Payouts())
        account.taxation, account.fees = Taxation(self.offices), self.fees
        merchant = Merchant(calendar, today, now, line, account)
        merchant.figures, merchant.reference = self.figures, reference
        merchant.find = lambda other: self._find(other, reference)
        merchant.is_taken_back = lambda: bank.takes_back_of(self, reference)
        merchant.price_on = lambda day, fee: self.prices.on(day, fee, account.currency, reference)
        self.merchants[reference] = merchant
        self.joined[reference] = content
        self._tick(now)
        account.invoice_of(today)
        return Outcome("applied")

    def _find(self, reference: str, asking: str) -> Merchant | None:
        """The merchant with this reference, as of the clock of the one that asks; None if there is
        none.
        """
        if reference not in self.merchants or reference == asking:
            return self.merchants.get(reference)
        return self.come_to(reference, self.merchants[asking].clock)

    def grant_credit(
        self, merchant: str, reference: str, category: str, amount: Decimal, at: str
    ) -> None:
        """An operator's approved BillingCredit; no event does this, rule 26.3 needs it."""
        owner, instant = self.merchants[merchant], parse_instant(at)
        assert instant is not None
        self._catch_up(owner, instant)
        owner.account.grant(reference, category, amount, owner.open_day)

    def close(self, merchant: str, at: datetime) -> Outcome:
        """An operator closes the merchant; no event does this."""
        owner = self.come_to(merchant, at)
        owner.line.is_closed, owner.line.asked = True, None
        owner.line.overtake()
        owner.account.close(owner.open_day)
        owner.lift_if_paid()
        return Outcome("applied")

    def reopen(self, merchant: str, at: datetime) -> Outcome:
        """Operators open the closed merchant again, two of them if its line has a limit."""
        owner = self.come_to(merchant, at)
        owner.line.is_closed = False
        owner.account.reopen(owner.open_day)
        return Outcome("applied", "by two" if owner.line.limit else None)

    def act(
        self, merchant: str, what: str, at: datetime, to: Any, *, second_is_away: bool = False
    ) -> Outcome:
        """An operator, or the merchant, decides this of it (operators.ACTS); no event does. What
        takes two people waits if the second one is away.
        """
        self.come_to(merchant, at)
        others_wait = any(one.status == "PROPOSED" for one in self.merchants[merchant].proposals)
        before = self.merchants, self.bank
        if second_is_away or others_wait:
            before = proposals.remembered(before, self._shared())
        try:
            with localcontext() as context:
                context.prec = PRECISION
                code = self._decide(merchant, what, to, second_is_away=second_is_away)
        except (Invalid, Refused) as refusal:
            if isinstance(refusal, Refused) and refusal.code == "proposal_waits":
                self.merchants, self.bank = before
            code = refusal.code if isinstance(refusal, Refused) else "invalid"
            return Outcome("rejected", code)
        if code == "proposed":
            waits = self.merchants[merchant].proposals
            self.merchants, self.bank = before
            self.merchants[merchant].proposals = waits
        return Outcome("applied", code)

    def _shared(self) -> list[Any]:
        """What all merchants share, such as prices."""
        return [self.offices, self.prices, self.fees, self.figures, *self.payouts.values()]

    def _decide(self, merchant: str, what: str, to: Any, *, second_is_away: bool) -> str | None:
        """Carry out what operators decide; returns "by two" if it took two people, "proposed" if
        the second one is away, so that it waits, and None otherwise.
        """
        owner = self.merchants[merchant]
        wanted = Proposal(
            what,
            to,
            proposals.subject_of(owner, what, to),
            proposals.content_of(owner, what, to),
            proposals.before_of(owner, what, to),
            owner.clock,
            owner.open_day,
        )
        if not ACTS[what](owner, to):
            return None
        made = proposals.propose(owner, wanted, owner.clock)
        if second_is_away:
            return "proposed"
        made.status = "CONFIRMED"
        return "by two"

    def confirm(self, merchant: str, which: int, at: datetime) -> Outcome:
        """The second person confirms what waits: all is looked at anew."""
        owner = self.come_to(merchant, at)
        try:
            proposal = proposals.waiting(owner, which, owner.clock)
            to = proposals.as_of_then(owner, proposal)
            if proposals.before_of(owner, proposal.what, to) != proposal.before:
                raise Refused("changed_meanwhile")
            with localcontext() as context:
                context.prec = PRECISION
                ACTS[proposal.what](owner, to)
        except (Invalid, Refused) as refusal:
            code = refusal.code if isinstance(refusal, Refused) else "invalid"
            return Outcome("rejected", code)
        proposal.status = "CONFIRMED"
        return Outcome("applied")

    def end_proposal(self, merchant: str, which: int, status: str, at: datetime) -> Outcome:
        """End what waits: REFUSED by somebody else, or WITHDRAWN by who proposed it."""
        try:
            proposals.end(self.come_to(merchant, at), which, status)
        except Refused as refused:
            return Outcome("rejected", refused.code)
        return Outcome("applied")

    def set_price(
        self,
        fee: str,
        currency: str,
        price: Decimal | None,
        from_on: date,
        merchant: str | None,
        at: datetime,
    ) -> Outcome:
        """Set what a unit costs from that day on, for everybody or, until None, for one merchant;
        from a day that is over only where nothing can have been priced.
        """
        if fee not in self.fees:
            return Outcome("rejected", "invalid")
        first, since = (at + EASTERNMOST).date(), at.date()
        owner = self.come_to(merchant, at) if merchant is not None else None
        if owner is not None:
            first = since = owner.open_day
            if owner.line.is_closed:
                return Outcome("rejected", "account_closed")
        is_priced = any((fee, currency, whose) in self.prices.known for whose in (merchant, None))
        if (from_on, price) == self.prices.last(fee, currency, merchant, from_on):
            return Outcome("applied")
        if from_on < first and is_priced:
            return Outcome("rejected", "price_of_the_past")
        takes_two = self._price_takes_two(fee, currency, price, from_on, merchant, since)
        self.prices.set(fee, currency, merchant, from_on, price, since)
        return Outcome("applied", "by two" if takes_two else None)

    def _price_takes_two(
        self,
        fee: str,
        currency: str,
        price: Decimal | None,
        from_on: date,
        merchant: str | None,
        today: date,
    ) -> bool:
        """Whether the price takes two people: it is above the figure, or far from the one of its
        first day, or that of today's beginning.
        """
        up_to = self.figures.get(currency)
        if price is None:  # a merchant's own one ends: the general one then holds
            price = self.prices.on(from_on, fee, currency, None)
        if up_to is None:
            return True
        if price is None:
            return False
        before = [
            self.prices.on(from_on, fee, currency, merchant),
            self.prices.on(today, fee, currency, merchant, known_before=today),
        ]
        return price > up_to.prices or price_is_far(price, before)

    def introduce_rate(
        self, country: str, tax_class: str, percent: Decimal | None, starts_on: date, at: datetime
    ) -> Outcome:
        """Have a country's services be taxed otherwise, from a day that has begun nowhere yet."""
        if starts_on <= (at + EASTERNMOST).date():
            return Outcome("rejected", "tax_of_the_past")
        self.offices.rates.setdefault((country, tax_class), []).append((starts_on, percent))
        return Outcome("applied")

    def classify(self, fee: str, tax_class: str, starts_on: date, at: datetime) -> Outcome:
        """Put a fee into another class of taxes from such a day on."""
        if starts_on <= (at + EASTERNMOST).date():
            return Outcome("rejected", "tax_of_the_past")
        self.offices.classes.setdefault(fee, []).append((starts_on, tax_class))
        return Outcome("applied")

    def add_fee(self, code: str, category: str, posting: str) -> Outcome:
        """Add a fee, which the platform's systems may charge from now on; it never changes."""
        if code.startswith(OWN_CODES) or category not in ADDED_CATEGORIES:
            return Outcome("rejected", "invalid")
        if self.fees.setdefault(code, (category, posting)) != (category, posting) or code in FEES:
            return Outcome("rejected", "conflict")
        return Outcome("applied")

    def at_bank(self, what: str, to: Any, at: datetime) -> Outcome:
        """Take in a line of a bank's statement, or carry out what an operator decides about one
        (bank.ACTS).
        """
        try:
            with localcontext() as context:
                context.prec = PRECISION
                bank.ACTS[what](self, to, at)
        except Invalid:
            return Outcome("rejected", "invalid")
        except Refused as refused:
            return Outcome("rejected", refused.code)
        return Outcome("applied")

    def run_jobs(self, at: datetime) -> None:
        """Do all that is due by then: collect bills, ask providers, look at lines of banks, send
        withdrawals.
        """
        self.advance(at)
        with localcontext() as context:
            context.prec = PRECISION
            run_jobs(list(self.merchants.values()), at, lambda: bank.match_waiting(self, at))
            proposals.lapse(list(self.merchants.values()), at)

    def collect(self, at: datetime) -> None:
        """Collect bills alone, as a replay does."""
        self.advance(at)
        with localcontext() as context:
            context.prec = PRECISION
            collect(list(self.merchants.values()), at)

    def come_to(self, merchant: str, at: datetime) -> Merchant:
        """Bring the merchant to this instant, with days that have ended by then worked off, and
        return it.
        """
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
        """Move the model's clock on to this instant, if it is later."""
        self.now = max(self.now, instant) if self.now else instant

    def _catch_up(self, merchant: Merchant, instant: datetime) -> None:
        """Bring the merchant to this instant, day by day."""
        self._tick(instant)
        instant = merchant.clock = max(instant, merchant.clock)
        while (start := merchant.calendar.start_of(merchant.open_day + ONE_DAY)) <= instant:
            merchant.come_to(start)
            self._end_day(merchant)
        merchant.come_to(instant)

    def _end_day(self, merchant: Merchant) -> None:
        """End the merchant's open day, and begin the next one."""
        merchant.account.end_day(merchant.open_day)
        today = merchant.open_day = merchant.open_day + ONE_DAY
        merchant.come_to(merchant.account.now)
        merchant.account.break_plans(today)
        merchant.account.fail_manual(today)
        merchant.line.start_day(today)
        if self.dunning:
            merchant.freeze_if_dunned()
        if self.reviews and today.day == 1 and not merchant.line.is_closed:
            done = review(merchant.line, merchant.latest_metrics(), today)
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
    """A duplicate, or a conflict if the content is another than before."""
    return Outcome("duplicate") if before == content else Outcome("rejected", "conflict")


def operate(
    merchant: Merchant, kind: str, content: dict[str, Any], at: datetime, now: datetime
) -> str | None:
    """Apply one event to one merchant; returns a decline code for a declined order, else None.
    Raises Refused, Invalid.
    """
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
