"""Withdrawals that operators send through their bank: a file for it, and one with its answers.

Both are CSV in UTF-8 with dot decimals, the same in every language.

For the bank   reference, amount, currency, kind, holder, bank, number
Its answers    reference, status (PAID or FAILED), bank_reference (of a PAID), reason (of a FAILED)
"""

import csv
import io
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from credit.models import CreditLine, Withdrawal
from credit.operations import payouts
from credit.operations import withdrawal_steps as steps
from credit.providers import number_of
from merchants import money, second_person, wording
from merchants.operations import trail
from merchants.refusals import Refused
from merchants.secrets import Undecryptable
from merchants.trail import Action

BANK_COLUMNS = ("reference", "amount", "currency", "kind", "holder", "bank", "number")
ANSWER_COLUMNS = ("reference", "status", "bank_reference", "reason")
# Spreadsheets take text that starts so for a formula: = + - @, and their wide forms.
FORMULA_STARTS = tuple("=+-@\uff0b\uff0d\uff1d\uff20")


class UnknownBatch(Refused):
    """No file for the bank has this name."""

    code = "unknown_batch"


class UnreadableFile(Refused):
    """It is no CSV in UTF-8 with the columns of the bank's answers. Nothing of it was taken."""

    code = "unreadable_file"


class NotByHand(Refused):
    """The withdrawal is sent by a provider, not by people."""

    code = "not_by_hand"


class NumberUnreadable(Refused):
    """The destination's number cannot be decrypted: an encryption key is missing."""

    code = "number_unreadable"


class UnknownAnswer(Refused):
    """A status that is neither PAID nor FAILED."""

    code = "unknown_answer"


@dataclass(frozen=True)
class RowRefused:
    """Why one row of a file, or one withdrawal for it, was left as it is."""

    row: int  # as a spreadsheet counts them, the heading being 1; 0 where there is no file
    reference: str
    problem: str


@dataclass(frozen=True)
class Batch:
    """A file for the bank. Empty when all that was chosen is refused."""

    name: str
    csv: str
    sent: Sequence[Withdrawal]
    refused: Sequence[RowRefused]


@dataclass
class Taken:
    """What became of the rows of the bank's answers; those refused can be mended and come again."""

    paid: int = 0
    failed: int = 0
    known: int = 0  # said nothing new
    refused: list[RowRefused] = field(default_factory=list)


@transaction.atomic
def export(*, withdrawal_ids: Iterable[int], actor: str, now: datetime) -> Batch:
    """Write the chosen withdrawals into a file for the bank, and mark them as sent by `actor`.

    Left out, with the reason: what needs a decision first or was sent already, what `actor`
    approved or requested above the operator limit, lines where fraud is suspected.
    """
    name = f"B{now:%y%m%d}-{secrets.token_hex(3).upper()}"
    sent, refused = [], []
    # Lines are locked in one order by everybody who locks several.
    chosen = Withdrawal.objects.filter(pk__in=list(withdrawal_ids)).order_by("line_id", "pk")
    line_ids = sorted(set(chosen.values_list("line_id", flat=True)))
    list(CreditLine.objects.select_for_update().filter(pk__in=line_ids).order_by("pk"))
    for withdrawal_id, reference in chosen.values_list("pk", "reference"):
        try:
            sent.append(_send(withdrawal_id, name, actor, now))
        except Refused as refusal:
            refused.append(RowRefused(0, reference, str(refusal)))
    return Batch(name=name, csv=_for_the_bank(sent) if sent else "", sent=sent, refused=refused)


def _send(withdrawal_id: int, batch: str, actor: str, now: datetime) -> Withdrawal:
    withdrawal = steps.hold(withdrawal_id, now=now)
    now = withdrawal.line.now
    if not withdrawal.is_sent_by_people:
        raise NotByHand(f"Withdrawal {withdrawal} is sent by {withdrawal.provider}.")
    if not withdrawal.may_be_sent:
        raise steps.already_decided(withdrawal)
    if withdrawal.needs_approval:
        problem = f"Withdrawal {withdrawal} has to be sent by another person than {actor}."
        others = withdrawal.approved_by, withdrawal.requested_by
        second_person.check(actor, *others, otherwise=problem)
    steps.stop_if_suspected(withdrawal.line)
    _number(withdrawal)
    before = steps.standing(withdrawal)
    steps.move(withdrawal, Withdrawal.Status.SENT, sent_at=now, sent_by=actor, batch=batch)
    steps.note(Action.WITHDRAWAL_SENT, withdrawal, before=before, batch=batch, actor=actor, now=now)
    return withdrawal


def _number(withdrawal: Withdrawal) -> str:
    try:
        return number_of(withdrawal)
    except Undecryptable as error:
        raise NumberUnreadable(f"Withdrawal {withdrawal}: {error}.") from None


@transaction.atomic
def export_again(*, batch: str, actor: str, reason: str, now: datetime) -> str:
    """The file for the bank, to be downloaded: what of it has not ended yet.

    The bank knows a withdrawal by its reference, so that it may get the file twice. It has whole
    numbers, and who took it and why stays on the trail. Raises UnknownBatch, NumberUnreadable,
    Invalid without a reason.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    written = Withdrawal.objects.filter(batch=batch).exclude(batch="")
    if not written.exists():
        raise UnknownBatch(f"There is no file {batch}.")
    open_ones = written.filter(ended_at__isnull=True).select_related("destination")
    found = list(open_ones.order_by("line_id", "pk"))
    content = _for_the_bank(found)
    trail.write(
        Action.BANK_FILE_DOWNLOADED,
        subject=batch,
        after={"withdrawals": len(found)},
        actor=actor,
        reason=reason,
        now=now,
    )
    return content


def _for_the_bank(withdrawals: Iterable[Withdrawal]) -> str:
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(BANK_COLUMNS)
    for withdrawal in withdrawals:
        destination = withdrawal.destination
        writer.writerow(
            [
                withdrawal.reference,
                money.text(withdrawal.amount, withdrawal.currency),
                withdrawal.currency,
                destination.kind,
                _text(destination.holder),
                _text(destination.bank),
                # Digits, perhaps after a +, or an e-mail address that starts with none of those:
                # no formula (credit.operations.destinations), and a bank takes no apostrophe.
                _number(withdrawal),
            ]
        )
    return file.getvalue()


def _text(value: str) -> str:
    return f"'{value}" if value.startswith(FORMULA_STARTS) else value


def take_answers(*, content: bytes, actor: str, now: datetime) -> Taken:
    """Write down what the bank answered, row by row.

    Rows that cannot be right are listed with what is wrong, and change nothing; all others count.
    The same file uploaded again says nothing new. Raises UnreadableFile.
    """
    taken = Taken()
    for number, row in _rows(content):
        try:
            _take(row, taken, actor, now)
        except Refused as refusal:
            taken.refused.append(RowRefused(number, row["reference"], str(refusal)))
    return taken


def _rows(content: bytes) -> list[tuple[int, dict[str, str]]]:
    """All rows by column, read to the end before the first one counts."""
    try:
        text = content.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFile(f"The file cannot be read as CSV in UTF-8: {error}.") from None
    if not rows or "\0" in text:
        raise UnreadableFile("The file is empty, or no text.")
    heading = rows.pop(0)
    columns = [column.strip().lower() for column in heading]
    missing = [column for column in ANSWER_COLUMNS if columns.count(column) != 1]
    if missing:
        raise UnreadableFile(f"The heading has to name {', '.join(missing)}, once each.")
    found = []
    for number, cells in enumerate(rows, start=2):
        if any(cell.strip() for cell in cells):
            row = dict(zip(columns, [cell.strip() for cell in cells], strict=False))
            found.append((number, {column: row.get(column, "") for column in ANSWER_COLUMNS}))
    return found


def _take(row: dict[str, str], taken: Taken, actor: str, now: datetime) -> None:
    withdrawal = Withdrawal.objects.filter(
        reference=row["reference"], provider=Withdrawal.MANUAL
    ).first()
    if withdrawal is None:
        raise steps.UnknownWithdrawal(f"There is no withdrawal {row['reference']!r} sent by hand.")
    match row["status"].upper():
        case Withdrawal.Status.PAID:
            reference = row["bank_reference"]
            if withdrawal.is_paid and withdrawal.provider_reference == reference:
                taken.known += 1
                return
            payouts.mark_paid(
                withdrawal_id=withdrawal.pk, reference=reference, actor=actor, now=now
            )
            taken.paid += 1
        case Withdrawal.Status.FAILED:
            reason = row["reason"]
            if withdrawal.is_failed and withdrawal.reason == reason:
                taken.known += 1
                return
            payouts.mark_failed(withdrawal_id=withdrawal.pk, reason=reason, actor=actor, now=now)
            taken.failed += 1
        case other:
            raise UnknownAnswer(f"status: {other!r} is neither PAID nor FAILED")
