"""The parts of the whole benchmark: what each measures, and how long it may take.

Each part has a scratch database and a process of its own, so that one that hangs, or that dies,
leaves the others as they are.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module

from bench.figures import Figure
from bench.sized import FULL, size

Report = Iterator[tuple[str, str] | Figure]
POINTS = (1_000, 10_000, 100_000)
POINTS_IN_FULL = (*POINTS, 1_000_000, 10_000_000)


@dataclass(frozen=True)
class Part:
    """One benchmark, and the seconds after which it is broken off: as usual, and in full."""

    name: str
    report: Callable[[], Report]
    usual: int
    full: int

    @property
    def seconds(self) -> int:
        """After how many seconds the part is broken off."""
        return self.full if size() == FULL else self.usual


def _of(name: str) -> Callable[[], Report]:
    """The report of the benchmark that is the module of this name, loaded when it is wanted."""

    def report() -> Report:
        """Run the part's module."""
        found: Report = import_module(f"bench.{name}").run()
        return found

    return report


def _growth(charges: int) -> Callable[[], Report]:
    """The report of one point of the growth curves."""

    def report() -> Report:
        """Run the part about growth at so many charges."""
        found: Report = import_module("bench.growth").run(charges)
        return found

    return report


# Their bounds make 15 minutes and, in full, 90. What one leaves over, those after it may take.
NAMED = (
    ("charges", 55, 240),
    ("orders", 75, 200),
    ("ticks", 45, 180),
    ("audit", 40, 420),
    ("pdf", 15, 60),
    ("api", 95, 260),
    ("clients", 85, 240),
    ("serving", 65, 300),
    ("memory", 50, 90),
    ("closing", 70, 240),
    ("replay", 40, 240),
    ("export", 35, 240),
    ("peers", 70, 240),
    ("pages", 120, 600),
)
GROWTH_SECONDS = {1_000: 10, 10_000: 10, 100_000: 20, 1_000_000: 180, 10_000_000: 1080}


def parts() -> list[Part]:
    """All parts of the table, in the order in which they are run."""
    found = [Part(name, _of(name), usual, full) for name, usual, full in NAMED]
    if size() == FULL:
        found.append(Part("admin", _of("admin"), 60, 480))
    points = POINTS_IN_FULL if size() == FULL else POINTS
    return found + [
        Part(f"growth-{charges}", _growth(charges), seconds, seconds)
        for charges in points
        for seconds in (GROWTH_SECONDS[charges],)
    ]
