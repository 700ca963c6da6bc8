"""Moves a merchant's books to another cell of the same database (rule 30.18).

Moves from or to the same cell wait for each other (config.cells.turns). Then a write stop for the
merchant alone is put on record, and committed. Then all transactions are waited for that began
before it: those that begin later find it out (lib.cells.moving). All else is one transaction, which
sees the books as they are then: rows are copied, compared and deleted, the directory is changed,
the merchant's books are audited in both cells, and the stop is ended. So whoever is killed leaves
the books wholly in one cell; the stop is over by itself after the time that it was given, and the
command may be run again.

What would write in spite of the stop is an error, and not lost: rows that hang on the merchant's
are refused, as theirs are locked and then gone, and a row that was changed meanwhile ends the move.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q

from billing.models import BankTransfer
from config import books
from config.cells import bank_lines, copying, locked_months, owned, turns
from credit.models import PayoutAnswer, Withdrawal
from gateway.webhooks.operations import outbox
from lib import audit, cells
from lib.cells import schemas
from lib.refusals import Refused
from lib.secrets import Undecryptable
from merchants import directory
from merchants.models import Merchant, Move
from merchants.operations import moves
from merchants.operations.merchants import UnknownMerchant

MOST_SECONDS = 60  # of the write stop, unless the command says otherwise
# The transactions of others in this database that are open, but those that clean up behind all, of
# which one may take hours, and which write nothing, and but for moves' turns. Their number is their
# lock's.
OPEN = f"""
SELECT lock.virtualtransaction, lock.pid
FROM pg_locks lock JOIN pg_stat_activity process ON process.pid = lock.pid
WHERE lock.locktype = 'virtualxid' AND lock.pid <> pg_backend_pid()
  AND process.datname = current_database()
  -- Of other roles' sessions it may not be told what they are: those are waited for.
  AND process.backend_type IS DISTINCT FROM 'autovacuum worker'
  AND lock.pid NOT IN ({turns.HOLDERS})
"""
MIGRATED = "SELECT array_agg(app || '.' || name ORDER BY app, name) FROM {schema}.{table}"


class NotMoved(Refused):
    """The books stay where they are, and nothing was changed; the message says why."""

    code = "not_moved"


@dataclass(frozen=True)
class Moved:
    """What a move did: rows by table, and how long the merchant's books stood still."""

    rows: Mapping[str, int]
    stopped: timedelta


def move(
    reference: str,
    to: int,
    *,
    actor: str,
    now: datetime,
    most_seconds: float = MOST_SECONDS,
    at_step: Callable[[str], object] = lambda name: None,
) -> Moved:
    """Move the books of the merchant with this reference to the cell `to`, which must be higher
    than the one that they are in, with a trail row. Nothing is written for the merchant meanwhile;
    both cells' rows are changed in one transaction. `at_step` is told the name of each step before
    it is taken.

    Raises NotMoved, with nothing changed, if there is no such merchant or cell, if both cells have
    not the same migrations, if somebody else moves it, if it shares the money of a transfer with
    another merchant, if other moves have the turn of one of the cells for `most_seconds`, if an
    answer of the bank about it waits, if books do not hold, differ, or were
    written to in spite of the stop, and if it would take longer than `most_seconds`.
    """
    at_step("turn")
    while True:
        cell = _cell_of(reference)
        with _turn(cell, to, most_seconds):
            if _cell_of(reference) == cell:  # or else somebody has just moved it
                return _move_in_turn(
                    reference, to, actor=actor, now=now, most_seconds=most_seconds, at_step=at_step
                )


def _cell_of(reference: str) -> int:
    """The number of the cell of the merchant with this reference; raises NotMoved for none."""
    cell = directory.cells_of([reference]).get(reference)
    if cell is None:
        raise NotMoved(f"merchant: there is no merchant {reference}")
    return cell


@contextmanager
def _turn(cell: int, to: int, most_seconds: float) -> Iterator[None]:
    """Have the turn of both cells while the block runs. Raises NotMoved if others have it for so
    many seconds.
    """
    try:
        with turns.of(cell, to, most_seconds=most_seconds):
            yield
    except turns.NotOurTurn as refusal:
        raise NotMoved(
            f"turn: books of others are moved from or to cell {cell} or {to}; try again later"
        ) from refusal


def _move_in_turn(
    reference: str,
    to: int,
    *,
    actor: str,
    now: datetime,
    most_seconds: float,
    at_step: Callable[[str], object],
) -> Moved:
    """Do as `move`, once it is our turn: stop all writing for the merchant, wait for open
    transactions, check what is in the way, and move the books in one transaction. After any error
    the stop is ended, and the error raised; but if the commit turns out to have been carried out, a
    NotMoved is not raised.
    """
    at_step("stop")
    _check_migrated(to)
    began_at = time.monotonic()
    stop = _begin(reference, to, most_seconds)
    rows: dict[str, int] = {}
    try:
        at_step("wait")
        _wait_for_others(stop)
        # Those that were waited for may have written what is in the way.
        _check_shares_nothing(stop)
        _check_nothing_is_answered(stop)
        with cells.at(stop.from_cell):
            outbox.number()  # so that what is told later has higher numbers
        with _one_picture():
            rows |= _move(stop, actor=actor, now=now, at_step=at_step)
    except BaseException as error:
        is_done = moves.give_up(stop.pk)
        # A commit whose answer was lost may have been carried out.
        if not is_done or not isinstance(error, NotMoved):
            raise
    return Moved(rows, timedelta(seconds=time.monotonic() - began_at))


def _begin(reference: str, to: int, most_seconds: float) -> Move:
    """Put the stop on record, under the lock of the merchant's row: from now on nothing is written
    for the merchant. Returns it. Raises NotMoved if there can be none.
    """
    try:
        return moves.begin(reference=reference, to_cell=to, most_seconds=most_seconds)
    except (moves.CannotMove, UnknownMerchant) as refusal:
        raise NotMoved(str(refusal)) from refusal


def _check_migrated(to: int) -> None:
    """Raise NotMoved unless there is a cell `to`, with exactly the migrations of the first cell."""
    if to not in cells.there():
        raise NotMoved(f"to: there is no cell {to}")
    found = []
    with connection.cursor() as cursor:
        for schema in (cells.name_of(to), cells.name_of(cells.FIRST)):
            cursor.execute(MIGRATED.format(schema=schema, table=schemas.MIGRATIONS))
            found += cursor.fetchone()
    if found[0] != found[1]:
        raise NotMoved("to: cells have different migrations; run manage.py migrate first")


def _check_shares_nothing(stop: Move) -> None:
    """Raise NotMoved if a transfer that was booked on the merchant was booked on another one in its
    place, or the other way round: both are one receipt of money, also in the journal.
    """
    of_both = BankTransfer.objects.filter(
        Q(account=stop.merchant_id) | Q(becomes__account=stop.merchant_id), becomes__isnull=False
    ).exclude(becomes__account=F("account"))
    with cells.at(stop.from_cell):
        shared = of_both.select_related("account__merchant", "becomes__account__merchant").first()
    if shared is not None:
        assert shared.becomes is not None
        raise NotMoved(
            f"transfers: of {shared.account.merchant.reference}, transfer {shared.reference} was"
            f" booked on {shared.becomes.account.merchant.reference} in its place; what two"
            " merchants share cannot be in two cells"
        )


def _check_nothing_is_answered(stop: Move) -> None:
    """Raise NotMoved while an answer of the bank about a withdrawal of the merchant waits for the
    job that takes it each minute, and that would not find the withdrawal any more.
    """
    with cells.at(stop.from_cell):
        own = Withdrawal.objects.filter(line=stop.merchant_id).values("reference")
        waiting = PayoutAnswer.objects.filter(outcome=PayoutAnswer.Outcome.WAITING)
        answer = waiting.filter(reference__in=own).first()
    if answer is not None:
        raise NotMoved(
            f"answers: what the bank answered about withdrawal {answer.reference} is taken within a"
            " minute; try again then"
        )


def _wait_for_others(stop: Move) -> None:
    """Wait until all transactions have ended that are open now. Raises NotMoved if that takes half
    of the time that the stop has.
    """
    patience = (stop.until - stop.began_at).total_seconds() / 2
    ends_at = time.monotonic() + patience
    waited_for = _open_ones()
    while waited_for := waited_for & _open_ones():
        if time.monotonic() > ends_at:
            processes = ", ".join(sorted(str(pid) for _, pid in waited_for))
            raise NotMoved(f"others: transactions of processes {processes} do not end")
        time.sleep(0.01)


def _open_ones() -> set[tuple[str, int]]:
    """The transactions of others in this database that are open, each with its process; but for
    autovacuum's, and those that hold the turn of a move.
    """
    with connection.cursor() as cursor:
        cursor.execute(OPEN)
        return set(cursor.fetchall())


@contextmanager
def _one_picture() -> Iterator[None]:
    """A context with a transaction that sees the books as they are when it begins, and
    fails where somebody else has changed them since. The caller has no transaction open, as
    the isolation cannot be set inside one. Raises NotMoved for what the database refuses,
    for a stop that is over, and for an encrypted text that no key opens; all of the block
    is undone then.
    """
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            yield
    except moves.StoppedTooLong as refusal:
        raise NotMoved(str(refusal)) from refusal
    except Undecryptable as error:
        raise NotMoved("lines: no key opens who paid by a line of the bank") from error
    except DatabaseError as error:
        raise NotMoved(f"database: {' '.join(str(error).split())}") from error


def _move(
    stop: Move, *, actor: str, now: datetime, at_step: Callable[[str], object]
) -> dict[str, int]:
    """Move the rows of the stop's merchant within the caller's transaction: copy, compare
    and delete them, name the new cell in the directory, end the stop with a trail row, and
    audit both cells. The merchant's two books are locked meanwhile, and `at_step` is called
    with the name of each step as it begins. Returns how many rows each table had. Raises
    NotMoved if the copy differs or the audit finds something, StoppedTooLong if the stop is
    over, Undecryptable, and the database's errors; the caller's transaction then undoes all
    of it, and the stop is left for the caller to give up.
    """
    start, to = stop.from_cell, stop.to_cell
    merchant: Merchant = stop.merchant
    of: dict[str, Any] = {"merchant": merchant.pk, "reference": merchant.reference}
    with connection.cursor() as cursor:
        at_step("copy")
        _lock(cursor, of, start)
        copying.hush(cursor)
        locked = locked_months.of(merchant.pk, (start, to))
        with cells.at(to):  # tables are named with their cells, but not by what acts on them
            copying.copy(cursor, of, start, to)
        at_step("compare")
        before, after = (copying.sums(cursor, of, number) for number in (start, to))
        _check_same(before, after)
        _check_same(*({"books": _books(merchant, number)} for number in (start, to)))
        at_step("delete")
        names = copying.names(cursor, of, start)
        with cells.at(to):
            copying.hand_over(cursor, of, start, to)
        bank_lines.follow(merchant.pk, start, to, now=now)
        with cells.at(start):
            copying.look_anew(cursor, of, start)
            copying.delete(cursor, of, start)
        locked_months.follow(merchant.pk, locked)
        copying.unhush(cursor)
    at_step("switch")
    rows = {table: one.rows for table, one in after.items()}
    moves.end(stop.pk, names=names, rows=sum(rows.values()), actor=actor, now=now)
    at_step("audit")
    for number in (start, to):
        with cells.at(number):
            _audit(merchant, number)
    with connection.cursor() as cursor:  # foreign keys of all rows, for which a commit would wait
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    at_step("commit")
    moves.check_in_time(stop)
    return rows


def _lock(cursor: Any, merchant: Mapping[str, Any], number: int) -> None:
    """Lock the merchant's two books, upon which all its other rows hang."""
    for table in ("billing_billingaccount", "credit_creditline"):
        cursor.execute(
            f"SELECT FROM {cells.name_of(number)}.{table} WHERE merchant_id = %(merchant)s"
            " FOR UPDATE",
            merchant,
        )


def _books(merchant: Merchant, number: int) -> dict[str, Any]:
    """The document of the merchant's books as they are in the cell with this number."""
    with cells.at(number):
        return books.of_one(merchant)


def _check_same(before: Mapping[str, object], after: Mapping[str, object]) -> None:
    """Raise NotMoved, naming what differs, unless what the cell had before is what the other cell
    has after it was copied.
    """
    differ = [name for name in before if before[name] != after[name]]
    if differ:
        raise NotMoved(f"copy: {', '.join(differ)} would not be the same afterwards")


def _audit(merchant: Merchant, number: int) -> None:
    """Raise NotMoved if a check finds something wrong about the merchant in the cell that we are
    inside, which has this number.
    """
    rows = owned.most_rows(number, merchant.pk)
    found = [one for one in audit.run_for(merchant.pk, rows) if one.violations]
    if found:
        lines = [
            f"{one.check.name}: {row.subject}: expected {row.expected}; found {row.found}"
            for one in found
            for row in one.listed[:1]
        ]
        raise NotMoved(f"audit: in cell {number} it is not so that {'; '.join(lines)}")
