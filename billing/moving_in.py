"""Whether this process replays a marketplace's past before its books are live (moving in).

Bills that are issued meanwhile were settled outside, before Tael knew of them (rule 23.14).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

PROVIDER = "moved-in"  # of the payments that stand for what was settled outside

_is_under_way: ContextVar[bool] = ContextVar("moving_in", default=False)


def is_under_way() -> bool:
    """Whether this process replays a marketplace's past just now."""
    return _is_under_way.get()


@contextmanager
def books(is_moving_in: bool) -> Iterator[None]:
    """A context in which `is_under_way` returns `is_moving_in`."""
    token = _is_under_way.set(is_moving_in)
    try:
        yield
    finally:
        _is_under_way.reset(token)
