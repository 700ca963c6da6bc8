"""A shop's day, as a marketplace's own system tells it: with httpx, against a running Tael.

    export TAEL_KEY=tael_…              # made by an administrator, for all but `metrics`
    export TAEL_WEBHOOK_SECRET=whsec_…  # of an endpoint at http://127.0.0.1:8099/, if there is one
    python examples/marketplace.py --url http://127.0.0.1:8000

It needs httpx and standardwebhooks, and nothing of Tael. An endpoint on this machine is told of
nothing unless Tael runs with TAEL_WEBHOOK_NETWORKS=127.0.0.0/8.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from threading import Thread
from typing import Any

import httpx
from standardwebhooks import Webhook, WebhookVerificationError

SHOP = "mango-lane"
TERMS = {
    "merchant": SHOP,
    "name": "Mango Lane",
    "currency": "USD",
    "timezone": "Asia/Bangkok",
    "language": "en",
    "credit_limit": "5000.00",
    "payment_days": 10,
    "settlement_days": 7,
    "billing_threshold": "200.00",
    "plan": "basic",
    "plan_price": "0",
    "plan_interval_days": 30,
}
ATTEMPTS = 8
WEBHOOK_SECONDS = 180.0  # webhooks go out once a minute


class Tael:
    """Asks the API; a question without an answer is asked again, which is always safe."""

    def __init__(self, url: str, key: str) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self._client = httpx.Client(base_url=f"{url}/api/v1/", headers=headers, timeout=30)

    def get(self, path: str) -> dict[str, Any]:
        return self._ask("GET", path).json()  # type: ignore[no-any-return]

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return self._ask("POST", path, body).json()  # type: ignore[no-any-return]

    def is_known(self, path: str, body: Mapping[str, Any]) -> bool:
        """Send what was sent before; returns whether the answer is that of the first time."""
        answer = self._ask("POST", path, body)
        return "Idempotency-Replayed" in answer.headers

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        """Send this, and again, after a pause that grows, while there is no answer, or one of 429
        or 5xx. Ends the program with a sentence if it is refused, or has no answer ATTEMPTS times.
        """
        for attempt in range(ATTEMPTS):
            wait = 0.5 * 2**attempt
            try:
                response = self._client.request(method, path, json=body)
            except httpx.TransportError as error:
                print(f"No answer ({error}); the same is sent again.")
            else:
                if response.is_success:
                    return response
                if response.status_code != 429 and response.status_code < 500:
                    # Problem details, RFC 9457: `code` never changes, `detail` is for people.
                    problem = response.json()
                    sys.exit(f"{path}: {problem['code']}: {problem['detail']}")
                wait = float(response.headers.get("Retry-After", wait))
            time.sleep(wait)
        sys.exit(f"{path}: no answer, {ATTEMPTS} times.")


@contextmanager
def listening(port: int, secret: str) -> Iterator["Queue[dict[str, Any]]"]:
    """A receiver of webhooks on this machine; gives those that Tael signed, each once."""
    told: Queue[dict[str, Any]] = Queue()
    known: set[str] = set()
    webhook = Webhook(secret)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Hand on what a webhook says, once for each id, and answer 204; 401 to one that is not
            signed.
            """
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                said = webhook.verify(body, headers)
            except WebhookVerificationError:
                self._answer(401)
                return
            # A webhook whose answer was lost comes again, with the same id.
            if headers["webhook-id"] not in known:
                known.add(headers["webhook-id"])
                told.put(said)
            self._answer(204)

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    Thread(target=server.serve_forever).start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()


def trade(tael: Tael, run: str) -> str:
    """The day itself; returns the reference of the order that is declined."""
    joined = tael.post("merchants", TERMS)
    print(f"{joined['name']} is a merchant since {joined['joined_at']}.")

    # The checkout asks whether the buyer may pay later.
    order = {
        "merchant": SHOP,
        "order": f"{run}-1",
        "buyer": "b-7731",
        "amount": "129.90",
        "currency": "USD",
    }
    placed = tael.post("orders", order)
    print(f"Order {order['order']}: {placed['status']}, {placed['available']} left for others.")
    if tael.is_known("orders", order):
        print("Sent once more, it is the same order.")
    dear = {**order, "order": f"{run}-2", "amount": "9000.00"}
    declined = tael.post("orders", dear)
    print(f"Order {dear['order']}: {declined['status']}, {declined['code']}.")

    # The warehouse sends it, and the buyer pays in two parts.
    address = f"merchants/{SHOP}/orders/{order['order']}"
    tael.post(f"{address}/shipment")
    label = {"merchant": SHOP, "charge": f"{run}-label", "fee": "shipping-label"}
    charge = tael.post("charges", {**label, "amount": "6.40", "currency": "USD"})
    print(f"It is sent; its label costs {charge['amount']} {charge['currency']}.")
    delivered = tael.post(f"{address}/delivery")
    print(f"It is delivered, and due on {delivered['due_on']}.")
    for number, amount in enumerate(("60.00", "69.90"), start=1):
        payment = {"payment": f"{run}-p{number}", "amount": amount, "currency": "USD"}
        print(f"A payment of {amount}: {tael.post(f'{address}/payments', payment)['status']}.")
    refund = {"refund": f"{run}-r1", "amount": "29.90", "currency": "USD"}
    given = tael.post(f"{address}/refunds", refund)
    print(f"A refund of {given['amount']}, {given['from_proceeds']} of it from proceeds.")
    return dear["order"]


def read_books(tael: Tael) -> None:
    """What the books say at the end of the day."""
    line = tael.get(f"merchants/{SHOP}/credit-line")
    print(f"The line: limit {line['limit']}, used {line['used']}, available {line['available']}.")
    proceeds = tael.get(f"merchants/{SHOP}/proceeds")
    days = ", ".join(f"{day['amount']} on {day['on']}" for day in proceeds["maturing_days"])
    print(f"The proceeds: {proceeds['balance']}; to mature: {days}.")
    charges = tael.get(f"merchants/{SHOP}/charges?limit=100")["rows"]
    print(f"The charges: {len(charges)}, the last of them {charges[0]['reference']}.")


def hear_of(told: "Queue[dict[str, Any]]", order: str) -> None:
    """Print the webhooks that come, until one tells that this order was declined. Ends the program
    with a sentence if none has after WEBHOOK_SECONDS.
    """
    ends_at = time.monotonic() + WEBHOOK_SECONDS
    while (left := ends_at - time.monotonic()) > 0:
        try:
            event = told.get(timeout=left)
        except Empty:
            break
        print(f"Webhook {event['sequence']} of {event['merchant']}: {event['type']}.")
        if event["type"] == "order.declined" and event["data"]["order"] == order:
            return
    sys.exit(f"No webhook told of order {order} within {WEBHOOK_SECONDS:g} seconds.")


def main() -> None:
    """Tell of a shop's day, read what the books have of it and, with TAEL_WEBHOOK_SECRET, wait
    until a webhook tells of the declined order. Ends at once without a TAEL_KEY.
    """
    parser = argparse.ArgumentParser(description="A shop's day, told to a running Tael.")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where Tael is")
    parser.add_argument("--port", type=int, default=8099, help="where webhooks are received")
    arguments = parser.parse_args()
    if not (key := os.environ.get("TAEL_KEY", "")):
        sys.exit("Set TAEL_KEY to a key of the API.")
    tael = Tael(arguments.url, key)
    run = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    secret = os.environ.get("TAEL_WEBHOOK_SECRET", "")
    if not secret:
        trade(tael, run)
        read_books(tael)
        print("No TAEL_WEBHOOK_SECRET: webhooks are not waited for.")
        return
    with listening(arguments.port, secret) as told:
        declined = trade(tael, run)
        read_books(tael)
        hear_of(told, declined)


if __name__ == "__main__":
    main()
