"""Bounds how long somebody who waits for a page waits for a provider.

Jobs have the provider's own patience. Within `within`, a request to a provider has what is left of
so many seconds, all requests of it taken together.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

PAGE_SECONDS = 5.0

_ends_at: ContextVar[float | None] = ContextVar("ends_at", default=None)


@contextmanager
def within(seconds: float = PAGE_SECONDS) -> Iterator[None]:
    """Give all requests to providers within the block `seconds` together."""
    before = _ends_at.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends_at.reset(before)


def seconds_left() -> float | None:
    """The seconds that are left of them, not below 0; None outside of `within`."""
    ends_at = _ends_at.get()
    return None if ends_at is None else max(ends_at - time.monotonic(), 0.0)
