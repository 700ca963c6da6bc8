"""What a billing account has: charges, items, bills and their payments (chapters 12 to 19 of
docs/rules.md).
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count

from .days import NO_INSTANT, ONE_DAY
from .money import ZERO
from .taxes import Line, Rate, Tax

REVERSAL = "payment-reversal"  # the fee of a payment that was taken back, and is charged again
AN_HOUR = timedelta(hours=1)
NOT_ASKED = ("manual", "unapplied", "credit", "moved-in")  # providers that are never asked to pay
numbers = count(1)


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


@dataclass(eq=False)
class CreditAsked:
    """A credit on a charge, which a merchant asked for, and nobody has answered."""

    charge: Charge
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
        """The sum of its charges."""
        return sum((charge.amount for charge in self.charges), ZERO)


@dataclass(eq=False)
class Card:
    """`kind` is how its bank answers (collecting.py); two cards are never the same one."""

    kind: str
    added_at: datetime
    is_blocked: bool = False
    provider: str = "sandbox"


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
    ended_on: date = date.min
    came_with: "list[Transfer]" = field(default_factory=list)  # whose money it is at once
    asked_at: datetime | None = None
    is_received: bool = True  # by its provider
    reversals: "list[Reversal]" = field(default_factory=list)
    late: "list[Late]" = field(default_factory=list)

    @property
    def is_asked(self) -> bool:
        """Whether it is one of those for which a provider is asked to pay."""
        return self.provider not in NOT_ASKED


@dataclass
class Reversal:
    amount: Decimal
    is_dispute: bool
    number: int = field(default_factory=lambda: next(numbers))
    status: str = "RECORDED"  # then CHARGED, ACCEPTED or CANCELLED
    came_back: bool = False
    taken: Decimal = ZERO  # from unapplied money

    @property
    def rest(self) -> Decimal:
        """What of it was not taken from unapplied money."""
        return self.amount - self.taken


@dataclass(eq=False)
class Late:
    """Money of an attempt that came when nobody expected it, and that no bill wanted."""

    amount: Decimal
    reversals: list[Reversal] = field(default_factory=list)

    @property
    def taken(self) -> Decimal:
        """What was taken of it from unapplied money, and has not come back."""
        return sum((one.taken for one in self.reversals if not one.came_back), ZERO)


@dataclass
class Plan:
    """Days and amounts of parts; `paid` is what was paid of the bill before."""

    parts: list[tuple[date, Decimal]]
    paid: Decimal
    status: str = "IN_FORCE"  # then KEPT, BROKEN or CANCELLED

    def due_by(self, day: date) -> Decimal:
        """What has to be paid by the end of this day, with what had been paid before the plan."""
        return sum((amount for on, amount in self.parts if on <= day), self.paid)


@dataclass
class Transfer:
    """What of it no bill wanted is `rest`; `paid` is what its own bill took."""

    reference: str
    amount: Decimal
    paid: Decimal
    arrived_on: date
    recorded_at: datetime
    recorded_on: date
    payment: "Attempt | None" = None
    becomes: "tuple[str, Transfer] | None" = None  # where it was booked instead, and as what
    is_moved: bool = False

    @property
    def rest(self) -> Decimal:
        """What of it paid no bill."""
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
    number: int = field(default_factory=lambda: next(numbers))
    was_draft: bool = False
    is_of_day_end: bool = False  # made by the end of a day
    issued_at: datetime = NO_INSTANT  # when it was last made a bill; drafts become one later
    due_on: date = date.max
    next_attempt_at: datetime | None = None
    is_next_of_choice: bool = False
    first_failed_at: datetime | None = None
    first_failed_on: date | None = None
    froze_on: date = date.min  # the latest day on which it froze the line
    paid_on: date | None = None
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
        """What is left to pay."""
        return self.total - self.paid

    @property
    def is_in_time(self) -> bool:
        """Whether it counts as paid by the day on which it was due, whenever that was heard of."""
        on = self.collected_on
        return on is not None and on <= self.due_on

    @property
    def collected_on(self) -> date | None:
        """The last of the days on which its payments count; None if it is not paid."""
        paid = [place for place, one in enumerate(self.attempts) if one.status == "SUCCEEDED"]
        if self.status != "PAID":
            return None
        return max((self.day_of(place) for place in paid), default=None)

    def day_of(self, place: int) -> date:
        """The day on which the attempt at this place counts, if it has paid: of transfers the day
        on which they arrived; of what the day-end paid that made the bill, and of the first for
        which a provider is asked, if that was within an hour of it, the bill's date; otherwise its
        own.
        """
        one, before = self.attempts[place], self.attempts[:place]
        if one.came_with:
            return max(transfer.arrived_on for transfer in one.came_with)
        if one.is_asked:
            is_prompt = one.at - self.issued_at <= AN_HOUR
            is_prompt = is_prompt and not any(other.is_asked for other in before)
        else:
            is_prompt = one.at == self.issued_at
        is_of_day_end = self.is_of_day_end and not self.was_draft
        return self.on if is_of_day_end and is_prompt else one.ended_on

    @property
    def undecided(self) -> Attempt | None:
        """The attempt without an answer; None if there is none."""
        return next((one for one in self.attempts if one.status == "UNKNOWN"), None)

    @property
    def asks_again(self) -> bool:
        """Whether it charges a payment that was taken back."""
        return any(item.fee == REVERSAL for item in self.items)

    @property
    def net(self) -> Decimal:
        """The sum of its items, without tax."""
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
