"""The billing account: charges, items, bills, statements (chapters 12 to 15 of docs/rules.md)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from .credit import Refused
from .days import NO_INSTANT, ONE_DAY, is_month_end, month_of
from .money import ZERO
from .parsing import FEES
from .taxes import Line, Rate, Tax, Taxation, TaxOffices, split, taxes_of

CYCLE_DAYS = 30
DUE_DAYS = 7
DUNNING_DAYS = 28
USED = "credit-used"  # the fee, in no statement, that answers a payment by a negative rest
PLAN = "subscription"  # the code of the plan fee
WAIVER = "credit-waived"  # the fee of what a closed account owes, and is too little to be collected
REST_TAX = "credit-tax"  # the fee of the tax of what a closed account has in its favour
UNDONE = "credit-undone"  # the fee that takes a credit back
REVERSAL = "payment-reversal"  # the fee of a payment that was taken back, and is charged again
# The least that a provider collects; of the others, any amount.
MINIMUMS = {("stripe", "USD"): Decimal("0.50")}
_numbers = count(1)
# What operators alone charge, at once.
BY_HAND = {
    "manual-fulfilment": ("FULFILMENT", "IMMEDIATE"),
    "manual-shipping": ("SHIPPING", "IMMEDIATE"),
    "manual-account": ("TRANSACTION", "IMMEDIATE"),
}
IN_STATEMENT = ("FULFILMENT", "SHIPPING", "FULFILMENT_CREDIT", "SHIPPING_CREDIT")


@dataclass(eq=False)
class Charge:
    """`corrects`: the charge of which a credit takes back some, or the credit that is undone."""

    reference: str
    fee: str
    category: str
    amount: Decimal
    served_on: date = date.min
    corrects: "Charge | None" = None
    has_no_tax: bool = False  # any more, as a closed account got it back
    rate_of_rest: Rate | None = None  # by which it did


@dataclass
class Credit:
    charge: Charge
    is_undone: bool = False


@dataclass
class Item:
    fee: str
    category: str
    posting_day: date
    charges: list[Charge] = field(default_factory=list)
    is_late: bool = False  # of MONTHLY charges that came after their month's end
    was_billed: bool = False  # on a bill, also one that is void now: it takes no more charges

    @property
    def amount(self) -> Decimal:
        return sum((charge.amount for charge in self.charges), ZERO)


@dataclass(eq=False)
class Card:
    """`kind` is how its bank answers (collecting.py); two cards are never the same one."""

    kind: str
    added_at: datetime


@dataclass
class Attempt:
    """A payment, or a try. Money that is here already is never undecided, and never failed."""

    provider: str
    amount: Decimal
    status: str  # SUCCEEDED, FAILED or UNKNOWN
    at: datetime
    card: Card | None = None
    by_person: bool = False
    is_of_choice: bool = False  # made due by the choice of a method alone
    asked_at: datetime | None = None
    is_received: bool = True  # by its provider
    reversals: "list[Reversal]" = field(default_factory=list)


@dataclass
class Reversal:
    amount: Decimal
    is_dispute: bool
    number: int = field(default_factory=lambda: next(_numbers))
    status: str = "RECORDED"  # then CHARGED, ACCEPTED or CANCELLED
    came_back: bool = False


@dataclass
class Plan:
    """Days and amounts of parts; `paid` is what was paid of the bill before."""

    parts: list[tuple[date, Decimal]]
    paid: Decimal
    status: str = "IN_FORCE"  # then KEPT, BROKEN or CANCELLED

    def due_by(self, day: date) -> Decimal:
        return sum((amount for on, amount in self.parts if on <= day), self.paid)


@dataclass
class Transfer:
    """What of it no bill wanted is `rest`; `paid` is what its own bill took."""

    reference: str
    amount: Decimal
    paid: Decimal
    is_moved: bool = False

    @property
    def rest(self) -> Decimal:
        return self.amount - self.paid


@dataclass(eq=False)
class Invoice:
    kind: str
    on: date
    period: tuple[date, date]
    plan_days: tuple[date, date] | None
    items: list[Item]
    status: str
    paid: Decimal = ZERO
    number: int = field(default_factory=lambda: next(_numbers))
    was_draft: bool = False
    issued_at: datetime = NO_INSTANT  # when it was last made a bill; drafts become one later
    due_on: date = date.max
    next_attempt_at: datetime | None = None
    is_next_of_choice: bool = False
    first_failed_at: datetime | None = None
    first_failed_on: date | None = None
    attempts: list[Attempt] = field(default_factory=list)
    issuer: str = ""
    lines: list[Line] = field(default_factory=list)
    taxes: list[Tax] = field(default_factory=list)
    plan: "Plan | None" = None  # the latest one
    pauses: list[tuple[date, date]] = field(default_factory=list)
    held_until: date = date.min  # before this day it neither fails nor freezes
    paused_until_at: datetime = NO_INSTANT  # before this instant nothing tries it by itself
    waits_for_method: bool = False  # as the last one was declined for good

    @property
    def is_planned(self) -> bool:
        return self.plan is not None and self.plan.status == "IN_FORCE"

    @property
    def is_unpaid(self) -> bool:
        return self.status in ("OPEN", "UNCOLLECTIBLE")

    @property
    def left(self) -> Decimal:
        return self.total - self.paid

    @property
    def undecided(self) -> Attempt | None:
        return next((one for one in self.attempts if one.status == "UNKNOWN"), None)

    @property
    def asks_again(self) -> bool:
        """Whether it charges a payment that was taken back."""
        return any(item.fee == REVERSAL for item in self.items)

    @property
    def net(self) -> Decimal:
        return sum((item.amount for item in self.items), ZERO)

    @property
    def tax(self) -> Decimal:
        return sum((one.tax for one in self.taxes), ZERO)

    @property
    def total(self) -> Decimal:
        return self.net + self.tax

    @property
    def last_day(self) -> date:
        """The last day that it may take."""
        return self.on if self.kind in ("THRESHOLD", "FINAL", "ON_REQUEST") else self.on - ONE_DAY


@dataclass
class Statement:
    closed: bool = False
    charges: list[Charge] = field(default_factory=list)


@dataclass
class Account:
    currency: str
    threshold: Decimal
    plan_price: Decimal
    plan_interval_days: int
    joined_on: date
    pays_at_once: bool
    items: list[Item] = field(default_factory=list)  # on no bill yet
    accrued: list[Charge] = field(default_factory=list)  # DAILY, of the open day, not posted
    monthly: list[Charge] = field(default_factory=list)  # MONTHLY, of the open month, not posted
    invoices: list[Invoice] = field(default_factory=list)
    statements: dict[str, Statement] = field(default_factory=dict)
    plan_from: date = date.min  # the day on which the plan started, or started anew
    closed_on: date | None = None
    next_plan: tuple[Decimal, int] | None = None  # from the next plan date on
    intervals: dict[date, int] = field(default_factory=dict)  # of plans, by their first day
    # Bills are tried one by one (collecting.py); otherwise who pays at once has paid at once.
    is_collected: bool = False
    now: datetime = NO_INSTANT  # at which all that is done to it counts
    open_day: date = date.min
    method: str = "manual"
    card: Card | None = None
    is_card_disputed: bool = False
    credits: list[Credit] = field(default_factory=list)
    charges: dict[str, Charge] = field(default_factory=dict)  # by reference, that can be credited
    cards: list[Card] = field(default_factory=list)
    reviews_bills: bool = False
    unapplied_entries: list[tuple[str, Decimal]] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    notes: list[tuple[str, Decimal, Decimal]] = field(default_factory=list)  # issuer, total, tax
    asked: Decimal | None = None  # a threshold that the merchant asked for, and nobody answered
    taxation: Taxation = field(default_factory=lambda: Taxation(TaxOffices()))
    given_back: dict[str, Decimal] = field(default_factory=dict)
    when_paid: Callable[[], None] = lambda: None  # what a bill less that is unpaid leads to
    start_of: Callable[[date], datetime] = lambda _: NO_INSTANT  # of the merchant's days
    day_of: Callable[[datetime], date] = lambda _: date.min

    def __post_init__(self) -> None:
        self.method = "sandbox" if self.pays_at_once else "manual"
        self.start_plan(self.joined_on)

    @property
    def unapplied(self) -> Decimal:
        return sum((amount for _, amount in self.unapplied_entries), ZERO)

    @property
    def minimum(self) -> Decimal:
        return MINIMUMS.get((self.method, self.currency), ZERO)

    def start_plan(self, day: date) -> None:
        """The plan that was chosen last counts its days from this one."""
        if self.next_plan is not None:
            self.plan_price, self.plan_interval_days = self.next_plan
            self.next_plan = None
        self.plan_from, self.intervals[day] = day, self.plan_interval_days

    @property
    def outstanding(self) -> Decimal:
        return sum((item.amount for item in self.items), ZERO)

    @property
    def accruing(self) -> Decimal:
        return sum((charge.amount for charge in self.accrued), ZERO)

    # Charges

    def record(self, data: dict[str, Any], served_on: date, today: date) -> None:
        """A charge of the platform, for a service of that day, on the open day.

        One whose month has closed is in the open one's statement, and posts at once unless it is
        DAILY.
        """
        category, posting = BY_HAND.get(data["fee"]) or FEES[data["fee"]]
        is_late = posting == "MONTHLY" and month_of(served_on) < month_of(today)
        charge = Charge(data["charge"], data["fee"], category, data["amount"], served_on)
        self.charges[charge.reference] = charge
        self.add_to_statement(charge, today)
        if posting == "IMMEDIATE" or is_late:
            self.post([charge], today, is_late=is_late)
            self.check_threshold(today)
        elif posting == "DAILY":
            self.accrued.append(charge)
        else:
            self.monthly.append(charge)
        self.guard(today)

    def grant(
        self,
        reference: str,
        category: str,
        amount: Decimal,
        today: date,
        *,
        fee: str = "",
        corrects: Charge | None = None,
    ) -> None:
        """An approved credit of `amount` (positive): a negative charge that posts at once."""
        charge = Charge(reference, fee or category.lower(), category, -amount, today, corrects)
        self.credits.append(Credit(charge))
        self.add_to_statement(charge, today)
        if self.closed_on is None:
            self.post_at_once([charge], today)
        else:  # it has no thresholds any more
            self.post([charge], today)
            self.give_back_tax(today)
            self.pay_from_rest(today)

    def undo_credit(self, credit: Credit, today: date) -> None:
        """A charge of as much takes it back, in no statement, and its tax with it."""
        credit.is_undone = True
        taken = credit.charge
        reference, amount = f"undone {next(_numbers)}", -taken.amount
        charge = Charge(reference, UNDONE, "ACCOUNT_CREDIT", amount, today, taken)
        self.post_at_once([charge], today)

    def waive(self, invoice: Invoice, amount: Decimal, today: date) -> None:
        """A credit pays, and a charge answers that payment, so that outstanding stays as it was."""
        for fee, figure in (("credit-bill-waived", -amount), (USED, amount)):
            self.post([Charge(f"w {next(_numbers)}", fee, USED, figure, today)], today)
        self.take(invoice, Attempt("credit", amount, "SUCCEEDED", self.now))

    def post_at_once(self, charges: list[Charge], today: date) -> None:
        """What is charged is followed by check and guard; on a closed account by a final bill."""
        self.post(charges, today)
        if self.closed_on is None:
            self.check_threshold(today)
            self.guard(today)
        else:
            self.bill_all(today)
            self.pay_from_rest(today)

    def charge_again(self, amount: Decimal, today: date, *, fee: str = REVERSAL) -> None:
        """A payment that was taken back, or booked elsewhere: a charge of no statement, on a closed
        account too, which then gets a final bill.
        """
        charge = Charge(f"again {next(_numbers)}", fee, "TRANSACTION", amount, today)
        self.post_at_once([charge], today)

    def add_to_statement(self, charge: Charge, today: date) -> None:
        if charge.category in IN_STATEMENT:
            statement = self.statements.setdefault(month_of(today), Statement())
            assert not statement.closed
            statement.charges.append(charge)

    def post(self, charges: list[Charge], day: date, *, is_late: bool = False) -> None:
        """Each charge goes into that day's still unbilled item of its fee."""
        for charge in charges:
            for item in self.items:
                key = (item.fee, item.posting_day, item.is_late)
                if key == (charge.fee, day, is_late) and not item.was_billed:
                    break
            else:
                item = Item(charge.fee, charge.category, day, is_late=is_late)
                self.items.append(item)
            item.charges.append(charge)

    def check_threshold(self, day: date) -> None:
        """The threshold check that follows a posting."""
        if self.outstanding >= self.threshold:
            taken = [i for i in self.items if i.category != "SUBSCRIPTION" and i.posting_day <= day]
            total = sum((item.amount for item in taken), ZERO)
            # Where carried plan fees reach it alone, what is taken has to reach it by itself.
            if total >= self.threshold or self.outstanding - total < self.threshold:
                self.issue("THRESHOLD", day, taken)

    def guard(self, day: date) -> None:
        """At twice the threshold, what has accrued posts at once, and the check follows."""
        if self.accrued and self.outstanding + self.accruing >= 2 * self.threshold:
            self.post(self.accrued, day)
            self.accrued = []
            self.check_threshold(day)

    # Bills

    def issue(self, kind: str, on: date, items: list[Item]) -> None:
        """Make the bill, unless its total is not above zero: then its items stay outstanding."""
        net = sum((item.amount for item in items), ZERO)
        lines = split(self, items)
        taxes = taxes_of(self, lines)
        if not taxes:  # an item is one line
            lines = [Line(item, None, list(item.charges)) for item in items]
        total = net + sum((one.tax for one in taxes), ZERO)
        if net <= 0 or net < self.minimum or total <= 0 or total < self.minimum:
            return
        status = "DRAFT" if self.reviews_bills else "OPEN"
        plan_days = self.plan_days(items)
        invoice = Invoice(kind, on, plan_days or (on, on), plan_days, items, status)
        invoice.issuer, invoice.lines, invoice.taxes = self.taxation.issuer, lines, taxes
        others = [item.posting_day for item in items if item.category != "SUBSCRIPTION"]
        if others:
            days = [
                invoice.last_day + ONE_DAY for invoice in self.invoices if invoice.status != "VOID"
            ]
            follows = max(days, default=self.joined_on)
            invoice.period = min([follows, *others]), invoice.last_day
        invoice.was_draft = self.reviews_bills
        self.invoices.append(invoice)
        self.items = [item for item in self.items if not any(item is taken for taken in items)]
        for item in items:
            item.was_billed = True
        if status == "OPEN":
            self.put_out(invoice, on)
            self.pay_from_unapplied()

    def put_out(self, invoice: Invoice, day: date) -> None:
        """It is a bill from now on: collected at once, or due in 7 days."""
        invoice.status, invoice.issued_at = "OPEN", self.now
        pays_by_itself = self.method != "manual"
        invoice.due_on = day if pays_by_itself else day + timedelta(days=DUE_DAYS)
        if pays_by_itself and self.is_collected:
            invoice.next_attempt_at = self.now
        elif pays_by_itself:
            self.take(invoice, Attempt(self.method, invoice.total, "SUCCEEDED", self.now))

    def days_to_pay(self, invoice: Invoice) -> date:
        """When it falls due if nobody collects it; what was a draft counts from its issue."""
        day = self.day_of(invoice.issued_at) if invoice.was_draft else invoice.on
        return day + timedelta(days=DUE_DAYS)

    # Money for bills

    def take(self, invoice: Invoice, attempt: Attempt) -> None:
        """Money of a new attempt that has succeeded."""
        invoice.attempts.append(attempt)
        self.take_in(invoice, attempt.amount)

    def take_in(self, invoice: Invoice, amount: Decimal) -> None:
        invoice.paid += amount
        assert invoice.paid <= invoice.total
        if invoice.left == 0:
            invoice.status, invoice.next_attempt_at = "PAID", None
            if invoice.plan is not None and invoice.is_planned:
                invoice.plan.status = "KEPT"
            self.when_paid()
        elif invoice.left < self.minimum:
            invoice.next_attempt_at = None
        elif invoice.is_planned:
            self.plan_next_part(invoice)

    def plan_next_part(self, invoice: Invoice) -> None:
        """The oldest part that is not paid is asked for as its day starts."""
        assert invoice.plan is not None
        days = [on for on, _ in invoice.plan.parts if invoice.plan.due_by(on) > invoice.paid]
        pays_by_itself = self.method != "manual" and days
        invoice.next_attempt_at = self.start_of(days[0]) if pays_by_itself else None

    def end_plan(self, invoice: Invoice, status: str, today: date) -> None:
        """The schedule of before goes on; it may fail and freeze from the next day on."""
        assert invoice.plan is not None
        invoice.plan.status, invoice.held_until = status, today + ONE_DAY

    def break_plans(self, today: date) -> None:
        """Those of which a part that nothing collects was not paid by the end of its day."""
        for invoice in self.invoices:
            plan = invoice.plan
            if plan is None or not invoice.is_planned or invoice.undecided:
                continue
            if self.method == "manual" and plan.due_by(today - ONE_DAY) > invoice.paid:
                self.end_plan(invoice, "BROKEN", today)

    def payable(self) -> list[Invoice]:
        """Open and uncollectible bills of which nothing is undecided, oldest due day first."""
        found = [one for one in self.invoices if one.is_unpaid and one.undecided is None]
        return sorted(found, key=lambda one: (one.due_on, one.issued_at, one.number))

    def receive_unapplied(self, amount: Decimal) -> None:
        """Money that no bill wants, until one does."""
        self.unapplied_entries.append(("RECEIVED", amount))
        self.pay_from_rest(self.open_day)

    def pay_from_unapplied(self) -> None:
        """Open and uncollectible bills, leaving nothing of one or what can be collected."""
        for invoice in self.payable():
            amount = min(self.unapplied, invoice.left)
            if amount < invoice.left:
                amount = min(amount, invoice.left - self.minimum)
            if amount > 0:
                self.unapplied_entries.append(("USED", -amount))
                self.take(invoice, Attempt("unapplied", amount, "SUCCEEDED", self.now))

    def void(self) -> None:
        """The open bill that was issued last: its items wait for the next one."""
        found = [invoice for invoice in self.invoices if invoice.status == "OPEN"]
        if not found:
            raise Refused("none")
        invoice = max(found, key=lambda one: (one.issued_at, one.number))
        if invoice.is_planned:
            raise Refused("under_a_plan")
        if any(one.status != "FAILED" for one in invoice.attempts):
            raise Refused("invoice_has_payments")
        if invoice.issuer:
            self.notes.append((invoice.issuer, -invoice.total, -invoice.tax))
        self.undo(invoice)

    def undo(self, invoice: Invoice) -> None:
        invoice.status, invoice.next_attempt_at = "VOID", None
        self.items += invoice.items
        self.when_paid()

    def plan_days(self, items: list[Item]) -> tuple[date, date] | None:
        """From the first day of the oldest plan fee to the last day of the youngest."""
        fees = [item.posting_day for item in items if item.category == "SUBSCRIPTION"]
        if not fees:
            return None
        term = max(day for day in self.intervals if day <= max(fees))
        return min(fees), max(fees) + timedelta(days=self.intervals[term]) - ONE_DAY

    def invoice_of(self, day: date) -> None:
        """The scheduled bill of a new local day, if it has one."""
        if self.closed_on is not None:
            return
        since = (day - self.joined_on).days
        earlier = [item for item in self.items if item.posting_day < day]
        if self.is_plan_date(day):
            if self.next_plan is not None:
                self.start_plan(day)
            plan = Item(PLAN, "SUBSCRIPTION", day)
            fee = Charge(f"plan {day}", PLAN, "SUBSCRIPTION", self.plan_price, day)
            plan.charges.append(fee)
            self.items.append(plan)
            self.issue("SUBSCRIPTION", day, [*earlier, plan])
        elif self.plan_interval_days > CYCLE_DAYS and since % CYCLE_DAYS == 0:
            self.issue("CYCLE", day, earlier)

    def is_plan_date(self, day: date) -> bool:
        return (day - self.plan_from).days % self.plan_interval_days == 0

    def close(self, today: date) -> None:
        """Everything posts, and goes on one final invoice."""
        self.post(self.accrued + self.monthly, today)
        self.accrued, self.monthly = [], []
        self.closed_on, self.asked = today, None
        self.bill_all(today)
        self.pay_from_rest(today)

    def bill_all(self, today: date) -> None:
        """One final invoice; less than can be collected is waived."""
        if 0 < self.outstanding < self.minimum:
            self.post([Charge(f"w {next(_numbers)}", WAIVER, WAIVER, -self.outstanding)], today)
        self.issue("FINAL", today, list(self.items))
        self.give_back_tax(today)

    def give_back_tax(self, today: date) -> None:
        """What a closed account has in its merchant's favour gets its tax at once, and has none
        from then on.
        """
        lines = [line for line in split(self, self.items) if line.rate is not None]
        taxes = taxes_of(self, lines)
        tax = sum((one.tax for one in taxes), ZERO)
        if tax >= 0 or self.outstanding + tax > 0:
            return
        self.taxation.of_rests += taxes
        for line in lines:
            for charge in line.charges:
                charge.has_no_tax, charge.rate_of_rest = True, line.rate
        self.post([Charge(f"tax {next(_numbers)}", REST_TAX, USED, tax, today)], today)

    def bill_on_request(self, today: date) -> None:
        """What a threshold bill would take."""
        taken = [one for one in self.items if one.category != "SUBSCRIPTION"]
        made = len(self.invoices)
        self.issue("ON_REQUEST", today, taken)
        if len(self.invoices) == made:
            raise Refused("nothing_to_bill")

    def pay_from_rest(self, today: date) -> None:
        """Unapplied money pays, and of a closed account then what is outstanding in the merchant's
        favour.
        """
        self.pay_from_unapplied()
        if self.closed_on is None:
            return
        for invoice in self.payable():
            amount = min(-self.outstanding, invoice.left)
            if amount > 0:
                self.take(invoice, Attempt("credit", amount, "SUCCEEDED", self.now))
                self.post([Charge(f"used {next(_numbers)}", USED, USED, amount, today)], today)

    def reopen(self, today: date) -> None:
        """The plan starts anew if one of its dates has passed meanwhile."""
        assert self.closed_on is not None
        days = range(1, (today - self.closed_on).days + 1)
        passed = any(self.is_plan_date(self.closed_on + n * ONE_DAY) for n in days)
        self.closed_on = None
        if passed:
            self.start_plan(today)
            self.invoice_of(today)

    def end_day(self, day: date) -> None:
        """Postings, one check, the month's statement, the bill of the new date."""
        posted, self.accrued = self.accrued, []
        if is_month_end(day):
            posted, self.monthly = posted + self.monthly, []
        if posted:
            self.post(posted, day)
            self.check_threshold(day)
        if is_month_end(day) and month_of(day) in self.statements:
            self.statements[month_of(day)].closed = True
        self.invoice_of(day + ONE_DAY)

    def fail_manual(self, today: date) -> None:
        """What nobody collects, and is not paid when its due day starts, has failed."""
        for invoice in self.invoices:
            is_due = invoice.is_unpaid and max(invoice.due_on, invoice.held_until) <= today
            is_due = is_due and not invoice.is_planned
            if self.method == "manual" and is_due and invoice.undecided is None:
                self.note_failure(invoice, today)

    def note_failure(self, invoice: Invoice, today: date) -> None:
        """Only the first one matters."""
        if invoice.first_failed_at is None:
            invoice.first_failed_at, invoice.first_failed_on = self.now, today

    def has_dunned_invoice(self, today: date) -> bool:
        """Whether an unpaid bill freezes the line by now: 28 days after its first failure, or at
        once if it charges again what was taken back.
        """
        return any(
            invoice.is_unpaid
            and not invoice.is_planned
            and invoice.held_until <= today
            and invoice.first_failed_on is not None
            and invoice.left >= self.minimum
            and invoice.first_failed_on + self.wait(invoice) <= today
            for invoice in self.invoices
        )

    def wait(self, invoice: Invoice) -> timedelta:
        return timedelta(days=0 if invoice.asks_again else DUNNING_DAYS)
