"""Has moves of merchants' books wait for each other where they change the same rows (rule 30.28).

What cells keep of all their merchants, such as how much a locked month has, is changed by each move
from or to them. So one move at a time has the turn of a cell, from before its write stop until its
transaction has ended: whoever waits stops nobody.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

TURNS = 1949  # of advisory locks, the first key; the second one is the cell's number
# Both or none; what is left of a look that failed ends with its transaction.
TAKE = """
SELECT bool_and(pg_try_advisory_xact_lock(%s, number)) FROM unnest(%s::int[]) number
"""
# SQL for the processes that have a turn, and do nothing else: their transactions write nothing.
HOLDERS = f"""
SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = {TURNS} AND objsubid = 2
"""
SECONDS = 0.1  # between two looks whether it is our turn


class NotOurTurn(Exception):
    """Another move had the turn of one of the cells all the time."""


@contextmanager
def of(one: int, other: int, *, most_seconds: float) -> Iterator[None]:
    """Have the turn of these two cells while the block runs. Whoever has it is waited for. Raises
    NotOurTurn if that takes so many seconds.

    A transaction on a connection of its own holds it, which outlasts those of the block; it ends
    with the process.
    """
    ends_at = time.monotonic() + most_seconds
    own = connections.create_connection(DEFAULT_DB_ALIAS)
    try:
        own.set_autocommit(False)
        while not _is_ours(own, [one, other]):
            own.rollback()
            if time.monotonic() >= ends_at:
                raise NotOurTurn
            time.sleep(SECONDS)
        yield
    finally:
        own.close()


def _is_ours(own: BaseDatabaseWrapper, numbers: list[int]) -> bool:
    """Take the turn of these cells until the transaction of this connection ends; returns whether
    nobody else had one of them. If somebody had, one of them may be taken all the same, until the
    caller rolls back.
    """
    with own.cursor() as cursor:
        # It does nothing else all the while, which some servers bound.
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute(TAKE, [TURNS, numbers])
        (is_ours,) = cursor.fetchone()
    return bool(is_ours)
