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
    """Nobody waits for the answer any more."""


class NotLetIn(Exception):
    """The server does not take the key, or not for this; the message says so."""


class NoDemonstration(Exception):
    """The server is not known to be a demonstration."""


class End(Protocol):
    """Set when the system is told to end, as `threading.Event`."""

    def wait(self, timeout: float) -> bool:
        """Wait so many seconds, or until it is set; returns whether it is."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered: the status of HTTP, and the JSON of its body."""

    status: int
    said: dict[str, Any]

    @property
    def is_taken(self) -> bool:
        return self.status < 300

    @property
    def code(self) -> str:
        """Why it was refused, or declined; empty if it was not."""
        return self.said.get("code") or ""


@dataclass
class Asker:
    """Asks one server; `say` takes sentences for the person at the terminal."""

    client: httpx.Client
    end: End
    say: Callable[[str], object]
    troubles: Counter[str] = field(default_factory=Counter)  # how often each of them was met
    is_silent: bool = False  # the server, just now

    def refuse_deployments(self) -> None:
        """Wait until the server answers. Raises NoDemonstration unless it says that it is one.

        The key is not sent to a server before that.
        """
        response = self._response("GET", "openapi.json", None)
        if response.headers.get("Tael-Demonstration") != "1":
            raise NoDemonstration(
                f"{self.client.base_url} does not say that it is a demonstration: nothing is sent"
                " to it."
            )

    def use(self, key: str) -> None:
        """Ask with this key from now on."""
        self.client.headers["Authorization"] = f"Bearer {key}"

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
        """The answer to a question, however long it takes. Raises ToldToEnd and NotLetIn."""
        response = self._response(method, path, body)
        answer = Answer(response.status_code, response.json())
        if answer.status in (401, 403):
            raise NotLetIn(f"{self.client.base_url} refuses the key: {answer.said['detail']}")
        return answer

    def _response(self, method: str, path: str, body: dict[str, Any] | None) -> httpx.Response:
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
        self.troubles[SENT_AGAIN] += 1
        if not self.is_silent:
            self.say(f"{self.client.base_url} gives no answer ({why}); trying again.")
        self.is_silent = True

    def _note_answer(self) -> None:
        if self.is_silent:
            self.say(f"{self.client.base_url} answers.")
        self.is_silent = False


def _waits() -> Iterator[float]:
    """Seconds to wait after each attempt that was not answered."""
    wait = 0.5
    while True:
        yield wait
        wait = min(2 * wait, LONGEST_WAIT)


def _told_to_wait(response: httpx.Response) -> float | None:
    """The seconds that the answer says to wait; None if it says none."""
    said = response.headers.get("Retry-After", "")
    return float(said) if said.isdecimal() else None
