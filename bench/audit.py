"""The audit of a million charges, against reading all of them once by one statement."""

import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from django.db import connection

from bench import pace, seeds
from bench.figures import Figure, less_is_better, measure
from bench.shops import join_all
from bench.sized import Sized
from billing.operations import days
from lib import audit, calendar

MERCHANTS = Sized(usual=200, full=1000, tiny=5)
CHARGES = Sized(usual=1_000, full=5_000, tiny=10)  # of each
ROUNDS = Sized(usual=5, full=5, tiny=1)
LAST_DAY = date(2026, 11, 30)
MOST_SECONDS = 60.0  # of a million charges
# All charges by what the audit holds them against: their items, and their statements by fee.
FLOOR = """
SELECT count(*) FROM (
    SELECT item_id, sum(amount), count(*) FROM billing_charge GROUP BY item_id
    UNION ALL
    SELECT statement_id, sum(amount), count(*) FROM billing_charge GROUP BY statement_id, fee_id
) sums
"""


def run() -> Iterator[Figure]:
    """Measure how long all checks of the audit take, against summing the charges twice by one
    statement, and by what that would be for a million charges. Raises AssertionError if a check
    finds something. Yields a figure for each.
    """
    accounts = join_all([f"audit-{number}" for number in range(MERCHANTS())])
    seeds.fill_month(accounts, last_day=LAST_DAY, charges=CHARGES())
    days.work_off(accounts, now=calendar.day_end(LAST_DAY, "UTC"))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    rounds = [(_seconds(_audit), _seconds(_sum)) for _ in pace.rounds(ROUNDS())]
    number = MERCHANTS() * CHARGES()
    sent = f"all {len(audit.registered())} checks, {number:,} charges of {MERCHANTS():,} merchants"
    yield less_is_better("the audit", rounds, floor="summing the charges twice", sent=sent)
    yield measure(
        "the audit by a million charges",
        [ours * 1_000_000 / number for ours, _ in rounds],
        unit="s",
        sent=sent,
        at_most=MOST_SECONDS,
    )


def _audit() -> None:
    """Run all checks."""
    now = calendar.day_end(LAST_DAY, "UTC") + timedelta(hours=1)
    audit.run(audit.registered(), now=now)


def _sum() -> None:
    """Sum the charges."""
    with connection.cursor() as cursor:
        cursor.execute(FLOOR)


def _seconds(act: Callable[[], None]) -> float:
    """How many seconds `act` takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started
