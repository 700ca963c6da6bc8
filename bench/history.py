"""Creates merchants with a history of two years, written by SQL: applying its events would take
hours.

Triggers and foreign keys are off meanwhile, so the database role has to be a superuser.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime

from django.db import connection, transaction

from bench import billing_history, credit_history
from bench.seeds import FEES
from bench.shops import join

SINCE, NOW = date(2024, 11, 1), datetime(2026, 11, 22, 12, tzinfo=UTC)
JOINED = datetime(2024, 11, 1, tzinfo=UTC)


WRITES = (*billing_history.WRITES, *credit_history.WRITES)


@dataclass(frozen=True)
class Size:
    """How many rows of each kind every merchant gets."""

    step: int  # days between those with bills
    batches: int  # bills of such a day, each with a line of every fee but the monthly ones
    each: int  # charges of such a line
    monthly: int  # charges of the monthly fee in a month
    each_now: int  # in the open month: charges of a fee and day
    monthly_now: int
    orders: int
    declined_every: int  # one order in so many
    open_every: int  # one in so many of those after the first `open_after`
    open_after: int
    rare_every: int  # one is refunded, one cancelled and one written off, of so many
    pay_within: int  # days
    asked: int  # credits, withdrawals, requests, freezes


# The shop with 5,000 charges and 500 orders fills each page once: a page must not look fast because
# it is empty.
SMALL = Size(1, 1, 1, 40, 10, 240, 500, 5, 2, 0, 10, 400, 120)
# One of a thousand: 4,500 charges and 900 orders.
ORDINARY = Size(30, 1, 25, 5, 20, 140, 900, 20, 4, 240, 50, 12, 20)
# The largest: 500,000 charges, 200,000 of them in the open month, and 100,000 orders.
LARGE = Size(1, 15, 6, 1600, 1818, 40_000, 100_000, 20, 4, 60_000, 50, 12, 10_000)
# Next to nothing, in every table.
TINY = Size(90, 8, 1, 1, 1, 1, 40, 5, 4, 0, 12, 50, 8)


def write(references: Sequence[str], size: Size) -> None:
    """Create merchants with these references, each with a history of that size up to `NOW`, and
    then vacuum the tables.
    """
    fill(references, size)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def fill(references: Sequence[str], size: Size) -> None:
    """Create merchants with these references, and then write the rows of their histories in one
    transaction.
    """
    lines = [join(reference, at=JOINED) for reference in references]
    values = asdict(size) | {
        "lines": lines,
        "fees": FEES,
        "since": SINCE,
        "now": NOW,
        "today": NOW.date(),
        "month": NOW.date().replace(day=1),
        "settlement_days": 15,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for write in WRITES:
            cursor.execute(write, values)
            cursor.execute(f"ANALYZE {table_of(write)}")  # the next one reads what this one wrote


def table_of(write: str) -> str:
    """The table that an INSERT or UPDATE statement writes to."""
    verb, *words = write.split()
    return words[0] if verb == "UPDATE" else words[1]
