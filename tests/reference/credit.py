"""The credit line: its orders, their cash and its proceeds (chapters 4 to 9 of docs/rules.md)."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from .line import Line
from .money import ZERO, Invalid, split
from .orders import Order, Part, ProceedsEntry, RefusedCash
from .refusals import Refused

INSTALMENT_DAYS = 30


class CreditLine(Line):
    """A line of which orders are placed, paid and refunded."""

    # Orders

    def place(self, data: dict[str, Any], at: datetime, now: datetime) -> str | None:
        """Open the order and return None, or record it as declined and return the code."""
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
        """Raise Refused if the line is closed or has had orders."""
        if self.is_closed or self.has_traded:
            raise Refused("has_traded")

    def bring_order(self, data: dict[str, Any], at: datetime, now: datetime) -> None:
        """Open an order of elsewhere: what is outstanding is held, whatever the limit has left.
        Raises Refused, Invalid.
        """
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
        """Add proceeds that the merchant had elsewhere. Raises Refused, Invalid."""
        self.check_currency(data["currency"])
        if any(on <= today for on in data["maturing"]):
            raise Invalid("matures later than today, or is available")
        self.check_untraded()
        days = {today: data["available"]} | data["maturing"]
        for on, amount in days.items():
            if amount:
                self.proceeds.append(ProceedsEntry("OPENING", "", amount, today, on))

    # What becomes of orders

    def find_moving(self, reference: str) -> Order:
        """The order, which was neither declined nor cancelled. Raises Refused."""
        order = self.find(reference)
        if order.status in ("DECLINED", "CANCELLED"):
            raise Refused("order_not_open")
        return order

    def ship(self, data: dict[str, Any], at: datetime, now: datetime) -> None:
        """The order was shipped. Raises Refused."""
        order = self.find_moving(data["order"])
        self.counted(at, now, order)
        order.shipped_at = at

    def deliver(self, data: dict[str, Any], at: datetime, now: datetime, today: date) -> None:
        """The order was delivered: its parts get due days. Raises Refused."""
        order = self.find_moving(data["order"])
        delivered_on = self.calendar.local_day(self.counted(at, now, order))
        order.delivered_at, order.told_on = at, today
        first = delivered_on + timedelta(days=self.payment_days)
        for k, part in enumerate(order.parts):
            part.due_on = first + timedelta(days=INSTALMENT_DAYS * k)
            if part.due_on < today:  # it had passed before anybody heard of the delivery
                self.tell_overdue(order, part.due_on)

    def cancel(self, data: dict[str, Any], at: datetime, now: datetime) -> None:
        """Cancel an order of which nothing is paid. Raises Refused."""
        order = self.find(data["order"])
        if order.status != "OPEN" or order.paid > 0:
            raise Refused("order_not_open")
        self.counted(at, now, order)
        self.change("CANCELLED", used=-order.clear())
        self.set_status(order, "CANCELLED")

    # Cash

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

    def note_taken(self, kind: str, reference: str) -> None:
        """Note that refused cash under this reference has come again and was taken, so that it
        waits no more.
        """
        if (kind, reference) in self.refused:
            self.refused[kind, reference].was_taken = True

    def pay(self, data: dict[str, Any], at: datetime, now: datetime, today: date) -> None:
        """Note that the order was paid. What it cannot take is UNMATCHED. Raises Refused."""
        order, paid_at = self.find_for_cash("payment", data, at, now)
        amount = data["amount"]
        self.note_taken("payment", data["payment"])
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
        """Add what was paid for the order to proceeds."""
        matures_on = self.calendar.local_day(paid_at) + timedelta(days=self.settlement_days)
        self.proceeds.append(ProceedsEntry("SALE", order.reference, amount, today, matures_on))
        self.lift_overdue(today)

    def cover(self, order: Order, amount: Decimal) -> bool:
        """Have the order take a payment while it is open, or written off, and has so much to pay.
        Returns whether it did.
        """
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
        """Settle a part of UNMATCHED cash: APPLIED to an order, RELEASED, or RETURNED to its buyer.
        Raises Refused.
        """
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

    def refund(self, data: dict[str, Any], at: datetime, now: datetime, today: date) -> None:
        """The order was refunded. Raises Refused."""
        order, _ = self.find_for_cash("refund", data, at, now)
        amount = data["amount"]
        if order.status in ("DECLINED", "CANCELLED", "REFUNDED"):
            raise Refused("order_not_open")
        if amount > order.amount - order.refunded:
            raise Refused("overpayment")
        self.note_taken("refund", data["refund"])
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

    # Proceeds

    def withdrawable(self) -> Decimal:
        """What has matured, or the whole balance if that is less."""
        matured, maturing = self.buckets(self.open_day)
        return max(ZERO, min(matured, matured + maturing))

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
