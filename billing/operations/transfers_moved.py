"""Undoes a transfer that was booked on the wrong account or bill, by a second entry (rule
17.9).
"""

from datetime import date, datetime

from django.db import transaction
from moneyed import Money

from billing.models import BankTransfer, BillingAccount, Fee, UnappliedEntry
from billing.models.transfers import MOST_OF_REFERENCE
from billing.notices.unapplied import TRANSFER_MOVED
from billing.operations import accounts, charges, closing, transfers, unapplied, value_dates
from billing.proposals import TRANSFER
from billing.queries import bank_matching, reversals
from billing.trail import Action
from lib import money, wording
from lib.refusals import CurrencyMismatch, Refused
from merchants.models import Merchant, Proposal
from merchants.operations import two_people
from merchants.operations.merchants import UnknownMerchant
from merchants.sorts import PAY_OUT
from notices.operations import notices
from trail import operations as trail

Kind = UnappliedEntry.Kind
# What the merchant is told: the money is another's, and is charged again or was all unapplied
# still; or it pays other bills.
AWAY, TAKEN, OTHER_INVOICE = "AWAY", "TAKEN", "OTHER_INVOICE"
# The same of money that the bank took back, and of money that never came.
RETURNED_AWAY, RETURNED = "RETURNED_AWAY", "RETURNED"
NEVER_CAME_AWAY, NEVER_CAME = "NEVER_CAME_AWAY", "NEVER_CAME"


class BookedThere(Refused):
    """The account has a transfer under this reference already, which may be the same one, or the
    transfer named no bill, so that nothing would change.
    """

    code = "booked_there"


class TakenBack(Refused):
    """The bank has taken the transfer back, or a part of it, which a reversal says already."""

    code = "taken_back"


@transaction.atomic
def move(
    *,
    transfer_id: int,
    to: str,
    reason: str,
    told: str,
    actor: str,
    now: datetime,
    proposal: Proposal | None = None,
    is_returned: bool = False,
    is_another: bool = False,
) -> BankTransfer:
    """Take a transfer off the account and the bill that it was booked on, and book it where it
    belongs: with the merchant of reference `to`, which may be the same one when only the bill was
    wrong, or nowhere if it never came (`to` is empty). Writes a trail row.

    What is left of it as unapplied money is taken from there, and the rest is charged, at once and
    in no statement; on a closed account a FINAL bill takes that. The bill stays PAID. Where it
    belongs it is unapplied money, which pays unpaid bills at once. The merchant is notified and
    reads `told`; `reason` is for colleagues. `is_returned` says that the money came and the bank
    took it back (rule 29.16). Returns the transfer that was moved.

    A transfer of the same reference that the other merchant has already may be the same money, and
    refuses it (BookedThere), unless `is_another` says that it is not, or each of the two is a line
    of the bank's: then this one has its key behind its reference there.

    A transfer of which the bank has taken back all or a part, by a reversal of what it paid of a
    bill, is refused (TakenBack): what the merchant has of that is decided about with the reversal,
    and none of it, or not all, is left to be booked elsewhere.

    If another merchant gains by it, that one is notified of the unapplied money, and it counts
    among operators' decisions as a pay-out to that one: above the day's figure it takes the
    `proposal` that a second person confirms (TakesTwoPeople). Raises UnknownTransfer,
    AlreadyDecided, TakenBack, UnknownMerchant, BookedThere, CurrencyMismatch, ChangedMeanwhile,
    Invalid without both texts. It locks both accounts and their credit lines. Rule 17.9.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    told = wording.checked("told", told)
    account, transfer, other = _hold(transfer_id, to, now)
    _check_is_ours(transfer)
    if other is not None:
        _check(account, transfer, other, proposal, is_another=is_another)
    before = _standing(account, transfer)
    left_as = Kind.REVERSED if is_returned else Kind.MOVED if other else UnappliedEntry.NEVER_CAME
    _take_off(account, transfer, told, actor, left_as=left_as)
    _notify(transfer, account, other, is_returned=is_returned)
    if other is not None:
        _book(transfer, other, actor, proposal)
    _write_trail(transfer, before, _standing(account, transfer), to, actor, reason, proposal)
    closing.invoice_again(account, actor=actor)
    return transfer


def _hold(
    transfer_id: int, to: str, now: datetime
) -> tuple[BillingAccount, BankTransfer, BillingAccount | None]:
    """Lock the account of a transfer and the one that it goes to, both with their credit lines;
    returns the account, the transfer, and the other account: the same one if `to` is its merchant,
    None if `to` is empty. Of two accounts the one with the lower key is locked first, whichever way
    the money goes. Raises UnknownTransfer, AlreadyDecided, UnknownMerchant.
    """
    target = None
    if to:
        found = Merchant.objects.filter(reference=to, billing_account__isnull=False)
        target = found.values_list("pk", flat=True).first()
        if target is None:
            raise UnknownMerchant(f"merchant: there is none with the reference {to}")
    concerned = BankTransfer.objects.filter(pk=transfer_id).values_list("account", flat=True)
    accounts.hold_both({*concerned, *([target] if target else [])})
    account, transfer = value_dates.hold(transfer_id, now=now)
    if target is None or target == account.pk:
        return account, transfer, account if target else None
    other, _ = accounts.lock_both(target, now=now)
    return account, transfer, other


def _check_is_ours(transfer: BankTransfer) -> None:
    """Raise TakenBack if the bank took back some or all of the money of the transfer, whose account
    is locked, so that no reversal of it is recorded at the same time.
    """
    if taken := reversals.of_transfer(transfer):
        raise TakenBack(
            f"transfer: the bank took back {money.full(taken)} of {money.full(transfer.amount)};"
            " what follows of that is decided with the reversal, and it is booked nowhere else"
        )


def _check(
    account: BillingAccount,
    transfer: BankTransfer,
    other: BillingAccount,
    proposal: Proposal | None,
    *,
    is_another: bool,
) -> None:
    """Check that the transfer can go to the account `other` now. Raises BookedThere if that is the
    same account and the transfer named no bill, or if it has a transfer of this reference already
    that may be the same money, and nobody has said that it `is_another`; CurrencyMismatch;
    TakesTwoPeople if it takes a second person and there is no `proposal`; and ChangedMeanwhile if
    that is of other figures.
    """
    if other is account:
        if transfer.payment is None:
            raise BookedThere("to: the transfer named no bill, so nothing would change")
        return
    if other.currency != account.currency:
        raise CurrencyMismatch(transfer.currency, other.currency)
    known = other.transfers.filter(
        reference=transfer.reference, status=BankTransfer.Status.RECORDED
    ).first()
    if known and not is_another and not _are_two_lines(transfer, known):
        raise BookedThere(
            f"to: {other.merchant} has a transfer {transfer.reference} of"
            f" {money.full(known.amount)} already. If that is this money, leave it empty; if it is"
            " another transfer, say so"
        )
    wanted = two_people.Change(
        kind=TRANSFER,
        subject=str(transfer),
        merchant_id=other.pk,
        before={"booked_for": account.merchant.reference},
        after={
            "booked_for": other.merchant.reference,
            "amount": money.full(transfer.amount),
        }
        | ({"beside": f"{known.reference} of {money.full(known.amount)}"} if known else {}),
    )
    two_people.check_figure(
        PAY_OUT, transfer.amount.amount, wanted, currency=other.currency, day=other.open_on,
        proposal=proposal,
    )  # fmt: skip


def _are_two_lines(transfer: BankTransfer, other: BankTransfer) -> bool:
    """Whether each of the two is a line of the bank's, so that they are two movements for certain,
    as a transfer is one line's alone.
    """
    return bank_matching.is_of_a_line(transfer) and bank_matching.is_of_a_line(other)


def _take_off(
    account: BillingAccount, transfer: BankTransfer, told: str, actor: str, *, left_as: str
) -> None:
    """Take the transfer's money from the account: from unapplied money what the transfer brought
    there, as far as there is as much (unapplied.move_away), and the rest by a charge. The transfer
    is MOVED, for the reason that the merchant is `told`; the merchant is not notified of that here,
    but of what left unapplied money, `left_as` what unapplied.move_away says. `account` is loaded
    again.
    """
    transfer.taken = unapplied.move_away(
        account, transfer, left_as=left_as, actor=actor, now=account.now
    )
    if rest := transfer.amount - transfer.taken:
        transfer.charge = charges.record_own(
            account,
            fee=Fee.objects.get(pk=Fee.TRANSFER_MOVED),
            reference=f"{Fee.TRANSFER_MOVED}:{transfer.pk}",
            amount=rest,
            description=transfer.reference,
            now=account.now,
        )
        account.refresh_from_db()
    transfer.status = BankTransfer.Status.MOVED
    transfer.moved_at, transfer.moved_by, transfer.moved_reason = account.now, actor, told
    transfer.save(
        update_fields=["status", "moved_at", "moved_by", "moved_reason", "taken", "charge"]
    )


def _book(
    transfer: BankTransfer, other: BillingAccount, actor: str, proposal: Proposal | None
) -> None:
    """Book the money of the moved transfer as a new transfer on the locked account `other`, all of
    it as unapplied money, and keep it as what the moved one `becomes`. If `other` is another
    merchant's, the decision is noted among operators'. The merchant is notified of the unapplied
    money.
    """
    booked = transfers.write(
        other,
        _reference(transfer, other),
        transfer.amount,
        _day(other, transfer.arrived_on),
        rest=transfer.amount,
        actor=actor,
    )
    transfer.becomes = booked
    transfer.save(update_fields=["becomes"])
    if other.pk != transfer.account_id:
        two_people.note(
            PAY_OUT, subject=f"transfer {booked.pk}", merchant_id=other.pk,
            currency=other.currency, figure=booked.amount.amount, day=other.open_on,
            proposal=proposal, actor=actor, now=other.now,
        )  # fmt: skip


def _reference(transfer: BankTransfer, other: BillingAccount) -> str:
    """The reference under which the moved transfer is booked on the locked account `other`.
    It is its own, unless another transfer is recorded there under that: then its key in
    brackets is put behind it, and an overlong reference is cut before that. Raises
    BookedThere if a transfer is recorded there under the longer reference, too.
    """
    if not transfers.is_recorded(other.pk, transfer.reference):
        return transfer.reference
    reference = f"{transfer.reference[:MOST_OF_REFERENCE]} ({transfer.pk})"
    if transfers.is_recorded(other.pk, reference):
        raise BookedThere(f"to: {other.merchant} has a transfer {reference} already")
    return reference


def _day(account: BillingAccount, arrived_on: date) -> date:
    """The day in `account`'s own time zone as which a transfer that arrived on `arrived_on` is
    booked there: not after its open day, nor before its merchant joined.
    """
    return min(max(arrived_on, account.joined_on), account.open_on)


def _standing(account: BillingAccount, transfer: BankTransfer) -> dict[str, str]:
    """The transfer's status and what the account has outstanding and unapplied, for the trail."""
    return {
        "status": str(transfer.status),
        "outstanding": money.full(account.outstanding),
        "unapplied": money.full(account.unapplied),
    }


def _write_trail(
    transfer: BankTransfer,
    before: dict[str, str],
    after: dict[str, str],
    to: str,
    actor: str,
    reason: str,
    proposal: Proposal | None,
) -> None:
    """Write the trail row of a transfer that was moved to the merchant of reference `to`, or
    nowhere; with its reference there, if that is another one.
    """
    assert transfer.moved_at is not None
    there = transfer.becomes.reference if transfer.becomes else transfer.reference
    trail.write(
        Action.TRANSFER_MOVED,
        merchant_id=transfer.account_id,
        subject=str(transfer),
        before=before,
        after=after
        | {"to": to, "bill": transfer.invoice_number, "amount": money.full(transfer.amount)}
        | ({"reference": there} if there != transfer.reference else {})
        | two_people.proposed_by(proposal),
        actor=actor,
        reason=reason,
        now=transfer.moved_at,
    )


def _notify(
    transfer: BankTransfer,
    account: BillingAccount,
    other: BillingAccount | None,
    *,
    is_returned: bool,
) -> None:
    """Tell the merchant's people that the transfer was taken off their account, and why: that it
    pays other bills of theirs (`other` is their account), is another merchant's or never came
    (`other` is None), or that the bank took it back (`is_returned`); and how much of it is charged
    again, if any is.
    """
    assert transfer.moved_at is not None
    if is_returned:
        status = RETURNED_AWAY if transfer.charge else RETURNED
    elif other is None:
        status = NEVER_CAME_AWAY if transfer.charge else NEVER_CAME
    else:
        status = OTHER_INVOICE if other is account else AWAY if transfer.charge else TAKEN
    charged: Money = transfer.amount - transfer.taken
    notices.write(
        merchant_id=transfer.account_id,
        kind=TRANSFER_MOVED,
        cause=str(transfer.pk),
        at=transfer.moved_at,
        status=status,
        reference=transfer.reference,
        number=transfer.invoice_number,
        amount=money.text(transfer.amount),
        charged=money.text(charged),
        currency=transfer.currency,
        answer=transfer.moved_reason,
    )
