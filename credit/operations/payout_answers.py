"""What the bank answers to the files it was sent: uploaded once, and taken in row by row by a job.

A file is CSV in UTF-8 with the columns reference, status (PAID or FAILED), bank_reference (of a
PAID) and reason (of a FAILED), and may have amount and currency: what a PAID says that was paid,
which is not taken for another sum. It may have tens of thousands of rows, each of which takes the
lock of a line, so that whoever uploads it does not wait for them.
"""

import csv
import io
import secrets
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from moneyed import CurrencyDoesNotExist, Money

from credit.models import PayoutAnswer, PayoutAnswerFile, Withdrawal
from credit.operations import payouts
from credit.operations import withdrawal_transitions as steps
from credit.trail import Action
from lib.refusals import Refused
from trail import operations as trail

COLUMNS = ("reference", "status", "bank_reference", "reason")
OPTIONAL = ("amount", "currency")
AT_ONCE = 5000  # rows of one statement
Outcome = PayoutAnswer.Outcome


class UnreadableFile(Refused):
    """It is no CSV in UTF-8 with the columns of the bank's answers. Nothing of it was taken."""

    code = "unreadable_file"


class AnotherAmount(Refused):
    """The bank says that it paid another amount, or in another currency, than it was to pay."""

    code = "another_amount"


class UnknownAnswer(Refused):
    """The status is neither PAID nor FAILED."""

    code = "unknown_answer"


@transaction.atomic
def upload(*, content: bytes, actor: str, now: datetime) -> PayoutAnswerFile:
    """Keep the rows of a file for the job that takes them in, and record on the trail who uploaded
    it.

    The same file may come again: rows that were taken in change nothing, and rows that could not be
    right are checked once more. Raises UnreadableFile.
    """
    rows = list(_rows(content))
    name = f"A{now:%y%m%d}-{secrets.token_hex(3).upper()}"
    file = PayoutAnswerFile.objects.create(
        name=name, uploaded_at=now, uploaded_by=actor, row_count=len(rows)
    )
    answers = [PayoutAnswer(file=file, row=number, **row) for number, row in rows]
    PayoutAnswer.objects.bulk_create(answers, batch_size=AT_ONCE)
    trail.write(
        Action.BANK_ANSWERS_UPLOADED, actor=actor, subject=name, after={"rows": len(rows)}, now=now
    )
    return file


@transaction.atomic
def take(answer_id: int, *, now: datetime) -> PayoutAnswer:
    """Apply one row of the bank's answers, in the name of its uploader; once, however often it is
    called.

    A row that cannot be right changes nothing else, and keeps what is wrong with it.
    """
    answer = PayoutAnswer.objects.select_for_update(of=["self"]).select_related("file").get(
        pk=answer_id
    )  # fmt: skip
    if answer.outcome != Outcome.WAITING:
        return answer
    try:
        answer.outcome = _taken(answer, now)
    except Refused as refusal:
        answer.outcome, answer.problem = Outcome.REFUSED, str(refusal)
    answer.done_at = now
    answer.save(update_fields=["outcome", "problem", "done_at"])
    return answer


def _taken(answer: PayoutAnswer, now: datetime) -> str:
    withdrawal = Withdrawal.objects.filter(
        reference=answer.reference, provider=Withdrawal.MANUAL
    ).first()
    if withdrawal is None:
        raise steps.UnknownWithdrawal(f"There is no withdrawal {answer.reference!r} sent by hand.")
    # Under the lock: the same file, uploaded twice at once, has nothing new to say.
    withdrawal = steps.hold(withdrawal.pk, now=now)
    match answer.status.upper():
        case Withdrawal.Status.PAID:
            reference = answer.bank_reference
            _check_amount(answer, withdrawal, now)
            if withdrawal.is_paid and withdrawal.provider_reference == reference:
                return Outcome.KNOWN
            payouts.mark_paid(
                withdrawal_id=withdrawal.pk,
                reference=reference,
                actor=answer.file.uploaded_by,
                now=now,
            )
            return Outcome.PAID
        case Withdrawal.Status.FAILED:
            if withdrawal.is_failed and withdrawal.reason == answer.reason:
                return Outcome.KNOWN
            payouts.mark_failed(
                withdrawal_id=withdrawal.pk,
                reason=answer.reason,
                actor=answer.file.uploaded_by,
                now=now,
            )
            return Outcome.FAILED
        case _other:
            raise UnknownAnswer(f"status: {answer.status!r} is neither PAID nor FAILED")


def _check_amount(answer: PayoutAnswer, withdrawal: Withdrawal, now: datetime) -> None:
    """Raise AnotherAmount when the bank names the amount that it paid, and it is another one."""
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
                now=now,
            )
        )


def _amount(answer: PayoutAnswer, withdrawal: Withdrawal) -> Money:
    """The amount that the bank says it paid. Raises ArithmeticError, ValueError,
    CurrencyDoesNotExist.
    """
    value = Decimal(answer.amount or withdrawal.amount.amount)
    if not value.is_finite():
        raise ValueError(answer.amount)
    return Money(value, (answer.currency or withdrawal.currency).upper())


def _rows(content: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """All rows by column, numbered as a spreadsheet does. The whole file is read before the
    first is returned.
    """
    try:
        text = content.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFile(f"The file cannot be read as CSV in UTF-8: {error}.") from None
    if not rows or "\0" in text:
        raise UnreadableFile("The file is empty, or no text.")
    heading = rows.pop(0)
    columns = [column.strip().lower() for column in heading]
    missing = [column for column in COLUMNS if columns.count(column) != 1]
    missing += [column for column in OPTIONAL if columns.count(column) > 1]
    if missing:
        raise UnreadableFile(f"The heading has to name {', '.join(missing)}, once each.")
    for number, cells in enumerate(rows, start=2):
        if any(cell.strip() for cell in cells):
            row = dict(zip(columns, [cell.strip() for cell in cells], strict=False))
            yield number, {column: row.get(column, "") for column in (*COLUMNS, *OPTIONAL)}
