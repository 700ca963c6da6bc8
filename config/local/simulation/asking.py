"""Asking a server's API the way a marketplace's system should.

A question without an answer is asked again, word for word: its reference makes that harmless. Who
is told to wait waits as long as the answer says. Both go on until there is an answer, or until the
system is told to end.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx

SECONDS = 5.0  # that an answer may take; less than a program is given to end in
LONGEST_WAIT = 30.0
TOO_MANY = 429
SENT_AGAIN, HELD_BACK = "sent again", "held back"


class ToldToEnd(Exception):
    """The simulation was told to end while it waited for an answer."""


class NotLetIn(Exception):
    """The server refuses the key, or refuses it for this request; the message says so."""


class NoDemonstration(Exception):
    """The server does not say that it is a demonstration."""


class End(Protocol):
    """What a simulation is told to end by, such as a `threading.Event`."""

    def wait(self, timeout: float) -> bool:
        """Wait until it is set, but at most `timeout` seconds. Returns whether it is set."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered: the HTTP status, and the JSON of the body."""

    status: int
    said: dict[str, Any]

    @property
    def is_taken(self) -> bool:
        """Whether the status says that the request was accepted. An order that is declined is
        accepted in this sense.
        """
        return self.status < 300

    @property
    def code(self) -> str:
        """Why the request was refused or declined; "" if it was not."""
        return self.said.get("code") or ""


@dataclass
class Asker:
    """Sends requests to one server until they are answered. `say` takes sentences for the person at
    the terminal.
    """

    client: httpx.Client
    end: End
    say: Callable[[str], object]
    troubles: Counter[str] = field(default_factory=Counter)  # how often each of them was met
    is_silent: bool = False  # the server, just now

    def refuse_deployments(self) -> None:
        """Wait until the server answers, and raise NoDemonstration unless it says that it is a
        demonstration; ToldToEnd if the simulation is told to end meanwhile. It is called before the
        key is sent to the server.
        """
        response = self._response("GET", "openapi.json", None)
        if response.headers.get("Tael-Demonstration") != "1":
            raise NoDemonstration(
                f"{self.client.base_url} does not say that it is a demonstration: nothing is sent"
                " to it."
            )

    def use(self, key: str) -> None:
        """Send this key with all requests from now on."""
        self.client.headers["Authorization"] = f"Bearer {key}"

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
        """Send a request to this path below the API's address, again and again until it is
        answered, and return the answer, which may be a refusal. Raises ToldToEnd if the simulation
        is told to end, and NotLetIn if the key is refused (401 or 403).
        """
        response = self._response(method, path, body)
        answer = Answer(response.status_code, response.json())
        if answer.status in (401, 403):
            raise NotLetIn(f"{self.client.base_url} refuses the key: {answer.said['detail']}")
        return answer

    def _response(self, method: str, path: str, body: dict[str, Any] | None) -> httpx.Response:
        """The response to a request, which is sent again after failures of the network or the
        server, and when the server says to wait (429). Those are counted in `troubles`. Raises
        ToldToEnd.
        """
        for wait in _waits():
            try:
                response = self.client.request(method, path, json=body)
            except httpx.TransportError as error:
                self._note_silence(type(error).__name__)
            else:
                if response.status_code < 500 and response.status_code != TOO_MANY:
                    self._note_answer()
                    return response
                wait = _told_to_wait(response) or wait
                if response.status_code == TOO_MANY:
                    self._note_answer()
                    self.troubles[HELD_BACK] += 1
                else:
                    self._note_silence(f"status {response.status_code}")
            if self.end.wait(wait):
                break
        raise ToldToEnd

    def _note_silence(self, why: str) -> None:
        """Count in `troubles` that a request has to be sent again. If the server answered until
        now, tell the person at the terminal that it gives no answer; `why` is a word or two.
        """
        self.troubles[SENT_AGAIN] += 1
        if not self.is_silent:
            self.say(f"{self.client.base_url} gives no answer ({why}); trying again.")
        self.is_silent = True

    def _note_answer(self) -> None:
        """Tell the person at the terminal that the server answers again, if it was silent."""
        if self.is_silent:
            self.say(f"{self.client.base_url} answers.")
        self.is_silent = False


def _waits() -> Iterator[float]:
    """Yield the seconds to wait after each attempt that was not answered: ever longer, up to
    LONGEST_WAIT.
    """
    wait = 0.5
    while True:
        yield wait
        wait = min(2 * wait, LONGEST_WAIT)


def _told_to_wait(response: httpx.Response) -> float | None:
    """The whole seconds that the response's Retry-After says to wait; None if it has none, or a
    date.
    """
    said = response.headers.get("Retry-After", "")
    return float(said) if said.isdecimal() else None
