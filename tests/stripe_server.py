"""Two stand-ins for Stripe, both spoken to over real HTTP on a loopback port.

`localstripe` runs the program of that name, which knows customers, cards and how they decline. It
takes every idempotency key for a new one and can't be made to fail, so `OddStripe` speaks of little
more than PaymentIntents, and goes wrong in whatever way a test asks for.
"""

import json
import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import stripe
from django.test import Client, override_settings

from tests.processes import PATIENCE_SECONDS, until

KEY = "sk_test_tael"
BRIEFLY = 0.2  # seconds for an answer that never comes
WEBHOOK_SECRET = "whsec_tael"

# Run in localstripe's own process: its newest parameter names, no file in /tmp, loopback only, and
# an end when our end of its standard input closes.
LOCALSTRIPE = """
import os, socket, sys, threading
from aiohttp import web
from localstripe import resources
from localstripe.server import app

resources.Store.dump_to_disk = lambda store: None
for made in (resources.PaymentIntent, resources.SetupIntent):
    def create(cls, create=made._api_create.__func__, **data):
        data["payment_method_types"] = data.pop("allowed_payment_method_types", ["card"])
        return create(cls, **data)
    made._api_create = classmethod(create)

def end():
    sys.stdin.buffer.read()
    os._exit(0)

threading.Thread(target=end, daemon=True).start()
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
web.run_app(app, sock=listener, print=None, access_log=None)
"""


@contextmanager
def localstripe() -> Iterator[str]:
    """The address of a localstripe that lives as long as the context, or as this process."""
    with subprocess.Popen(
        [sys.executable, "-c", LOCALSTRIPE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
    ) as process:
        assert process.stdout is not None
        port = process.stdout.readline().decode().strip()
        assert port, "localstripe did not start"
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def be_asked(settings: Any, url: str, *, timeout: float = 60) -> None:
    """Let Tael ask the Stripe at `url`, and give up after so many seconds: who answers is not late,
    however busy the machine is (but see OddStripe.silent and OddStripe.late).
    """
    settings.STRIPE_API_KEY = KEY
    settings.STRIPE_PUBLISHABLE_KEY = "pk_test_tael"
    settings.STRIPE_WEBHOOK_SECRET = WEBHOOK_SECRET
    settings.STRIPE_API_BASE = url
    settings.STRIPE_TIMEOUT = timeout


def send_event(kind: str, object_id: str, *, secret: str = WEBHOOK_SECRET) -> int:
    """Post an event as Stripe would, without a state of the object; the status of our reply."""
    body = json.dumps({"type": kind, "data": {"object": {"id": object_id}}})
    signature = stripe.WebhookSignature.generate_signature_header(body, secret)
    return (
        Client()
        .post(
            "/webhooks/stripe/",
            body,
            content_type="application/json",
            headers={"Stripe-Signature": signature},
        )
        .status_code
    )


class OddStripe(ThreadingHTTPServer):
    """PaymentIntents, what is taken back of them, and mishaps.

    `mishaps` says, in order, what becomes of the next creations:

    CODE, or CODE ADVICE: declined with it    requires_action, processing: it gets that status
    late: taken, answered after `release`     lost: taken, and the connection drops
    unheard: the connection drops, not taken  broken: taken, and answered by a 500
    503, 429, 409: answered by that, not taken
    invalid PARAM CODE: a 400 that names them
    """

    daemon_threads = True
    STATUSES = ("requires_action", "processing")

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), OddRequest)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.mishaps: deque[str] = deque()
        self.is_silent = False  # takes nothing and gives no answer, whatever is asked
        self.intents: list[dict[str, Any]] = []  # oldest first
        self.taken_back: dict[str, list[dict[str, Any]]] = {"refunds": [], "disputes": []}
        self.payouts: list[dict[str, Any]] = []  # oldest first
        self.setups: list[dict[str, Any]] = []  # SetupIntents, oldest first
        self.cards: list[dict[str, Any]] = []  # PaymentMethods, oldest first
        self.detached: set[str] = set()  # cards that may be attached to nobody any more
        self.balance: list[dict[str, Any]] = []  # transactions; "payout" is what they are in
        self.by_key: dict[str, dict[str, Any]] = {}
        self.requests: list[str] = []
        self.clock = datetime(2026, 11, 1, tzinfo=UTC)  # at which PaymentIntents are made
        self.before_reply: Callable[[str], None] = lambda intent_id: None
        self.before_cancel: Callable[[dict[str, Any]], None] = lambda intent: None
        self.release = Event()
        self.lock = Lock()
        self._numbers = count(1)

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Take nothing and answer nothing while the block runs, in which Tael asks and waits only
        briefly.
        """
        before = len(self.requests)
        self.is_silent = True
        with override_settings(STRIPE_TIMEOUT=BRIEFLY):
            yield
        until(lambda: len(self.requests) > before)  # one that gave up may not have been heard yet
        self.is_silent = False

    @contextmanager
    def late(self) -> Iterator[None]:
        """Take the next payment that is asked for in the block, and answer when nobody waits any
        more.
        """
        taken = len(self.intents)
        self.mishaps.append("late")
        with override_settings(STRIPE_TIMEOUT=BRIEFLY):
            yield
        until(lambda: len(self.intents) > taken)

    def make(self, form: dict[str, str], **changes: Any) -> dict[str, Any]:
        """A new PaymentIntent for what the form asks, with these values changed."""
        number = next(self._numbers)
        intent = {
            "id": f"pi_{number}",
            "object": "payment_intent",
            "amount": int(form["amount"]),
            "currency": form["currency"],
            "customer": form["customer"],
            "payment_method": form["payment_method"],
            "created": int(self.clock.timestamp()),
            "status": "succeeded",
            "last_payment_error": None,
            "metadata": {
                name[len("metadata[") : -1]: value
                for name, value in form.items()
                if name.startswith("metadata[")
            },
        }
        self.intents.append(intent | changes)
        return self.intents[-1]

    def set_up(
        self, merchant: str, last_four: str = "4242", prefix: str = "T", **changes: Any
    ) -> dict[str, Any]:
        """A SetupIntent for the merchant of this reference, by which a card was handed over to
        Stripe and attached to the customer cus_1.
        """
        number = next(self._numbers)
        card = {"brand": "visa", "last4": last_four, "exp_month": 2, "exp_year": 2028}
        made = {"id": f"pm_{number}", "object": "payment_method", "customer": "cus_1", "card": card}
        self.cards.append(made)
        written = {"tael_merchant": merchant, "tael_actor": "anna@rosewood.example"}
        setup = {
            "id": f"seti_{number}",
            "object": "setup_intent",
            "customer": "cus_1",
            "payment_method": made["id"],
            "status": "succeeded",
            "metadata": written | {"tael_installation": prefix},
        }
        self.setups.append(setup | changes)
        return self.setups[-1]

    def take_back(self, what: str, intent_id: str, amount: int, **changes: Any) -> dict[str, Any]:
        """A refund or a dispute of what a PaymentIntent brought, as Stripe then has it."""
        reference, status = {"refunds": ("re", "succeeded"), "disputes": ("du", "needs_response")}[
            what
        ]
        made = {
            "id": f"{reference}_{len(self.taken_back[what]) + 1}",
            "object": what.removesuffix("s"),
            "amount": amount,
            "currency": "usd",
            "charge": f"ch_{intent_id}",
            "payment_intent": intent_id,
            "created": int(self.clock.timestamp()),
            "status": status,
            "reason": None,
        }
        self.taken_back[what].append(made | changes)
        return self.taken_back[what][-1]

    def pay_out(self, *rows: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """A payout of these rows (`row`), as Stripe makes it by itself, with its own row."""
        amount = sum(row["net"] for row in rows)
        made = {
            "id": f"po_{len(self.payouts) + 1}",
            "object": "payout",
            "amount": amount,
            "currency": rows[0]["currency"] if rows else "usd",
            "automatic": True,
            "status": "paid",
            "created": int(self.clock.timestamp()),
            "arrival_date": int(self.clock.timestamp()),
        }
        self.payouts.append(made | changes)
        own = self.row("payout", -amount, source=self.payouts[-1])
        for row in (*rows, own):
            self.balance.append(row | {"payout": self.payouts[-1]["id"]})
        return self.payouts[-1]

    def row(
        self, kind: str, amount: int, fee: int = 0, source: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """A balance transaction of what it is of."""
        return {
            "id": f"txn_{next(self._numbers)}",
            "object": "balance_transaction",
            "type": kind,
            "description": None,
            "amount": amount,
            "fee": fee,
            "net": amount - fee,
            "currency": "usd",
            "created": int(self.clock.timestamp()),
            "source": source,
        }

    def charge_row(self, intent: dict[str, Any], fee: int, **changes: Any) -> dict[str, Any]:
        """The balance transaction of the charge that a PaymentIntent made."""
        charge = {
            "id": f"ch_{intent['id']}",
            "object": "charge",
            "amount": intent["amount"],
            "currency": intent["currency"],
            "payment_intent": intent["id"],
            "metadata": intent["metadata"],
        }
        return self.row("charge", intent["amount"], fee, charge) | changes

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whom we answer too late has gone: that is what the test wants."""

    def find(self, object_id: str) -> dict[str, Any] | None:
        """The payment, refund, dispute, payout, setup or card that Stripe has made under this id;
        None if there is none.
        """
        everything = [
            *self.intents, *self.taken_back["refunds"], *self.taken_back["disputes"], *self.payouts,
            *self.setups, *self.cards,
        ]  # fmt: skip
        return next((made for made in everything if made["id"] == object_id), None)


class OddRequest(BaseHTTPRequestHandler):
    server: OddStripe

    def log_message(self, format: str, *args: Any) -> None:
        """Tests need no access log."""

    def do_GET(self) -> None:
        """Answer with a list, or with one thing."""
        address = urlsplit(self.path)
        if self._is_turned_away():
            return
        kind = address.path.removeprefix("/v1/")
        if kind in ("payment_intents", "payouts", "balance_transactions", *self.server.taken_back):
            self._list(kind, dict(parse_qsl(address.query)))
        else:
            self._answer_with(address.path.rpartition("/")[2])

    def do_POST(self) -> None:
        """Make or cancel a PaymentIntent; the same key gives the same answer."""
        length = int(self.headers.get("Content-Length") or 0)
        form = dict(parse_qsl(self.rfile.read(length).decode()))
        if self._is_turned_away():
            return
        cancelled = re.fullmatch(r"/v1/payment_intents/(\w+)/cancel", self.path)
        hung = re.fullmatch(r"/v1/payment_methods/(\w+)/(attach|detach)", self.path)
        with self.server.lock:
            if cancelled:
                self._cancel(cancelled[1])
            elif hung:
                self._hang(hung[1], form.get("customer"))
            elif self.path == "/v1/customers":
                number = len(self.server.by_key) + 1
                made = {"object": "customer", "id": f"cus_{number}"}
                self._say(200, self.server.by_key.setdefault(self.headers["Idempotency-Key"], made))
            elif self.path == "/v1/setup_intents":
                customer = form["customer"]
                made = {"object": "setup_intent", "id": "seti_1", "client_secret": customer}
                self._say(200, made)
            else:
                self._create(form, self.headers["Idempotency-Key"])

    def _is_turned_away(self) -> bool:
        """Note the request. Returns True, and answers nothing, while the server is silent; or
        answers 401 if the key is wrong. Otherwise the request is still to be answered.
        """
        self.server.requests.append(f"{self.command} {urlsplit(self.path).path}")
        if self.server.is_silent:
            self.close_connection = True
            self.server.release.wait(PATIENCE_SECONDS)
            return True
        if self.headers["Authorization"] != f"Bearer {KEY}":
            self._say(401, {"error": {"type": "invalid_request_error", "message": "Wrong key"}})
            return True
        return False

    def _create(self, form: dict[str, str], key: str) -> None:
        """Make a PaymentIntent, or answer as the next mishap says."""
        server = self.server
        if key in server.by_key:
            self._say(200, server.by_key[key])
            return
        mishap = server.mishaps.popleft() if server.mishaps else ""
        if mishap == "unheard":
            self.close_connection = True
        elif mishap.isdigit():
            self._say(int(mishap), {"error": {"type": "api_error", "message": "Not now"}})
        elif mishap.startswith("invalid "):
            _, param, code = mishap.split()
            error = {"type": "invalid_request_error", "message": "No", "param": param, "code": code}
            self._say(400, {"error": error})
        else:
            self._take(form, key, mishap)

    def _take(self, form: dict[str, str], key: str, mishap: str) -> None:
        """Make the payment, and answer as the mishap says: late, not at all (lost), with 500
        (broken), that the card is refused, or with another status.
        """
        server = self.server
        if mishap in server.STATUSES:
            server.by_key[key] = server.make(form, status=mishap)
        elif mishap in ("", "late", "lost", "broken"):
            server.by_key[key] = server.make(form)
        else:
            mishap, _, advice = mishap.partition(" ")
            error = {"type": "card_error", "code": "card_declined", "decline_code": mishap}
            error["advice_code"] = advice
            if mishap == "authentication_required":
                error["code"] = mishap
            status = "requires_payment_method"
            server.by_key[key] = server.make(form, status=status, last_payment_error=error)
            self._say(402, {"error": {**error, "payment_intent": server.by_key[key]}})
            return
        server.before_reply(server.by_key[key]["id"])
        if mishap == "late":
            server.lock.release()
            server.release.wait(PATIENCE_SECONDS)
            server.lock.acquire()
        if mishap == "lost":
            self.close_connection = True
        elif mishap == "broken":
            self._say(500, {"error": {"type": "api_error", "message": "Something broke"}})
        else:
            self._say(200, server.by_key[key])

    def _cancel(self, intent_id: str) -> None:
        """Cancel the PaymentIntent, unless it is over."""
        intent = self.server.find(intent_id)
        assert intent is not None
        self.server.before_cancel(intent)
        if intent["status"].startswith("requires_"):
            intent["status"] = "canceled"
            self._say(200, intent)
            return
        error = {"type": "invalid_request_error", "code": "payment_intent_unexpected_state"}
        self._say(400, {"error": {**error, "message": "It can't be cancelled any more"}})

    def _hang(self, card_id: str, customer: str | None) -> None:
        """Attach the card to this customer; for None detach it, after which it can be attached to
        nobody.
        """
        card = self.server.find(card_id)
        assert card is not None
        if customer is not None and card_id in self.server.detached:
            error = {"type": "invalid_request_error", "message": "It may not be used again"}
            self._say(400, {"error": error})
            return
        if customer is None:
            self.server.detached.add(card_id)
        card["customer"] = customer
        self._say(200, card)

    def _list(self, kind: str, query: dict[str, str]) -> None:
        """Answer with a page of what was made, newest first."""
        since = int(query.get("created[gte]", 0))
        lists = {"payouts": self.server.payouts, "balance_transactions": self.server.balance}
        made = (self.server.taken_back | lists).get(kind, self.server.intents)
        wanted = {name: query[name] for name in ("customer", "charge", "payout") if name in query}
        found = [
            one
            for one in reversed(made)
            if one["created"] >= since and wanted.items() <= one.items()
        ]
        after = query.get("starting_after")
        if after:
            found = found[[one["id"] for one in found].index(after) + 1 :]
        limit = min(int(query.get("limit", 10)), 2)  # small, so that there is another one
        listed = {"object": "list", "url": f"/v1/{kind}", "data": found[:limit]}
        self._say(200, {**listed, "has_more": len(found) > limit})

    def _answer_with(self, intent_id: str) -> None:
        """Answer with what has this id; 404 if nothing has."""
        intent = self.server.find(intent_id)
        if intent is not None:
            self._say(200, intent)
            return
        error = {"type": "invalid_request_error", "code": "resource_missing", "message": "None"}
        self._say(404, {"error": error})

    def _say(self, status: int, body: dict[str, Any]) -> None:
        """Answer with this status and JSON."""
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def odd_stripe() -> Iterator[OddStripe]:
    """A server that stands for Stripe and does odd things when told to, while the block runs."""
    server = OddStripe()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.release.set()
        server.shutdown()
        server.server_close()
        thread.join()
