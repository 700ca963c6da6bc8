"""A run: the stage, the traffic and the faults, the end, and what is found then."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from random import Random
from threading import Event, Thread
from urllib.request import urlopen

from django.db import connection

from jobs.tasks import run_job
from jobs.timetable import all_jobs
from lib import clock
from tests.chaos import checks, draining, sent_again, stage
from tests.chaos.faults import Faults
from tests.chaos.outside import Outside
from tests.chaos.plan import KILLS, Fault
from tests.chaos.traffic import Api, Journal, Pages, trade
from tests.chaos.world import World
from tests.credit import payout_server

PASSES, EACH_SECONDS = timedelta(seconds=45), 0.5  # so fast the books' time goes
READY_SECONDS = 120
DRAINS_SECONDS = 300
LONG_SECONDS = 300  # from which a run has a minute for Redis to be away
MOST_LISTED = 8  # of a kind


class Run:
    """A run in a world that has its servers."""

    def __init__(self, world: World, outside: Outside, *, seed: int, disk: Path | None) -> None:
        self.world, self.outside, self.seed, self.disk = world, outside, seed, disk
        self.journal, self.end = Journal(), Event()
        self.begun = time.monotonic()
        self.happened: Counter[str] = Counter()
        self.failed: list[str] = []  # of the run's own threads
        self.unheard = 0  # requests without an answer as the faults were over

    def go(self, faults: Sequence[Fault], *, seconds: float) -> list[str]:
        """Run the plan to its end: trade under faults, let everything come to rest, and send again
        what had no answer. Prints what happened, and returns what is wrong, in sentences.
        """
        with ExitStack() as stack:
            bank = stack.enter_context(payout_server.running())
            os.environ["CHAOS_BANK"] = bank.url
            set_up = stage.build(self.outside.receiver.url)
            self._say("The stage is set.")
            stack.enter_context(self.world.running())
            _until(self._is_ready)
            _start_timetable()
            self._say("Everything runs.")
            apis = [
                Api(self.world, self.journal, set_up.key, self.end, Random(f"{self.seed} {number}"))
                for number, _ in enumerate(set_up.merchants)
            ]
            pages = Pages(self.world, self.journal, set_up, self.end, Random(f"{self.seed} pages"))
            is_long = seconds >= LONG_SECONDS
            fate = Faults(self.world, self.outside, bank, apis, self.disk, is_long)
            self._play(apis, pages, fate, faults, seconds)
            self._say("The faults are over.")
            wrong = [*self.failed, *self._drained()]
            self.unheard = sum(not told.status for told in self.journal.all)
            wrong += sent_again.send_all(self.journal, apis[0], pages, set_up, Random(self.seed))
            self._say("What had no answer was sent again.")
            wrong += self._drained()
            self.world.end()
            wrong += checks.all_of(self.journal, self.outside, bank, self.world)
            connection.close()
        self._report(fate, bank, wrong)
        return wrong

    def _play(
        self, apis: Sequence[Api], pages: Pages, fate: Faults, faults: Sequence[Fault],
        seconds: float,
    ) -> None:  # fmt: skip
        """Let traffic and faults happen, for so many seconds, or until the run is ended. Then wait
        for the traffic to stop, and heal the faults.
        """
        threads = [
            self._thread(trade, api, merchant, f"t{number}")
            for number, (api, merchant) in enumerate(zip(apis, pages.set_up.merchants, strict=True))
        ]
        threads += [self._thread(pages.use), self._thread(self._pass_time)]
        begun = time.monotonic()
        for fault in faults:
            self.end.wait(max(0.0, begun + fault.at - time.monotonic()))
            if time.monotonic() - begun > seconds:
                break
            fate.happen(fault)
            self.happened[fault.kind] += 1
        self.end.wait(max(0.0, begun + seconds - time.monotonic()))
        self.end.set()
        for thread in threads:
            thread.join(60)
        fate.heal()
        self.end.clear()
        connection.close()

    def _thread(self, do: Callable[..., None], *arguments: object) -> Thread:
        """Start a daemon thread that does this, and return it. What it raises is noted as a failure
        of the run itself.
        """

        def doing() -> None:
            """Do it; note what it raises, and close the connection."""
            try:
                do(*arguments)
            except Exception as error:
                self.failed.append(f"{do.__qualname__} of the run itself failed: {error!r}")
            finally:
                connection.close()

        thread = Thread(target=doing, daemon=True)
        thread.start()
        return thread

    def _pass_time(self) -> None:
        """Move the clock on again and again, until the run ends."""
        while not self.end.wait(EACH_SECONDS):
            self.world.move_clock(PASSES)

    def _drained(self) -> Iterator[str]:
        """Wait until nothing is under way; yields what still is when the time for it is over."""
        yield from map("Still under way: {}".format,
                       draining.drain(self.world, seconds=DRAINS_SECONDS))  # fmt: skip
        self._say("It has drained.")

    def _is_ready(self) -> bool:
        """Whether the web server says that it is ready."""
        with (
            suppress(OSError),
            urlopen(f"http://127.0.0.1:{self.world.web_port}/readyz/web", timeout=5) as answer,
        ):
            return bool(answer.status == 200)
        return False

    def _say(self, sentence: str) -> None:
        """Print a sentence with the seconds since the run began."""
        print(f"{time.monotonic() - self.begun:6.0f} s  {sentence}", flush=True)

    def _report(self, fate: Faults, bank: payout_server.Bank, wrong: Sequence[str]) -> None:
        """Print what happened, was killed and told, and all that is wrong."""
        kills, told = self.world.kills, Counter(one.kind for one in self.journal.all)
        others = {kind: times for kind, times in self.happened.items() if kind not in KILLS}
        outside = self.outside
        lines = [
            f"Killed: {kills.total()}: {_listed(kills)}.",
            f"Faults of other kinds: {_listed(others)}.",
            f"Caught in the middle: {_listed(fate.done)}.",
            f"Started again: {_listed(self.world.restarts)}.",
            f"Requests: {_listed(told)}; sent {sum(one.sent for one in self.journal.all)}×,"
            f" {self.unheard} without an answer until they were sent again;"
            f" answers {_listed(self.journal.answers)}.",
            f"Stripe took {len(outside.stripe.intents)}, told {outside.stripe.told.total()}×;"
            f" the bank paid {len(bank.paid)};"
            f" the receiver was told of {len(outside.receiver.told)} events"
            f" {outside.receiver.times.total()}×;"
            f" {sum(map(len, outside.mail.accepted.values()))} mails.",
            *_some_of_each(wrong),
            f"Seed {self.seed}: {len(wrong)} things are wrong." if wrong else
            f"Seed {self.seed}: everything holds.",
        ]  # fmt: skip
        for line in lines:
            self._say(line)


def _some_of_each(wrong: Sequence[str]) -> Iterator[str]:
    """A few of the sentences of each kind, by which they begin."""
    listed: Counter[str] = Counter()
    for sentence in wrong:
        listed[sentence[:16]] += 1
        if listed[sentence[:16]] <= MOST_LISTED:
            yield sentence


def _start_timetable() -> None:
    """Have each job run once, as beat does at its first instant: until then it owes nothing."""
    now = clock.now()
    for job in all_jobs():
        run_job.delay(job.name, tick=job.tick_at(now).isoformat())


def _until(holds: Callable[[], bool]) -> None:
    """Wait until this holds. Raises RuntimeError if it takes too long."""
    until = time.monotonic() + READY_SECONDS
    while not holds():
        if time.monotonic() > until:
            raise RuntimeError("Tael did not start.")
        time.sleep(0.2)


def _listed(counts: "Counter[str] | dict[str, int]") -> str:
    """The counts as text, by name."""
    return ", ".join(f"{number} {name}" for name, number in sorted(counts.items())) or "none"
