"""A payment provider of our own, spoken to over HTTP, which can behave as badly as real ones.

It pays whatever it is sent, as often as it is sent: `paid` shows what Tael did, not what a kind
provider would have made of it.
"""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from credit.models import Withdrawal
from credit.providers import Answer, NoAnswer, number_of

PATIENCE_SECONDS = 60.0  # who answers is never late, however busy the machine is
BRIEFLY = 0.2  # for an answer that is to come too late


class HttpProvider:
    """How a real one would be written."""

    def __init__(
        self, url: str, bank: "Bank | None" = None, *, patience: float = PATIENCE_SECONDS
    ) -> None:
        """`bank` is the one at the address, if it is of this process; `patience` is in seconds."""
        self.url, self.bank, self.patience = url, bank, patience

    def check_allowed(self) -> None:
        """Withdrawals may go to this bank wherever it is."""
        pass

    def send(self, withdrawal: Withdrawal) -> Answer:
        """Ask the bank of the tests to pay. Raises an error if no answer comes in time."""
        body = {
            "reference": withdrawal.reference,
            "amount": f"{withdrawal.amount.amount:f}",
            "number": number_of(withdrawal),
            "process": os.getpid(),
        }
        answer = self._ask(Request(f"{self.url}/payouts", json.dumps(body).encode()))
        if answer is None:
            raise NoAnswer("there is nobody there")
        return answer

    def find(self, reference: str) -> Answer | None:
        """What became of the payout with this reference; None if the bank never got it."""
        return self._ask(Request(f"{self.url}/payouts/{reference}"))

    def _ask(self, request: Request) -> Answer | None:
        """The bank's answer to the request; None for a 404."""
        is_late = self.bank is not None and self.bank.behaviour == "pays too late"
        try:
            with urlopen(request, timeout=BRIEFLY if is_late else self.patience) as response:
                said = json.load(response)
        except HTTPError as error:
            if error.code == 404:
                return None
            raise NoAnswer(f"it answered {error.code}") from error
        except (URLError, OSError, ValueError) as error:
            if self.bank is not None and is_late:
                assert self.bank.has_paid.wait(PATIENCE_SECONDS)
            raise NoAnswer(str(error)) from error
        if said["status"] == "paid":
            return Answer.paid(said["id"])
        return Answer.failed(said["reason"])


class Bank:
    """What the server has done, and how it behaves from now on; each name is a row of tests."""

    def __init__(self) -> None:
        self.behaviour = "pays"
        self.finds = True  # False: it does not answer questions either
        self.paid: list[str] = []
        self.numbers: list[str] = []
        self.failed: set[str] = set()
        self.asked: list[str] = []
        self.received = Event()  # a request has come
        self.go_on = Event()  # what "waits" and "pays too late" wait for
        self.has_paid = Event()
        self.url = ""


class _Handler(BaseHTTPRequestHandler):
    bank: Bank

    def do_POST(self) -> None:
        """Take in a payout, and answer, hang up or be late, as the bank is to behave."""
        bank = self.bank
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        reference = sent["reference"]
        bank.received.set()
        match bank.behaviour:
            case "drops it":
                return self._hang_up()
            case "refuses":
                bank.failed.add(reference)
                return self._answer(200, self._of(reference))
            case "breaks before":
                return self._answer(500, {})
            case "kills":
                os.kill(sent["process"], signal.SIGKILL)
                return self._hang_up()
            case "waits":
                bank.go_on.wait(PATIENCE_SECONDS)
        bank.paid.append(reference)
        bank.numbers.append(sent["number"])
        bank.has_paid.set()
        match bank.behaviour:
            case "pays and hangs up":
                return self._hang_up()
            case "pays and breaks":
                return self._answer(500, {})
            case "pays and mumbles":
                return self._answer(200, "???")
            case "pays too late":
                bank.go_on.wait(PATIENCE_SECONDS)
            case "pays and kills":
                os.kill(sent["process"], signal.SIGKILL)
                return self._hang_up()
        self._answer(200, self._of(reference))

    def do_GET(self) -> None:
        """Say what became of a payout; 404 if it never came."""
        reference = self.path.rsplit("/", 1)[1]
        self.bank.asked.append(reference)
        if not self.bank.finds:
            return self._hang_up()
        known = reference in self.bank.paid or reference in self.bank.failed
        self._answer(200 if known else 404, self._of(reference) if known else {})

    def _of(self, reference: str) -> dict[str, str]:
        """What became of this payout, as the bank says it."""
        if reference in self.bank.failed:
            return {"status": "failed", "reason": "The account is closed."}
        return {"status": "paid", "id": f"bank-{reference}"}

    def _answer(self, code: int, body: object) -> None:
        """Send this answer, if somebody still waits for it."""
        try:
            self.send_response(code)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())
        except OSError:  # the other side has given up
            self.close_connection = True

    def _hang_up(self) -> None:
        """End the connection without an answer."""
        self.close_connection = True

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def running() -> Iterator[Bank]:
    """A bank that answers on a thread of its own while the block runs."""
    bank = Bank()
    handler = type("Handler", (_Handler,), {"bank": bank})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        bank.url = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield bank
        finally:
            bank.go_on.set()
            server.shutdown()
