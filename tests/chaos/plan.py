"""Which fault comes when. A seed and a length give the same plan each time."""

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

# Each ends a process by SIGKILL, but where its name says otherwise.
KILLS = (
    "client in mid-request",
    "web process",
    "web server",
    "worker process",
    "worker",
    "provider worker process",
    "provider worker",
    "beat",
    "PostgreSQL",
    "PostgreSQL process",
    "PostgreSQL stopped immediately",
    "Redis",
)
OTHERS = (
    "Redis flushed",
    "Redis restarted in order",
    "Redis away",
    "Redis silent",
    "a chunk twice at once",
    "paused before its request while the database restarts",
    "two beats",
    "disk full",
    "Stripe hangs",
    "Stripe is late",
    "Stripe breaks",
    "Stripe hangs up",
    "Stripe declines",
    "bank misbehaves",
    "receiver hangs",
    "receiver is late",
    "receiver breaks",
    "receiver hangs up",
    "mail server misbehaves",
    "a day passes",
)
KINDS = KILLS + OTHERS
# What is cheap and dies often comes several times for each of the others.
OFTEN = ("client in mid-request", "web process", "worker process", "provider worker process") * 5
BETWEEN_SECONDS = (0.8, 2.6)
# Those that last, and hold up the next one.
LASTING_SECONDS = {
    "Redis away": 3.5,
    "Redis silent": 5.5,
    "a chunk twice at once": 2.0,
    "paused before its request while the database restarts": 4.0,
    "two beats": 6.0,
    "disk full": 4.5,
    "bank misbehaves": 2.5,
}


class Fault(NamedTuple):
    """A kind of fault, the second of the run at which it comes at the earliest, and a seed for what
    it chooses.
    """

    at: float
    kind: str
    seed: int

    def __str__(self) -> str:
        return f"{self.at:6.1f} s  {self.kind} ({self.seed})"


def plan(seed: int, seconds: float) -> Sequence[Fault]:
    """The faults of so many seconds. No kind comes a second time before all have come."""
    chance = Random(f"plan {seed}")
    found: list[Fault] = []
    at = 3.0
    while True:
        bag = [*KINDS, *OFTEN]
        chance.shuffle(bag)
        for kind in bag:
            if at >= seconds:
                return found
            found.append(Fault(round(at, 1), kind, chance.randrange(10**6)))
            at += chance.uniform(*BETWEEN_SECONDS) + LASTING_SECONDS.get(kind, 0)
