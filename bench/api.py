"""The API, served by two processes of gunicorn, against the least that does the same work.

Batches of events are measured against the operations that they run, called in this process; orders
one by one against a bare WSGI function (bench.least_orders), both by eight clients on connections
that stay open.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from itertools import count
from typing import Any

from moneyed import Money

from bench import pace
from bench.figures import Figure, measure, more_is_better
from bench.served import LEAST, OURS, Connection, Server, serving
from bench.shops import join
from bench.sized import Sized
from billing.operations import charges
from credit.operations import order_steps, payments, refunds
from credit.operations import orders as placing
from gateway.models import Scope
from gateway.operations import keys
from merchants.models import Merchant

BATCH = Sized(usual=1000, full=1000, tiny=50)
ROUNDS = 5
CLIENTS = 8
SECONDS = Sized(usual=2, full=6, tiny=1)  # of each measurement of orders
WARMING_SECONDS = Sized(usual=4, full=10, tiny=1)
AT_LEAST, MOST_SPREAD = 0.5, 4.0
PRICE = "25.00"
GENEROUS = Decimal("900000000.00")
PATH = "/api/v1"

Ask = Callable[[str, bytes], None]
_numbers = count(1)


def run() -> Iterator[Figure]:
    """Measure how many charges and order events a second the server takes, against the same
    operations in this process, and how many orders one by one, against the least that does the
    same.

    Yields a figure for each. Raises RuntimeError if no order came through.
    """
    key = make_key()
    shops = [join_shop(f"api-{number}") for number in range(20)]
    with serving(OURS) as server:
        to_server = partial(asking, server, key)
        yield from _batches("charges", to_server, shops, _charge_events, _record, 0.15)
        yield from _batches("order events", to_server, shops, _order_events, _run, 0.4)
    rates, spreads = [], []
    # Both servers are up all the time and warm, and are asked in turn, so that a machine that slows
    # down slows both.
    with serving(OURS) as our_server, serving(LEAST) as least_server:
        to_ours, to_least = (partial(asking, server, key) for server in (our_server, least_server))
        for to_server in (to_ours, to_least):
            orders(to_server, shops, seconds=0.1)
        for _ in pace.rounds(ROUNDS):
            floor, _ = orders(to_least, shops, warming=0.2)
            ours, waits = orders(to_ours, shops, warming=0.2)
            if not (ours and floor):
                raise RuntimeError("no order came through: the machine is too busy")
            rates.append((ours, floor))
            p50, p99 = (waits[int(len(waits) * share)] for share in (0.5, 0.99))
            spreads.append(p99 / p50)
    sent = f"{CLIENTS} clients for {SECONDS.exact():g} s, 2 processes of 4 threads"
    yield more_is_better(
        "POST /orders", rates, floor="a bare WSGI function", sent=sent, at_least=AT_LEAST
    )
    yield measure("POST /orders: p99 by p50", spreads, unit="times", sent=sent, at_most=MOST_SPREAD)


def join_shop(reference: str) -> Merchant:
    """A new merchant with this reference, and with a limit and threshold that the benchmark never
    reaches.
    """
    return Merchant.objects.get(pk=join(reference, limit=GENEROUS, threshold="900000000.00"))


def make_key() -> str:
    """Make a new key of the API with all scopes and the highest rate, and return its text."""
    _, text = keys.make(
        name="bench",
        scopes=Scope.values,
        requests_per_minute=keys.MOST_REQUESTS_PER_MINUTE,
        reason="a benchmark",
        actor="bench",
        now=datetime.now(UTC),
    )
    return text


# --- batches --------------------------------------------------------------------------------------


def _batches(
    what: str,
    to_server: Callable[[], Ask],
    shops: Sequence[Merchant],
    make: Callable[[Sequence[Merchant]], list[dict[str, Any]]],
    in_process: Callable[[Sequence[Merchant], list[dict[str, Any]]], None],
    share: float,
) -> Iterator[Figure]:
    """Measure how long batches of events take that are sent to the server, beside the same
    operations called in this process. `share` of the part's time may be taken. Yields the figure.
    """
    rates = []
    to_server()(f"{PATH}/events", json.dumps({"events": make(shops)}).encode())  # it warms up
    for _ in pace.rounds(ROUNDS, share=share):
        events = make(shops)
        floor = _seconds(lambda events=events: in_process(shops, events))  # type: ignore[misc]
        body = json.dumps({"events": make(shops)}).encode()
        ask = to_server()  # a connection is not kept for as long as the operations may take
        ours = _seconds(lambda ask=ask, body=body: ask(f"{PATH}/events", body))  # type: ignore[misc]
        rates.append((BATCH() / ours, BATCH() / floor))
    yield more_is_better(
        f"{what} by POST /events",
        rates,
        floor="the operations, in process",
        sent=f"one request with {BATCH():,}",
        at_least=AT_LEAST,
    )


def _seconds(act: Callable[[], None]) -> float:
    """How many seconds `act` takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def _event(kind: str, shop: Merchant, data: dict[str, Any]) -> dict[str, Any]:
    """An event of this type that happens now at the shop, as the API takes it, with an id that no
    other has.
    """
    at = datetime.now(UTC).isoformat()
    number = next(_numbers)
    return {
        "id": f"e-{number}", "type": kind, "at": at, "merchant": shop.reference, "data": data,
    }  # fmt: skip


def _charge_events(shops: Sequence[Merchant]) -> list[dict[str, Any]]:
    """BATCH new charges, those of all shops mixed."""
    return [
        _event(
            "charge.recorded",
            shops[place % len(shops)],
            {
                "charge": f"c-{next(_numbers)}",
                "fee": "pick-pack",
                "request": f"r-{place // 3}",
                "quantity": "2",
                "currency": "USD",
                "amount": "2.45",
            },
        )
        for place in range(BATCH())
    ]


def _order_events(shops: Sequence[Merchant]) -> list[dict[str, Any]]:
    """The events of new orders, from placing to a refund, those of all shops mixed: at least BATCH
    of them.
    """
    found: list[dict[str, Any]] = []
    while len(found) < BATCH():
        shop, name = shops[len(found) % len(shops)], f"o-{next(_numbers)}"
        of_order, cash = {"order": name}, {"order": name, "currency": "USD"}
        found += [
            _event("order.placed", shop, {**cash, "buyer": "b", "amount": PRICE}),
            _event("order.shipped", shop, of_order),
            _event("order.delivered", shop, of_order),
            _event("order.paid", shop, {**cash, "payment": f"p-{name}", "amount": "20.00"}),
            _event("order.refunded", shop, {**cash, "refund": f"r-{name}", "amount": "5.00"}),
        ]
    return found


def _record(shops: Sequence[Merchant], events: list[dict[str, Any]]) -> None:
    """Record the charges of these events in this process, all with one call."""
    now, keys_of = datetime.now(UTC), {shop.reference: shop.pk for shop in shops}
    charges.record_many(
        [
            charges.NewCharge(
                merchant_id=keys_of[event["merchant"]],
                reference=event["data"]["charge"],
                fee=event["data"]["fee"],
                currency="USD",
                amount=Decimal(event["data"]["amount"]),
                quantity=Decimal(event["data"]["quantity"]),
                at=now,
                now=now,
                request=event["data"]["request"],
            )
            for event in events
        ]
    )


def _run(shops: Sequence[Merchant], events: list[dict[str, Any]]) -> None:
    """Carry out the order events in this process, one operation after the other."""
    keys_of = {shop.reference: shop.pk for shop in shops}
    for event in events:
        data, now = event["data"], datetime.now(UTC)
        whose: dict[str, Any] = {"merchant_id": keys_of[event["merchant"]], "at": now, "now": now}
        match event["type"]:
            case "order.placed":
                amount = Money(data["amount"], "USD")
                placing.place(reference=data["order"], buyer="b", amount=amount, **whose)
            case "order.shipped":
                order_steps.ship(reference=data["order"], **whose)
            case "order.delivered":
                order_steps.deliver(reference=data["order"], **whose)
            case "order.paid":
                amount = Money(data["amount"], "USD")
                payments.receive(
                    order=data["order"], reference=data["payment"], amount=amount, **whose
                )
            case _:
                amount = Money(data["amount"], "USD")
                refunds.give(order=data["order"], reference=data["refund"], amount=amount, **whose)


# --- orders, one by one ---------------------------------------------------------------------------


def orders(
    to_server: Callable[[], Ask],
    shops: Sequence[Merchant],
    *,
    clients: int = CLIENTS,
    warming: float | None = None,
    seconds: float | None = None,
) -> tuple[float, list[float]]:
    """Return (orders per second of all clients together, seconds that each order took, sorted).
    Orders of the time to warm up are not counted.
    """
    waits: list[list[float]] = [[] for _ in range(clients)]
    warming = WARMING_SECONDS.exact() if warming is None else warming
    seconds = SECONDS.exact() if seconds is None else seconds
    warm_at = time.perf_counter() + warming  # by when each process has loaded its code
    ends = warm_at + seconds

    def work(place: int) -> None:
        """Place one order after the other until the time is over, and note how long each took."""
        ask = to_server()
        while (started := time.perf_counter()) < ends:
            number = next(_numbers)
            order = {
                "merchant": shops[number % len(shops)].reference,
                "order": f"one-{number}",
                "buyer": "b",
                "amount": PRICE,
                "currency": "USD",
            }
            ask(f"{PATH}/orders", json.dumps(order).encode())
            if started >= warm_at:
                waits[place].append(time.perf_counter() - started)

    senders = [threading.Thread(target=work, args=(place,)) for place in range(clients)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    found = sorted(wait for of_one in waits for wait in of_one)
    return len(found) / seconds, found


def asking(server: Server, key: str) -> Ask:
    """A function that posts a body to a path of the server with this key, over a connection of its
    own that stays open for a while. It raises RuntimeError unless the body is accepted, with no
    event rejected.
    """
    connection = Connection(server, key)

    def ask(path: str, body: bytes) -> None:
        """Post the body; raises RuntimeError if the server refuses it or rejects an event."""
        status, content = connection.ask("POST", path, body)
        if status not in (200, 201) or b'"rejected"' in content:
            raise RuntimeError(f"{path}: {status} {content[:500]!r}")

    return ask
