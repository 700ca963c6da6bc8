"""What an instant of the timetable costs at which nothing is due, at ten thousand merchants.

Each job asks for what is due to it. That takes an index that has only what is due, or next to it:
so it must not depend on how many charges there are. The floor is a round trip to the database for
each job.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from django.db import connection

from bench import pace, seeds
from bench.figures import Figure, less_is_better, measure
from bench.shops import JOINED, join_all
from bench.sized import Sized
from jobs.definitions import Job
from jobs.timetable import all_jobs

MERCHANTS, CHARGES = Sized(10_000, 10_000, 20), Sized(20, 50, 10)  # of each
ROUNDS = 11
MOST_MILLISECONDS, MOST_GROWTH = 100.0, 1.5


def run() -> Iterator[Figure]:
    """Measure how long all frequent jobs take to find that nothing is due at thousands of
    merchants, without charges and with.

    Yields a figure for each.
    """
    accounts = join_all([f"tick-{number}" for number in range(MERCHANTS())])
    now = JOINED + timedelta(hours=1)
    jobs = [job for job in all_jobs() if job.every <= timedelta(hours=1)]
    for job in jobs:
        if job.in_replay:
            job.run_here(now)  # what came with the joining
    before = _milliseconds(jobs, now)
    seeds.fill_month(accounts, last_day=JOINED.date(), charges=CHARGES())
    after = _milliseconds(jobs, now)
    sent = f"all {len(jobs)} jobs, {MERCHANTS():,} merchants"
    yield less_is_better(
        "the timetable with nothing due",
        after,
        floor="a round trip for each job",
        sent=sent,
        unit="ms",
    )
    yield measure(
        "the same by the clock",
        [ours for ours, _ in after],
        unit="ms",
        sent=sent,
        at_most=MOST_MILLISECONDS,
    )
    yield less_is_better(
        f"the same with {MERCHANTS() * CHARGES():,} charges",
        [(late, early) for (late, _), (early, _) in zip(after, before, strict=True)],
        floor="without charges",
        sent=sent,
        at_most=MOST_GROWTH,
        unit="ms",
    )


def _milliseconds(jobs: Sequence[Job], now: datetime) -> list[tuple[float, float]]:
    """(milliseconds that all these jobs take to find that nothing is due at `now`, milliseconds
    that as many round trips to the database take) of rounds in turn. Raises AssertionError if a job
    of a replay finds something.
    """

    def look() -> None:
        """Have each job find what is due, which is nothing."""
        for job in jobs:
            found = job.find(now)
            assert not (found and job.in_replay), f"{job.name} found something"

    def ask() -> None:
        """Ask the database as many questions as there are jobs."""
        with connection.cursor() as cursor:
            for _ in jobs:
                cursor.execute("SELECT 1")

    return [(_taken(look), _taken(ask)) for _ in pace.rounds(ROUNDS, share=0.4)]


def _taken(act: Callable[[], None]) -> float:
    """How many milliseconds `act` takes."""
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * 1000
