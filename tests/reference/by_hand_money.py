"""What operators do by hand with orders, proceeds and money that is elsewhere (chapters 4, 9, 10,
17 and 19). Each act says whether it takes two operators.
"""

from decimal import Decimal
from typing import TYPE_CHECKING

from . import two_people, withdrawals
from .invoices import Charge, Transfer
from .meant import one_of, order_of
from .money import ZERO
from .orders import Correction, ProceedsEntry
from .refusals import Refused
from .reversals import reversals_of

if TYPE_CHECKING:
    from .model import Merchant


# Orders and proceeds (rule 4.21, rule 4.22, rule 9.6)


def cancel_order(owner: "Merchant", reference: str) -> None:
    """Cancel the order as the platform's own word would; with the same reason that is a repeat from
    then on. Raises Refused.
    """
    order_of(owner, reference)
    content = {"order": reference, "reason": "We have looked at it."}
    owner.line.cancel(content, owner.line.now, owner.line.now)
    owner.seen["order.cancelled", reference] = content


def refund_order(owner: "Merchant", what: tuple[str, str, Decimal]) -> None:
    """Refund the order under a reference of the operator's among the refunds of the merchant.
    Raises Refused.
    """
    reference, refund, amount = what
    line, content = owner.line, {
        "order": reference, "refund": refund, "amount": amount, "currency": owner.line.currency,
    }  # fmt: skip
    order_of(owner, reference)
    if ("order.refunded", refund) in owner.seen:
        raise Refused("conflict")
    line.refund(content, line.now, line.now, owner.open_day)
    owner.seen["order.refunded", refund] = content


def write_off(owner: "Merchant", reference: str) -> bool:
    """Write the order off. Returns whether it takes two people. Raises Refused."""
    line, order = owner.line, order_of(owner, reference)
    if order.status != "OPEN":
        raise Refused("order_not_open")
    if order.overdue(owner.open_day) == 0:
        raise Refused("order_not_overdue")
    takes_two = two_people.pays_out(owner, order.outstanding, from_account=False)
    line.give_up(order)
    line.lift_overdue(owner.open_day)
    return takes_two


def correct(owner: "Merchant", amount: Decimal) -> bool:
    """Add the amount to proceeds or take it, whatever is there; it has matured. Returns whether it
    takes two people.
    """
    owner.line.corrections.append(Correction(amount))
    return enter_correction(owner, amount)


def take_correction_back(owner: "Merchant", which: int) -> bool:
    """Take back the `which`-th correction by another one of the opposite amount. Returns whether it
    takes two people; it is done in any case.
    """
    found = one_of([one for one in owner.line.corrections if not one.is_over], which)
    found.is_over = True
    owner.line.corrections.append(Correction(-found.amount, is_over=True))
    return enter_correction(owner, -found.amount)


def enter_correction(owner: "Merchant", amount: Decimal) -> bool:
    """Add the amount, which may be below 0, to proceeds. Returns whether it takes two people; it is
    done in any case.
    """
    owner.line.proceeds.append(ProceedsEntry("CORRECTION", "", amount, owner.open_day))
    return two_people.pays_out(owner, abs(amount), from_account=False)


# Withdrawals (rule 10.16, rule 10.18)


def withdrawal_of(owner: "Merchant", which: int, status: str) -> withdrawals.Withdrawal:
    """The `which`-th withdrawal with this status, going round."""
    return one_of([one for one in owner.line.withdrawals if one.status == status], which)


def send_back(owner: "Merchant", which: int) -> bool:
    """The bank sent a paid withdrawal back: its amount is there again, its fee is kept. Returns
    whether it takes two people. Raises Refused.
    """
    found = withdrawal_of(owner, which, "PAID")
    found.status = "RETURNED_BY_BANK"
    entry = ProceedsEntry("SENT_BACK", "", found.amount, owner.open_day)
    owner.line.proceeds.append(entry)
    return two_people.pays_out(owner, found.amount, from_account=False)


def paid_after_all(owner: "Merchant", which: int) -> None:
    """A failed withdrawal was paid after all: amount and fee that had come back are taken again,
    whatever is there. Raises Refused.
    """
    found = withdrawal_of(owner, which, "FAILED")
    found.status = "PAID"
    taken = found.amount + found.fee
    owner.line.proceeds.append(ProceedsEntry("TAKEN_AGAIN", "", -taken, owner.open_day))


def block_destination(owner: "Merchant", which: int) -> None:
    """Block a destination: what was not sent to it comes back with its fee; what was sent goes on.
    Raises Refused.
    """
    line = owner.line
    found = one_of([one for one in line.destinations if not one.is_blocked], which)
    found.is_blocked = found.is_removed = True
    for one in line.withdrawals:
        if one.destination is found and one.status in ("REQUESTED", "APPROVED"):
            withdrawals.give_back(line, one, "REJECTED")
    if line.automatic is not None and line.automatic.destination is found:
        line.automatic = None


# Money that is elsewhere (rule 17.9, rule 19.3, rule 19.7)


def move_transfer(owner: "Merchant", what: tuple[int, str]) -> bool:
    """Move a transfer to another merchant, to another bill of the same one, or nowhere, as it never
    came. Returns whether it takes two people. Raises Refused.
    """
    which, to = what
    account = owner.account
    transfer = one_of([one for one in account.transfers if not one.is_moved], which)
    other = owner.find(to) if to else None
    if to and other is None:
        raise Refused("unknown_merchant")
    if other is owner and transfer.paid == 0:
        raise Refused("booked_there")
    if other is not None and other is not owner:
        if other.account.currency != account.currency:
            raise Refused("currency_mismatch")
        if any(one.reference == transfer.reference and not one.is_moved
               for one in other.account.transfers):  # fmt: skip
            raise Refused("booked_there")
    move(owner, transfer, other)
    if other is None or other is owner:
        return False
    return two_people.pays_out(other, transfer.amount, from_account=True)


def move(owner: "Merchant", transfer: Transfer, other: "Merchant | None") -> None:
    """Move the transfer: what is unapplied of it still is taken from there, and the rest is
    charged.
    """
    account, transfer.is_moved = owner.account, True
    taken = min(transfer.rest, account.unapplied)
    if taken:
        account.unapplied_entries.append(("MOVED", -taken))
    rest = transfer.amount - taken
    if rest:
        fee, today = "transfer-moved", owner.open_day
        moved = Charge(f"moved {id(transfer)}", fee, "TRANSACTION", rest, today)
        account.post([moved], today)
        if account.closed_on is None:
            account.check_threshold(today)
            account.guard(today)
    if other is not None:
        when = transfer.arrived_on, other.account.now, other.open_day
        moved_here = Transfer(transfer.reference, transfer.amount, ZERO, *when)
        other.account.transfers.append(moved_here)
        transfer.becomes = other.reference, moved_here
        other.account.receive_unapplied(transfer.amount)
    if account.closed_on is not None:
        account.bill_all(owner.open_day)
        account.pay_from_rest(owner.open_day)


def pay_out_rest(owner: "Merchant", _: None) -> bool:
    """Pay out what a closed account has in its merchant's favour, unapplied money included. Returns
    whether it takes two people. Raises Refused.
    """
    account = owner.account
    if account.closed_on is None:
        raise Refused("nothing_to_pay_out")
    if withdrawals.is_suspected(owner.line):
        raise Refused("withdrawals_stopped")
    if any(one.status == "DRAFT" for one in account.invoices):
        raise Refused("draft_waits")
    if any(one.undecided for one in account.invoices):
        raise Refused("payment_under_way")
    if any(one.status == "RECORDED" for one in reversals_of(owner)):
        raise Refused("reversal_undecided")
    if owner.is_taken_back():
        raise Refused("return_undecided")
    if max(-account.outstanding, ZERO) + account.unapplied == 0:
        raise Refused("nothing_to_pay_out")
    if any(one.is_unpaid for one in account.invoices):
        raise Refused("invoices_unpaid")
    return pay_out(owner)


def pay_out(owner: "Merchant") -> bool:
    """Pay out what is left in the closed account's favour, unapplied money included. Returns
    whether it takes two people; it is done in any case.
    """
    account, today = owner.account, owner.open_day
    rest, unapplied = max(-account.outstanding, ZERO), account.unapplied
    if rest:
        reference, fee = f"paid out {len(owner.given)}", "payout"
        account.post([Charge(reference, fee, "ACCOUNT_CREDIT", rest, today)], today)
    if unapplied:
        account.unapplied_entries.append(("GIVEN_BACK", -unapplied))
    return two_people.pays_out(owner, rest + unapplied, from_account=True)


def bill_rest(owner: "Merchant", _: None) -> None:
    """Bill what the closed account owes. Raises Refused."""
    account = owner.account
    if account.closed_on is None or account.outstanding <= 0:
        raise Refused("nothing_to_bill")
    account.bill_all(owner.open_day)
    account.pay_from_rest(owner.open_day)
