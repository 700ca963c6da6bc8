"""Clients of the API, of pages and of imports, and what they were told.

A client that gets no answer asks again, word for word, or gives up; some are killed in the middle
of a request. The journal knows of each request whether it was acknowledged.
"""

import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from random import Random
from threading import Event, Lock
from typing import Any, cast

import httpx
from django.db import Error, connection
from django.urls import reverse

from billing.models import Invoice
from config.local.simulation.asking import Answer, Asker
from config.local.simulation.trade import Shop as Trade
from tests.chaos import stage
from tests.chaos.stage import Merchant, Stage
from tests.chaos.world import World

GIVES_UP = 0.5  # share of requests that are not sent again, of those without an answer
PATIENCE_SECONDS = 60.0  # a busy machine starts a web server in less
NO_ANSWER = 599
# Sends a request, and dies before it could read the answer.
DYING = """
import os, signal, socket, sys, time
port, wait = int(sys.argv[1]), float(sys.argv[2])
content = sys.stdin.buffer.read()
connection = socket.create_connection(("127.0.0.1", port), 5)
connection.sendall(content)
time.sleep(wait)
os.kill(os.getpid(), signal.SIGKILL)
"""


@dataclass
class Told:
    """A request, how often it was sent, and its answer; status 0 if there was none."""

    kind: str  # orders, payments, refunds, shipment, …, charges, withdrawals, imports
    merchant: str
    reference: str
    path: str
    body: dict[str, Any]
    status: int = 0
    said: dict[str, Any] = field(default_factory=dict)
    sent: int = 0

    @property
    def is_acknowledged(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_refused(self) -> bool:
        return 400 <= self.status < 500

    def __str__(self) -> str:
        return f"{self.kind} {self.merchant} {self.reference} ({self.status}, sent {self.sent}×)"


class Journal:
    """All requests of a run, in the order in which they were first sent."""

    def __init__(self) -> None:
        self.all: list[Told] = []
        self.answers: Counter[str] = Counter()  # by status, of each time that one was sent
        self._lock = Lock()

    def begin(self, told: Told) -> Told:
        """Note what is about to be told, and return it."""
        with self._lock:
            self.all.append(told)
        return told

    def of(self, *kinds: str) -> Iterator[Told]:
        """What was told of these kinds."""
        return (told for told in self.all if told.kind in kinds)


def of_api(path: str, body: dict[str, Any]) -> Told:
    """What a request to the API tells."""
    parts = path.split("/")
    if parts[0] in ("orders", "charges"):
        return Told(parts[0], body["merchant"], body[parts[0][:-1]], path, body)
    merchant, order, kind = parts[1], parts[3], parts[4]
    return Told(kind, merchant, body.get(kind[:-1], order), path, body)


class Api:
    """One client of the API, as config.local.simulation asks (its Asker's `ask`)."""

    def __init__(
        self, world: World, journal: Journal, key: str, end: Event, chance: Random
    ) -> None:
        self.world, self.journal, self.key, self.end, self.chance = world, journal, key, end, chance
        self.is_to_die = Event()  # in the next request
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{world.web_port}/api/v1/",
            headers={"Authorization": f"Bearer {key}"}, timeout=5, trust_env=False,
        )  # fmt: skip

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
        """Send the request until it is answered or given up; returns the answer. If this client is
        to die, it dies in the middle of it.
        """
        told = self.journal.begin(of_api(path, body or {}))
        if self.is_to_die.is_set():
            self.is_to_die.clear()
            self._die(told)
            return Answer(NO_ANSWER, {})
        self.send(told, patience=PATIENCE_SECONDS, gives_up=GIVES_UP)
        return Answer(told.status or NO_ANSWER, told.said)

    def send(self, told: Told, *, patience: float, gives_up: float = 0) -> httpx.Response | None:
        """Send it until it is answered, or given up after `patience` seconds, by chance or at the
        end of the run. Returns the answer, or None.
        """
        until = time.monotonic() + patience
        while time.monotonic() < until:
            told.sent += 1
            try:
                response = self.client.post(told.path, json=told.body)
            except httpx.ConnectError:  # nobody is there: it was not even sent
                if self.end.wait(0.5):
                    return None
                continue
            except httpx.TransportError:
                self.journal.answers["none"] += 1
            else:
                self.journal.answers[str(response.status_code)] += 1
                if response.status_code < 500 and response.status_code != 429:
                    told.status, told.said = response.status_code, response.json()
                    return response
            if self.chance.random() < gives_up or self.end.wait(0.2):
                return None
        return None

    def _die(self, told: Told) -> None:
        """Send the request from a process that dies before it reads the answer."""
        told.sent += 1
        request = self.client.build_request("POST", told.path, json=told.body)
        head = f"POST {request.url.raw_path.decode()} HTTP/1.1\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
        content = head.encode() + b"\r\n" + request.read()
        command = [sys.executable, "-I", "-S", "-c", DYING, str(self.world.web_port)]
        wait = str(self.chance.choice((0, 0.002, 0.01, 0.03)))
        if subprocess.run([*command, wait], input=content, capture_output=True).returncode == -9:
            self.world.note_kill("client in mid-request")


def trade(api: Api, merchant: Merchant, name: str) -> None:
    """Let the merchant trade until the end is told."""
    names = (f"{name}-{number}" for number in count(1))
    shop = Trade(cast(Asker, api), merchant.reference, merchant.limit, names, api.chance)
    while not api.end.wait(api.chance.uniform(0.05, 0.25)):
        shop.step()


class Pages:
    """Owners who withdraw and pay at once, and an officer who uploads files, by their pages."""

    def __init__(
        self, world: World, journal: Journal, set_up: Stage, end: Event, chance: Random
    ) -> None:
        self.world, self.journal, self.set_up = world, journal, set_up
        self.end, self.chance = end, chance
        self.names = count(1)
        self.browsers = {
            user.pk: httpx.Client(
                base_url=f"http://127.0.0.1:{world.web_port}", cookies=stage.cookies_of(user),
                timeout=8, trust_env=False,
            )
            for user in (set_up.officer, *(merchant.owner for merchant in set_up.merchants))
        }  # fmt: skip

    def use(self) -> None:
        """Do one thing after the other until the end is told."""
        doings = (self._withdraw, self._withdraw, self._pay_now, self._pay_now, self._upload)
        while not self.end.wait(self.chance.uniform(0.1, 0.5)):
            with suppress(httpx.TransportError, Error):
                self.chance.choice(doings)(self.chance.choice(self.set_up.merchants))
            connection.close()

    def _withdraw(self, merchant: Merchant) -> None:
        """Ask for the fee, and confirm it."""
        key = f"withdrawal-{next(self.names)}"
        times = int(merchant.limit.amount) // 20_000
        content = {"amount": str(self.chance.randrange(2, 30) * times), "request_key": key,
                   "destination": str(merchant.destination)}  # fmt: skip
        path = f"/m/{merchant.reference}/credit/withdrawals/new/"
        page = self.browsers[merchant.owner.pk].get(path, params=content)
        fee = re.search(r'name="fee" value="([^"]*)"', page.text)
        if fee:
            told = Told("withdrawals", merchant.reference, key, path, {**content, "fee": fee[1]})
            self.send(self.journal.begin(told), merchant.owner.pk)

    def _pay_now(self, merchant: Merchant) -> None:
        """Press "pay now" on one of the merchant's open bills."""
        found = Invoice.objects.filter(account__merchant__reference=merchant.reference)
        unpaid = list(found.filter(status="OPEN").exclude(number=None)[:20])
        if unpaid:
            invoice = self.chance.choice(unpaid)
            path = f"/m/{merchant.reference}/billing/invoices/{invoice.number}/pay/"
            seen = str(invoice.payments.count())
            told = Told("pay", merchant.reference, str(invoice.number), path, {"seen": seen})
            self.send(self.journal.begin(told), merchant.owner.pk)

    def _upload(self, merchant: Merchant) -> None:
        """A file of orders."""
        name = f"file-{next(self.names)}"
        rows = [f"{merchant.reference},{name}-{row},Somchai,1.00,{merchant.limit.currency.code}"
                for row in range(self.chance.randrange(3, 60))]  # fmt: skip
        content = "\n".join(["merchant,order,buyer,amount,currency", *rows])
        path = reverse("admin:gateway_import_decide_list", args=["upload"])
        body = {"kind": "ORDERS", "reason": stage.REASON, "content": content}
        self.send(self.journal.begin(Told("imports", merchant.reference, name, path, body)),
                  self.set_up.officer.pk)  # fmt: skip

    def send(
        self,
        told: Told,
        person: int,
        *,
        patience: float = PATIENCE_SECONDS,
        gives_up: float = GIVES_UP,
    ) -> None:
        """Send the form until it is answered, or given up."""
        until = time.monotonic() + patience
        form = {**told.body, "csrfmiddlewaretoken": "c" * 32}
        content = form.pop("content", None)
        files = {"file": ("old.csv", content.encode())} if content else None
        while time.monotonic() < until:
            told.sent += 1
            with suppress(httpx.TransportError):
                response = self.browsers[person].post(told.path, data=form, files=files)
                self.journal.answers[f"page {response.status_code}"] += 1
                if response.status_code < 500:
                    told.status, told.said = _understood(told, response)
                    return
            if self.chance.random() < gives_up or self.end.wait(0.2):
                return


def _understood(told: Told, response: httpx.Response) -> tuple[int, dict[str, Any]]:
    """The answer as one of the API's: a page says yes by leading elsewhere, or in words."""
    where = response.headers.get("Location", "")
    if "/accounts/login/" in where or response.status_code == 403:
        raise AssertionError(f"{told}: not signed in: {response.status_code} {where}")
    if told.kind == "imports":
        is_here = "The file is here" in response.text  # or it has been since before
        return (200 if is_here else 422), {"text": response.text}
    return (200 if where else 422), {"where": where}
