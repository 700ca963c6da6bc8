"""Has the lines of banks' statements that were booked for a merchant follow its books (rule 30.22).

A statement stays in its cell. A line of it that was booked for the merchant is handed to the cell
that has what it was booked as, as one is that names a bill there (rule 30.11): so a return of it,
which comes to the statement's cell, goes after it, and the journal of the new cell has its entry.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from billing.models import BankFile, BankLine, BankStatement, other_sides
from billing.operations import handing_over
from lib import cells

Status = BankLine.Status
# What it was booked as, by whom, and why: it is the same in the other cell.
BOOKED_AS = (
    *("status", "why", "account_id", "invoice_id", "transfer_id", "reversal_id"),
    *("looked_at", "booked_at", "decided_at", "decided_by", "reason"),
)


def follow(merchant_id: int, start: int, to: int, *, now: datetime) -> None:
    """Write the merchant's booked lines of the cell `start` into the cell `to`, booked as they
    were, and make those in `start` ELSEWHERE, handed to `to`. The caller has copied what they were
    booked as, and has the triggers of the lines do nothing meanwhile. Raises Undecryptable.
    """
    with cells.at(start):
        booked = BankLine.objects.filter(account=merchant_id, status=Status.BOOKED)
        lines = list(booked.select_related("statement__file").order_by("pk"))
    if not lines:
        return
    with cells.at(to):
        # What takes a line back names it, and so comes after it.
        copies = _copied([one for one in lines if one.amount.amount > 0], {}, start, now)
        _copied([one for one in lines if one.amount.amount < 0], copies, start, now)
    with cells.at(start):
        booked.update(
            **dict.fromkeys((*BOOKED_AS[2:6], "returns", "booked_at")),
            status=Status.ELSEWHERE,
            cell=to,
        )


def _copied(
    lines: Sequence[BankLine], returned: dict[int, BankLine], start: int, now: datetime
) -> dict[int, BankLine]:
    """Write these lines of the cell `start` into the cell that we are inside, booked as they are,
    each with a statement of its own that was taken at `now`. `returned` has the copies of those
    lines that these take back, by the key of the original line. Returns the new copies, by the key
    of the original line, too.
    """
    files = _files(lines, now)
    statements = BankStatement.objects.bulk_create(
        BankStatement(
            **handing_over.statement_of(line, files[line.statement.file.digest], start, now)
        )
        for line in lines
    )
    copies = []
    for line, statement in zip(lines, statements, strict=True):
        copy = handing_over.copy_of(line, other_sides.read(line), statement)
        for name in BOOKED_AS:
            setattr(copy, name, getattr(line, name))
        copy.returns = returned[line.returns_id] if line.returns_id else None
        copies.append(copy)
    written = BankLine.objects.bulk_create(copies)
    return {line.pk: copy for line, copy in zip(lines, written, strict=True)}


def _files(lines: Iterable[BankLine], now: datetime) -> dict[str, BankFile]:
    """The files of the lines' statements as they are in the cell that we are inside, by their
    digests; those that it has not are written there.
    """
    files = {line.statement.file.digest: line.statement.file for line in lines}
    return {digest: handing_over.file_of(file, now) for digest, file in files.items()}
