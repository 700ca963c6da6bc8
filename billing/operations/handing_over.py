"""Hands a line of a bank's statement to the cell that has the bill which it names (rule 30.11).

A statement is in one cell, where it follows the one before. A line that is another cell's is marked
there first, so that nobody books it, and is then written into that cell, as a statement of this
line alone; what is left between the two, the job makes up for. In the other cell it is matched,
booked and decided about as any line.
"""

import hashlib
from datetime import datetime
from typing import Any

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
    """Write the line, which is marked (`mark`), into its cell, unless it is there, and save here
    that it is there by now (ELSEWHERE). Returns it as it is there. It is not matched or booked
    there yet. Raises Undecryptable.
    """
    assert line.cell is not None
    home, side, file = cells.number(), line.other, line.statement.file
    with cells.elsewhere(line.cell), transaction.atomic():
        there = _written(line, side, file, home, now)
    line.status = Status.ELSEWHERE
    line.save(update_fields=["status"])
    return there


def by_hand(line: BankLine, cell: int, *, actor: str, now: datetime) -> BankLine:
    """Hand the line to this cell, as somebody decided. Returns it as it is there, open, so that
    what they decided can be done. It saves both, and the caller has locked the line.
    """
    line.decided_at, line.decided_by = now, actor
    mark(line, cell, BankLine.Why.BY_HAND)
    there = deliver(line, now=now)
    with cells.elsewhere(cell):
        there.status = Status.OPEN
        there.save(update_fields=["status"])
    return there


def name_of(line: BankLine) -> str:
    """The name of the statement of this line alone, in the cell that it is handed to: its
    statement's name, its number there and its primary key, such as "2026-31/4 (87)".
    """
    return f"{line.statement.name[:LONGEST_NAME]}/{line.number} ({line.pk})"


def copy_of(line: BankLine, side: other_sides.OtherSide, statement: BankStatement) -> BankLine:
    """A copy of the line for `statement`, which has it alone: with the number 1, what the bank said
    and, encrypted, who is on its other side. The caller saves it.
    """
    copy = BankLine(statement=statement, number=1, **{name: getattr(line, name) for name in SAID})
    other_sides.put(copy, side)
    return copy


def statement_of(line: BankLine, file: BankFile, home: int, now: datetime) -> dict[str, Any]:
    """The fields, by name, of the statement that has this line alone, for the cell that the line is
    handed to: it is TAKEN, begins with 0, and ends with the line's amount. `home` is the cell whose
    statement the line is of, which the statement's reason names.
    """
    statement, name = line.statement, name_of(line)
    return {
        "file": file,
        "kind": BankStatement.HANDED_OVER,
        "account": statement.account,
        "name": name,
        "digest": hashlib.sha256(name.encode()).hexdigest(),
        "currency": statement.currency,
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
    }


def file_of(file: BankFile, now: datetime) -> BankFile:
    """The same file of a bank in the cell that we are inside; it is written if it is not here."""
    here, _is_new = BankFile.objects.get_or_create(
        digest=file.digest,
        problem="",
        defaults={"name": file.name, "taken_at": now, "taken_by": JOB},
    )
    return here


def _written(
    line: BankLine, side: other_sides.OtherSide, file: BankFile, home: int, now: datetime
) -> BankLine:
    """The line of the cell `home` as it is in this cell; it is written if it is not here."""
    said = statement_of(line, file_of(file, now), home, now)
    one_of_a_name = {name: said[name] for name in ("account", "currency", "name")}
    here, _is_new = BankStatement.objects.get_or_create(**one_of_a_name, defaults=said)
    known = here.lines.first()
    if known is not None:
        return known
    copy = copy_of(line, side, here)
    copy.save()
    return copy
