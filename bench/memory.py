"""The memory of the API's workers, over twenty thousand requests of all kinds.

What a worker keeps for the next request (plans, patterns, connections, metrics of routes) it has
after the first two thousand. From then on its memory has to stay flat.
"""

import json
import threading
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import count

from bench.api import CLIENTS, GENEROUS, PATH, make_key
from bench.figures import Figure, less_is_better
from bench.served import OURS, Connection, Server, serving
from bench.shops import join
from bench.sized import Sized

WARM, ALL = Sized(2_000, 2_000, 40), Sized(8_000, 20_000, 80)  # requests
MOST_GROWTH = 1.10  # times a worker's memory after WARM requests
SHOPS = 20
MEGABYTE = 1024 * 1024

_numbers = count(1)


def run() -> Iterator[Figure]:
    """Measure by how much the memory of the API's workers grows over thousands of requests.

    Yields the figure.
    """
    key = make_key()
    shops = [f"memory-{number}" for number in range(SHOPS)]
    for shop in shops:
        join(shop, limit=GENEROUS)
    with serving(OURS, silently=True) as server:
        before = _after(server, key, shops, WARM())
        after = _after(server, key, shops, ALL() - WARM())
    worst = max(zip(after, before, strict=True), key=lambda worker: worker[0] / worker[1])
    yield less_is_better(
        f"memory of a worker of the API after {ALL():,} requests, the worst",
        [(worst[0] / MEGABYTE, worst[1] / MEGABYTE)],
        floor=f"after {WARM():,}",
        sent=f"{ALL():,} requests of ten kinds, {CLIENTS} clients",
        at_most=MOST_GROWTH,
        unit="MB",
    )


def _after(server: Server, key: str, shops: Sequence[str], requests: int) -> list[int]:
    """How many bytes each worker takes once the clients, together, have made so many requests for
    these shops. Raises RuntimeError if an answer was not as expected.
    """
    refused: list[str] = []

    def work() -> None:
        """Make a share of the requests; an answer with another status than expected is an error."""
        try:
            connection = Connection(server, key)
            for _ in range(requests // CLIENTS):
                number = next(_numbers)
                method, path, said, expected = _request(number, shops[number // 10 % len(shops)])
                body = None if said is None else json.dumps(said).encode()
                status, content = connection.ask(method, path, body)
                if status != expected:
                    refused.append(f"{method} {path}: {status} {content[:200]!r}")
        except OSError as error:
            refused.append(str(error))

    clients = [threading.Thread(target=work) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    if refused:
        raise RuntimeError(f"{len(refused)} answers were not as expected, the first: {refused[0]}")
    return server.memory()


def _request(number: int, shop: str) -> tuple[str, str, dict[str, str] | None, int]:
    """The request with this number for the shop: method, path, body, and the status that is
    expected. Ten kinds follow each other, some of which are refused.
    """
    order = {
        "merchant": shop, "order": f"m-{number}", "buyer": "b", "amount": "25.00",
        "currency": "USD",
    }  # fmt: skip
    of_shop = f"{PATH}/merchants/{shop}"
    return (
        ("POST", f"{PATH}/orders", order, 201),
        ("POST", f"{PATH}/orders/check", order, 200),
        ("GET", f"{of_shop}/credit-line", None, 200),
        ("GET", f"{of_shop}/orders?limit=20", None, 200),
        ("POST", f"{PATH}/orders", order | {"amount": str(GENEROUS + Decimal(1))}, 201),
        ("POST", f"{PATH}/orders", order | {"amount": "25.001"}, 422),
        ("POST", f"{PATH}/orders", order | {"colour": "red"}, 422),
        ("POST", f"{of_shop}/orders/unknown-{number}/shipment", None, 404),
        ("POST", f"{PATH}/orders", order | {"order": "same"}, 201),
        ("GET", f"{PATH}/nowhere-{number}", None, 404),
    )[number % 10]
