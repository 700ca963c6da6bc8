"""Facts of the books that `manage.py jobs` and the admin show beside the jobs, such as the last
month that is closed. Each package registers its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lib.registry import Registry


@dataclass(frozen=True)
class Fact:
    """A fact, and the function that reads it, which returns a sentence without its full stop, or ""
    if there is nothing to say.
    """

    place: int  # among the facts
    read: Callable[[], str]


FACTS: Registry[Fact] = Registry()


def sentences() -> Sequence[str]:
    """Read all registered facts; returns their sentences, in order and without the empty ones."""
    return [said for fact in FACTS if (said := fact.read())]
