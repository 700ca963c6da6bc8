"""Puts moves of merchants' books between cells on record, with their write stops (rule 30.19).

The instants of a stop are the database server's, by which everybody looks at it.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection, transaction

from lib import locks
from lib.refusals import Refused
from merchants.models import Merchant, Move, MovedName
from merchants.operations.merchants import UnknownMerchant
from merchants.trail import Action
from trail import operations as trail


class CannotMove(Refused):
    """The merchant's books cannot go to that cell, or not now; the message says why."""

    code = "cannot_move"


class StoppedTooLong(Refused):
    """The write stop was over before the books were moved."""

    code = "stopped_too_long"


@transaction.atomic(durable=True)
def begin(*, reference: str, to_cell: int, most_seconds: float) -> Move:
    """Stop all writing for the merchant with this reference, for so many seconds at most, as its
    books are to be moved to a higher cell. Once this has returned, transactions that begin find it
    out; those that are open do not.

    Raises UnknownMerchant, and CannotMove if another move of it is under way, or for a cell that is
    not higher: rows that are written later are to have higher keys. It counts by the database's
    clock. It locks the merchant's row.
    """
    locks.wait_for_advisory_lock("moves come on record")  # one after the other, by their keys
    merchant = Merchant.objects.select_for_update(no_key=True).filter(reference=reference).first()
    if merchant is None:
        raise UnknownMerchant(f"merchant: there is no merchant {reference}")
    if to_cell <= merchant.cell:
        raise CannotMove(
            f"to: {reference} is in cell {merchant.cell}, and goes to a higher one alone, so that"
            " what is written later has higher keys; manage.py cells add makes another"
        )
    now = _now()
    before = Move.objects.filter(merchant=merchant, ended_at__isnull=True)
    if before.filter(until__gt=now).exists():
        raise CannotMove(f"merchant: {reference} is being moved by somebody else")
    before.update(ended_at=now)  # whoever moved it has died
    return Move.objects.create(
        merchant=merchant,
        from_cell=merchant.cell,
        to_cell=to_cell,
        began_at=now,
        until=now + timedelta(seconds=most_seconds),
    )


def give_up(move_id: int) -> bool:
    """End the stop of a move, unless it has ended; returns whether the books were moved all the
    same. A stop that has ended stays as it is: the move was done, or whoever moved the books next
    has ended it.
    """
    Move.objects.filter(pk=move_id, ended_at__isnull=True).update(ended_at=_now())
    return Move.objects.filter(pk=move_id, is_done=True).exists()


def end(
    move_id: int,
    *,
    names: Iterable[MovedName],
    rows: int,
    actor: str,
    now: datetime,
) -> None:
    """Say that the merchant's books, so many rows, are in the move's cell from now on, and that
    these names left the former one with them; write it on the trail. The caller's transaction has
    moved them, and ends the stop by its commit. That the stop is not over is not looked at here
    (`check_in_time`).
    """
    move = Move.objects.select_related("merchant").get(pk=move_id)
    listed = list(names)
    for name in listed:
        name.move = move
    MovedName.objects.bulk_create(listed, batch_size=1000)
    Merchant.objects.filter(pk=move.merchant_id).update(cell=move.to_cell)
    Move.objects.filter(pk=move_id).update(ended_at=_now(), is_done=True)
    trail.write(
        Action.MERCHANT_MOVED,
        merchant_id=move.merchant_id,
        subject=move.merchant.reference,
        before={"cell": move.from_cell},
        after={"cell": move.to_cell, "rows": rows},
        actor=actor,
        now=now,
    )


def check_in_time(move: Move) -> None:
    """Raise StoppedTooLong if the move's stop is over."""
    if _now() >= move.until:
        raise StoppedTooLong(f"stop: it was over at {move.until.isoformat()}")


def _now() -> datetime:
    """The database server's time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    assert isinstance(now, datetime)
    return now
