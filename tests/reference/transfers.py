"""Transfers, the days on which they arrived, and cards that are blocked (chapters 16 and 17 of
docs/rules.md).
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from . import collecting
from .invoices import Attempt, Transfer
from .meant import UNPAID, invoice_of, one_of
from .money import ZERO, Invalid
from .refusals import Refused

if TYPE_CHECKING:
    from .model import Merchant


def transfer(owner: "Merchant", sent: tuple[str, int | None, Decimal]) -> None:
    """Record money at our bank for a bill, or for none that it names; known by the bank's
    reference. Raises Refused.
    """
    record_transfer(owner, *sent, owner.open_day)


def transfer_all_but(owner: "Merchant", sent: tuple[str, int, Decimal]) -> None:
    """Record money for the `which`-th unpaid bill that leaves so much of it. Raises Refused."""
    reference, which, rest = sent
    amount = invoice_of(owner, which, UNPAID).left - rest
    if amount <= 0:
        raise Refused("none")
    named = [one for one in owner.account.invoices if one.status in (*UNPAID, "PAID", "DRAFT")]
    place = named.index(invoice_of(owner, which, UNPAID))
    record_transfer(owner, reference, place, amount, owner.open_day)


def record_transfer(
    owner: "Merchant", reference: str, which: int | None, amount: Decimal, arrived_on: date
) -> None:
    """Record a transfer for the `which`-th bill, or as unapplied money; what is too much is
    unapplied.
    """
    account = owner.account
    invoice = None
    if which is not None:
        invoice = invoice_of(owner, which, (*UNPAID, "PAID", "DRAFT"))
    for known in account.transfers:
        if known.reference == reference and not known.is_moved:
            if known.amount != amount:
                raise Refused("conflict")
            return
    if invoice is not None and invoice.status == "DRAFT":
        raise Refused("invoice_not_open")
    if invoice is not None and invoice.undecided:
        raise Refused("payment_under_way")
    if not account.joined_on <= arrived_on <= owner.open_day:
        raise Invalid("arrived before it joined, or is still to come")
    paid = min(amount, invoice.left) if invoice is not None and invoice.is_unpaid else ZERO
    made = Transfer(reference, amount, paid, arrived_on, account.now, owner.open_day)
    account.transfers.append(made)
    if invoice is not None and paid:
        made.payment = Attempt("manual", paid, "SUCCEEDED", account.now, came_with=[made])
        account.take(invoice, made.payment)
    if amount > paid:
        account.receive_unapplied(amount - paid)


def late_transfer(owner: "Merchant", sent: tuple[str, int | None, Decimal, int]) -> None:
    """Record a transfer of which is heard so many days after its money arrived. Raises Refused."""
    reference, which, amount, days = sent
    record_transfer(owner, reference, which, amount, owner.open_day - timedelta(days=days))


def correct_value_date(owner: "Merchant", what: tuple[int, int]) -> None:
    """Correct the day on which a transfer arrived to so many days before today; what counts as paid
    in time is not made late by it. Raises Refused.
    """
    which, days = what
    account, transfer = owner.account, one_of(owner.account.transfers, which)
    if transfer.is_moved:
        raise Refused("already_decided")
    day = owner.open_day - timedelta(days=days)
    if not account.joined_on <= day <= transfer.recorded_on:
        raise Invalid("before it joined, or after it was heard of")
    in_time = [one for one in account.invoices if one.is_in_time]
    before, transfer.arrived_on = transfer.arrived_on, day
    if not all(one.is_in_time for one in in_time):
        transfer.arrived_on = before
        raise Refused("would_count_as_late")
    owner.lift_if_paid()


def block_card(owner: "Merchant", which: int) -> None:
    """Block a card: what was collected from it waits for a transfer, or for another method. Raises
    Refused.
    """
    account = owner.account
    card = one_of([one for one in account.cards if not one.is_blocked], which)
    card.is_blocked = True
    if account.card is card:
        collecting.choose(owner, "manual")
