"""A line's limit, its freezes and the start of its days (chapters 4, 7 and 8 of docs/rules.md)."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .days import NO_INSTANT, ONE_DAY, Calendar, happened
from .money import ZERO, Invalid
from .orders import Correction, Freeze, LimitEntry, Order, ProceedsEntry, RefusedCash
from .refusals import Refused

if TYPE_CHECKING:
    from .review import Review
    from .withdrawals import Automatic, Destination, Withdrawal

WRITE_OFF_DAYS = 90


@dataclass
class Line:
    """Limit and what is used of it, with the orders that use it."""

    calendar: Calendar
    currency: str
    payment_days: int
    settlement_days: int
    limit: Decimal = ZERO
    used: Decimal = ZERO
    entries: list[LimitEntry] = field(default_factory=list)
    orders: dict[str, Order] = field(default_factory=dict)
    open_orders: dict[str, Order] = field(default_factory=dict)  # those of `orders` that are OPEN
    freezes: list[Freeze] = field(default_factory=list)
    proceeds: list[ProceedsEntry] = field(default_factory=list)
    unmatched: dict[str, dict[str, Any]] = field(
        default_factory=dict[str, Any]
    )  # by payment reference
    refused: dict[tuple[str, str], RefusedCash] = field(default_factory=dict)  # by kind, reference
    told_overdue: list[tuple[str, date, Decimal]] = field(default_factory=list)
    is_closed: bool = False
    is_paused: bool = False
    order_cap: Decimal | None = None
    buyer_cap: Decimal | None = None
    waiting: "Review | None" = None  # whose raise waits for a decision
    asked: Decimal | None = None  # a limit that the merchant asked for, and nobody answered
    corrections: "list[Correction]" = field(default_factory=list)
    now: datetime = NO_INSTANT  # at which all that is done to it counts
    open_day: date = date.min
    payouts: Any = None  # what the policy says of withdrawals (withdrawals.Payouts)
    destinations: "list[Destination]" = field(default_factory=list)
    withdrawals: "list[Withdrawal]" = field(default_factory=list)
    automatic: "Automatic | None" = None

    @property
    def available(self) -> Decimal:
        """What the limit leaves for new orders, never below 0."""
        return max(self.limit - self.used, ZERO)

    def change(self, kind: str, limit: Decimal = ZERO, used: Decimal = ZERO) -> None:
        """Change limit and used by these amounts, with an entry."""
        if limit == 0 and used == 0:
            return
        if limit != 0:
            self.overtake()
        self.limit += limit
        self.used += used
        assert self.limit >= 0
        assert self.used >= 0
        self.entries.append(LimitEntry(kind, limit, used, self.limit, self.used, self.open_day))

    def overtake(self) -> None:
        """End the raise that waits for a decision, as the limit has changed or a new review was
        held.
        """
        if self.waiting is not None:
            self.waiting.outcome = "VOID"
            self.waiting = None

    def set_status(self, order: Order, status: str) -> None:
        """Set the order's status; one that is not OPEN leaves the open ones."""
        order.status = status
        if status != "OPEN":
            self.open_orders.pop(order.reference, None)

    def find(self, reference: str) -> Order:
        """The order with this reference. Raises Refused."""
        if reference not in self.orders:
            raise Refused("unknown_order")
        return self.orders[reference]

    def check_currency(self, currency: str) -> None:
        """Raise Refused for another currency than the line's."""
        if currency != self.currency:
            raise Refused("currency_mismatch")

    def counted(self, at: datetime, now: datetime, order: Order | None = None) -> datetime:
        """The instant to compute with; Invalid when it cannot have happened then."""
        instant = happened(at, now, order.placed_at if order else None)
        if instant is None:
            raise Invalid("before its order was placed, or not here yet")
        return instant

    # Freezes and the start of a local day

    def frozen_by(self) -> list[str]:
        """The reasons of the freezes in force."""
        return sorted(freeze.reason for freeze in self.freezes if freeze.lifted_on is None)

    def frozen_on(self, reason: str) -> date | None:
        """The day since when the line is frozen for this reason; None if it is not."""
        found = (one for one in self.freezes if one.reason == reason and not one.lifted_on)
        return next((one.placed_on for one in found), None)

    def freeze(self, reason: str, today: date) -> None:
        """Freeze the line for this reason, unless it is frozen for it."""
        if reason not in self.frozen_by():
            self.freezes.append(Freeze(reason, today))

    def lift(self, reason: str, today: date) -> None:
        """Lift the oldest freeze in force for this reason, if there is one."""
        for freeze in self.freezes:
            if freeze.reason == reason and freeze.lifted_on is None:
                freeze.lifted_on = today
                return

    def overdue(self, today: date) -> Decimal:
        """What is overdue today of all open orders."""
        return sum((order.overdue(today) for order in self.open_orders.values()), ZERO)

    def is_overdue(self, today: date) -> bool:
        """Whether what is overdue is above 0 and at least 20 % of the limit."""
        overdue = self.overdue(today)
        return overdue > 0 and overdue * 5 >= self.limit

    def lift_overdue(self, today: date) -> None:
        """Lift the freeze for overdue orders, if none is overdue enough any more."""
        for freeze in self.freezes:
            if (
                freeze.reason == "OVERDUE"
                and freeze.lifted_on is None
                and not self.is_overdue(today)
            ):
                freeze.lifted_on = today

    def write_off(self, today: date) -> None:
        """Write off the orders that have been overdue for long enough."""
        for order in list(self.open_orders.values()):
            if order.due_on is None:
                continue
            assert order.told_on is not None
            since = max(order.due_on, order.told_on)
            if since + timedelta(days=WRITE_OFF_DAYS) <= today:
                self.give_up(order)

    def give_up(self, order: Order) -> None:
        """Write the order off: all that is outstanding leaves what is used, and the limit."""
        order.written_off = order.clear()
        limit = -min(order.written_off, self.limit)
        self.change("WRITTEN_OFF", limit=limit, used=-order.written_off)
        self.set_status(order, "WRITTEN_OFF")

    def start_day(self, today: date) -> None:
        """Begin the day: write-offs, then the overdue freeze; that of an unpaid bill and the review
        follow.
        """
        self.write_off(today)
        self.lift_overdue(today)
        if self.is_overdue(today):
            self.freeze("OVERDUE", today)
        for order in self.open_orders.values():
            self.tell_overdue(order, today - ONE_DAY)

    def tell_overdue(self, order: Order, day: date) -> None:
        """Record a notice if a part was due on `day` and is not paid, with all due by then."""
        if order.status != "OPEN" or not any(p.unpaid for p in order.parts if p.due_on == day):
            return
        due = sum((p.unpaid for p in order.parts if p.due_on and p.due_on <= day), ZERO)
        self.told_overdue.append((order.reference, day, due))
