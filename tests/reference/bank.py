"""What a bank's statement says, and what becomes of its lines (rule 29.13 to rule 29.16)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from . import by_hand_money
from .invoices import Attempt, Invoice, Reversal, Transfer
from .meant import one_of
from .money import ZERO, Invalid
from .refusals import Refused

if TYPE_CHECKING:
    from .model import Merchant, Model

BILLED = ("OPEN", "UNCOLLECTIBLE", "PAID")
FOR_NOTHING = 7  # of a payment that says no amount, and is for nothing


@dataclass(eq=False)
class Line:
    """Below 0 it went out. `payer` is a name and an account, as far as it is told."""

    number: int
    amount: Decimal
    currency: str
    value_on: date
    payer: tuple[str, str] = ("", "")
    named: list[tuple[str, Invoice]] = field(default_factory=list)  # merchants, and their bills
    is_return: bool = False  # of something that was paid, either way
    names: "Line | None" = None
    status: str = "WAITING"  # BOOKED, PROPOSED, OPEN, RETURN, OUTGOING, SET_ASIDE
    owner: str = ""
    invoice: Invoice | None = None
    transfer: Transfer | None = None
    returns: "Line | None" = None

    def become(self, status: str, owner: str = "", invoice: Invoice | None = None) -> None:
        """Set the line's status, whose it is, and for which bill."""
        self.status, self.owner, self.invoice = status, owner, invoice


# Matching


def match_waiting(model: "Model", now: datetime) -> None:
    """Match all lines that wait."""
    for line in model.bank:
        if line.status == "WAITING":
            match(model, line, now)


def match(model: "Model", line: Line, now: datetime) -> None:
    """Decide what a line becomes: by the bills it names, or by who pays."""
    if line.amount < 0:
        match_debit(model, line)
    elif line.is_return or len(line.named) > 1:
        line.become("OPEN")
    elif line.named:
        match_named(model, line, *line.named[0], now)
    else:
        match_payer(model, line, now)


def match_named(model: "Model", line: Line, owner: str, invoice: Invoice, now: datetime) -> None:
    """Decide what a line becomes that names a bill: certain is what is left of it. While an attempt
    has no answer it waits.
    """
    account = model.come_to(owner, now).account
    if account.currency != line.currency:
        line.become("OPEN")
    elif not invoice.is_unpaid or invoice.left != line.amount:
        line.become("PROPOSED", owner, invoice)
    elif invoice.undecided is None:
        book(model, line, owner, invoice, now)


def match_payer(model: "Model", line: Line, now: datetime) -> None:
    """Decide what a line becomes by who pays: by the account, or else by the name, whoever was the
    only one to be paid for by it.
    """
    name, account = line.payer
    before = [one for one in booked(model) if one.transfer and not one.transfer.is_moved]
    before = [one for one in before if one.currency == line.currency]
    by_account = [one for one in before if account and one.payer[1] == account]
    by_name = [one for one in before if name and one.payer[0] == name]
    owners = {one.owner for one in (by_account if account else by_name)}
    if len(owners) != 1:
        line.become("OPEN")
        return
    (owner,) = owners
    found = model.come_to(owner, now).account.invoices
    wanted = [one for one in found if one.is_unpaid and one.left == line.amount]
    if len(wanted) == 1:
        line.become("PROPOSED", owner, wanted[0])
    elif account and name and any(one.payer == line.payer for one in by_account):
        book(model, line, owner, None, now)
    else:
        line.become("OPEN")


def match_debit(model: "Model", line: Line) -> None:
    """Decide what a line becomes that went out."""
    named = line.names
    if not line.is_return:
        line.become("OUTGOING")
    elif named is None or named not in to_take_back(model) or -line.amount > named.amount:
        line.become("OPEN")
    else:
        line.become("RETURN", present(named)[0])
        line.returns = named


def booked(model: "Model") -> list[Line]:
    """The lines that were booked and came in."""
    return [one for one in model.bank if one.status == "BOOKED" and one.amount > 0]


def to_take_back(model: "Model") -> list[Line]:
    """What came in and was booked, and no other line takes back."""
    taken = [one.returns for one in model.bank if one.status in ("BOOKED", "RETURN")]
    return [one for one in booked(model) if one not in taken]


def present(line: Line) -> tuple[str, Transfer]:
    """Who has its money by now, or had it last, and the transfer by which."""
    assert line.transfer is not None
    owner, transfer = line.owner, line.transfer
    while transfer.becomes is not None:
        owner, transfer = transfer.becomes
    return owner, transfer


def book(
    model: "Model", line: Line, reference: str, invoice: Invoice | None, now: datetime
) -> None:
    """Book the line as a transfer, of the bank's day or the day next to it that a transfer may
    have.
    """
    owner = model.come_to(reference, now)
    account = owner.account
    if account.currency != line.currency:
        raise Refused("currency_mismatch")
    if invoice is not None and invoice.undecided:
        raise Refused("payment_under_way")
    day = min(max(line.value_on, account.joined_on), owner.open_day)
    paid = min(line.amount, invoice.left) if invoice is not None and invoice.is_unpaid else ZERO
    made = Transfer(f"line {line.number}", line.amount, paid, day, account.now, owner.open_day)
    account.transfers.append(made)
    if invoice is not None and paid:
        made.payment = Attempt("manual", paid, "SUCCEEDED", account.now, came_with=[made])
        account.take(invoice, made.payment)
    if line.amount > paid:
        account.receive_unapplied(line.amount - paid)
    line.become("BOOKED", reference, invoice)
    line.transfer = made


# What comes, and what operators decide


def billed(model: "Model", reference: str, which: int, now: datetime) -> Invoice | None:
    """The `which`-th of the bills that carry a reference and that somebody may pay, counted round;
    None if there are none.
    """
    found = model.come_to(reference, now).account.invoices
    found = [one for one in found if one.issuer and one.status in BILLED]
    return found[which % len(found)] if found else None


def come_in(model: "Model", said: dict[str, Any], now: datetime) -> None:
    """Take in a line that came in, which names bills as it is said to."""
    named: list[tuple[str, Invoice]] = []
    for reference, which in said["named"]:
        invoice = reference in model.merchants and billed(model, reference, which, now)
        if invoice and all(invoice is not other for _, other in named):
            named.append((reference, invoice))
    amount = said["amount"]
    if amount is None:
        wants = bool(named) and named[0][1].is_unpaid
        amount = named[0][1].left if wants else Decimal(FOR_NOTHING)
    value_on = now.date() - timedelta(days=said["days"])
    line = Line(
        said["number"], amount, said["currency"], value_on, said["payer"], named, said["returned"]
    )
    model.bank.append(line)
    match(model, line, now)


def go_out(model: "Model", said: dict[str, Any], now: datetime) -> None:
    """Take in a line that went out, which takes back an earlier one if it is said to."""
    there = [one for one in to_take_back(model) if one.currency == said["currency"]]
    which = said["takes_back"]
    names = there[which % len(there)] if there and which is not None else None
    amount = said["amount"]
    if amount is None:
        amount = names.amount if names else Decimal(FOR_NOTHING)
    line = Line(said["number"], -amount, said["currency"], now.date(), is_return=said["returned"])
    line.names = names
    model.bank.append(line)
    match(model, line, now)


def lines_of(model: "Model", which: int, *statuses: str) -> Line:
    """The `which`-th line with one of these statuses, going round."""
    return one_of([one for one in model.bank if one.status in statuses], which)


def confirm(model: "Model", which: int, now: datetime) -> None:
    """Book the `which`-th proposed line for what is proposed."""
    line = lines_of(model, which, "PROPOSED")
    book(model, line, line.owner, line.invoice, now)


def refuse(model: "Model", which: int, _: datetime) -> None:
    """Have the `which`-th proposed line be open."""
    lines_of(model, which, "PROPOSED").become("OPEN")


def set_aside(model: "Model", which: int, _: datetime) -> None:
    """Set aside the `which`-th line that is open or a return."""
    line = lines_of(model, which, "OPEN", "RETURN")
    line.become("SET_ASIDE")
    line.returns = None


def place(model: "Model", what: tuple[int, str, int | None], now: datetime) -> None:
    """Book the `which`-th line for a merchant, and perhaps for a bill of it. Raises Refused."""
    which, reference, of_invoice = what
    line = lines_of(model, which, "PROPOSED", "OPEN", "SET_ASIDE")
    if reference not in model.merchants:
        raise Refused("unknown_merchant")
    invoice = None if of_invoice is None else billed(model, reference, of_invoice, now)
    if line.currency != model.merchants[reference].account.currency:
        raise Refused("currency_mismatch")
    if line.amount < 0:
        raise Invalid("it went out")
    book(model, line, reference, invoice, now)


def say(model: "Model", what: tuple[int, int], _: datetime) -> None:
    """Say which line is taken back by one that does not say so, or not clearly. Raises Refused."""
    which, of_line = what
    line = one_of([one for one in model.bank if one.status == "OPEN"], which)
    if line.amount > 0:
        raise Invalid("it came in")
    there = [one for one in to_take_back(model) if one.currency == line.currency]
    named = one_of(there, of_line)
    if named.amount < -line.amount:
        raise Invalid("less came in")
    line.become("RETURN", present(named)[0])
    line.returns = named


def returned(model: "Model", which: int, now: datetime) -> "tuple[Line, Merchant, Transfer]":
    """The `which`-th return, its owner as of now, and the transfer that it takes back."""
    line = lines_of(model, which, "RETURN")
    assert line.returns is not None
    owner, transfer = present(line.returns)
    return line, model.come_to(owner, now), transfer


def takes_back_of(model: "Model", reference: str) -> bool:
    """Whether the bank takes money of the merchant's account back by a line about which nobody has
    decided yet.
    """
    found = [present(one.returns) for one in model.bank if one.status == "RETURN" and one.returns]
    return any(owner == reference and not transfer.is_moved for owner, transfer in found)


def take_back(model: "Model", which: int, now: datetime) -> None:
    """Take back what paid one bill alone, as a reversal about which is still to be decided."""
    line, owner, transfer = returned(model, which, now)
    if not transfer.is_moved or transfer.amount != -line.amount:
        payment = transfer.payment
        if transfer.is_moved or payment is None or transfer.rest:
            raise Refused("not_returnable")
        gone = sum((one.amount for one in payment.reversals if not one.came_back), ZERO)
        if -line.amount > payment.amount - gone:
            raise Refused("not_returnable")
        payment.reversals.append(Reversal(-line.amount, is_dispute=False))
    line.become("BOOKED", owner.reference)


def take_off(model: "Model", which: int, now: datetime) -> None:
    """Take any other money, whole, off the account that has it."""
    line, owner, transfer = returned(model, which, now)
    paid_one = transfer.payment is not None and not transfer.rest
    if transfer.is_moved or paid_one or transfer.amount != -line.amount:
        raise Refused("not_returnable")
    by_hand_money.move(owner, transfer, None)
    line.become("BOOKED", owner.reference)


ACTS: "dict[str, Callable[[Model, Any, datetime], None]]" = {
    "line in": come_in,
    "line out": go_out,
    "confirm line": confirm,
    "refuse line": refuse,
    "set line aside": set_aside,
    "place line": place,
    "say what it takes back": say,
    "take line back": take_back,
    "take line off": take_off,
}
