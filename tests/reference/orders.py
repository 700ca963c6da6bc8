"""What a credit line has: orders, entries, freezes, proceeds (chapters 4 to 9 of docs/rules.md)."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from .money import ZERO


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
        """What is not paid of its parts."""
        return sum((part.unpaid for part in self.parts), ZERO)

    @property
    def recoverable(self) -> Decimal:
        """What was written off, and neither paid since nor refunded."""
        return self.written_off - self.recovered - self.forgiven

    @property
    def owed(self) -> Decimal:
        """What its buyer owes the shop."""
        if self.status == "OPEN":
            return self.outstanding
        return self.recoverable if self.status == "WRITTEN_OFF" else ZERO

    @property
    def due_on(self) -> date | None:
        """The due date of the oldest unpaid part; None if none is unpaid."""
        return next((part.due_on for part in self.parts if part.unpaid > 0), None)

    def overdue(self, today: date) -> Decimal:
        """What of it is past its due date."""
        if self.status != "OPEN":
            return ZERO
        late = (p.unpaid for p in self.parts if p.due_on is not None and p.due_on < today)
        return sum(late, ZERO)

    def clear(self) -> Decimal:
        """Have nothing be outstanding any more; returns how much was."""
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
    """A correction of proceeds by people. What was taken back, and what takes back, stays."""

    amount: Decimal
    is_over: bool = False


@dataclass
class RefusedCash:
    """A payment or refund that left its reference free, with what was said of it last."""

    order: str
    amount: Decimal
    currency: str
    code: str
    times: int = 1
    was_taken: bool = False
