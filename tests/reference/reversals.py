"""Money that providers take back, and that comes when nobody expects it (chapters 17 and 18 of
docs/rules.md).
"""

from decimal import Decimal
from typing import TYPE_CHECKING

from . import two_people
from .collecting import OF_CARDS
from .invoices import Attempt, Invoice, Late, Reversal
from .meant import one_of
from .money import ZERO
from .refusals import Refused

if TYPE_CHECKING:
    from .billing import Account
    from .model import Merchant


def attempts_of(account: "Account", *statuses: str) -> list[tuple[Invoice, Attempt]]:
    """The attempts at providers of cards with these statuses, each with its bill."""
    return [
        (invoice, one)
        for invoice in account.invoices
        for one in invoice.attempts
        if one.status in statuses and one.provider in OF_CARDS
    ]


def receive_late(owner: "Merchant", which: int) -> None:
    """Money of an attempt that was given up, or a second time, pays what is left of the bill if
    that is just as much, and is unapplied money otherwise.
    """
    account = owner.account
    invoice, made = one_of(attempts_of(account, "FAILED", "SUCCEEDED"), which)
    if invoice.is_unpaid and invoice.left == made.amount and invoice.undecided is None:
        again = Attempt(made.provider, made.amount, "SUCCEEDED", account.now, made.card)
        account.take(invoice, again)
        account.pay_from_rest(owner.open_day)
    else:
        made.late.append(Late(made.amount))
        account.receive_unapplied(made.amount)


def reversals_of(owner: "Merchant") -> list[Reversal]:
    """All reversals of the merchant's payments, by number."""
    attempts = [one for invoice in owner.account.invoices for one in invoice.attempts]
    found = [one for made in attempts for one in made.reversals]
    found += [one for made in attempts for late in made.late for one in late.reversals]
    return sorted(found, key=lambda one: one.number)


def take_back(owner: "Merchant", what: tuple[int, bool, Decimal | None]) -> None:
    """The provider takes back money of one of its payments: all that is left, or so much."""
    which, is_dispute, wanted = what
    _, payment = one_of(attempts_of(owner.account, "SUCCEEDED"), which)
    made = new_reversal(payment, is_dispute, wanted)
    payment.reversals.append(made)
    stop_collecting(owner, payment, made)


def take_late_back(owner: "Merchant", what: tuple[int, bool, Decimal | None]) -> None:
    """Money that came when nobody expected it is taken from what is unapplied first."""
    which, is_dispute, wanted = what
    account = owner.account
    found = attempts_of(account, "FAILED", "SUCCEEDED")
    payment, late = one_of([(one, late) for _, one in found for late in one.late], which)
    made = new_reversal(late, is_dispute, wanted)
    made.taken = min(made.amount, late.amount - late.taken, account.unapplied)
    if made.taken:
        account.unapplied_entries.append(("REVERSED", -made.taken))
    if not made.rest:
        made.status = "ACCEPTED"  # nothing is left to decide
    late.reversals.append(made)
    stop_collecting(owner, payment, made)


def new_reversal(money: Attempt | Late, is_dispute: bool, wanted: Decimal | None) -> Reversal:
    """A reversal of so much of this money, or of all that is left. Raises Refused."""
    gone = [one.amount for one in money.reversals if not one.came_back]
    left = money.amount - sum(gone, ZERO)
    amount = left if wanted is None else min(wanted, left)
    if amount <= 0:
        raise Refused("none")
    return Reversal(amount, is_dispute)


def stop_collecting(owner: "Merchant", payment: Attempt, made: Reversal) -> None:
    """After a dispute nothing is collected from the card any more, if it is the account's."""
    account = owner.account
    if made.is_dispute and payment.card is not None and payment.card is account.card:
        account.is_card_disputed = True


def first_recorded(owner: "Merchant") -> Reversal:
    """The oldest reversal that waits. Raises Refused."""
    found = [one for one in reversals_of(owner) if one.status == "RECORDED"]
    return one_of(found, 0)


def charge(owner: "Merchant", _: None) -> None:
    """Charge what was taken back again."""
    reversal = first_recorded(owner)
    reversal.status = "CHARGED"
    owner.account.charge_again(reversal.rest, owner.open_day)


def accept(owner: "Merchant", _: None) -> bool:
    """Bear the oldest reversal that waits. Returns whether it takes two people; it is done in any
    case.
    """
    reversal = first_recorded(owner)
    reversal.status = "ACCEPTED"
    return two_people.credits_(owner, reversal.rest)


def win(owner: "Merchant", which: int) -> None:
    """The money of a reversal comes back: what was charged again, or taken from what was unapplied,
    is the merchant's.
    """
    reversal = one_of([one for one in reversals_of(owner) if not one.came_back], which)
    reversal.came_back = True
    if reversal.status == "RECORDED":
        reversal.status = "CANCELLED"
    lost = reversal.amount if reversal.status == "CHARGED" else reversal.taken
    if lost:
        owner.account.receive_unapplied(lost)
