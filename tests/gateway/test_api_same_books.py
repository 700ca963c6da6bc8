"""However events get here, once or twice, in this order or that, by one system or by eight at
once: the books are the same, and the audit is clean.
"""

import random
import signal
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import connection, connections
from django.test import TransactionTestCase

from tests import emptied, forked, shops
from tests.books import assert_clean
from tests.credit.pages import set_clock
from tests.gateway.asking import Caller
from tests.shops import Shop

AT = shops.instant("2026-11-10 10:00")
SHOPS = ("rosewood", "lotus", "banyan")
Event = dict[str, Any]


def orders(merchant: str, number: int) -> list[Event]:
    """What becomes of one order, from placing to a refund, as it is told."""
    name = f"{merchant}-{number}"
    cash = {"order": name, "currency": "USD"}
    told: list[tuple[str, dict[str, Any]]] = [
        ("order.placed", {**cash, "buyer": f"b{number % 7}", "amount": "30.00"}),
        ("order.shipped", {"order": name}),
        ("order.delivered", {"order": name}),
        ("order.paid", {**cash, "payment": f"p-{name}", "amount": "20.00"}),
        ("order.refunded", {**cash, "refund": f"r-{name}", "amount": "5.00"}),
    ]
    return [_event(merchant, kind, name, data) for kind, data in told]


def charge(merchant: str, number: int) -> Event:
    """An event that charges the merchant's `number`-th fee."""
    name = f"c-{merchant}-{number}"
    fee = ("pick-pack", "shipping-label", "storage")[number % 3]
    data = {"charge": name, "fee": fee, "amount": "1.25", "currency": "USD"}
    return _event(merchant, "charge.recorded", name, data)


def _event(merchant: str, kind: str, name: str, data: dict[str, Any]) -> Event:
    """An event of the merchant's as JSON has it, at AT."""
    envelope = {"id": f"{kind} {name}", "type": kind, "at": AT.isoformat(), "merchant": merchant}
    return {**envelope, "data": data}


def a_day(orders_of_each: int, charges_of_each: int) -> list[Event]:
    """The events of a day: so many orders and charges of each shop."""
    told = [
        event
        for number in range(orders_of_each)
        for merchant in SHOPS
        for event in orders(merchant, number)
    ]
    told += [charge(merchant, number) for number in range(charges_of_each) for merchant in SHOPS]
    return told


def join_all() -> list[Shop]:
    """The shops, which have just joined."""
    found = []
    for reference in SHOPS:
        terms = {"credit_limit": "100000.00", "billing_threshold": "100000.00"}
        found.append(shops.join("2026-11-10 09:00", reference, **terms))
    return found


def send_until_done(caller: Caller, batches: Sequence[Sequence[Event]]) -> None:
    """Send every batch, and again what was refused, as what it waits for may come in another."""
    waiting = [list(batch) for batch in batches]
    for _ in range(6):
        refused = []
        for batch in filter(None, waiting):
            results = caller.events(*batch)
            refused.append(
                [
                    event
                    for event, result in zip(batch, results, strict=True)
                    if result["outcome"] == "rejected"
                ]
            )
        waiting = refused
        if not any(waiting):
            return
    raise AssertionError("some events are refused again and again")


def books() -> dict[str, Any]:
    """The books of all shops."""
    return {shop: Shop(shop).books() for shop in SHOPS}


def ways(told: list[Event], size: int) -> dict[str, list[list[Event]]]:
    """These events in batches of so many, sent in several ways, by their names."""
    shuffled = list(told)
    random.Random(7).shuffle(shuffled)
    in_batches = [told[start : start + size] for start in range(0, len(told), size)]
    return {
        "twice": in_batches + in_batches,
        "shuffled": [shuffled[start : start + size] for start in range(0, len(told), size)],
        "split otherwise": [told[start : start + 7] for start in range(0, len(told), 7)],
    }


@pytest.mark.full  # over HTTP and by replay in test_three_ways.py
@pytest.mark.parametrize(
    ("each", "size"), [(3, 20), pytest.param(60, 1000, marks=pytest.mark.full)]
)
@pytest.mark.django_db(transaction=True)
def test_whichever_way_they_are_sent_the_books_are_the_same(
    monkeypatch: pytest.MonkeyPatch, each: int, size: int
) -> None:
    set_clock(monkeypatch)("2026-11-10 10:00")
    told = a_day(each, each)
    seen: dict[str, Any] = {}
    for way, batches in {"once": [told], **ways(told, size)}.items():
        _empty()
        join_all()
        send_until_done(Caller(), [batch[:1000] for batch in _within(batches)])
        seen[way] = books()
        assert_clean()
    assert seen["once"]["rosewood"]["orders"]
    for way, found in seen.items():
        assert found == seen["once"], way


def _within(batches: list[list[Event]]) -> list[list[Event]]:
    """The batches, cut into ones of at most 1,000 events, as the API takes them."""
    return [
        batch[start : start + 1000] for batch in batches for start in range(0, len(batch), 1000)
    ]


def _empty() -> None:
    """Empty the database."""
    emptied.empty(TransactionTestCase())


@pytest.mark.full  # test_three_ways sends one by one
@pytest.mark.parametrize("each", [3, pytest.param(60, marks=pytest.mark.full)])
@pytest.mark.django_db(transaction=True)
def test_eight_systems_at_once_end_in_the_same_books(
    monkeypatch: pytest.MonkeyPatch, each: int
) -> None:
    set_clock(monkeypatch)("2026-11-10 10:00")
    told = a_day(each, each)
    join_all()
    send_until_done(Caller(), _within([told]))
    by_one = books()
    _empty()
    join_all()
    callers = [Caller() for _ in range(8)]
    parts = [told[start::8] for start in range(8)]

    def send(place: int) -> None:
        try:
            # Each its own part, and that of its neighbour, too.
            for batch in (parts[place], parts[(place + 1) % 8]):
                callers[place].events(*batch)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(8)))
    send_until_done(Caller(), _within([told]))  # what came before what it waits for
    assert books() == by_one
    assert_clean()


def killed_after(statements: int, caller: Caller, batch: Sequence[Event]) -> int | None:
    """Send the batch to a web server's process that kills itself after so many statements. Returns
    its exit code.
    """
    return forked.killed_before(statements, partial(caller.events, *batch))


def statements_of(batch: Sequence[Event]) -> int:
    """How many SQL statements it takes to take in the batch, which is done."""
    asked = 0

    def count(execute: Any, *statement: Any) -> Any:
        nonlocal asked
        asked += 1
        return execute(*statement)

    with connection.execute_wrapper(count):
        Caller().events(*batch)
    return asked


@pytest.mark.full  # a replay in test_replay_killed.py
@pytest.mark.parametrize(
    "share", [0.45, *(pytest.param(n, marks=pytest.mark.full) for n in (0.04, 0.15, 0.8, 0.98))]
)
@pytest.mark.django_db(transaction=True)
def test_a_batch_whose_server_is_killed_in_the_middle_is_sent_again(
    monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    set_clock(monkeypatch)("2026-11-10 10:00")
    told = a_day(2, 3)
    join_all()
    statements = statements_of(told)
    send_until_done(Caller(), [told])
    whole = books()
    _empty()
    join_all()
    caller = Caller()
    assert killed_after(int(statements * share), caller, told) == -signal.SIGKILL
    assert books() != whole
    send_until_done(caller, [told])
    assert books() == whole
    assert_clean()
