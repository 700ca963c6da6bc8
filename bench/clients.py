"""`POST /orders` by one client and by two, four and eight, on many credit lines and on one.

Each is measured beside the least that does the same work (bench.least_orders), in turn. What many
clients win by not waiting for one another, they lose on one line, whose orders come one after the
other.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from bench import pace
from bench.api import Ask, asking, join_shop, make_key, orders
from bench.figures import Figure, more_is_better
from bench.served import LEAST, OURS, serving
from bench.sized import Sized
from merchants.models import Merchant

CLIENTS = (1, 2, 4, 8)
LINES, ROUNDS = Sized(usual=200, full=500, tiny=5), Sized(usual=5, full=5, tiny=1)
SECONDS = Sized(usual=0.7, full=4, tiny=0.2)  # of each measurement
# Each thread of a server asks its first statements unprepared, and loads what it needs.
WARMING_SECONDS = Sized(usual=3, full=6, tiny=0.5)
LEAST_RATIO = 0.5


def run() -> Iterator[Figure]:
    """Measure `POST /orders` by one client and by two, four and eight, on many credit lines and on
    one, against the least that does the same.

    Yields a figure for each.
    """
    key = make_key()
    many = [join_shop(f"clients-{number}") for number in range(LINES())]
    with serving(OURS) as ours, serving(LEAST) as least:
        doors = [partial(asking, server, key) for server in (ours, least)]
        for to_server in doors:
            orders(to_server, many, warming=WARMING_SECONDS.exact(), seconds=0.1)
        # Orders of one line come one after the other, whatever is measured beside them: no target.
        for name, shops, share, aim in (
            (f"{len(many)} lines", many, 0.5, LEAST_RATIO),
            ("one line", many[:1], 1.0, None),
        ):
            rounds = [_round(doors, shops) for _ in pace.rounds(ROUNDS(), share=share)]
            for place, clients in enumerate(CLIENTS):
                yield more_is_better(
                    f"POST /orders on {name}, {clients} client{'s' if clients > 1 else ''}",
                    [found[place] for found in rounds],
                    floor="a bare WSGI function",
                    sent=f"orders for {SECONDS.exact():g} s",
                    at_least=aim,
                )


def _round(
    doors: Sequence[Callable[[], Ask]], shops: Sequence[Merchant]
) -> list[tuple[float, float]]:
    """Measure one round of POST /orders by these shops, at our server and at the least's, in turn:
    for each number of clients in CLIENTS, (our orders a second, those of the least).
    """
    found = []
    for clients in CLIENTS:
        ours, least = (
            orders(to_server, shops, clients=clients, warming=0.1, seconds=SECONDS.exact())[0]
            for to_server in doors
        )
        found.append((ours, least))
    return found
