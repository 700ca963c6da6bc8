"""Random histories as a marketplace's systems tell them: over HTTP, each event as it happens.

What has a route of its own is told by it or among the events of `POST /events`, by chance; whatever
is taken is now and then told once more at once.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

from django.http import HttpResponse

from lib import clock
from tests import shops
from tests.gateway.asking import Caller, said

Event = dict[str, Any]
Became = tuple[str, str | None]

# The route of each type, and the members of its data that the body has, or the address.
ROUTES: dict[str, tuple[str, set[str], set[str]]] = {
    "order.placed": (
        "/orders",
        {"order", "buyer", "amount", "currency", "instalments", "buyer_risk"},
        set(),
    ),
    "order.shipped": ("/merchants/{merchant}/orders/{order}/shipment", set(), {"order"}),
    "order.delivered": ("/merchants/{merchant}/orders/{order}/delivery", set(), {"order"}),
    "order.cancelled": ("/merchants/{merchant}/orders/{order}/cancellation", {"reason"}, {"order"}),
    "order.paid": (
        "/merchants/{merchant}/orders/{order}/payments",
        {"payment", "amount", "currency"},
        {"order"},
    ),
    "order.refunded": (
        "/merchants/{merchant}/orders/{order}/refunds",
        {"refund", "amount", "currency"},
        {"order"},
    ),
    "charge.recorded": (
        "/charges",
        {"charge", "fee", "request", "quantity", "amount", "currency"},
        set(),
    ),
}
AGAIN, BY_ROUTE = 0.1, 0.5  # shares of events


def send(
    sent: Sequence[Event], clock_file: Path, chance: Random, jobs_wait: timedelta
) -> list[Became]:
    """Tell all of it, at the instants at which it happened; jobs run now and then. Returns what
    became of each event.
    """
    caller, found = a_caller(), list[Became]()
    jobs_at = datetime.fromisoformat(sent[0]["at"]) + jobs_wait
    for event in sent:
        at = datetime.fromisoformat(event["at"])
        while jobs_at <= at:
            shops.run_jobs(jobs_at)
            jobs_at += jobs_wait
        found.append(send_one(caller, event, clock_file, chance))
    return found


def a_caller() -> Caller:
    """Who may tell as much as it likes."""
    return Caller(requests_per_minute=100_000)


def send_one(
    caller: Caller, event: Event, clock_file: Path, chance: Random, arrives: str = ""
) -> Became:
    """Tell one event as it happens, or so that it arrives at this instant, and perhaps once more.
    Returns what became of it.
    """
    clock.move(clock_file, datetime.fromisoformat(arrives or event["at"]))
    became = _told(caller, event, chance)
    if became[0] != "rejected" and chance.random() < AGAIN:
        assert _told(caller, event, chance)[0] == "duplicate", event
    return became


def _told(caller: Caller, event: Event, chance: Random) -> Became:
    """What becomes of the event, told by its own route or in a list of events, by chance."""
    if has_route(event) and chance.random() < BY_ROUTE:
        return _by_route(caller, event)
    (result,) = caller.events(event)
    return result["outcome"], result["code"] or None


def has_route(event: Event) -> bool:
    """Whether a route takes just this: an address carries no text that nothing can keep, and a body
    no member that it does not know.
    """
    if event["type"] not in ROUTES:
        return False
    _, in_body, in_address = ROUTES[event["type"]]
    data = event["data"]
    return (
        data.keys() <= in_body | in_address
        and data.keys() >= in_address
        and all(data[name].isprintable() and data[name] for name in in_address)
    )


def _by_route(caller: Caller, event: Event) -> Became:
    """What becomes of the event, told by its own route."""
    path, in_body, in_address = ROUTES[event["type"]]
    data, merchant = event["data"], event["merchant"]
    address = {name: quote(data[name], safe="") for name in in_address} | {"merchant": merchant}
    body = {name: value for name, value in data.items() if name in in_body} | {"at": event["at"]}
    if not in_address:
        body["merchant"] = merchant
    return _understood(caller.post(path.format(**address), json.dumps(body).encode()))


def _understood(response: HttpResponse) -> Became:
    """The answer of a route in the words of `POST /events`."""
    answer = said(response)
    if response.status_code >= 400:
        return "rejected", answer["code"]
    if response.headers.get("Idempotency-Replayed") == "true":
        return "duplicate", None
    if answer.get("status") == "DECLINED":
        return "declined", answer["code"]
    if answer.get("status") == "UNMATCHED":
        return "rejected", answer["code"]
    return "applied", None
