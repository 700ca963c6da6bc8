"""Hands a line of a bank's statement to the cell that has the bill which it names (rule 30.11).

A statement is in one cell, where it follows the one before. A line that is another cell's is marked
there first, so that nobody books it, and is then written into that cell, as a statement of this
line alone; what is left between the two, the job makes up for. In the other cell it is matched,
booked and decided about as any line.
"""

import hashlib
from datetime import datetime

from django.db import transaction

from billing.models import BankFile, BankLine, BankStatement, other_sides
from lib import cells, money

JOB = "match-bank-lines"
Status = BankLine.Status
LONGEST_NAME = 60  # of a statement, in that of the statement of a line
# What the bank said, as it is copied.
SAID = (
    *("entry", "currency", "amount", "booked_on", "value_on", "code", "bank_reference"),
    *("end_to_end_id", "reference", "instructed", "is_reversal", "return_reason"),
)


def mark(line: BankLine, cell: int, why: BankLine.Why) -> None:
    """Say, in the books here, that the locked line is another cell's, and on its way: it is
    nobody's here. The line is saved. `why` is the reason on record.
    """
    line.status, line.why, line.cell = Status.WAITING, why, cell
    line.account, line.invoice, line.returns = None, None, None
    line.save()


def deliver(line: BankLine, *, now: datetime) -> BankLine:
    """Write the line, which is marked, into its cell, unless it is there, and note that it is.
    Returns it as it is there.
    """
    assert line.cell is not None
    home, side, statement = cells.number(), line.other, line.statement
    file = statement.file
    with cells.elsewhere(line.cell), transaction.atomic():
        there = _written(line, side, statement, file, home, now)
    line.status = Status.ELSEWHERE
    line.save(update_fields=["status"])
    return there


def _written(
    line: BankLine,
    side: other_sides.OtherSide,
    statement: BankStatement,
    file: BankFile,
    home: int,
    now: datetime,
) -> BankLine:
    """The line of the cell `home` as it is in this cell; it is written if it is not here."""
    here = _statement(line, statement, file, home, now)
    known = here.lines.first()
    if known is not None:
        return known
    copy = BankLine(statement=here, number=1, **{name: getattr(line, name) for name in SAID})
    other_sides.put(copy, side)
    copy.save()
    return copy


def _statement(
    line: BankLine, statement: BankStatement, file: BankFile, home: int, now: datetime
) -> BankStatement:
    """The statement of this line alone, in this cell; it is written if it is not here."""
    name = f"{statement.name[:LONGEST_NAME]}/{line.number} ({line.pk})"
    copied, _is_new = BankFile.objects.get_or_create(
        digest=file.digest,
        problem="",
        defaults={"name": file.name, "taken_at": now, "taken_by": JOB},
    )
    written, _is_new = BankStatement.objects.get_or_create(
        account=statement.account,
        currency=statement.currency,
        name=name,
        defaults={
            "file": copied,
            "kind": BankStatement.HANDED_OVER,
            "digest": hashlib.sha256(name.encode()).hexdigest(),
            "opening": money.zero(statement.currency),
            "closing": line.amount,
            "opens_on": line.booked_on,
            "closes_on": line.booked_on,
            "line_count": 1,
            "taken_at": now,
            "taken_by": JOB,
            "status": BankStatement.Status.TAKEN,
            "decided_at": now,
            "decided_by": JOB,
            "reason": f"Handed over by cell {home}, whose statement it is of.",
        },
    )
    return written
