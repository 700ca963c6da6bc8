"""`POST /orders` by one client and by two, four and eight, on many credit lines and on one.

Each is measured beside the least that does the same work (bench.least_orders), in turn. What many
clients win by not waiting for one another, they lose on one line, whose orders come one after the
other.
"""

import os
from collections.abc import Iterator, Sequence
from functools import partial
from statistics import median

from bench import reached
from bench.api import asking, join_shop, make_key, orders
from bench.served import LEAST, OURS, serving
from merchants.models import Merchant

CLIENTS = (1, 2, 4, 8)
LINES, ROUNDS = 500, 3
SECONDS = float(os.environ.get("BENCH_SECONDS") or 4)  # of each measurement
LEAST_RATIO = 0.5


def run() -> Iterator[tuple[str, str]]:
    """Measure `POST /orders` by one client and by two, four and eight, on many credit lines and on
    one, against the least that does the same.

    Yields the report's lines, each (what was measured, result).
    """
    key = make_key()
    many = [join_shop(f"clients-{number}") for number in range(LINES)]
    for name, shops in ((f"{LINES} lines", many), ("one line", many[:1])):
        rounds = [_round(key, shops) for _ in range(ROUNDS)]
        for place, clients in enumerate(CLIENTS):
            ours, floor, ratio = map(median, zip(*(found[place] for found in rounds), strict=True))
            what = f"{name}, {clients} clients" if clients > 1 else f"{name}, 1 client"
            yield f"{what}: orders a second", f"{ours:,.0f} (least {floor:,.0f})"
            yield (
                f"{what}: ratio to the least (≥ {LEAST_RATIO})",
                reached(ratio, ratio >= LEAST_RATIO),
            )


def _round(key: str, shops: Sequence[Merchant]) -> list[tuple[float, float, float]]:
    """Measure one round of POST /orders by these shops: for each number of clients in CLIENTS, (our
    orders a second, those of the least, the ratio of ours to the least).
    """
    rates = []
    for application in (OURS, LEAST):
        with serving(application) as server:
            to_server = partial(asking, server, key)
            orders(
                to_server, shops, warming=SECONDS / 2, seconds=0.1
            )  # each process loads its code
            rates.append(
                [
                    orders(to_server, shops, clients=clients, warming=0.3, seconds=SECONDS)[0]
                    for clients in CLIENTS
                ]
            )
    return [(ours, floor, ours / floor) for ours, floor in zip(*rates, strict=True)]
