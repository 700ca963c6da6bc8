"""Measures closing a month of a thousand merchants, compared with one statement that sums all their
charges.

Counts and sums are kept with every charge, so that closing should not depend on how many there are.
Another month is closed by one worker and by two.
"""

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from functools import partial

from django.db import connection, transaction

from bench import pace, seeds
from bench.figures import Figure, less_is_better, more_is_better
from bench.shops import join
from bench.sized import Sized
from billing.models import Invoice, Statement
from billing.operations import days
from jobs.definitions import CHUNK
from lib import calendar

MERCHANTS = Sized(usual=1000, full=1000, tiny=20)
ROUNDS = 5
# Last day, and charges of each merchant. The same merchants close both months.
FEW, MANY = date(2026, 11, 30), date(2026, 12, 31)
AGAIN = date(2027, 1, 31)
TURN = Sized(usual=5_000_000, full=5_000_000, tiny=1_000)  # to which a process counts
CHARGES = Sized(usual=50, full=100, tiny=10)  # of each merchant; in MANY ten times as many

TABLE = "CREATE TABLE bench_total (LIKE billing_statementtotal INCLUDING ALL)"
FLOOR = """
INSERT INTO bench_total (statement_id, fee_id, amount, charge_count)
SELECT charge.statement_id, charge.fee_id, sum(charge.amount), count(*)
FROM billing_charge charge JOIN billing_statement statement ON statement.id = charge.statement_id
WHERE statement.month = %s AND statement.account_id = ANY(%s)
GROUP BY charge.statement_id, charge.fee_id
"""


def run() -> Iterator[tuple[str, str] | Figure]:
    """Measure how long closing a month of all merchants takes, with few charges and with ten times
    as many, against one statement that sums them, and with one worker and two.

    Yields the report's lines, each (what was measured, result), and figures.
    """
    accounts = [join(f"closing-{number}") for number in range(MERCHANTS())]
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
    closed: list[list[tuple[float, float]]] = []
    for last_day, charges in ((FEW, CHARGES()), (MANY, 10 * CHARGES())):
        seeds.fill_month(accounts, last_day=last_day, charges=charges)
        invoices = Invoice.objects.count()
        closed.append(_close(accounts, last_day))
        sent = f"{len(accounts):,} merchants, {charges:,} charges each"
        yield f"bills written with the month of {sent}", f"{Invoice.objects.count() - invoices:,}"
        floor = "one statement that sums the charges"
        aim = 2.0 if last_day == MANY else None
        yield less_is_better(
            f"closing a month, {charges:,} charges each",
            closed[-1],
            floor=floor,
            sent=sent,
            at_most=aim,
        )
    yield less_is_better(
        "closing ten times the charges",
        [
            # Of both as many rounds as the slower one had time for.
            (many, few)
            for (few, _), (many, _) in zip(*closed, strict=False)
        ],
        floor="closing a tenth",
        sent=sent,
        at_most=12,
    )
    yield _by_workers(accounts)
    yield more_is_better(
        "two processes that only count",
        [(2 / _counting(2), 1 / _counting(1)) for _ in range(ROUNDS)],
        floor="one",
        sent="what this machine gives to two at once, at most",
        unit="turns a second",
    )


def _by_workers(accounts: Sequence[int]) -> Figure:
    """Measure the close of another month in chunks, as jobs have them, by one worker and by two:
    processes that are forked, and roll back what they wrote.
    """
    seeds.fill_month(accounts, last_day=AGAIN, charges=CHARGES())
    rounds = []
    for _ in pace.rounds(ROUNDS):
        one = _forked([accounts], AGAIN)
        rounds.append((1 / _forked([accounts[::2], accounts[1::2]], AGAIN), 1 / one))
    return more_is_better(
        "closing a month by 2 workers",
        rounds,
        floor="by 1 worker",
        sent=f"{len(accounts):,} merchants, {CHARGES()} charges each, in chunks of {CHUNK}",
        at_least=1.6,
        unit="months a second",
    )


def _forked(parts: Sequence[Sequence[int]], last_day: date) -> float:
    """How many seconds the slowest of the workers takes, of which each closes the month of one of
    `parts`, some accounts. Each has closed some of them before, as a worker has that is up.
    """

    def close(part: Sequence[int], wait: Callable[[], object]) -> float:
        """Close the month of these merchants once all are ready, and return its seconds."""
        _in_chunks(part[:10], last_day)
        wait()
        return _in_chunks(part, last_day)

    return _slowest([partial(close, part) for part in parts])


def _counting(processes: int) -> float:
    """How many seconds the slowest of so many processes takes to count to TURN; nothing is asked of
    the database.
    """

    def count(wait: Callable[[], object]) -> float:
        """Count once all are ready, and return how many seconds it took."""
        wait()
        started = time.perf_counter()
        sum(1 for _ in range(TURN()))
        return time.perf_counter() - started

    return _slowest([count] * processes)


def _slowest(works: Sequence[Callable[[Callable[[], object]], float]]) -> float:
    """The largest of what these functions return, seconds, each called in a forked process of its
    own. What they are given waits until all have called it.
    """
    connection.close()  # no child may use it
    forks = multiprocessing.get_context("fork")
    ready, seconds = forks.Barrier(len(works)), forks.Queue()

    def run(work: Callable[[Callable[[], object]], float]) -> None:
        """Call the function, and tell what it returns."""
        seconds.put(work(ready.wait))
        connection.close()

    workers = [forks.Process(target=run, args=(work,)) for work in works]
    for worker in workers:
        worker.start()
    found = [seconds.get(timeout=600) for _ in workers]
    for worker in workers:
        worker.join()
    return float(max(found))


def _in_chunks(accounts: Sequence[int], last_day: date) -> float:
    """Work off the accounts' last day of the month, CHUNK accounts at a time, each chunk in a
    transaction of its own, as jobs do: the row from which bills take their numbers is locked no
    longer than that. Returns how many seconds it takes.
    """
    now = calendar.day_end(last_day, "UTC")
    chunks = [accounts[start : start + CHUNK] for start in range(0, len(accounts), CHUNK)]
    return sum(_seconds(partial(_work_off_chunk, chunk, now)) for chunk in chunks)


def _work_off_chunk(accounts: Sequence[int], now: datetime) -> None:
    """Work off the days of these accounts that have ended."""
    days.work_off(accounts, now=now)


def _close(accounts: Sequence[int], last_day: date) -> list[tuple[float, float]]:
    """Close the month whose last day is given. Returns (seconds that our code takes, seconds that
    the least SQL takes) of several runs in turn that are rolled back; then closes it for good.
    """
    now = calendar.day_end(last_day, "UTC")
    month = calendar.month_of(last_day)
    ours, floor = [], []
    for _ in pace.rounds(ROUNDS, share=0.25):
        floor.append(_seconds(lambda: _sum(accounts, month)))
        ours.append(_seconds(lambda: _work_off(accounts, last_day)))
    days.work_off(accounts, now=now)
    left = Statement.objects.filter(account__in=accounts, month=month, closed_at__isnull=True)
    assert not left.exists()
    return list(zip(ours, floor, strict=True))


def _work_off(accounts: Sequence[int], last_day: date) -> None:
    """Work off the last day of the month, which closes it. Raises AssertionError unless that is
    done for all merchants.
    """
    worked_off = days.work_off(accounts, now=calendar.day_end(last_day, "UTC"))
    assert worked_off == MERCHANTS(), worked_off


def _sum(accounts: Sequence[int], month: date) -> None:
    """Sum these accounts' charges of the month with one statement, the least that would do."""
    with connection.cursor() as cursor:
        cursor.execute(FLOOR, [month, list(accounts)])
        assert cursor.rowcount == MERCHANTS() * len(seeds.FEES)


def _seconds(act: Callable[[], None]) -> float:
    """How many seconds `act` takes, including all that a commit would check. It is rolled back, so
    that it can be run again.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        started = time.perf_counter()
        act()
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        seconds = time.perf_counter() - started
        transaction.set_rollback(True)
    return seconds
