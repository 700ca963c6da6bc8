"""A worker keeps nothing of what it was asked.

`manage.py bench memory` asks two processes of gunicorn twenty thousand times, and measures them.
"""

import gc
import json
import logging
import threading
from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db.models import Model
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.test import RequestFactory
from pydantic import BaseModel

from lib.events import Event, Outcome
from tests import shops
from tests.gateway.asking import AN_ORDER, Caller

# What waits for a commit would wait for the end of the test.
pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS, TRIES = 5, 3
MADE_OF = (HttpRequest, HttpResponseBase, Model, BaseModel, Event, Outcome, Exception)


def started(*_: Any) -> Any:
    """What a server does with status and headers, which these tests read from the answer."""


@pytest.fixture(autouse=True)
def nothing_is_logged() -> Iterator[None]:
    """pytest keeps each line of the log."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_no_request_row_or_event_outlives_its_answer() -> None:
    shops.join("2026-11-01 10:00", credit_limit="900000.00")
    key = Caller(requests_per_minute=100_000).text
    served, numbers = WSGIHandler(), count(1)

    def status(method: str, path: str, body: Any) -> int:
        """The status of the answer. Django's test client would keep something of each request."""
        content = b"" if body is None else json.dumps(body).encode()
        request = RequestFactory().generic(
            method, f"/api/v1{path}", content, content_type="application/json",
            headers={"Authorization": f"Bearer {key}"},
        )  # fmt: skip
        answer: Any = served(request.environ, started)
        answer.close()
        return int(answer.status_code)

    def ask(rounds: int) -> None:
        """Ask for something of each sort, that often."""
        for _ in range(rounds):
            order = {**AN_ORDER, "order": f"A-{next(numbers)}", "amount": "1.00"}
            for method, path, body, expected in (
                ("POST", "/orders", order, 201),
                ("POST", "/orders", order, 201),  # known already
                ("POST", "/orders", order | {"amount": "2.00"}, 409),
                ("POST", "/orders", order | {"colour": "red"}, 422),
                ("POST", "/orders/check", order | {"order": "A"}, 200),
                ("GET", "/merchants/rosewood/credit-line", None, 200),
                ("GET", "/merchants/rosewood/orders?limit=5", None, 200),
                ("POST", "/merchants/rosewood/orders/unknown/shipment", None, 404),
            ):
                assert status(method, path, body) == expected

    ask(ROUNDS)
    grown: Counter[str] = Counter()
    for _ in range(TRIES):  # what is kept grows each time
        before = kept()
        ask(ROUNDS)
        grown = kept() - before
        if not grown:
            return
    raise AssertionError(f"kept by each {ROUNDS} rounds: {grown}")


def kept() -> Counter[str]:
    """How many of what a request is made of are in memory, by their class.

    Each class is asked once what it is made of: to ask a million objects takes seconds.
    """
    collect_garbage()
    classes = list(map(type, gc.get_objects()))
    by_id = {id(one): one for one in classes}
    found: Counter[str] = Counter()
    for key, count_of in Counter(map(id, classes)).items():
        if any(base in MADE_OF for base in by_id[key].__mro__):
            found[by_id[key].__name__] += count_of
    return found


def collect_garbage() -> None:
    """Have all garbage collected, however long that of another thread takes.

    While another thread collects, `gc.collect` does nothing and returns at once; and a thread
    that an earlier test left behind may be at it for seconds, in what closes a connection.
    """
    here, seen = threading.get_ident(), threading.Event()

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "stop" and info["generation"] == 2 and threading.get_ident() == here:
            seen.set()

    gc.callbacks.append(note)
    try:
        for _ in range(600):
            gc.collect()
            if seen.wait(0.1):
                return
        raise AssertionError("another thread has collected garbage for a minute")
    finally:
        gc.callbacks.remove(note)
