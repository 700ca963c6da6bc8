"""Destinations and withdrawals (chapter 10 of docs/rules.md)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from .credit import CreditLine
from .days import ONE_DAY
from .money import ZERO, nearest, step
from .orders import ProceedsEntry
from .refusals import Refused

if TYPE_CHECKING:
    from .model import Merchant

USABLE_AFTER = timedelta(hours=24)
ANSWERED_WITHIN = timedelta(minutes=10)
MOST_SILENCES = 3
RETURNED = ("REJECTED", "CANCELLED", "FAILED")


@dataclass
class Payouts:
    """What the policy says of withdrawals. Unless it says otherwise there is no fee."""

    percent: Decimal = ZERO
    fixed: Decimal = ZERO
    free_a_month: int = 0
    approval_above: Decimal = Decimal(10_000)


@dataclass(eq=False)
class Destination:
    """`kind` is how its bank answers, as of cards (collecting.py): good, refused, silent, lost."""

    kind: str
    usable_from: datetime
    is_removed: bool = False
    is_blocked: bool = False


@dataclass
class Withdrawal:
    destination: Destination
    amount: Decimal
    fee: Decimal
    requested_on: date
    needs_approval: bool
    status: str = "REQUESTED"
    sent_at: datetime | None = None
    is_received: bool = True  # by its provider

    @property
    def may_be_sent(self) -> bool:
        """Whether it waits for nobody's approval."""
        return self.status == "APPROVED" or (self.status == "REQUESTED" and not self.needs_approval)


@dataclass
class Automatic:
    destination: Destination
    weekday: int | None  # 1 is Monday; None: each day
    from_amount: Decimal
    usable_from: datetime
    next_on: date


def add_destination(line: CreditLine, kind: str) -> None:
    """Add a destination, usable after a day."""
    line.destinations.append(Destination(kind, line.now + USABLE_AFTER))


def remove_destination(line: CreditLine, which: int) -> None:
    """Remove the `which`-th destination, and end automatic withdrawals to it."""
    destination = find(line, which)
    destination.is_removed = True
    if line.automatic is not None and line.automatic.destination is destination:
        line.automatic = None


def find(line: CreditLine, which: int) -> Destination:
    """The `which`-th destination, going round. Raises Refused."""
    if not line.destinations:
        raise Refused("none")
    return line.destinations[which % len(line.destinations)]


def is_suspected(line: CreditLine) -> bool:
    """Whether the line is frozen for suspected fraud."""
    return "SUSPECTED_FRAUD" in line.frozen_by()


def request(line: CreditLine, which: int, amount: Decimal) -> None:
    """Take so much and its fee out of proceeds. Raises Refused."""
    destination = find(line, which)
    if destination.is_removed or line.now < destination.usable_from:
        raise Refused("destination_not_usable")
    if is_suspected(line):
        raise Refused("withdrawals_stopped")
    take(line, destination, amount)


def take(line: CreditLine, destination: Destination, amount: Decimal) -> None:
    """Take amount and fee out of proceeds for a new withdrawal. Raises Refused."""
    fee = fee_of(line, amount)
    if amount + fee > line.withdrawable():
        raise Refused("insufficient_proceeds")
    today = [one.amount for one in counted(line) if one.requested_on == line.open_day]
    is_above = sum(today, amount) > line.payouts.approval_above
    made = Withdrawal(destination, amount, fee, line.open_day, is_above)
    line.withdrawals.append(made)
    line.proceeds.append(ProceedsEntry("WITHDRAWAL", "", -amount, line.open_day))
    if fee:
        line.proceeds.append(ProceedsEntry("FEE", "", -fee, line.open_day))


def counted(line: CreditLine) -> list[Withdrawal]:
    """The withdrawals that did not come back."""
    return [one for one in line.withdrawals if one.status not in RETURNED]


def fee_of(line: CreditLine, amount: Decimal) -> Decimal:
    """The fee of a withdrawal, on top of its amount; some of each local month are free."""
    month = line.open_day.replace(day=1)
    so_far = [one for one in counted(line) if one.requested_on >= month]
    if len(so_far) < line.payouts.free_a_month:
        return ZERO
    fee = amount * line.payouts.percent / 100 + line.payouts.fixed
    return nearest(fee, line.currency)


def waiting(line: CreditLine, *, for_approval: bool = False) -> Withdrawal:
    """The oldest withdrawal that was not sent yet. Raises Refused."""
    for one in line.withdrawals:
        is_new = one.status == "REQUESTED" and (one.needs_approval or not for_approval)
        if is_new or (one.status == "APPROVED" and not for_approval):
            return one
    raise Refused("none")


def approve(line: CreditLine) -> None:
    """Approve the oldest withdrawal that waits for it. Raises Refused."""
    found = waiting(line, for_approval=True)
    if is_suspected(line):
        raise Refused("withdrawals_stopped")
    found.status = "APPROVED"


def give_back(line: CreditLine, withdrawal: Withdrawal, status: str) -> None:
    """End the withdrawal with this status: amount and fee are back, once."""
    assert withdrawal.status not in (*RETURNED, "PAID")
    withdrawal.status = status
    back = withdrawal.amount + withdrawal.fee
    line.proceeds.append(ProceedsEntry("RETURNED", "", back, line.open_day))


# Each day or week


def set_up(line: CreditLine, which: int, weekday: int | None, from_amount: Decimal) -> None:
    """Set up automatic withdrawals, in force 24 hours later; the same terms as those in force
    change nothing. Raises Refused.
    """
    destination = find(line, which)
    if destination.is_removed:
        raise Refused("destination_not_usable")
    present = line.automatic
    terms = present and (present.destination, present.weekday, present.from_amount)
    if terms == (destination, weekday, from_amount):
        return
    usable_from = line.now + USABLE_AFTER
    first = due_from(line.calendar.local_day(usable_from), weekday)
    line.automatic = Automatic(destination, weekday, from_amount, usable_from, first)


def due_from(day: date, weekday: int | None) -> date:
    """The first day from this one on that is the weekday, or the day itself for None."""
    while weekday is not None and day.isoweekday() != weekday:
        day += ONE_DAY
    return day


def run_automatic(owner: "Merchant") -> None:
    """Withdraw all that can be, fee included, if it is as much as was said; missed days are not
    made up for.
    """
    line = owner.line
    rule = line.automatic
    if rule is None or line.now < rule.usable_from or line.open_day < rule.next_on:
        return
    rule.next_on = due_from(line.open_day + ONE_DAY, rule.weekday)
    there = line.withdrawable()
    amount = there
    while amount > 0 and amount + fee_of(line, amount) > there:
        over = amount + fee_of(line, amount) - there
        amount -= max(step(line.currency), nearest(over / 3, line.currency))
    if amount > 0:  # by small steps, so as to miss nothing
        while amount + step(line.currency) + fee_of(line, amount + step(line.currency)) <= there:
            amount += step(line.currency)
    if there >= rule.from_amount and not is_suspected(line) and amount > 0:
        take(line, rule.destination, amount)


# Sending


def send_withdrawals(merchants: "list[Merchant]", now: datetime) -> None:
    """Send what may be sent, then ask about what has no answer."""
    silences = 0
    for owner in merchants:
        for one in owner.line.withdrawals:
            if one.may_be_sent and not is_suspected(owner.line) and silences < MOST_SILENCES:
                send(owner.line, one)
                silences = silences + 1 if one.status == "UNKNOWN" else 0
    for owner in merchants:
        for one in owner.line.withdrawals:
            if one.status == "UNKNOWN":
                ask(owner.line, one)


def send(line: CreditLine, withdrawal: Withdrawal) -> None:
    """Send the withdrawal, which ends as the destination's kind says."""
    kind, is_first = withdrawal.destination.kind, withdrawal.sent_at is None
    withdrawal.sent_at, withdrawal.status = line.now, "UNKNOWN"
    withdrawal.is_received = kind != "lost" or not is_first
    if kind == "refused":
        give_back(line, withdrawal, "FAILED")
    elif withdrawal.is_received and kind != "silent":
        withdrawal.status = "PAID"


def ask(line: CreditLine, withdrawal: Withdrawal) -> None:
    """Ask about a withdrawal without an answer: what never arrived is sent again, but not to a
    destination that is removed.
    """
    assert withdrawal.sent_at is not None
    if withdrawal.is_received:
        withdrawal.status = "PAID"
    elif withdrawal.sent_at + ANSWERED_WITHIN <= line.now:
        if withdrawal.destination.is_removed:
            give_back(line, withdrawal, "FAILED")
        elif not is_suspected(line):
            send(line, withdrawal)
