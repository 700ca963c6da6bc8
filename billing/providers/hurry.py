"""Bounds how long a page waits for payment providers.

Requests of jobs have the providers' own time-outs. All requests of a block in `within` share a
number of seconds.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

PAGE_SECONDS = 5.0

_ends_at: ContextVar[float | None] = ContextVar("ends_at", default=None)


@contextmanager
def within(seconds: float = PAGE_SECONDS) -> Iterator[None]:
    """Let all requests to providers in the block together take at most `seconds`. One that would
    begin when none are left is not made, but raises NoAnswer.
    """
    before = _ends_at.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends_at.reset(before)


def seconds_left() -> float | None:
    """How many seconds the block of `within` has left for requests, at least 0; None outside of
    such a block.
    """
    ends_at = _ends_at.get()
    return None if ends_at is None else max(ends_at - time.monotonic(), 0.0)
