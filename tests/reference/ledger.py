"""What has posted to a billing account, and what waits (chapters 12 and 13 of docs/rules.md)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from .days import NO_INSTANT, month_of
from .invoices import Card, Charge, Credit, CreditAsked, Invoice, Item, Statement, Transfer
from .money import ZERO
from .parsing import FEES
from .taxes import Taxation, TaxOffices

# The least that a provider collects, and of currencies that are not here nothing; other providers
# collect any amount of any currency.
MINIMUMS = {"stripe": {"USD": Decimal("0.50"), "JPY": Decimal(50), "THB": Decimal(10)}}
IN_STATEMENT = ("FULFILMENT", "SHIPPING", "FULFILMENT_CREDIT", "SHIPPING_CREDIT")


@dataclass
class Ledger:
    """What has posted, what waits, and which bills there are."""

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
    moves_in: bool = False  # its bills were settled outside
    now: datetime = NO_INSTANT  # at which all that is done to it counts
    open_day: date = date.min
    is_ending_day: bool = False
    method: str = "manual"
    card: Card | None = None
    is_card_disputed: bool = False
    fees: dict[str, tuple[str, str]] = field(default_factory=lambda: FEES)  # that may be charged
    credits: list[Credit] = field(default_factory=list)
    credits_asked: list[CreditAsked] = field(default_factory=list)  # that nobody answered
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
        """The sum of unapplied money."""
        return sum((amount for _, amount in self.unapplied_entries), ZERO)

    @property
    def minimum(self) -> Decimal:
        """The least that the account's provider collects."""
        return MINIMUMS.get(self.method, {}).get(self.currency, ZERO)

    def start_plan(self, day: date) -> None:
        """Begin to count the days of the plan that was chosen last from this one."""
        if self.next_plan is not None:
            self.plan_price, self.plan_interval_days = self.next_plan
            self.next_plan = None
        self.plan_from, self.intervals[day] = day, self.plan_interval_days

    @property
    def outstanding(self) -> Decimal:
        """The sum of the items that are on no bill."""
        return sum((item.amount for item in self.items), ZERO)

    @property
    def accruing(self) -> Decimal:
        """The sum of the charges that post at the month's end or on a day."""
        return sum((charge.amount for charge in self.accrued), ZERO)

    def add_to_statement(self, charge: Charge, today: date) -> None:
        """Put the charge on the statement of today's month, which is open, if its category belongs
        there.
        """
        if charge.category in IN_STATEMENT:
            statement = self.statements.setdefault(month_of(today), Statement())
            assert not statement.closed
            statement.charges.append(charge)

    def post(self, charges: list[Charge], day: date, *, is_late: bool = False) -> None:
        """Put each charge into that day's still unbilled item of its fee."""
        for charge in charges:
            for item in self.items:
                key = (item.fee, item.posting_day, item.is_late)
                if key == (charge.fee, day, is_late) and not item.was_billed:
                    break
            else:
                item = Item(charge.fee, charge.category, day, is_late=is_late)
                self.items.append(item)
            item.charges.append(charge)
