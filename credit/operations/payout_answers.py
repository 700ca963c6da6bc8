"""The bank's answers about withdrawals: a file is uploaded once, and a job processes it row by row.

A file is CSV in UTF-8, with commas, semicolons or tabs between its cells, and with the columns
reference, status (PAID or FAILED), bank_reference (of a PAID) and reason (of a FAILED). It may have
amount and currency: a row that names another amount than the withdrawal's is refused, but for 0 of
a FAILED, as which some banks say that nothing was paid. Or it is a pain.002 or camt.054, where
accounts of ours are set (credit.operations.bank_messages). A file may have tens of thousands of
rows, and each needs the lock of a line, so the upload does not wait for them.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from moneyed import CurrencyDoesNotExist, Money

from credit import withdrawal_failures
from credit.answer_files import csv_rows
from credit.answer_files.said import (
    BATCH,
    BOOKED,
    CREDITED,
    PENDING,
    REJECTED,
    RETURNED,
    SETTLED,
    TAKEN_BACK,
    UNDER_WAY,
    Said,
    UnreadableFile,
)
from credit.models import PayoutAnswer, PayoutAnswerFile, Withdrawal
from credit.operations import bank_messages, batches, payouts, withdrawals_undone
from credit.operations import withdrawal_transitions as steps
from credit.trail import Action
from lib import cells, money, texts
from lib.refusals import Refused
from merchants import moved
from trail import operations as trail

__all__ = ["AnotherAmount", "UnknownAnswer", "UnreadableFile", "take", "upload"]

AT_ONCE = 5000  # rows of one statement
Outcome = PayoutAnswer.Outcome


class AnotherAmount(Refused):
    """The bank says that it paid, rejected or sent back another amount, or in another currency,
    than the withdrawal's.
    """

    code = "another_amount"


class TakenBack(Refused):
    """The bank takes back what it had credited, such as a return. Nothing is booked by itself: a
    person finds out who has the money.
    """

    code = "taken_back"


class UnknownAnswer(Refused):
    """The status is neither PAID nor FAILED, nor one that a bank's message has."""

    code = "unknown_answer"


@transaction.atomic
def upload(*, content: bytes, actor: str, now: datetime) -> PayoutAnswerFile:
    """Store the rows of a file for the job that processes them, with a trail row that names who
    uploaded it. The file is a CSV or, where TAEL_PAYOUT_ACCOUNTS is set, also a bank's message: a
    pain.002 or a camt.054.

    Where the books are in cells, each row is stored in the cell that the withdrawal which it names
    is in, in a file of the same name; one that names none stays here (rule 30.12). Returns the file
    as it is here, or, if none of its rows is, as it is in the first cell that has some.

    The same file may be uploaded again: rows that were applied change nothing, and rows that were
    refused are checked once more. Raises UnreadableFile.
    """
    form, said = _read(content)
    name = f"A{now:%y%m%d}-{secrets.token_hex(3).upper()}"
    own, files = cells.number(), {}
    for number, of_cell in _by_cell(said).items():
        with cells.elsewhere(number):
            rows = [row for one in of_cell for row in bank_messages.of_each(form, one)]
            files[number] = _store(name, form, rows, actor, now)
    count = sum(file.row_count for file in files.values())
    trail.write(
        Action.BANK_ANSWERS_UPLOADED, actor=actor, subject=name, after={"rows": count}, now=now
    )
    return files[own if own in files else min(files)]


def _by_cell(said: Sequence[Said]) -> dict[int, list[Said]]:
    """What a file says, by the number of the cell that it says it of; all of it in an installation
    without cells. A file that says nothing is of this one.
    """
    if not cells.are_on() or not said:
        return {cells.number(): list(said)}
    found: dict[int, list[Said]] = {}
    left = moved.cells_of(one.reference for one in said)
    for one in said:
        for number in bank_messages.cells_of(one, left):
            found.setdefault(number, []).append(one)
    return found


def _store(
    name: str, form: str, rows: Sequence[Said], actor: str, now: datetime
) -> PayoutAnswerFile:
    """Store a file of this name with these rows, which wait for the job, and return it."""
    file = PayoutAnswerFile.objects.create(
        name=name, uploaded_at=now, uploaded_by=actor, row_count=len(rows), form=form
    )
    answers = [
        PayoutAnswer(file=file, row=row.number or place, **row.columns)
        for place, row in enumerate(rows, start=1)
    ]
    PayoutAnswer.objects.bulk_create(answers, batch_size=AT_ONCE)
    return file


def _read(content: bytes) -> tuple[str, list[Said]]:
    """The form of the file, and what it says row by row: what a bank's message (pain.002 or
    camt.054) says, where TAEL_PAYOUT_ACCOUNTS is set, and otherwise the rows of a CSV. Raises
    UnreadableFile.
    """
    if settings.TAEL_PAYOUT_ACCOUNTS and bank_messages.is_one(content):
        return bank_messages.read(content)
    return PayoutAnswerFile.Form.CSV, list(csv_rows.read(content))


@transaction.atomic
def take(answer_id: int, *, now: datetime) -> PayoutAnswer:
    """Apply one row of the bank's answers, in the name of its uploader, and return it with its
    outcome. A row that was processed already is returned as it is.

    A row that cannot be right ends as REFUSED, with the reason in `problem`, and raises nothing; if
    it names another amount than was sent, a withdrawal that is SENT becomes UNKNOWN all the same.
    Raises PayoutAnswer.DoesNotExist. It locks the row and the withdrawal's line. A withdrawal that
    ends by it, or comes back, has a trail row, and its merchant is notified.
    """
    answer = PayoutAnswer.objects.select_for_update(of=["self"]).select_related("file").get(
        pk=answer_id
    )  # fmt: skip
    if answer.outcome != Outcome.WAITING:
        return answer
    try:
        answer.outcome = _apply(answer, now)
    except Refused as refusal:
        answer.outcome, answer.problem = Outcome.REFUSED, str(refusal)
    answer.done_at = now
    answer.save(update_fields=["outcome", "problem", "done_at"])
    return answer


def _apply(answer: PayoutAnswer, now: datetime) -> str:
    """Apply the row to its withdrawal, in the name of who uploaded the file: mark it as PAID or
    FAILED, or record that its money came back, with a trail row and a notice to the merchant.
    Returns the row's outcome: KNOWN if that had been done already, and NOTED for a row of a message
    that is about no withdrawal, or says only that one is on its way. Raises the refusal of a row
    that cannot be applied. It locks the withdrawal's line, whose ended days are worked off first.
    """
    withdrawal = Withdrawal.objects.filter(
        reference=answer.reference, provider=Withdrawal.MANUAL
    ).first()
    if withdrawal is None:
        if bank_messages.concerns_none(answer):
            return Outcome.NOTED
        if answer.status == TAKEN_BACK and answer.file.form == PayoutAnswerFile.Form.CAMT_054:
            raise _taken_back(answer)
        if answer.status == BATCH:
            raise batches.refusal(answer)
        raise steps.UnknownWithdrawal(f"There is no withdrawal {answer.reference!r} sent by hand.")
    # Loaded again under the lock: another upload of the same file may have ended it meanwhile.
    withdrawal = steps.hold(withdrawal.pk, now=now)
    status = answer.status.upper()
    is_message = answer.file.form != PayoutAnswerFile.Form.CSV
    if status == Withdrawal.Status.PAID or (is_message and status in {BOOKED, *SETTLED}):
        return _pay(answer, withdrawal, now)
    if status == Withdrawal.Status.FAILED or (is_message and status in REJECTED):
        return _fail(answer, withdrawal, now)
    if is_message and status in {RETURNED, CREDITED}:
        return _return(answer, withdrawal, now)
    if is_message and status in {PENDING, *UNDER_WAY}:
        return Outcome.NOTED
    if is_message and status == TAKEN_BACK:
        raise _taken_back(answer, withdrawal)
    if is_message:
        raise UnknownAnswer(f"status: nobody here knows {answer.status!r}")
    raise UnknownAnswer(f"status: {answer.status!r} is neither PAID nor FAILED")


def _pay(answer: PayoutAnswer, withdrawal: Withdrawal, now: datetime) -> str:
    """Mark the withdrawal as paid, with a trail row and under its line's lock, notify the merchant,
    and return PAID. If it was paid before, also one that came back since, nothing is changed and
    KNOWN is returned, unless a CSV names another reference of the bank.

    That, and a withdrawal that ended otherwise, raises WithdrawalDecided; one that was not sent yet
    raises NotSent, one without a reference of the bank Invalid, and another amount AnotherAmount
    (`_check_amount`), which goes before all of this.
    """
    reference = answer.bank_reference
    _check_amount(answer, withdrawal, now, Withdrawal.Status.PAID)
    is_same = answer.file.form != PayoutAnswerFile.Form.CSV
    if withdrawal.was_paid and (is_same or withdrawal.provider_reference == reference):
        return Outcome.KNOWN
    payouts.mark_paid(
        withdrawal_id=withdrawal.pk, reference=reference, actor=answer.file.uploaded_by, now=now
    )
    return Outcome.PAID


def _fail(answer: PayoutAnswer, withdrawal: Withdrawal, now: datetime) -> str:
    """Mark the withdrawal as failed, with a trail row and under its line's lock, notify the
    merchant, and return FAILED; amount and fee return to the proceeds. If it had failed
    before, nothing is changed and KNOWN is returned, unless a CSV gives another reason.

    That, and a withdrawal that ended otherwise, raises WithdrawalDecided; one that was not
    sent yet raises NotSent, and a CSV without a reason Invalid. A row that names another amount
    raises AnotherAmount (`_check_amount`), which goes before all of this; 0 in a CSV says that
    nothing was paid, and passes. The merchant is told the reason in a CSV as it is, and for a
    message our sentence for its code.
    """
    reason, told = answer.reason, answer.reason
    is_message = answer.file.form != PayoutAnswerFile.Form.CSV
    if is_message or not _says_nothing_paid(answer):
        _check_amount(answer, withdrawal, now, Withdrawal.Status.FAILED)
    if is_message:
        reason = texts.shown(answer.reason or answer.status, texts.LONGEST_WORDS)
        told = withdrawal_failures.of_code(answer.reason)
    if withdrawal.is_failed and (is_message or withdrawal.reason == told):
        return Outcome.KNOWN
    payouts.mark_failed(
        withdrawal_id=withdrawal.pk,
        reason=reason,
        told=told,
        actor=answer.file.uploaded_by,
        now=now,
    )
    return Outcome.FAILED


def _return(answer: PayoutAnswer, withdrawal: Withdrawal, now: datetime) -> str:
    """Record that the money came back: of a withdrawal that was paid, that the bank sent it back
    (rule 10.16), and of one that was only sent, that it failed. Returns SENT_BACK or FAILED, or
    KNOWN if it had come back or failed before. Unless it is KNOWN, the merchant is notified, and a
    trail row written.

    Raises AnotherAmount, TakesTwoPeople for a paid withdrawal above the day's figure, NotSent for
    one that was not sent yet, and WithdrawalDecided for one that was rejected or cancelled. It
    locks the line.
    """
    if withdrawal.is_sent_back or withdrawal.is_failed:
        return Outcome.KNOWN
    _check_returned(answer, withdrawal)
    if not withdrawal.is_paid:
        return _fail(answer, withdrawal, now)
    withdrawals_undone.send_back(
        withdrawal_id=withdrawal.pk,
        reason=texts.shown(answer.reason or answer.status, texts.LONGEST_WORDS),
        told=withdrawal_failures.of_code(answer.reason),
        actor=answer.file.uploaded_by,
        now=now,
    )
    return Outcome.SENT_BACK


def _taken_back(answer: PayoutAnswer, withdrawal: Withdrawal | None = None) -> TakenBack:
    """The refusal, for the caller to raise, of a debit by which the bank takes back what it had
    credited; it says of which withdrawal, if it names one of ours, and what to do.
    """
    named = "no withdrawal that was sent by hand"
    if withdrawal is not None:
        named = f"withdrawal {withdrawal}, which is {withdrawal.status}"
    said = f"{answer.amount} {answer.currency}".strip()
    return TakenBack(
        f"The bank has debited {said}, taking back what it had credited, and names {named}. If a"
        " withdrawal came back by that credit, ask the bank what became of the money, and correct"
        " the merchant's proceeds if the merchant has it twice."
    )


def _check_returned(answer: PayoutAnswer, withdrawal: Withdrawal) -> None:
    """Raise AnotherAmount if another amount came back than was sent, such as less the charges of
    its bank, or one that cannot be read: a person decides who bears them. An answer without an
    amount passes.
    """
    said = f"{answer.amount} {answer.currency}".strip()
    try:
        is_same = _amount(answer, withdrawal) == withdrawal.amount
    except (ArithmeticError, ValueError, CurrencyDoesNotExist):
        is_same = False
    if not is_same:
        raise AnotherAmount(
            f"{said} came back, and {money.full(withdrawal.amount)} were sent: look at it, and"
            " record by hand what becomes of it."
        )


def _check_amount(answer: PayoutAnswer, withdrawal: Withdrawal, now: datetime, status: str) -> None:
    """Raise AnotherAmount if the row, which says that the withdrawal has ended with this `status`,
    names an amount or currency that is not the withdrawal's, or that cannot be read; NotSent if it
    is another one and the withdrawal was not sent yet. If it is another one, a withdrawal that is
    SENT becomes UNKNOWN, and one that has not ended has what is wrong as its `problem`
    (payouts.doubt), under its line's lock; if it cannot be read, nothing is stored. A row that
    names neither passes.
    """
    if not answer.amount and not answer.currency:
        return
    try:
        amount = _amount(answer, withdrawal)
    except (ArithmeticError, ValueError, CurrencyDoesNotExist):
        said = f"{answer.amount} {answer.currency}".strip()
        raise AnotherAmount(f"amount: {said!r} is no amount that could be compared.") from None
    if amount != withdrawal.amount:
        raise AnotherAmount(
            payouts.doubt(
                withdrawal_id=withdrawal.pk,
                amount=amount,
                teller=f"Row {answer.row} of the bank's answers {answer.file}",
                status=status,
                now=now,
            )
        )


def _says_nothing_paid(answer: PayoutAnswer) -> bool:
    """Whether the amount that the row names is 0."""
    try:
        return Decimal(answer.amount) == 0
    except ArithmeticError:  # it names none, or one that cannot be read
        return False


def _amount(answer: PayoutAnswer, withdrawal: Withdrawal) -> Money:
    """The amount that the row names; what it leaves out is taken from the withdrawal.
    Raises ArithmeticError, ValueError, CurrencyDoesNotExist.
    """
    value = Decimal(answer.amount or withdrawal.amount.amount)
    if not money.is_comparable(value):
        raise ValueError(answer.amount)
    return Money(value, (answer.currency or withdrawal.currency).upper())
