"""Locks months of the journal for the accountant (rule 29.2)."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial

from django.db import connection, transaction
from django.db.models import Max

from billing.models import BillingAccount, ChartAccount, JournalCount, JournalLock
from billing.operations import accounts, chart
from billing.queries import journal
from billing.trail import Action
from credit.models import CreditLine
from lib import calendar, cells, wording
from lib.refusals import Refused
from trail import operations as trail

# The last place on earth ends its day 12 hours after UTC does; an hour more, so that no day-end is
# at the instant of a lock.
OVER_EVERYWHERE = timedelta(hours=13)
MOST_AHEAD = timedelta(minutes=5)
NO_MONTH = "none"  # what the trail calls the month locked last where none was

NOTE = """
UPDATE {table} SET last_wrote_at = %(at)s WHERE last_wrote_at < %(at)s
"""


class MonthNotOver(Refused):
    """The month has days that somewhere are not over."""

    code = "month_not_over"


class MonthLocked(Refused):
    """The month, or a later one, is locked."""

    code = "month_locked"


class BooksAhead(Refused):
    """Something in the books is of a later instant than now, so that nothing can be locked."""

    code = "books_ahead"


@transaction.atomic
def lock(*, month: date, actor: str, reason: str, now: datetime) -> JournalLock:
    """Lock the journal up to the end of the month that the day `month` is in, with a trail row; it
    must be over everywhere. Months before it that are open are locked with it.

    All accounts and lines, of every cell, are locked meanwhile; their days up to the lock are
    worked off, and they note its instant, so that whatever is written afterwards counts at that
    instant or later. Where there are cells, each keeps its part of what is locked. Raises
    MonthNotOver, MonthLocked also for a month before the last locked one, BooksAhead, Invalid
    without a reason, and DaysNotWorkedOff. Rule 29.2.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    through = calendar.month_end(month)
    if now < calendar.day_end(through, "UTC") + OVER_EVERYWHERE:
        raise MonthNotOver(f"month: {through:%Y-%m} is not over everywhere")
    chart.wait_turn()
    before = JournalLock.objects.order_by("through").last()
    if before is not None and through <= before.through:
        raise MonthLocked(f"month: the journal is locked up to {before}")
    locked_at = _stop_books(now)
    start = before.through + calendar.ONE_DAY if before else None
    counts = cells.in_every(partial(journal.digest, start, through))
    postings = sum(one for one, _ in counts.values())
    made = JournalLock.objects.create(
        through=through,
        locked_at=locked_at,
        locked_by=actor,
        reason=reason,
        chart=ChartAccount.objects.aggregate(last=Max("pk"))["last"] or 0,
        postings=postings,
        digest=sum(one for _, one in counts.values()),
    )
    if cells.are_on():
        cells.in_every(lambda: _count(made, *counts[cells.number()]))
    trail.write(
        Action.JOURNAL_LOCKED,
        subject=f"journal {made}",
        before={"locked_up_to": str(before) if before else NO_MONTH},
        after={"locked_up_to": str(made), "postings": str(postings)},
        actor=actor,
        reason=reason,
        now=now,
    )
    return made


def _count(lock: JournalLock, postings: int, digest: Decimal) -> None:
    """Write the row that keeps how many postings the journal of the cell that we are inside had of
    the days that this lock locks, and the sum of their digests.
    """
    JournalCount.objects.create(lock=lock, postings=postings, digest=digest)


def _stop_books(now: datetime) -> datetime:
    """Lock all billing accounts and credit lines, cell by cell, until the transaction ends, and
    work off their days. Return an instant later than all that they have written, after it is stored
    as the last at which each wrote something, so that nothing is written before it. Raises
    BooksAhead if they have written something more than MOST_AHEAD after `now`.
    """
    wrote = cells.in_every(_hold)
    latest = max((one for one in wrote.values() if one is not None), default=now - MOST_AHEAD)
    if latest > now + MOST_AHEAD:
        raise BooksAhead(f"month: the books have something of {latest:%Y-%m-%d %H:%M} UTC")
    locked_at = max(now, latest + timedelta(microseconds=1))
    cells.in_every(partial(_note, locked_at))
    return locked_at


def _hold() -> datetime | None:
    """Lock all accounts and lines of the cell that we are inside, until the transaction ends;
    returns the latest instant at which one of them wrote something, None if there are none.
    """
    accounts.hold_both(list(BillingAccount.objects.values_list("pk", flat=True)))
    wrote = [
        books.objects.aggregate(last=Max("last_wrote_at"))["last"]
        for books in (BillingAccount, CreditLine)
    ]
    return max((one for one in wrote if one is not None), default=None)


def _note(locked_at: datetime) -> None:
    """Work off the days of the locked accounts and lines of the cell that we are inside up to this
    instant, and have them note it as the last at which they wrote something.
    """
    behind = {
        *BillingAccount.objects.filter(open_until__lte=locked_at).values_list("pk", flat=True),
        *CreditLine.objects.filter(open_until__lte=locked_at).values_list("pk", flat=True),
    }
    for merchant_id in sorted(behind):
        accounts.lock_both(merchant_id, now=locked_at)
    with connection.cursor() as cursor:
        for books in (BillingAccount, CreditLine):
            cursor.execute(NOTE.format(table=books._meta.db_table), {"at": locked_at})
