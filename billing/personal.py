"""What billing keeps of whoever is on the other side of our bank accounts, for exports; how it is
erased, and when it goes by itself (rule 29.27).

Whose money a booked line was is part of the books, and stays as long as they are kept. Of all other
lines nobody needs to know it.
"""

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.db.models import Q, QuerySet

from billing.models import BankLine, other_sides
from billing.models.other_sides import OtherSide
from billing.queries.bank_statements import DECIDED_BY_PEOPLE
from jobs.retention import KEPT, Kept
from lib import money
from lib.refusals import Refused
from merchants.personal import HOLDINGS, Holding, Kind, Row, Subject
from merchants.personal_rows import fields

SETTING = "TAEL_BANK_LINES_KEPT_DAYS"
Status = BankLine.Status
EMPTY = {"other_side": b"", "other_account_mark": "", "other_name_mark": ""}


class LineWaits(Refused):
    """A line of a statement that the payer is on waits for an operator, who has to know whose it
    is.
    """

    code = "line_waits"


class BooksKept(Refused):
    """All that is kept of the payer belongs to lines that are booked, and to the books."""

    code = "books_kept"


def register() -> None:
    """Register what billing keeps of payers, and after how many days it goes. Called once, when a
    program starts.
    """
    HOLDINGS.register(
        Holding(60, "lines of bank statements", kind=Kind.PAYER, rows=_lines, erase=_erase,
                object_to=_object)
    )  # fmt: skip
    KEPT.register(Kept(40, "other sides of bank lines", SETTING, _old, _emptied))


def _of(subject: Subject) -> "QuerySet[BankLine]":
    """The query for the lines that have the one name of the subject, which may be an account's
    number or a person's name, on their other side, in the order in which they came. Only lines of
    the cell that we are inside are found.
    """
    (payer,) = subject.names
    marks = Q(other_account_mark__in=other_sides.account_marks(payer))
    marks |= Q(other_name_mark__in=other_sides.name_marks(payer))
    return BankLine.objects.filter(marks).order_by("pk")


def _object(subject: Subject) -> None:
    """Raise LineWaits if one of the payer's lines waits to be looked at or decided, and BooksKept
    if there are lines and all of them are booked.
    """
    found = _of(subject)
    waiting = found.filter(status__in=[Status.WAITING, *DECIDED_BY_PEOPLE]).first()
    if waiting is not None:
        raise LineWaits(f"A payment of theirs waits to be placed ({waiting}): decide it first.")
    if found.exists() and not found.exclude(status=Status.BOOKED).exists():
        raise BooksKept(
            "All that is kept of this payer are payments that are booked, which the books need:"
            f" they go {getattr(settings, SETTING)} days after their day ({SETTING})."
        )


def _lines(subject: Subject) -> Iterator[Row]:
    """Yield a row of the export for each line that the payer is on, in the order in which they
    came: its statement, merchant, amount, days, references and status, and the name, account and
    text of its other side. Raises Undecryptable.
    """
    for line in _of(subject).select_related("statement", "account__merchant"):
        other = line.other
        yield {
            "statement": line.statement.name,
            "merchant": line.account.merchant.reference if line.account else "",
            "amount": money.full(line.amount),
            **fields(line, "booked_on value_on reference end_to_end_id bank_reference status"),
            "name": other.name,
            "account": other.account,
            "text": other.text,
        }


def _erase(subject: Subject, pseudonym: str) -> int:
    """Put the pseudonym in the place of the payer's name, and nothing in that of account and words,
    on their lines that are not booked, which it locks. Returns how many lines that were. Raises
    LineWaits or BooksKept for what has become of their lines until they were locked.
    """
    found = list(_of(subject).exclude(status=Status.BOOKED).select_for_update(of=("self",)))
    _object(subject)
    for line in found:
        other_sides.put(line, OtherSide(name=pseudonym))
        line.save(update_fields=[*EMPTY])
    return len(found)


def _old(before: datetime, now: datetime) -> "QuerySet[BankLine]":
    """The query for the lines booked by the bank before the day (in UTC) of the instant `before`
    that still say who was on the other side, and do not wait for anybody. `now` is not used: all
    kinds of rows that are kept for a time are asked for with both.
    """
    done = (Status.BOOKED, Status.OUTGOING, Status.SET_ASIDE, Status.ELSEWHERE)
    old = BankLine.objects.filter(booked_on__lt=before.date(), status__in=done)
    return old.exclude(other_side=b"")


def _emptied(rows: "QuerySet[BankLine]") -> int:
    """Empty who is on the other side of these lines. Returns how many there were."""
    return rows.update(**EMPTY)
