"""manage.py simulate [--rate RATE] [--url URL] [--key KEY] [--steps STEPS]"""

import os
import signal
import threading
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import count
from random import Random
from typing import Any

import httpx
from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection

from config.local.simulation.asking import (
    SECONDS,
    Asker,
    NoDemonstration,
    NotLetIn,
    ToldToEnd,
)
from config.local.simulation.marketplace import Marketplace, NoShops, sentence
from gateway.models import Scope
from gateway.operations import keys
from lib import clock
from lib.commands import BooksCommand

ACTOR = "manage.py simulate"
REASON = "A simulated marketplace asks with it, until it ends."
SCOPES = (Scope.ORDERS, Scope.CHARGES, Scope.MERCHANTS, Scope.READ)
KEY_LASTS = timedelta(days=7)  # if it is not revoked, since the simulation was killed
REPORT_SECONDS = 5.0
MOST_BEHIND_SECONDS = 5.0  # what it could not tell in time is made up for, up to so long
LARGEST_RATE = 100.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Command(BooksCommand):
    help = (
        "Plays a marketplace against a running server, through its API: orders, shipments,"
        " payments, refunds, labels. For demonstrations only. Ctrl-C ends it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        port = os.environ.get("PORT") or "8000"
        parser.add_argument(
            "--rate", type=float, default=1.0, help="how many things happen in a second (1)"
        )
        parser.add_argument(
            "--url", default=f"http://127.0.0.1:{port}", help="where the server is (this machine)"
        )
        parser.add_argument(
            "--key", default="", help="a key of the API; without, it makes one in its own books"
        )
        parser.add_argument("--steps", type=int, help="end after so many")

    def handle(self, *, rate: float, url: str, key: str, steps: int | None, **options: Any) -> None:
        """Let shops trade by the API of the server at `url`, `rate` steps a second, until a signal
        tells to end or so many steps are made. Without a key, one is made for the time, and revoked
        at the end, with trail rows. Raises CommandError without TAEL_SANDBOX, for a wrong rate, if
        the server is no demonstration or refuses the key, and if no shop can trade.
        """
        if not settings.TAEL_SANDBOX:
            raise CommandError("A simulation is for demonstrations: set TAEL_SANDBOX=1.")
        if not 0 < rate <= LARGEST_RATE:
            raise CommandError(f"--rate must be more than 0, and {LARGEST_RATE:g} at most.")
        # Not by a proxy of the environment: the server is usually this machine's.
        base = f"{url.rstrip('/')}/api/v1/"
        with (
            _told_to_end() as end,
            httpx.Client(base_url=base, timeout=SECONDS, trust_env=False) as client,
        ):
            asker = Asker(client, end, self._say)
            try:
                asker.refuse_deployments()
                with _key(key, rate) as text:
                    asker.use(text)
                    self._play(asker, end, rate, steps)
            except ToldToEnd:
                pass
            except (NoDemonstration, NotLetIn, NoShops) as refusal:
                raise CommandError(str(refusal)) from refusal

    def _play(self, asker: Asker, end: threading.Event, rate: float, steps: int | None) -> None:
        """Let the shops trade, `rate` steps a second, until `end` is set or `steps` steps are made
        (None: without end), and report every few seconds and at the end. Raises NoShops, ToldToEnd
        and NotLetIn.
        """
        marketplace = Marketplace(asker, Random())
        self._say(f"Trading at {', '.join(marketplace.open())}. Ctrl-C ends it.")
        told = _Told(self, marketplace, asker)
        due = time.monotonic()
        try:
            for _ in range(steps) if steps is not None else count():
                if end.wait(max(due - time.monotonic(), 0)):
                    break
                marketplace.step()
                due = max(due + 1 / rate, time.monotonic() - MOST_BEHIND_SECONDS)
                told.report_now_and_then()
        finally:
            told.report_all()

    def _say(self, sentence: str) -> None:
        """Print the sentence at once, without waiting for more output."""
        self.stdout.write(sentence)
        self.stdout.flush()


class _Told:
    """Reports every few seconds what was told to the server since the last report, and at the end
    what was told in all.
    """

    def __init__(self, command: Command, marketplace: Marketplace, asker: Asker) -> None:
        self._say, self._marketplace, self._asker = command._say, marketplace, asker
        self._said: Counter[str] = Counter()
        self._due = time.monotonic() + REPORT_SECONDS

    def report_now_and_then(self) -> None:
        """Print the time and what was told since the last report, if REPORT_SECONDS have passed
        since then.
        """
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + REPORT_SECONDS
        now = self._counts()
        self._say(f"{clock.uncompared():%H:%M:%S}  {sentence(now - self._said)}")
        self._said = now

    def report_all(self) -> None:
        """Print how often each kind of step and of trouble was met since the simulation began, in
        one sentence.
        """
        self._say(f"In all: {sentence(self._counts())}")

    def _counts(self) -> Counter[str]:
        """How often each kind of step was told, and each kind of trouble met."""
        return self._marketplace.told() + self._asker.troubles


@contextmanager
def _told_to_end() -> Iterator[threading.Event]:
    """An event that SIGINT, SIGTERM and SIGHUP set while the block runs."""
    end = threading.Event()
    before = {number: signal.signal(number, lambda *_: end.set()) for number in SIGNALS}
    try:
        yield end
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _key(given: str, rate: float) -> Iterator[str]:
    """Yield the text of the key that is given. If it is "", make one in the books of this process,
    with enough requests a minute for `rate` steps a second; it is revoked at the end of the block.
    Both have trail rows.
    """
    if given:
        yield given
        return
    now = clock.now()
    key, text = keys.make(
        name="Simulation",
        scopes=SCOPES,
        requests_per_minute=int(rate * 120) + 600,
        expires_at=now + KEY_LASTS,
        reason=REASON,
        actor=ACTOR,
        now=now,
    )
    connection.close()  # it may be days until the next statement
    try:
        yield text
    finally:
        with suppress(keys.KeyIsOver):  # an administrator was faster
            reason = "The simulated marketplace has ended."
            keys.revoke(key_id=key.pk, reason=reason, actor=ACTOR, now=clock.now())
