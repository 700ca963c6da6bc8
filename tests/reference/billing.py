"""The billing account: charges, items, bills, statements (chapters 12 to 15 of docs/rules.md)."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from .credit import Refused
from .days import ONE_DAY, is_month_end, month_of
from .money import ZERO
from .parsing import FEES

CYCLE_DAYS = 30
DUE_DAYS = 7
DUNNING_DAYS = 28
USED = "credit-used"  # the fee, in no statement, that answers a payment by a negative rest
PLAN = "subscription"  # the code of the plan fee
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


@dataclass
class Invoice:
    kind: str
    on: date
    period: tuple[date, date]
    plan_days: tuple[date, date] | None
    items: list[Item]
    status: str
    paid: Decimal = ZERO

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

    def __post_init__(self) -> None:
        self.start_plan(self.joined_on)

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
        if sum((item.amount for item in items), ZERO) <= 0:
            return
        status = "PAID" if self.pays_at_once else "OPEN"
        plan_days = self.plan_days(items)
        invoice = Invoice(kind, on, plan_days or (on, on), plan_days, items, status)
        others = [item.posting_day for item in items if item.category != "SUBSCRIPTION"]
        if others:
            days = [
                invoice.last_day + ONE_DAY for invoice in self.invoices if invoice.status != "VOID"
            ]
            follows = max(days, default=self.joined_on)
            invoice.period = min([follows, *others]), invoice.last_day
        self.invoices.append(invoice)
        self.items = [item for item in self.items if not any(item is taken for taken in items)]
        for item in items:
            item.was_billed = True

    def void(self) -> None:
        """The open bill that was issued last: its items wait for the next one."""
        invoice = next(
            (invoice for invoice in reversed(self.invoices) if invoice.status == "OPEN"), None
        )
        if invoice is None:
            raise Refused("none")
        if invoice.paid > 0:
            raise Refused("invoice_has_payments")
        invoice.status = "VOID"
        self.items += invoice.items

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
        self.issue("FINAL", today, list(self.items))
        self.closed_on = today
        self.pay_from_rest(today)

    def pay_from_rest(self, today: date) -> None:
        """What is outstanding in the merchant's favour pays open bills, those due first first."""
        for invoice in [invoice for invoice in self.invoices if invoice.status == "OPEN"]:
            amount = min(-self.outstanding, invoice.total - invoice.paid)
            if amount > 0:
                invoice.paid += amount
                invoice.status = "PAID" if invoice.paid == invoice.total else "OPEN"
                self.post([Charge(f"used {len(self.items)}", USED, USED, amount)], today)

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

    def has_dunned_invoice(self, today: date) -> bool:
        """Whether 28 days have passed since an unpaid bill's first failure, its due date."""
        wait = timedelta(days=DUE_DAYS + DUNNING_DAYS)
        return any(
            invoice.status == "OPEN" and invoice.on + wait <= today for invoice in self.invoices
        )
