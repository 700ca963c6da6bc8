"""The value date of a transfer: the day on which its money arrived at our bank (rule 16.19)."""

from datetime import date, datetime

from django.db import transaction

from billing.models import BankTransfer, BillingAccount
from billing.operations import accounts, dunning
from billing.queries import arrivals
from billing.trail import Action
from lib import wording
from lib.refusals import AlreadyDecided, Invalid, Refused
from merchants.queries import local_day
from trail import operations as trail


class UnknownTransfer(Refused):
    """There is no such transfer."""

    code = "unknown_transfer"


class WouldCountAsLate(Refused):
    """The bill that the transfer paid counts as paid in time, and would be late by that day."""

    code = "would_count_as_late"


def checked(account: BillingAccount, arrived_on: date | None) -> date:
    """The local day on which a transfer that is recorded now on the locked account arrived: today
    if none is said. Raises Invalid for a day to come, or before the merchant joined.
    """
    return _within(account, arrived_on or account.open_on, account.open_on)


def _within(account: BillingAccount, day: date, latest: date) -> date:
    """Return the day. Raises Invalid if it is after `latest`, or before the account's merchant
    joined.
    """
    if not account.joined_on <= day <= latest:
        raise Invalid("arrived_on", f"must be between {account.joined_on} and {latest}")
    return day


@transaction.atomic
def correct(
    *, transfer_id: int, arrived_on: date, reason: str, actor: str, now: datetime
) -> BankTransfer:
    """Correct the day on which a transfer's money arrived, with a trail row. It is the day from
    which the bill that it paid counts as paid; no entry and no instant of the books changes. The
    freeze of the line for unpaid bills is adjusted; the merchant is notified of one that is lifted.
    The same day again changes nothing.

    A bill that counts as paid in time is not made late by it. Raises UnknownTransfer,
    AlreadyDecided for a transfer that was booked elsewhere, WouldCountAsLate, and Invalid without a
    reason, for a day after the transfer was recorded, or before the merchant joined. It locks the
    transfer's account and credit line. Rule 16.19.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    account, transfer = hold(transfer_id, now=now)
    before = transfer.arrived_on
    day = _within(account, arrived_on, local_day(account, transfer.recorded_at))
    if day == before:
        return transfer
    in_time = _paid_in_time(transfer)
    transfer.arrived_on = day
    transfer.save(update_fields=["arrived_on"])
    if late := in_time - _paid_in_time(transfer):
        raise WouldCountAsLate(f"bill: {', '.join(sorted(late))} would be late by {day}")
    reconsider_freeze(account, transfer)
    trail.write(
        Action.VALUE_DATE_CORRECTED,
        merchant_id=account.pk,
        subject=str(transfer),
        before={"arrived_on": before.isoformat()},
        after={"arrived_on": day.isoformat()},
        actor=actor,
        reason=reason,
        now=account.now,
    )
    return transfer


def hold(transfer_id: int, *, now: datetime) -> tuple[BillingAccount, BankTransfer]:
    """Lock the account and credit line of a transfer that was not booked elsewhere; returns the
    account and the transfer. Raises UnknownTransfer, AlreadyDecided.
    """
    found = BankTransfer.objects.filter(pk=transfer_id)
    account_id = found.values_list("account", flat=True).first()
    if account_id is None:
        raise UnknownTransfer(f"transfer: there is no transfer {transfer_id}")
    account, _ = accounts.lock_both(account_id, now=now)
    transfer = BankTransfer.objects.select_related("payment__invoice").get(pk=transfer_id)
    if transfer.is_moved:
        raise AlreadyDecided(f"transfer: {transfer} was booked elsewhere")
    return account, transfer


def reconsider_freeze(account: BillingAccount, transfer: BankTransfer) -> None:
    """Let the day on which the transfer's money arrived count for the freeze of the account's
    credit line for unpaid bills. It is lifted, and the merchant notified, if all bills that caused
    it were paid in time by that day, or if no bill is unpaid any more; otherwise it stays as it is,
    with its start. Either way the days on which bills that are still unpaid will freeze the line
    are recorded anew. The caller has locked the line. Does nothing if the money arrived today, or
    if no unpaid bill freezes the line or is going to. Rule 16.19.
    """
    if transfer.arrived_on < account.open_on:
        dunning.reconsider(account, now=account.now)


def _paid_in_time(transfer: BankTransfer) -> set[str]:
    """The numbers of those bills that count as paid in time, of those that the transfer paid."""
    return {
        str(invoice)
        for invoice in arrivals.invoices_of(transfer)
        if arrivals.was_in_time(invoice, list(invoice.payments.all()))
    }
