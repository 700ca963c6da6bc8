"""Who is outside: Stripe, a receiver of webhooks and a mail server, over real connections.

Each misbehaves until an instant that a fault sets, and behaves well from then on. (The bank is
tests/credit/payout_server.py's.)
"""

import json
import socketserver
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from email import message_from_bytes, policy
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any

import stripe

from tests.stripe_server import WEBHOOK_SECRET, OddRequest, OddStripe

HANGS_SECONDS = 2.5  # longer than Tael waits for Stripe here


class Mood:
    """How a server behaves; WELL once its time is over."""

    WELL = "well"

    def __init__(self) -> None:
        self._name, self._until = self.WELL, 0.0
        self.seen: Counter[str] = Counter()  # how often somebody met it

    def be(self, name: str, seconds: float) -> None:
        """Be in the mood of this name for so many seconds."""
        self._name, self._until = name, time.monotonic() + seconds

    def now(self) -> str:
        """The present mood, which is counted."""
        name = self._name if time.monotonic() < self._until else self.WELL
        self.seen[name] += 1
        return name


class Stripe(OddStripe):
    """A Stripe that hangs, is late, breaks and hangs up, and tells of each payment twice at once.

    `gate` holds a request before anything of it is read, so that its sender is past its commit and
    the request has not been received.
    """

    def __init__(self, web_port: int) -> None:
        super().__init__()
        self.RequestHandlerClass = StripeRequest
        self.mood = Mood()
        self.gate, self.at_gate = Event(), Event()
        self.gate.set()
        self.web_port = web_port  # Tael's
        self.told: Counter[int] = Counter()  # Tael's answers to events, by status
        self._teller = ThreadPoolExecutor(2)

    def has_made(self, intent: dict[str, Any]) -> None:
        """Have our webhook be told of the payment twice, if it succeeded."""
        if intent["status"] == "succeeded":
            for _ in range(2):
                self._teller.submit(self._tell_of, intent["id"])

    def _tell_of(self, intent_id: str) -> None:
        """Send the signed event of the payment to our webhook."""
        body = json.dumps(
            {"type": "payment_intent.succeeded", "data": {"object": {"id": intent_id}}}
        )
        signature = stripe.WebhookSignature.generate_signature_header(body, WEBHOOK_SECRET)
        headers = {"Content-Type": "application/json", "Stripe-Signature": signature}
        with suppress(OSError):
            connection = HTTPConnection("127.0.0.1", self.web_port, timeout=10)
            connection.request("POST", "/webhooks/stripe/", body, headers)
            self.told[connection.getresponse().status] += 1
            connection.close()

    def end(self) -> None:
        """End the server, and tell nothing any more."""
        self.gate.set()
        self._teller.shutdown(wait=False, cancel_futures=True)
        self.shutdown()
        self.server_close()


class StripeRequest(OddRequest):
    server: Stripe

    def setup(self) -> None:
        """Wait at the gate, if it is closed, before the request is read."""
        if not self.server.gate.is_set():
            self.server.at_gate.set()
            self.server.gate.wait(30)
        super().setup()

    def do_GET(self) -> None:
        """Answer a question, unless the mood is to hang."""
        if not self._hangs():
            super().do_GET()

    def do_POST(self) -> None:
        """Carry out what is asked, and tell our webhook of payments that it made, unless the mood
        is to hang.
        """
        if self._hangs():
            return
        known = len(self.server.intents)
        super().do_POST()
        for intent in self.server.intents[known:]:
            self.server.has_made(intent)

    def _hangs(self) -> bool:
        """Whether the request is never answered, as if it had not come; in the mood "late" it waits
        first.
        """
        mood = self.server.mood.now()
        if mood == "hangs":  # it is never received
            time.sleep(HANGS_SECONDS)
            self.close_connection = True
            return True
        if mood == "late":  # it is taken when nobody waits for the answer
            time.sleep(HANGS_SECONDS)
        return False

    def _say(self, status: int, body: dict[str, Any]) -> None:
        """Answer, if somebody still waits for it."""
        with suppress(OSError):  # who asked has died, or waits no longer
            super()._say(status, body)


class Receiver(ThreadingHTTPServer):
    """A receiver of webhooks; `taken` are the events that it answered with 200, and `told` all that
    came, by their ids.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ReceiverRequest)
        self.url = f"http://127.0.0.1:{self.server_address[1]}/hooks"
        self.mood = Mood()
        self.told: dict[str, set[bytes]] = defaultdict(set)
        self.times: Counter[str] = Counter()
        self.taken: set[str] = set()
        self.lock = Lock()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of who asked and has gone."""


class ReceiverRequest(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        """Note the webhook that came, and answer it as the mood is."""
        name = self.headers["webhook-id"]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        mood = self.server.mood.now()
        with self.server.lock:
            self.server.told[name].add(body)
            self.server.times[name] += 1
        if mood in ("hangs", "late"):
            time.sleep(HANGS_SECONDS if mood == "hangs" else 0.7)
        if mood in ("hangs", "hangs up"):
            self.close_connection = True
            return
        with self.server.lock:
            if mood != "breaks":
                self.server.taken.add(name)
        self.send_response(500 if mood == "breaks" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Runs need no access log."""


class Mail(socketserver.ThreadingTCPServer):
    """A mail server. `accepted` are instants at which a mail was taken, by who it is for, what it
    is about, and its text; `unanswered` how often the answer to one was lost.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), MailSession)
        self.port = int(self.server_address[1])
        self.mood = Mood()
        self.accepted: dict[tuple[str, str, str], list[float]] = defaultdict(list)
        self.unanswered: Counter[tuple[str, str, str]] = Counter()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a sender that has gone."""


class MailSession(socketserver.StreamRequestHandler):
    server: Mail

    def handle(self) -> None:
        """Take mails by SMTP, and note their readers."""
        self._say("220 chaos")
        readers: list[str] = []
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"QUIT":
                return self._say("221 bye")
            if word == b"RCPT":
                readers.append(line.decode().partition("<")[2].partition(">")[0])
            if word == b"DATA":
                self._say("354 go on")
                if not self._take(readers):
                    return None
                readers = []
            else:
                self._say("250 yes")
        return None

    def _take(self, readers: list[str]) -> bool:
        """Take one mail for these readers, and answer as the mood is. Returns whether the session
        goes on.
        """
        content = b""
        for line in self.rfile:
            if line == b".\r\n":
                break
            content += line.removeprefix(b".") if line.startswith(b"..") else line
        else:
            return False  # the sender died in the middle: no mail
        mood = self.server.mood.now()
        if mood == "hangs up":
            return False
        if mood == "refuses":
            self._say("451 not now")
            return True
        letter = message_from_bytes(content, policy=policy.default)
        text = letter.get_body(("plain",))
        key = (",".join(readers), str(letter["Subject"]), text.get_content() if text else "")
        self.server.accepted[key].append(time.monotonic())
        if mood == "answer lost":
            self.server.unanswered[key] += 1
            return False
        self._say("250 taken")
        return True

    def _say(self, text: str) -> None:
        """Send a line, if somebody still listens."""
        with suppress(OSError):
            self.wfile.write(f"{text}\r\n".encode())


class Outside:
    """All of them but the bank, who needs Tael's models."""

    def __init__(self, web_port: int) -> None:
        self.stripe, self.receiver, self.mail = Stripe(web_port), Receiver(), Mail()
        for server in (self.stripe, self.receiver, self.mail):
            serve(server)

    def environment(self) -> dict[str, str]:
        """The variables by which Tael finds these servers."""
        return {"STRIPE_API_BASE": self.stripe.url, "EMAIL_PORT": str(self.mail.port)}

    def heal(self) -> None:
        """Have all behave well from now on."""
        self.stripe.mishaps.clear()
        for server in (self.stripe, self.receiver, self.mail):
            server.mood.be(Mood.WELL, 0)

    def end(self) -> None:
        """End all these servers."""
        self.stripe.end()
        for server in (self.receiver, self.mail):
            server.shutdown()
            server.server_close()


def serve(server: socketserver.BaseServer) -> None:
    """Have the server answer on a thread of its own."""
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
