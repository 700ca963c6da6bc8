"""What an instant of the timetable costs at which nothing is due, at ten thousand merchants.

Each job asks for what is due to it. That takes an index that has only what is due, or next to it:
so it must not depend on how many charges there are. The floor is a round trip to the database for
each job.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from statistics import median

from django.db import connection, transaction

from bench import reached, seeds
from bench.shops import JOINED, join
from jobs.definitions import Job
from jobs.timetable import all_jobs

MERCHANTS, CHARGES = 10_000, 50  # of each
ROUNDS = 11
MOST_MILLISECONDS, MOST_GROWTH = 100.0, 1.5


def run() -> Iterator[tuple[str, str]]:
    """Measure how long all frequent jobs take to find that nothing is due at thousands of
    merchants, without charges and with.

    Yields the report's lines, each (what was measured, result).
    """
    with transaction.atomic():
        accounts = [join(f"tick-{number}") for number in range(MERCHANTS)]
    now = JOINED + timedelta(hours=1)
    jobs = [job for job in all_jobs() if job.every <= timedelta(hours=1)]
    for job in jobs:
        if job.in_replay:
            job.run_here(now)  # what came with the joining
    before, floor = _milliseconds(jobs, now)
    seeds.fill_month(accounts, last_day=JOINED.date(), charges=CHARGES)
    after, _ = _milliseconds(jobs, now)
    yield (
        f"{MERCHANTS:,} merchants, nothing due: all {len(jobs)} jobs, milliseconds (≤ 100)",
        f"{after:.1f} (round trips {floor:.1f}) {_verdict(after <= MOST_MILLISECONDS)}",
    )
    growth = after / before
    yield (
        f"with {MERCHANTS * CHARGES:,} charges to with none (≤ {MOST_GROWTH})",
        reached(growth, growth <= MOST_GROWTH),
    )


def _verdict(is_reached: bool) -> str:
    """The words for the report that say whether the target is reached."""
    return "(reached)" if is_reached else "(NOT REACHED)"


def _milliseconds(jobs: Sequence[Job], now: datetime) -> tuple[float, float]:
    """(milliseconds that all these jobs take to find that nothing is due at `now`, milliseconds
    that as many round trips to the database take), medians of rounds in turn. Raises AssertionError
    if a job of a replay finds something.
    """

    def look() -> None:
        for job in jobs:
            found = job.find(now)
            assert not (found and job.in_replay), f"{job.name} found something"

    def ask() -> None:
        with connection.cursor() as cursor:
            for _ in jobs:
                cursor.execute("SELECT 1")

    rounds = [(_taken(look), _taken(ask)) for _ in range(ROUNDS)]
    return median(one for one, _ in rounds), median(one for _, one in rounds)


def _taken(act: Callable[[], None]) -> float:
    """How many milliseconds `act` takes."""
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * 1000
