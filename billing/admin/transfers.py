"""The admin pages of bank transfers that were recorded: booked elsewhere, and their value dates."""

from typing import Any

from django.contrib import admin

from backoffice.columns import amount, figure, related
from backoffice.decisions import Call, Decision
from backoffice.list_pages import FoundByKeys
from billing.admin import shown
from billing.admin.forms import TransferMoved, ValueDate
from billing.admin.shown import AboutAccount
from billing.models import BankTransfer
from billing.operations import transfers_moved, value_dates
from billing.queries import reversals
from merchants.admin.two_people import CallOrPropose, done


def _move_effect(transfer: BankTransfer) -> str:
    """What an operator reads before taking the transfer off this account: its amount and reference,
    that what is unapplied of it is taken and the rest charged again, on a closed account with a
    final bill, that a bill it paid stays paid, that the right merchant gets it as unapplied money,
    and that the merchant here is told why, without another merchant's name.
    """
    paid = f" Bill {transfer.invoice_number} stays paid." if transfer.payment else ""
    billed = " A final bill takes it." if transfer.account.is_closed else ""
    return (
        f"{figure(transfer.amount)} came off account {transfer.account.merchant} under"
        f" {transfer.reference}: what is left of it as unapplied money is taken from there, and the"
        f" rest is charged again at once.{billed}{paid} The right merchant gets it as unapplied"
        " money, which pays unpaid bills at once. The merchant here is told why; write no other"
        " merchant's name."
    )


def _can_move(transfer: BankTransfer) -> bool:
    """Whether the transfer was not booked elsewhere yet, and the bank has taken back none of what
    it paid of a bill, or has given that back since.
    """
    return not transfer.is_moved and not reversals.of_transfer(transfer)


def _value_date_effect(transfer: BankTransfer) -> str:
    """What an operator reads before correcting the value date: the recorded one; that a bill paid
    by the transfer counts as paid on the new day; that, if this is its due day or before, it counts
    as unpaid no more, and a freeze that only such bills caused is lifted; and that no entry
    changes.
    """
    return (
        f"The money of {figure(transfer.amount)} arrived on {transfer.arrived_on:%d %B %Y}, as it"
        " was recorded. A bill that it paid counts as paid on that day. If that is its due day or"
        " before, it does not count as unpaid any more, and a freeze that only such bills caused is"
        " lifted. No entry changes."
    )


def _present(transfer: BankTransfer) -> dict[str, Any]:
    """The initial data of the form: the value date as it was recorded."""
    return {"arrived_on": transfer.arrived_on}


@admin.register(BankTransfer)
class BankTransferAdmin(AboutAccount, FoundByKeys):
    merchant = "account__merchant"
    keys = ("reference", "account__merchant__reference")
    search_help_text = "The bank's reference, or the merchant's."
    is_long = True
    list_display = (
        "__str__",
        related("account__merchant"),
        amount("amount"),
        "arrived_on",
        "payment",
        "status",
        "recorded_at",
        "recorded_by",
        "moved_by",
    )
    list_filter = ("status",)
    list_select_related = ("account__merchant", "payment__invoice")
    decisions = (
        # Two accounts are locked by it, and that in the order of their keys, so no page may hold
        # one of them before; that a transfer is moved once is the operation's own refusal.
        Decision(
            "move",
            "Booked wrongly",
            form=TransferMoved,
            effect=_move_effect,
            shown=shown.transfer,
            commits_itself=True,
            carry_out=CallOrPropose(transfers_moved.move, "transfer_id"),
            done=done("The transfer is booked elsewhere."),
            is_open=_can_move,
        ),
        Decision(
            "value-date",
            "Correct the value date",
            form=ValueDate,
            effect=_value_date_effect,
            initial=_present,
            shown=shown.transfer,
            is_so=shown.has_arrived_on,
            carry_out=Call(value_dates.correct, "transfer_id"),
            done="The value date is corrected.",
            is_open=lambda transfer: not transfer.is_moved,
        ),
    )
