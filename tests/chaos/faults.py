"""What each kind of fault does. Each comes to its own end, and leaves everything able to go on."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from errno import ENOSPC
from pathlib import Path
from random import Random

import psutil
import redis
from django.db import Error, connection

from config import celery_app
from config.local import servers
from tests.chaos.outside import Outside
from tests.chaos.plan import Fault
from tests.chaos.traffic import Api
from tests.chaos.world import Program, World
from tests.credit.payout_server import Bank

CAUGHT_WITHIN_SECONDS = 10.0
MISHAPS = {"Stripe breaks": ("broken", "503", "429"), "Stripe hangs up": ("lost", "unheard"),
           "Stripe declines": ("insufficient_funds",)}  # fmt: skip
BANK = ("drops it", "breaks before", "pays and hangs up", "pays and breaks", "pays and mumbles",
        "pays too late")  # fmt: skip
# Where no disk can be filled, the database says that it is: tables into which all doors write.
REFUSED = ("credit_order", "credit_orderpayment", "billing_charge", "jobs_jobrun")
REFUSE = """
CREATE OR REPLACE FUNCTION chaos_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END
$$
"""


@dataclass
class Faults:
    """Does to the world, and to who is outside, what a fault says. `done` tells what came of each
    that had to catch something in the middle.
    """

    world: World
    outside: Outside
    bank: Bank
    clients: Sequence[Api]
    disk: Path | None
    is_long: bool = False  # then Redis is away for a whole minute, once
    chance: Random = field(default_factory=Random)
    done: dict[str, int] = field(default_factory=dict)

    def happen(self, fault: Fault) -> None:
        """Do this fault, as its own seed has it, and undo it."""
        self.chance = Random(fault.seed)
        doing = self._doings().get(fault.kind)
        if doing is not None:
            doing()
        elif fault.kind.startswith("Stripe"):
            self._stripe(fault.kind)
        else:
            _, _, mood = fault.kind.partition("receiver ")
            self.outside.receiver.mood.be({"is late": "late"}.get(mood, mood), self._while())

    def _doings(self) -> dict[str, Callable[[], object]]:
        """What is done for each kind of fault, but for those of Stripe, receivers and mail."""
        programs, kill = self.world.programs, self.world.kill
        return {
            "client in mid-request": lambda: self.chance.choice(self.clients).is_to_die.set(),
            "web process": lambda: self._kill_child("web process", programs["web"]),
            "web server": lambda: self._kill_family("web server", programs["web"]),
            "worker process": lambda: self._kill_child("worker process", self._worker()),
            "worker": lambda: self._kill_family("worker", self._worker()),
            "provider worker process": lambda: self._kill_child(
                "provider worker process", programs["providers"]
            ),
            "provider worker": lambda: self._kill_family("provider worker", programs["providers"]),
            "beat": lambda: kill("beat", programs["beat"].main()),
            "PostgreSQL": lambda: kill("PostgreSQL", self.world.postmaster()),
            "PostgreSQL process": self._kill_backend,
            "PostgreSQL stopped immediately": lambda: kill(
                "PostgreSQL stopped immediately", self.world.postmaster(), by_quitting=True
            ),
            "Redis": lambda: kill("Redis", self.world.redis_process()),
            "Redis flushed": self._flush,
            "Redis restarted in order": lambda: self.world.broker().shutdown(),
            "Redis away": self._redis_away,
            "Redis silent": self._redis_silent,
            "a chunk twice at once": self._twice,
            "paused before its request while the database restarts": self._paused,
            "two beats": self._two_beats,
            "disk full": self._disk_full,
            "bank misbehaves": self._bank,
            "mail server misbehaves": lambda: self.outside.mail.mood.be(
                self.chance.choice(("hangs up", "refuses", "answer lost")), self._while()
            ),
            "a day passes": lambda: self.world.move_clock(timedelta(days=1)),
        }

    def heal(self) -> None:
        """Let who is outside behave well from now on."""
        self.bank.behaviour = "pays"
        self.outside.heal()

    def note(self, what: str, times: int = 1) -> None:
        """Count that this happened."""
        self.done[what] = self.done.get(what, 0) + times

    def _while(self) -> float:
        """How long a fault lasts, in seconds."""
        return self.chance.uniform(1, 4)

    # --- Tael's own processes ---------------------------------------------------------------------

    def _worker(self) -> Program:
        """One of the two workers."""
        return self.world.programs[self.chance.choice(("worker-a", "worker-b"))]

    def _kill_child(self, kind: str, program: Program) -> None:
        """Kill one of the program's child processes, if it has any."""
        if children := program.children():
            self.world.kill(kind, self.chance.choice(children))

    def _kill_family(self, kind: str, program: Program) -> None:
        """The program and its children at the same instant, as when a machine dies."""
        family = program.family()
        if family:
            self.world.kill(kind, family[0])
        for process in family[1:]:
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def _twice(self) -> None:
        """Freeze the workers with a chunk in the middle; the broker hands the chunk out once more,
        as it does when the visibility timeout is over; then all of them go on.
        """
        names = ("worker-a", "worker-b", "providers")
        broker, until = self.world.broker(), time.monotonic() + CAUGHT_WITHIN_SECONDS
        with suppress(redis.RedisError, OSError):
            while time.monotonic() < until:
                if not broker.zcard("unacked_index"):
                    time.sleep(0.001)
                    continue
                with _frozen([self.world.programs[name] for name in names]):
                    restored = self._restore()
                    if restored:
                        time.sleep(0.2)
                if restored:
                    return self.note("chunks run twice", restored)
        return None

    def _restore(self) -> int:
        """Hand out again, by the function that workers call for it, what is not acknowledged."""
        before = self.world.broker().zcard("unacked_index")
        with celery_app.connection_for_write() as broker:
            channel = broker.default_channel
            channel.visibility_timeout = 0
            channel.qos.restore_visible(num=100, interval=1)
        return int(before) - int(self.world.broker().zcard("unacked_index"))

    def _paused(self) -> None:
        """Hold who asks Stripe before the request is received, freeze it, and restart the database
        meanwhile.
        """
        stripe, programs = self.outside.stripe, self.world.programs
        stripe.at_gate.clear()
        stripe.gate.clear()
        try:
            if stripe.at_gate.wait(CAUGHT_WITHIN_SECONDS):
                with _frozen([programs["providers"], programs["web"]]):
                    self.world.kill("PostgreSQL stopped immediately", self.world.postmaster(),
                                    by_quitting=True)  # fmt: skip
                    self._wait_for_postgres()
                self.note("paused before a request")
        finally:
            stripe.gate.set()

    def _two_beats(self) -> None:
        """Run a second scheduler beside the first for six seconds, and kill it."""
        beat = self.world.programs["beat"]
        second = Program("second beat", beat.command, beat.log)
        second.start()
        time.sleep(6)
        self.world.kill("second beat", second.main())
        second.end()

    # --- PostgreSQL, Redis, the disk --------------------------------------------------------------

    def _kill_backend(self) -> None:
        """One of the processes that serve a connection, at work if one is; PostgreSQL then restarts
        all of them.
        """
        master = self.world.postmaster()
        children = master.children() if master else []
        found = []
        for child in children:
            with suppress(psutil.Error, IndexError):
                title = child.cmdline()[0]
                if f" {servers.USER} {servers.DATABASE} " in title:
                    found.append((title.endswith("idle"), child.pid, child))
        if found:
            found.sort(key=lambda one: one[:2])
            self.world.kill("PostgreSQL process", found[0][2])

    def _wait_for_postgres(self) -> None:
        """Wait until PostgreSQL takes connections, for 30 seconds at most."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            if self.world.postmaster() and servers._postgres_state() == servers.ACCEPTING:
                return
            time.sleep(0.1)

    def _flush(self) -> None:
        """Empty Redis: messages to workers, counts and caches are lost."""
        with suppress(redis.RedisError, OSError):
            self.world.broker().flushall()

    def _redis_away(self) -> None:
        """Kill Redis, and let it start again some seconds later; once in a long run, a minute
        later.
        """
        self.world.is_redis_wanted = False
        self.world.kill("Redis", self.world.redis_process())
        if self.is_long and "minutes without Redis" not in self.done:
            time.sleep(60)
            self.note("minutes without Redis")
        else:
            time.sleep(self._while() + 1)
        self.world.is_redis_wanted = True

    def _redis_silent(self) -> None:
        """Stop Redis for some seconds: it keeps its connections and does not answer."""
        process = self.world.redis_process()
        with suppress(psutil.Error):
            if process is not None:
                process.suspend()
                time.sleep(self._while() + 3)
                process.resume()

    def _disk_full(self) -> None:
        """Fill the disk of PostgreSQL for some seconds, or, where there is no disk of its own,
        refuse inserts.
        """
        if self.disk is None:
            return self._refuse_to_extend()
        filler = self.disk / "filler"
        try:
            until = time.monotonic() + self._while() + 2
            with filler.open("wb") as file:
                while time.monotonic() < until:  # what others free is taken, too
                    try:
                        os.posix_fallocate(file.fileno(), file.seek(0, 2), 1 << 16)
                    except OSError as error:
                        if error.errno != ENOSPC:
                            raise
                        time.sleep(0.05)
            self.note("disks filled")
        finally:
            filler.unlink(missing_ok=True)
        return None

    def _refuse_to_extend(self) -> None:
        """Have the database refuse inserts into some tables for some seconds, as on a full disk."""
        with suppress(Error):
            with connection.cursor() as cursor:
                cursor.execute(REFUSE)
                for table in REFUSED:
                    cursor.execute(
                        f"CREATE TRIGGER chaos_refuse BEFORE INSERT ON {table}"
                        " EXECUTE FUNCTION chaos_refuse()"
                    )
            time.sleep(self._while())
            self.note("refusals to extend instead of a full disk")
        for _ in range(20):
            try:
                with connection.cursor() as cursor:
                    for table in REFUSED:
                        cursor.execute(f"DROP TRIGGER IF EXISTS chaos_refuse ON {table}")
                return
            except Error:
                connection.close()
                time.sleep(0.5)

    # --- outside ----------------------------------------------------------------------------------

    def _stripe(self, kind: str) -> None:
        """Have Stripe misbehave in this way."""
        if kind in MISHAPS:
            self.outside.stripe.mishaps.extend(self.chance.choices(MISHAPS[kind], k=3))
        else:
            self.outside.stripe.mood.be(
                "late" if kind == "Stripe is late" else "hangs", self._while()
            )

    def _bank(self) -> None:
        """Have the bank misbehave for some seconds."""
        self.bank.behaviour = self.chance.choice(BANK)
        time.sleep(self._while())
        self.bank.behaviour = "pays"


@contextmanager
def _frozen(programs: Sequence[Program]) -> Iterator[None]:
    """A context in which these programs and their children are stopped. They go on afterwards."""
    family = [process for program in programs for process in program.family()]
    for process in family:
        with suppress(psutil.Error):
            process.suspend()
    try:
        yield
    finally:
        for process in family:
            with suppress(psutil.Error):
                process.resume()
