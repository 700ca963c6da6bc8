"""How many rounds a part of the benchmark has time for.

A part has a bounded time, and machines differ: a slow one makes fewer rounds of each figure, and
the table says how many, so that no figure is lost.
"""

import time
from collections.abc import Iterator

USABLE = 0.9  # of the time that is left: the rest is for what comes after the rounds


# The instants of the monotonic clock at which this process is broken off; the last one counts.
_ends: list[float] = []


def begin(seconds: float) -> None:
    """Note that this process is broken off after so many seconds, counted from now."""
    _ends.append(time.monotonic() + seconds)


def rounds(most: int, *, share: float = 1.0) -> Iterator[int]:
    """Yield the numbers of rounds, from 0: `most` of them, or fewer if the part's time does not
    suffice for another one as long as the longest so far, but always one.

    `share`, up to 1, is how much of the time that is left may be taken, where others follow.
    """
    began = time.monotonic()
    longest, ends = 0.0, float("inf")
    if _ends:
        ends = began + USABLE * share * (_ends[-1] - began)
    for number in range(most):
        started = time.monotonic()
        if number and started + longest > ends:
            return
        yield number
        longest = max(longest, time.monotonic() - started)
