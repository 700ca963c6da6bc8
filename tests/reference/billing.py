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

CYCLE_DAYS = 30
DUE_DAYS = 7
DUNNING_DAYS = 28
USED = "credit-used"  # the fee, in no statement, that answers a payment by a negative rest
PLAN = "subscription"  # the code of the plan fee
WAIVER = "waiver"  # the fee of what a closed account owes, and is too little to be collected
REVERSAL = "payment-reversal"  # the fee of a payment that was taken back, and is charged again
# The least that a provider collects; of the others, any amount.
MINIMUMS = {("stripe", "USD"): Decimal("0.50")}
_numbers = count(1)
IN_STATEMENT = ("FULFILMENT", "SHIPPING", "FULFILMENT_CREDIT", "SHIPPING_CREDIT")


@dataclass
class Charge:
    reference: str
    fee: str
    category: str
    amount: Decimal


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
    def total(self) -> Decimal:
        return sum((item.amount for item in self.items), ZERO)

    @property
    def last_day(self) -> date:
        """The last day that it may take."""
        return self.on if self.kind in ("THRESHOLD", "FINAL") else self.on - ONE_DAY


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
    granted: list[str] = field(default_factory=list)  # credits, by their references
    cards: list[Card] = field(default_factory=list)
    reviews_bills: bool = False
    unapplied_entries: list[tuple[str, Decimal]] = field(default_factory=list)
    transfers: dict[str, Decimal] = field(default_factory=dict)  # by the bank's reference
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
        category, posting = FEES[data["fee"]]
        is_late = posting == "MONTHLY" and month_of(served_on) < month_of(today)
        charge = Charge(data["charge"], data["fee"], category, data["amount"])
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
        self, reference: str, category: str, amount: Decimal, today: date, *, fee: str = ""
    ) -> None:
        """An approved credit of `amount` (positive): a negative charge that posts at once."""
        charge = Charge(reference, fee or category.lower(), category, -amount)
        self.add_to_statement(charge, today)
        self.post([charge], today)
        self.check_threshold(today)
        self.guard(today)
        if self.closed_on is not None:
            self.pay_from_rest(today)

    def charge_again(self, amount: Decimal, today: date) -> None:
        """A payment that was taken back: a charge of no statement, on a closed account too, which
        then gets a final bill.
        """
        self.post([Charge(f"again {next(_numbers)}", REVERSAL, "TRANSACTION", amount)], today)
        if self.closed_on is None:
            self.check_threshold(today)
            self.guard(today)
        else:
            self.bill_all(today)
            self.pay_from_rest(today)

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
        total = sum((item.amount for item in items), ZERO)
        if total <= 0 or total < self.minimum:
            return
        status = "DRAFT" if self.reviews_bills else "OPEN"
        plan_days = self.plan_days(items)
        invoice = Invoice(kind, on, plan_days or (on, on), plan_days, items, status)
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
            self.when_paid()
        elif invoice.left < self.minimum:
            invoice.next_attempt_at = None

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
        if any(one.status != "FAILED" for one in invoice.attempts):
            raise Refused("invoice_has_payments")
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
            plan.charges.append(Charge(f"plan {day}", PLAN, "SUBSCRIPTION", self.plan_price))
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
        self.closed_on = today
        self.bill_all(today)
        self.pay_from_rest(today)

    def bill_all(self, today: date) -> None:
        """One final invoice; less than can be collected is waived."""
        if 0 < self.outstanding < self.minimum:
            self.post([Charge(f"w {next(_numbers)}", WAIVER, WAIVER, -self.outstanding)], today)
        self.issue("FINAL", today, list(self.items))

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
                self.post([Charge(f"used {next(_numbers)}", USED, USED, amount)], today)

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
            is_due = invoice.is_unpaid and invoice.due_on <= today
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
            and invoice.first_failed_on is not None
            and invoice.left >= self.minimum
            and invoice.first_failed_on + self.wait(invoice) <= today
            for invoice in self.invoices
        )

    def wait(self, invoice: Invoice) -> timedelta:
        return timedelta(days=0 if invoice.asks_again else DUNNING_DAYS)
