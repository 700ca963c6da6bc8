"""Writes the files with which operators have their bank pay withdrawals: CSV in UTF-8, or pain.001
(credit.operations.payment_files).

The columns of the CSV are BANK_COLUMNS. Amounts have a decimal point, whatever the reader's
language. credit.operations.payout_answers processes the bank's answers.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from credit.models import PaymentFile, Withdrawal
from credit.operations import lines, payment_files
from credit.operations import withdrawal_transitions as steps
from credit.payment_files import names
from credit.providers import number_of
from credit.trail import Action
from lib import cells, money, second_person, wording
from lib.csv_files import safe_text
from lib.refusals import Refused
from lib.secrets import Undecryptable
from merchants import moved
from trail import operations as trail

CSV = "CSV"  # the form of a file that is no version of pain.001
BANK_COLUMNS = (
    "reference",
    "amount",
    "currency",
    "kind",
    "holder",
    "bank",
    "country",
    "routing",
    "number",
)


class UnknownBatch(Refused):
    """No file for the bank has this name."""

    code = "unknown_batch"


class NotByHand(Refused):
    """The withdrawal is sent by a provider, not by people."""

    code = "not_by_hand"


class WasMoved(Refused):
    """Merchants with withdrawals in the file were moved to another cell since it was made, so that
    it cannot be written as it was.
    """

    code = "was_moved"


class NumberUnreadable(Refused):
    """The destination's number cannot be decrypted: an encryption key is missing."""

    code = "number_unreadable"


@dataclass(frozen=True)
class LeftOut:
    """A withdrawal that was left out of the file, by its reference, with the reason."""

    reference: str
    problem: str


@dataclass(frozen=True)
class Batch:
    """A file for the bank. Its `content` is empty if every chosen withdrawal was left out."""

    name: str
    content: str
    sent: Sequence[Withdrawal]
    refused: Sequence[LeftOut]


@transaction.atomic
def export(*, withdrawal_ids: Iterable[int], actor: str, now: datetime, form: str = CSV) -> Batch:
    """Write the chosen withdrawals into a file for the bank, and mark them as sent by `actor`, with
    a trail row for each. Its `form` is CSV, or a version of pain.001.

    Left out, with the reason, are those that need a decision first or were sent already, those that
    a provider sends, those above the operator limit that `actor` approved or requested, those whose
    number cannot be decrypted, those of lines with suspected fraud, and those that a file of this
    form cannot say. It locks the lines of all of them, in order of their keys, with their ended
    days worked off.
    """
    name = names.make(now)
    sent, refused = [], []
    # Lines are locked in one order by everybody who locks several.
    chosen = Withdrawal.objects.filter(pk__in=list(withdrawal_ids)).order_by("line_id", "pk")
    line_ids = sorted(set(chosen.values_list("line_id", flat=True)))
    lines.hold(line_ids)
    for withdrawal_id, reference in chosen.values_list("pk", "reference"):
        try:
            sent.append(_send(withdrawal_id, name, form, actor, now))
        except Refused as refusal:
            refused.append(LeftOut(reference, str(refusal)))
    content = ""
    if sent and form == CSV:
        content = _for_the_bank(sent)
    elif sent:
        content = payment_files.keep(
            name=name, version=form, withdrawals=sent, number_of=_number, actor=actor, now=now
        )
    return Batch(name=name, content=content, sent=sent, refused=refused)


def _send(withdrawal_id: int, batch: str, form: str, actor: str, now: datetime) -> Withdrawal:
    """Mark the withdrawal as SENT in the file of the name `batch`, with a trail row, and return it.
    `form` is what the file will be: CSV, or a version of pain.001. Raises NotByHand for one that a
    provider sends, and otherwise the refusal that keeps it out of the file. It locks the
    withdrawal's line, whose ended days are worked off first.
    """
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
    if form == CSV:
        _number(withdrawal)
    else:
        payment_files.check(withdrawal, _number, now=now)
    before = steps.standing(withdrawal)
    steps.move(withdrawal, Withdrawal.Status.SENT, sent_at=now, sent_by=actor, batch=batch)
    steps.note(Action.WITHDRAWAL_SENT, withdrawal, before=before, batch=batch, actor=actor, now=now)
    return withdrawal


def _number(withdrawal: Withdrawal) -> str:
    """The destination's number. Raises NumberUnreadable if it cannot be decrypted."""
    try:
        return number_of(withdrawal)
    except Undecryptable as error:
        raise NumberUnreadable(f"Withdrawal {withdrawal}: {error}.") from None


@transaction.atomic
def export_again(
    *, batch: str, actor: str, reason: str, as_sent: bool = False, now: datetime
) -> str:
    """Write the content of a file for the bank once more: without the withdrawals that have ended
    since, or `as_sent`, byte for byte. A pain.001 is never another than it was: to be sent again,
    it must have none that have ended. A CSV of which all have ended has its heading alone. Where
    merchants in the file were moved to other cells since, a CSV to be sent again has the
    withdrawals that are in this cell, and nothing else of the file is written any more (WasMoved):
    neither a part of it as if it were the whole, nor a pain.001 in another form.

    The bank knows a withdrawal by its reference, so it may get the file twice. What a file was made
    of never changes: neither destinations nor what withdrawals were asked for. The file has whole
    account numbers, so a trail row says who took it and why. Raises UnknownBatch, NumberUnreadable,
    PartlyEnded, NotAsItWas, WasMoved, Invalid without a reason. Rule 10.19, rule 30.22.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    written = Withdrawal.objects.filter(batch=batch).exclude(batch="")
    _check_is_here(batch, as_sent=as_sent)
    if not written.exists():
        raise UnknownBatch(f"There is no file {batch}.")
    file = PaymentFile.objects.filter(name=batch).first()
    chosen = written if as_sent or file else written.filter(ended_at__isnull=True)
    found = list(chosen.select_related("destination").order_by("line_id", "pk"))
    if file is None:
        content = _for_the_bank(found)
    else:
        content = payment_files.again(file, found, _number, to_be_sent=not as_sent)
    trail.write(
        Action.BANK_FILE_DOWNLOADED,
        subject=batch,
        after={"withdrawals": len(found)} | ({"as_sent": True} if as_sent else {}),
        actor=actor,
        reason=reason,
        now=now,
    )
    return content


def _check_is_here(batch: str, *, as_sent: bool) -> None:
    """Raise WasMoved if the file with this name cannot be written here, since merchants with
    withdrawals in it were moved to other cells: as it was sent, as a pain.001 in whichever form,
    and as a CSV in a cell that has none of its withdrawals any more.
    """
    others = moved.cells_of_file(batch) if cells.are_on() and batch else []
    if not others:
        return
    home = names.cell_of(batch) or cells.FIRST
    with cells.elsewhere(home):
        is_pain_001 = PaymentFile.objects.filter(name=batch).exists()
        is_home = Withdrawal.objects.filter(batch=batch).exists()
    where = sorted({*others, home} if is_home else others)
    is_in = f"cell{'' if len(where) == 1 else 's'} {', '.join(map(str, where))}"
    said = (
        f"{batch} was made in cell {home}, and merchants in it were moved since: what it pays is in"
        f" {is_in}"
    )
    if as_sent:
        raise WasMoved(
            f"{said}. It cannot be shown as it was sent; the list of withdrawals of each of these"
            " finds them by the file's name."
        )
    if is_pain_001:
        raise WasMoved(
            f"{said}. A pain.001 is written again as a whole or not at all. Ask the bank what"
            " became of each transfer, and mark the withdrawals there as paid or failed."
        )
    if cells.number() not in where:
        raise WasMoved(f"{said}. Take it there.")


def suffix(batch: str) -> str:
    """Look up how the name of the file ends: "xml" for a pain.001, and "csv" for others. In a cell
    to which withdrawals of a pain.001 were moved, where it is not known, it is never written.
    """
    return "xml" if PaymentFile.objects.filter(name=batch).exists() else "csv"


def _for_the_bank(withdrawals: Iterable[Withdrawal]) -> str:
    """The CSV text of the file for the bank: its heading, and a row with the whole account number
    for each of these withdrawals. Raises NumberUnreadable.
    """
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(BANK_COLUMNS)
    for withdrawal in withdrawals:
        destination = withdrawal.destination
        writer.writerow(
            [
                withdrawal.reference,
                money.text(withdrawal.amount),
                withdrawal.currency,
                destination.kind,
                safe_text(destination.holder),
                safe_text(destination.bank),
                destination.country,
                destination.routing,
                # Capitals and digits, perhaps after a +, or an e-mail address that starts with none
                # of those: no formula (credit.operations.destinations), and a bank takes no
                # apostrophe.
                _number(withdrawal),
            ]
        )
    return file.getvalue()
