"""Measures orders: placing them, one after the other and from many threads at once, and their later
steps (bench.order_steps).
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

from django.db import connection, connections
from moneyed import Money

from bench import order_steps, pace
from bench.figures import Figure, measure, more_is_better
from bench.shops import join
from bench.sized import Sized
from credit.models import CreditLine, Order
from credit.operations import orders

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
SECONDS = Sized(usual=1.5, full=4, tiny=0.1)  # of each measurement
ROUNDS, AT_LEAST = 5, 0.6
LINES = Sized(usual=1000, full=1000, tiny=20)
MANY_LINES = 600.0  # orders a second, each its line's first of the day
THREADS = 8
PRICE = Decimal("25.00")
GENEROUS = Decimal("900000000.00")
NO_END, LONGEST = 10**9, 60.0  # orders; seconds
_runs = count()

# What one order needs at the very least: the line is locked and checked by the update itself.
FLOOR = """
WITH held AS (
    UPDATE credit_creditline SET used = used + %(amount)s
    WHERE merchant_id = %(line)s AND freezes_in_force = 0 AND "limit" - used >= %(amount)s
    RETURNING merchant_id, currency, "limit", used
), placed AS (
    INSERT INTO credit_order (line_id, reference, buyer, buyer_risk, currency, amount, instalments,
        part_amount, status, decline_code, outstanding, paid, refunded, refunded_written_off,
        written_off, recovered, placed_at, placed_said_at, cancel_reason)
    SELECT merchant_id, %(reference)s, 'buyer', 0, currency, %(amount)s, 1, %(amount)s, 'OPEN', '',
           %(amount)s, 0, 0, 0, 0, 0, %(now)s, %(now)s, '' FROM held
    RETURNING id
)
INSERT INTO credit_limitentry (line_id, order_id, kind, currency, limit_change, used_change,
                               limit_after, used_after, actor, reason, at)
SELECT held.merchant_id, placed.id, 'HOLD', held.currency, 0, %(amount)s, held."limit", held.used,
       'platform', '', %(now)s
FROM held, placed
"""


def run() -> Iterator[tuple[str, str] | Figure]:
    """Measure how many orders a second are placed one after the other, against the least SQL, and
    by eight threads on many credit lines and on one; measure the later steps, too, and check that
    no line goes over its limit.

    Yields the report's lines, each (what was measured, result), and figures.
    """
    line = join("bench-one", limit=GENEROUS)
    names = (f"order-{number}" for number in count())
    rounds = []
    for _ in pace.rounds(
        ROUNDS, share=0.3
    ):  # in turn, so that a machine that slows down slows both
        floor = _rate(lambda: _place_floor(line, next(names)))
        rounds.append((_rate(lambda: _place(line, next(names))), floor))
    yield more_is_better(
        "placing an order",
        rounds,
        floor="least SQL",
        sent=f"{SECONDS.exact():g} s of orders, one connection",
        at_least=AT_LEAST,
    )
    yield from order_steps.run()
    lines = [join(f"bench-{number}", limit=GENEROUS) for number in range(LINES())]
    yield from _by_threads(lines, line)
    yield from _no_overshoot()


def _by_threads(lines: list[int], line: int) -> Iterator[Figure]:
    """Measure placing orders by many threads on these lines, in turn with one line, on which one
    order waits for the other. The first orders of the lines come after the day-ends of a day, a day
    later in each round, on connections that have placed such orders of other lines.
    """
    others = [join(f"bench-warming-{number}", limit=GENEROUS) for number in range(6 * THREADS)]
    days = (NOW + timedelta(days=number) for number in count())
    first = [
        _threads(lines, most=len(lines), now=next(days), warming=others)
        for _ in pace.rounds(ROUNDS, share=0.4)
    ]
    yield measure(
        f"{THREADS} threads, an order of each of {len(lines):,} lines, its first of the day",
        first,
        unit="a second",
        sent=f"{len(lines):,} orders",
        at_least=MANY_LINES,
    )
    now = next(days)
    _threads(lines, most=len(lines), now=now)
    yield more_is_better(
        f"{THREADS} threads on {len(lines):,} lines",
        [
            (_threads(lines, now=now), _threads([line], now=now))
            for _ in pace.rounds(ROUNDS, share=0.8)
        ],
        floor="on one line",
        sent=f"{SECONDS.exact():g} s of orders",
    )


def _no_overshoot() -> Iterator[tuple[str, str]]:
    """Check that orders placed at once by many threads never take a line over its limit, and yield
    the report's line about it. Raises AssertionError if they do.
    """
    tight = join("bench-tight", limit=Decimal("2510.00"))  # room for 100 orders and a bit
    _threads([tight], most=400)
    line = CreditLine.objects.get(pk=tight)
    opened = Order.objects.filter(line=line).open().count()
    assert (opened, line.used.amount) == (100, Decimal(2500)), "overshoot"
    yield "8 threads, 400 orders of 25.00 on a limit of 2,510.00", f"{opened} accepted"


def _place(line_id: int, reference: str, now: datetime = NOW) -> None:
    """Place an order by our operation."""
    orders.place(
        merchant_id=line_id,
        reference=reference,
        buyer="buyer",
        amount=Money(PRICE, "USD"),
        now=now,
    )


def _place_floor(line_id: int, reference: str) -> None:
    """Place an order by the least SQL."""
    with connection.cursor() as cursor:
        cursor.execute(
            FLOOR, {"line": line_id, "amount": PRICE, "reference": reference, "now": NOW}
        )


def _rate(act: Callable[[], None]) -> float:
    """How many times per second `act` can be called, one call after the other."""
    for _ in range(50):
        act()
    done, started = 0, time.perf_counter()
    while (passed := time.perf_counter() - started) < SECONDS.exact():
        act()
        done += 1
    return done / passed


def _threads(
    lines: list[int], most: int = NO_END, *, now: datetime = NOW, warming: Sequence[int] = ()
) -> float:
    """How many orders per second THREADS threads place at `now` on these credit lines in turn: for
    SECONDS, or `most` in all. Before that they place one on each of the lines in `warming`: a
    server connects, and prepares its statements, once and not each day.
    """
    numbers = iter(range(most))
    lock = threading.Lock()
    done = [0] * THREADS
    run_id = f"{next(_runs)}-{len(lines)}"
    started = 0.0

    def start() -> None:
        """Note that all threads are ready."""
        nonlocal started
        started = time.perf_counter()

    ready = threading.Barrier(THREADS, action=start)

    def work(place: int) -> None:
        """Place orders until the time is over or there are enough, and count them."""
        try:
            for line in warming[place::THREADS]:
                _place(line, f"{run_id}-warming", now)
            ready.wait()
            ends = started + (SECONDS.exact() if most == NO_END else LONGEST)
            while time.perf_counter() < ends:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                _place(lines[number % len(lines)], f"{run_id}-{number}", now)
                done[place] += 1
        finally:
            ready.abort()  # the others do not wait for one that failed
            connections.close_all()

    workers = [threading.Thread(target=work, args=(place,)) for place in range(THREADS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(done) / (time.perf_counter() - started)
