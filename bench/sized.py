"""How much a benchmark does: as usual, in full (FULL=1), or next to nothing, for tests."""

import os
from dataclasses import dataclass

USUAL, FULL, TINY = "usual", "full", "tiny"
VARIABLE = "BENCH_SIZE"


def size() -> str:
    """Which of the three sizes benchmarks have at this moment."""
    return os.environ.get(VARIABLE) or USUAL


@dataclass(frozen=True)
class Sized:
    """A figure that differs by the size of the benchmarks: call it for the one in force."""

    usual: float
    full: float
    tiny: float

    def __call__(self) -> int:
        """The figure, as a whole number."""
        return int(self.exact())

    def exact(self) -> float:
        """The figure as it is, such as of seconds."""
        return {USUAL: self.usual, FULL: self.full, TINY: self.tiny}[size()]
