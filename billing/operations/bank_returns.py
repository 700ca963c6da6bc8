"""Records that a bank took back a payment which was booked, as an operator decides (rule 29.16).

Money that paid one bill alone is a reversal of that payment, and what follows is decided there. Any
other money, which paid several bills or none, is taken off the account whose it is by now: what is
unapplied still from there, and the rest is charged. Of a part of it, and of a part of what is on no
account any more, nothing is booked: an operator says that the line is no merchant's.
"""

from datetime import datetime

from django.db import transaction

from billing.models import BankLine, BankTransfer, BillingAccount, Payment, Reversal
from billing.operations import bank_matching, handing_over, reversals, transfers_moved
from billing.queries import bank_matching as queries
from billing.trail import Action
from lib import cells, money, wording
from lib.refusals import ChangedMeanwhile, Invalid, Refused

Status, Why = BankLine.Status, BankLine.Why


class NotReturnable(Refused):
    """What the line takes back is not what this decision is for, or there is less of it."""

    code = "not_returnable"


@transaction.atomic
def say(*, line_id: int, statement: str, number: int, actor: str, now: datetime) -> BankLine:
    """Say which line, by its statement's name and its number there, is taken back by a line of
    which that was not known, with a trail row: from then on it is a return, about which is still to
    be decided. Where the other line is another cell's by now, this one is handed to that cell, and
    it is said there.

    Raises UnknownLine, AlreadyDecided for a line that is not open, ChangedMeanwhile, and Invalid
    for one that came in, and where that line is none that came in and was booked, is taken back
    already, is of another account of ours, or is of less. It locks the line, and before it the
    account that has the other line's money.
    """
    # What becomes of that line's money, and which line takes it back, is decided under the lock of
    # the account that has it: so of two lines one takes it back, and the job meets what was said.
    if place := _handed_on(line_id, statement, number):
        cell, statement = place
        if cell != cells.number():
            return _say_elsewhere(line_id, cell, statement, actor, now)
        number = 1
    likely = _left(line_id, statement, number)
    key = queries.account_of(likely) if likely else None
    bank_matching.lock(key, now)
    line = bank_matching.lock_line(line_id)
    _check_is_unclear(line)
    returned = _left(line_id, statement, number)
    if returned is not None and queries.account_of(returned) != key:
        raise ChangedMeanwhile("line: the money of that one was booked elsewhere meanwhile")
    if returned is None:
        raise Invalid("number", f"no booked line {number} of {statement} is left to be taken back")
    if returned.amount < -line.amount:
        raise Invalid("number", f"only {money.full(returned.amount)} came in with that line")
    line.status, line.why, line.returns = Status.RETURN, Why.BY_HAND, returned
    line.account_id = queries.account_of(returned)
    line.decided_at, line.decided_by = now, actor
    line.save()
    bank_matching.write_trail(Action.BANK_LINE_RETURNS, line, actor, "")
    return line


def _left(line_id: int, statement: str, number: int) -> BankLine | None:
    """The line with this number in the statement of this name, of the same account of ours and in
    the same currency as the line with the key `line_id`; None unless that came in, was booked, and
    is not taken back by another line.
    """
    line = BankLine.objects.select_related("statement").filter(pk=line_id).first()
    if line is None:
        return None
    found = queries.to_take_back().filter(
        statement__account=line.statement.account,
        statement__name=statement.strip(),
        currency=line.currency,
        number=number,
    )
    return found.select_related("transfer").first()


def _check_is_unclear(line: BankLine) -> None:
    """Raise AlreadyDecided for a line that is not open, and Invalid for one that came in."""
    bank_matching.check(line, (Status.OPEN,))
    if not line.is_unclear_return:
        raise Invalid("line", "it came in, and takes nothing back")


def _handed_on(line_id: int, statement: str, number: int) -> tuple[int, str] | None:
    """Look up where the line is by now that `_left` would find, if it was handed to
    another cell: the number of the cell that has it, and the name of the statement
    there that has it alone. It is followed from cell to cell, so that may be the
    present cell again. A step that is still on its way does not count. None if the line
    was not handed on, or if there is no line with the key `line_id`.
    """
    line = BankLine.objects.select_related("statement").filter(pk=line_id).first()
    place, cell, name = None, cells.number(), statement.strip()
    while line is not None:
        # From cell to cell, and always forward: each one is handed over after the one before.
        with cells.elsewhere(cell):
            handed = BankLine.objects.select_related("statement").filter(
                status=Status.ELSEWHERE,
                amount__gt=0,
                statement__account=line.statement.account,
                statement__name=name,
                currency=line.currency,
                number=1 if place else number,
            )
            found = handed.first()
        if found is None:
            break
        assert found.cell is not None
        place = cell, name = found.cell, handing_over.name_of(found)
    return place


def _say_elsewhere(line_id: int, cell: int, statement: str, actor: str, now: datetime) -> BankLine:
    """Do as `say` where the line that is taken back is in another cell by now, in the statement of
    this name, which has it alone: the line with the key `line_id` is handed to that cell, and
    returned as it is there. It locks the line here, and there what `say` does.
    """
    line = bank_matching.lock_line(line_id)
    _check_is_unclear(line)
    there = handing_over.by_hand(line, cell, actor=actor, now=now)
    with cells.elsewhere(cell):
        return say(line_id=there.pk, statement=statement, number=1, actor=actor, now=now)


@transaction.atomic
def take_back(*, line_id: int, actor: str, reason: str, now: datetime) -> BankLine:
    """Record that the payment of one bill was returned, or a part of it, as the line with this key
    says, which is a return: a reversal of it, which waits for what is decided about it (rule 18.4),
    and of which the merchant is notified. A trail row is written. Where the money is on no account
    any more, as an operator had said that it was nobody's, and all of it comes back, only the line
    is booked.

    Raises UnknownLine, AlreadyDecided for a line that is no return, ChangedMeanwhile, Invalid
    without a reason, and NotReturnable where the money paid no bill by itself, less of it is left,
    or only a part comes back of what is on no account any more. It locks the line, and before it
    the account and its credit line. Rule 29.16.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    line, account, transfer = _hold(line_id, now)
    if transfer.is_moved:
        _check_is_whole(line, transfer)
        return _book(line, account, transfer, None, actor, reason)
    payment = transfer.payment
    if payment is None or not queries.paid_one_invoice(transfer):
        raise NotReturnable("line: its money did not pay one bill alone; take it off the account")
    reversal = reversals.record(
        _report(line, payment), payment_id=payment.pk, actor=actor, now=account.now
    )
    if reversal is None or reversal.amount != -line.amount:
        raise NotReturnable("line: less is left of the payment than was taken back")
    return _book(line, account, transfer, reversal, actor, reason)


@transaction.atomic
def take_off(*, line_id: int, actor: str, reason: str, told: str, now: datetime) -> BankLine:
    """Record that money was returned which paid several bills, or of which some or all was
    unapplied, as the line with this key says: it is taken off the account. What is unapplied of it
    still is taken from there, and the rest is charged at once, as with a transfer that never came
    (rule 17.9). The merchant is notified and reads `told`. It writes trail rows, and locks the
    account and the line.

    Raises UnknownLine, AlreadyDecided for a line that is no return, ChangedMeanwhile, Invalid
    without both texts, and NotReturnable where the money paid one bill alone, only a part of it
    came back, or it is on no account any more. Rule 29.16.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    line, account, transfer = _hold(line_id, now)
    _check_is_whole(line, transfer)
    if transfer.is_moved or queries.paid_one_invoice(transfer):
        raise NotReturnable("line: its money paid one bill alone, or is on no account any more")
    transfers_moved.move(
        transfer_id=transfer.pk, to="", reason=reason, told=told, actor=actor, now=account.now,
        is_returned=True,
    )  # fmt: skip
    transfer.refresh_from_db()
    return _book(line, account, transfer, None, actor, reason)


def _check_is_whole(line: BankLine, transfer: BankTransfer) -> None:
    """Raise NotReturnable, which says what to do instead, if the line takes back only a part of the
    transfer, of which nothing is booked (is_part_for_people).
    """
    if not queries.is_part_for_people(line, transfer):
        return
    came_back = f"{money.full(-line.amount)} of {money.full(transfer.amount)} came back"
    if transfer.is_moved:
        raise NotReturnable(
            f"line: {came_back}, which is on no account any more: say here that the line is no"
            " merchant’s"
        )
    raise NotReturnable(
        f"line: {came_back}, which had not paid one bill alone: charge what is missing by hand, and"
        " say here that the line is no merchant’s"
    )


def _hold(line_id: int, now: datetime) -> tuple[BankLine, BillingAccount, BankTransfer]:
    """Lock and return the line, which is a return; the account that has the money which it takes
    back, or had it last, locked before; and the transfer by which it has it. Raises UnknownLine,
    AlreadyDecided for any other line, ChangedMeanwhile if the money was booked elsewhere while the
    account was locked.
    """
    line, account = bank_matching.hold(line_id, (Status.RETURN,), now)
    assert line.returns is not None
    assert account is not None
    return line, account, queries.present(line.returns)


def _book(
    line: BankLine,
    account: BillingAccount,
    transfer: BankTransfer,
    reversal: Reversal | None,
    actor: str,
    reason: str,
) -> BankLine:
    """Mark the locked line as booked: as the return of this transfer, by the reversal, or without
    one if its money is on no account any more. Writes a trail row. No money is moved here: that is
    for the caller, before.
    """
    at = reversal.recorded_at if reversal else max(account.now, transfer.moved_at or account.now)
    line.reversal, line.account, line.reason = reversal, account, reason
    line.status, line.booked_at = Status.BOOKED, at
    line.decided_at, line.decided_by = at, actor
    line.save()
    bank_matching.write_trail(Action.BANK_LINE_TAKEN_BACK, line, actor, line.reason)
    return line


def _report(line: BankLine, payment: Payment) -> reversals.ProviderReport:
    """What the bank says of the money of this payment that it took back, as a provider's report of
    a RETURN: its amount is above 0, and its reference names the line.
    """
    return reversals.ProviderReport(
        provider=Payment.Provider.MANUAL,
        reference=f"{line.statement.name[:60]}/{line.statement_id}-{line.number}",
        kind=Reversal.Kind.RETURN,
        money_reference=payment.provider_reference,
        amount=-line.amount,
        state=line.return_reason or "returned",
        came_back=False,
        is_ours=False,
    )
