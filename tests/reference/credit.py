"""The credit line, its orders, freezes and proceeds (chapters 4 to 9 of docs/rules.md)."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .days import NO_INSTANT, ONE_DAY, Calendar, happened
from .money import ZERO, Invalid, split

if TYPE_CHECKING:
    from .review import Review
    from .withdrawals import Automatic, Destination, Withdrawal

WRITE_OFF_DAYS = 90
INSTALMENT_DAYS = 30


class Refused(Exception):
    """A rejected event; `code` is its outcome's code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Part:
    amount: Decimal
    unpaid: Decimal
    due_on: date | None = None


@dataclass
class Order:
    reference: str
    amount: Decimal
    parts: list[Part]  # none for a declined order
    status: str
    placed_at: datetime  # as it was said, but never after it was heard of
    decline_code: str | None = None
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    told_on: date | None = None  # the local day on which the delivery was heard of
    paid: Decimal = ZERO  # while OPEN
    paid_elsewhere: Decimal = ZERO  # that of `paid` which is no sale here
    refunded: Decimal = ZERO
    written_off: Decimal = ZERO  # as it was at the write-off, never lowered
    recovered: Decimal = ZERO  # paid after the write-off
    forgiven: Decimal = ZERO  # what refunds took out of the written-off part
    buyer: str = ""

    @property
    def outstanding(self) -> Decimal:
        return sum((part.unpaid for part in self.parts), ZERO)

    @property
    def recoverable(self) -> Decimal:
        return self.written_off - self.recovered - self.forgiven

    @property
    def owed(self) -> Decimal:
        """By its buyer, to the shop."""
        if self.status == "OPEN":
            return self.outstanding
        return self.recoverable if self.status == "WRITTEN_OFF" else ZERO

    @property
    def due_on(self) -> date | None:
        """Due date of the oldest unpaid part."""
        return next((part.due_on for part in self.parts if part.unpaid > 0), None)

    def overdue(self, today: date) -> Decimal:
        """What of it is past its due date."""
        if self.status != "OPEN":
            return ZERO
        late = (p.unpaid for p in self.parts if p.due_on is not None and p.due_on < today)
        return sum(late, ZERO)

    def clear(self) -> Decimal:
        """Nothing is outstanding any more; says how much was."""
        outstanding = self.outstanding
        for part in self.parts:
            part.unpaid = ZERO
        return outstanding

    def cover(self, amount: Decimal, newest_first: bool) -> None:
        """Take `amount` off the unpaid parts, one after the other."""
        for part in reversed(self.parts) if newest_first else self.parts:
            taken = min(part.unpaid, amount)
            part.unpaid -= taken
            amount -= taken
        assert amount == 0


@dataclass
class LimitEntry:
    kind: str
    limit_change: Decimal
    used_change: Decimal
    limit: Decimal  # after it
    used: Decimal  # after it
    on: date = date.min


@dataclass
class Freeze:
    reason: str
    placed_on: date
    lifted_on: date | None = None


@dataclass
class ProceedsEntry:
    kind: str
    order: str
    amount: Decimal
    on: date
    matures_on: date | None = None


@dataclass
class Correction:
    """Of proceeds, by people. What was taken back, and what takes back, stays."""

    amount: Decimal
    is_over: bool = False


@dataclass
class RefusedCash:
    """A payment or refund that left its reference free; what was said of it last."""

    order: str
    amount: Decimal
    currency: str
    code: str
    times: int = 1
    was_taken: bool = False


@dataclass
class CreditLine:
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
        return max(self.limit - self.used, ZERO)

    def change(self, kind: str, limit: Decimal = ZERO, used: Decimal = ZERO) -> None:
        """Every change of limit or used writes one entry."""
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
        """A change of the limit, and the next review, end what waits for a decision."""
        if self.waiting is not None:
            self.waiting.outcome = "VOID"
            self.waiting = None

    def set_status(self, order: Order, status: str) -> None:
        order.status = status
        if status != "OPEN":
            self.open_orders.pop(order.reference, None)

    def find(self, reference: str) -> Order:
        if reference not in self.orders:
            raise Refused("unknown_order")
        return self.orders[reference]

    def check_currency(self, currency: str) -> None:
        if currency != self.currency:
            raise Refused("currency_mismatch")

    # Orders

    def counted(self, at: datetime, now: datetime, order: Order | None = None) -> datetime:
        """The instant to compute with; Invalid when it cannot have happened then."""
        instant = happened(at, now, order.placed_at if order else None)
        if instant is None:
            raise Invalid("before its order was placed, or not here yet")
        return instant

    def place(self, data: dict[str, Any], at: datetime, now: datetime) -> str | None:
        """Open the order, or record it as declined and return the code."""
        self.check_currency(data["currency"])
        placed_at = self.counted(at, now)
        reference, amount = data["order"], data["amount"]
        code = None
        if self.is_closed:
            code = "account_closed"
        elif self.frozen_by():
            code = "line_frozen"
        elif self.is_paused:
            code = "paused_by_merchant"
        elif self.is_above_own_cap(data["buyer"], amount):
            code = "above_own_cap"
        elif data["buyer_risk"] == 3:
            code = "buyer_risk"
        elif amount > self.available:
            code = "insufficient_credit"
        if code:
            self.orders[reference] = Order(reference, amount, [], "DECLINED", placed_at, code)
            return code
        parts = [Part(a, a) for a in split(amount, data["instalments"], self.currency)]
        order = Order(reference, amount, parts, "OPEN", placed_at, buyer=data["buyer"])
        self.orders[reference] = self.open_orders[reference] = order
        self.change("PLACED", used=amount)
        return None

    def is_above_own_cap(self, buyer: str, amount: Decimal) -> bool:
        """Whether the order, or all that its buyer then owes, is over the merchant's own figure."""
        owed = sum((o.owed for o in self.orders.values() if o.buyer == buyer), amount)
        return bool(
            (self.order_cap is not None and amount > self.order_cap)
            or (self.buyer_cap is not None and owed > self.buyer_cap)
        )

    # What is brought along from elsewhere

    @property
    def has_traded(self) -> bool:
        """Whether anything is in it that was not brought along."""
        return bool(
            any(entry.kind not in ("OPENED", "MOVED_IN", "LIMIT_SET") for entry in self.entries)
            or any(order.status == "DECLINED" for order in self.orders.values())
            or any(entry.kind != "OPENING" for entry in self.proceeds)
            or self.unmatched
        )

    def check_untraded(self) -> None:
        if self.is_closed or self.has_traded:
            raise Refused("has_traded")

    def bring_order(self, data: dict[str, Any], at: datetime, now: datetime) -> None:
        """An open order of elsewhere: what is outstanding is held, whatever the limit has left."""
        self.check_currency(data["currency"])
        placed_at = self.counted(at, now)
        self.check_untraded()
        amount, paid = data["amount"], data["paid"]
        parts = [Part(a, a) for a in split(amount, data["instalments"], self.currency)]
        order = Order(data["order"], amount, parts, "OPEN", placed_at, buyer=data["buyer"])
        order.paid = order.paid_elsewhere = paid
        order.cover(paid, newest_first=False)
        self.orders[order.reference] = self.open_orders[order.reference] = order
        self.change("MOVED_IN", used=order.outstanding)

    def bring_proceeds(self, data: dict[str, Any], today: date) -> None:
        self.check_currency(data["currency"])
        if any(on <= today for on in data["maturing"]):
            raise Invalid("matures later than today, or is available")
        self.check_untraded()
        days = {today: data["available"]} | data["maturing"]
        for on, amount in days.items():
            if amount:
                self.proceeds.append(ProceedsEntry("OPENING", "", amount, today, on))

    def find_moving(self, reference: str) -> Order:
        order = self.find(reference)
        if order.status in ("DECLINED", "CANCELLED"):
            raise Refused("order_not_open")
        return order

    def ship(self, data: dict[str, Any], at: datetime, now: datetime) -> None:
        order = self.find_moving(data["order"])
        self.counted(at, now, order)
        order.shipped_at = at

    def deliver(self, data: dict[str, Any], at: datetime, now: datetime, today: date) -> None:
        order = self.find_moving(data["order"])
        delivered_on = self.calendar.local_day(self.counted(at, now, order))
        order.delivered_at, order.told_on = at, today
        first = delivered_on + timedelta(days=self.payment_days)
        for k, part in enumerate(order.parts):
            part.due_on = first + timedelta(days=INSTALMENT_DAYS * k)
            if part.due_on < today:  # it had passed before anybody heard of the delivery
                self.tell_overdue(order, part.due_on)

    def cancel(self, data: dict[str, Any], at: datetime, now: datetime) -> None:
        order = self.find(data["order"])
        if order.status != "OPEN" or order.paid > 0:
            raise Refused("order_not_open")
        self.counted(at, now, order)
        self.change("CANCELLED", used=-order.clear())
        self.set_status(order, "CANCELLED")

    def find_for_cash(
        self, kind: str, data: dict[str, Any], at: datetime, now: datetime
    ) -> tuple[Order, datetime]:
        """The order of a payment or refund and the instant to compute with.

        What is refused here leaves its reference free, and waits on the operators' desk.
        """
        try:
            self.check_currency(data["currency"])
            self.counted(at, now)
            order = self.find(data["order"])
            return order, self.counted(at, now, order)
        except (Refused, Invalid) as refusal:
            code = refusal.code if isinstance(refusal, Refused) else "invalid"
            before = self.refused.get((kind, data[kind]))
            self.refused[kind, data[kind]] = RefusedCash(
                data["order"],
                data["amount"],
                data["currency"],
                code,
                before.times + 1 if before else 1,
            )
            raise

    def take_off_desk(self, kind: str, reference: str) -> None:
        if (kind, reference) in self.refused:
            self.refused[kind, reference].was_taken = True

    def pay(self, data: dict[str, Any], at: datetime, now: datetime, today: date) -> None:
        order, paid_at = self.find_for_cash("payment", data, at, now)
        amount = data["amount"]
        self.take_off_desk("payment", data["payment"])
        if not self.cover(order, amount):
            full = order.status in ("OPEN", "WRITTEN_OFF")
            code = "overpayment" if full else "order_not_open"
            self.unmatched[data["payment"]] = {
                "order": order.reference,
                "amount": amount,
                "code": code,
                "settled": ZERO,
            }
            raise Refused(code)
        self.sell(order, amount, paid_at, today)

    def sell(self, order: Order, amount: Decimal, paid_at: datetime, today: date) -> None:
        """What was paid is proceeds."""
        matures_on = self.calendar.local_day(paid_at) + timedelta(days=self.settlement_days)
        self.proceeds.append(ProceedsEntry("SALE", order.reference, amount, today, matures_on))
        self.lift_overdue(today)

    def cover(self, order: Order, amount: Decimal) -> bool:
        """Have the order take a payment, if it can: while it is open, or written off."""
        if order.status == "OPEN" and amount <= order.outstanding:
            order.cover(amount, newest_first=False)
            order.paid += amount
            self.change("PAID", used=-amount)
            if order.outstanding == 0:
                self.set_status(order, "PAID")
            return True
        if order.status == "WRITTEN_OFF" and amount <= order.recoverable:
            order.recovered += amount
            return True
        return False

    def settle(self, kind: str, payment: str, amount: Decimal, order: str, today: date) -> None:
        """A part of UNMATCHED cash: APPLIED to an order, RELEASED, or RETURNED to its buyer."""
        kept = self.unmatched[payment]
        if amount > kept["amount"] - kept["settled"]:
            raise Refused("more_than_is_left")
        if kind == "APPLIED":
            found = self.find(order)
            if not self.cover(found, amount):
                raise Refused("overpayment")
            self.sell(found, amount, self.now, today)
        elif kind == "RELEASED":
            self.proceeds.append(ProceedsEntry("RELEASED", "", amount, today))
        kept["settled"] += amount

    def withdrawable(self) -> Decimal:
        """What has matured, or the whole balance if that is less."""
        matured, maturing = self.buckets(self.open_day)
        return max(ZERO, min(matured, matured + maturing))

    def refund(self, data: dict[str, Any], at: datetime, now: datetime, today: date) -> None:
        order, _ = self.find_for_cash("refund", data, at, now)
        amount = data["amount"]
        if order.status in ("DECLINED", "CANCELLED", "REFUNDED"):
            raise Refused("order_not_open")
        if amount > order.amount - order.refunded:
            raise Refused("overpayment")
        self.take_off_desk("refund", data["refund"])
        unpaid = min(amount, order.outstanding)
        forgiven = min(amount - unpaid, order.recoverable)
        returned = amount - unpaid - forgiven
        order.cover(unpaid, newest_first=True)
        order.forgiven += forgiven
        order.refunded += amount
        self.change("REFUNDED", used=-unpaid)
        if returned > 0:
            self.proceeds.append(ProceedsEntry("REFUND", order.reference, -returned, today))
        if order.refunded == order.amount:
            self.set_status(order, "REFUNDED")
        elif order.status == "OPEN" and order.outstanding == 0:
            self.set_status(order, "PAID")
        self.lift_overdue(today)

    # Freezes and the start of a local day

    def frozen_by(self) -> list[str]:
        return sorted(freeze.reason for freeze in self.freezes if freeze.lifted_on is None)

    def freeze(self, reason: str, today: date) -> None:
        if reason not in self.frozen_by():
            self.freezes.append(Freeze(reason, today))

    def lift(self, reason: str, today: date) -> None:
        """The oldest freeze in force for this reason, if there is one."""
        for freeze in self.freezes:
            if freeze.reason == reason and freeze.lifted_on is None:
                freeze.lifted_on = today
                return

    def overdue(self, today: date) -> Decimal:
        return sum((order.overdue(today) for order in self.open_orders.values()), ZERO)

    def is_overdue(self, today: date) -> bool:
        """An overdue amount above 0 and at least 20 % of the limit."""
        overdue = self.overdue(today)
        return overdue > 0 and overdue * 5 >= self.limit

    def lift_overdue(self, today: date) -> None:
        for freeze in self.freezes:
            if (
                freeze.reason == "OVERDUE"
                and freeze.lifted_on is None
                and not self.is_overdue(today)
            ):
                freeze.lifted_on = today

    def write_off(self, today: date) -> None:
        for order in list(self.open_orders.values()):
            if order.due_on is None:
                continue
            assert order.told_on is not None
            since = max(order.due_on, order.told_on)
            if since + timedelta(days=WRITE_OFF_DAYS) <= today:
                self.give_up(order)

    def give_up(self, order: Order) -> None:
        """All that is outstanding leaves what is used, and the limit."""
        order.written_off = order.clear()
        limit = -min(order.written_off, self.limit)
        self.change("WRITTEN_OFF", limit=limit, used=-order.written_off)
        self.set_status(order, "WRITTEN_OFF")

    def start_day(self, today: date) -> None:
        """Write-offs, then the overdue freeze; that of an unpaid bill and the review follow."""
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

    def buckets(self, today: date) -> tuple[Decimal, Decimal]:
        """(matured, maturing): what refunds left of each order's sales, oldest sale first."""
        refunded: dict[str, Decimal] = {}
        for entry in self.proceeds:
            if entry.kind == "REFUND":
                refunded[entry.order] = refunded.get(entry.order, ZERO) - entry.amount
        matured = maturing = ZERO
        for entry in self.proceeds:
            if entry.kind not in ("SALE", "REFUND", "OPENING"):
                matured += entry.amount
            if entry.kind == "OPENING":
                assert entry.matures_on is not None
                is_here = entry.matures_on <= today
                matured += entry.amount if is_here else ZERO
                maturing += ZERO if is_here else entry.amount
            if entry.kind != "SALE":
                continue
            taken = min(entry.amount, refunded.get(entry.order, ZERO))
            refunded[entry.order] = refunded.get(entry.order, ZERO) - taken
            assert entry.matures_on is not None
            if entry.matures_on <= today:
                matured += entry.amount - taken
            else:
                maturing += entry.amount - taken
        # What was paid elsewhere is no sale: a refund of that takes from the rest.
        rest = sum(refunded.values(), ZERO)
        assert rest <= sum((order.paid_elsewhere for order in self.orders.values()), ZERO)
        return matured - rest, maturing
