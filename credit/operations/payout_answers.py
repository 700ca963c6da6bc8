"""The bank's answers about withdrawals: a file is uploaded once, and a job processes it row by row.

A file is CSV in UTF-8, with commas, semicolons or tabs between its cells, and with the columns
reference, status (PAID or FAILED), bank_reference (of a PAID) and reason (of a FAILED). It may have
amount and currency, which say what was paid: a row that names another amount than the withdrawal's
is refused. A file may have tens of thousands of rows, and each needs the lock of a line, so the
upload does not wait for them.
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
from lib import delimiters
from lib.refusals import Refused
from trail import operations as trail

COLUMNS = ("reference", "status", "bank_reference", "reason")
OPTIONAL = ("amount", "currency")
AT_ONCE = 5000  # rows of one statement
Outcome = PayoutAnswer.Outcome


class UnreadableFile(Refused):
    """The file is not CSV in UTF-8 with the columns of the bank's answers. None of its rows was
    stored.
    """

    code = "unreadable_file"


class AnotherAmount(Refused):
    """The bank says that it paid another amount, or in another currency, than the withdrawal's."""

    code = "another_amount"


class UnknownAnswer(Refused):
    """The status is neither PAID nor FAILED."""

    code = "unknown_answer"


@transaction.atomic
def upload(*, content: bytes, actor: str, now: datetime) -> PayoutAnswerFile:
    """Store the rows of a file for the job that processes them, with a trail row that names who
    uploaded it.

    The same file may be uploaded again: rows that were applied change nothing, and rows that were
    refused are checked once more. Raises UnreadableFile.
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
    """Apply one row of the bank's answers, in the name of its uploader, and return it with its
    outcome. A row that was processed already is returned as it is.

    A row that cannot be right ends as REFUSED, with the reason in `problem`, and raises nothing.
    Raises PayoutAnswer.DoesNotExist.
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
    """Apply the row to its withdrawal: mark it as PAID or FAILED in the name of who uploaded the
    file. Returns the row's outcome, which is KNOWN if the withdrawal has ended that way already.
    Raises the refusal of a row that cannot be applied.
    """
    withdrawal = Withdrawal.objects.filter(
        reference=answer.reference, provider=Withdrawal.MANUAL
    ).first()
    if withdrawal is None:
        raise steps.UnknownWithdrawal(f"There is no withdrawal {answer.reference!r} sent by hand.")
    # Loaded again under the lock: another upload of the same file may have ended it meanwhile.
    withdrawal = steps.hold(withdrawal.pk, now=now)
    match answer.status.upper():
        case Withdrawal.Status.PAID:
            reference = answer.bank_reference
            _check_amount(answer, withdrawal, now)
            if withdrawal.was_paid and withdrawal.provider_reference == reference:
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
                told=answer.reason,
                actor=answer.file.uploaded_by,
                now=now,
            )
            return Outcome.FAILED
        case _other:
            raise UnknownAnswer(f"status: {answer.status!r} is neither PAID nor FAILED")


def _check_amount(answer: PayoutAnswer, withdrawal: Withdrawal, now: datetime) -> None:
    """Raise AnotherAmount if the row names an amount or currency that is not the withdrawal's. A
    withdrawal that has not ended then becomes UNKNOWN (payouts.doubt), unless the amount is
    unreadable.
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
                now=now,
            )
        )


def _amount(answer: PayoutAnswer, withdrawal: Withdrawal) -> Money:
    """The amount that the row says was paid; what it leaves out is taken from the withdrawal.
    Raises ArithmeticError, ValueError, CurrencyDoesNotExist.
    """
    value = Decimal(answer.amount or withdrawal.amount.amount)
    if not value.is_finite():
        raise ValueError(answer.amount)
    return Money(value, (answer.currency or withdrawal.currency).upper())


def _cells(content: str) -> list[list[str]]:
    """The rows of the CSV file with this content, each as its cells, from the first line that is
    not blank. What separates cells is found out from the heading. Raises csv.Error.
    """
    lines = content.splitlines(keepends=True)
    first = next((place for place, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return []
    delimiter, lines = delimiters.told(lines, first)
    kept = "".join(lines[first:])  # what named the delimiter is no row
    return list(csv.reader(io.StringIO(kept, newline=""), delimiter=delimiter, strict=True))


def _rows(content: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield, for each row of the file that is not empty, its number (the heading counts as row 1)
    and its values by column: those of COLUMNS and OPTIONAL, "" where the file has none. The whole
    file is read first. Raises UnreadableFile.
    """
    try:
        text = content.decode("utf-8-sig")
        rows = _cells(text)
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
