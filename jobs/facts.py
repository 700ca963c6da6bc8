"""What the books tell beside how the jobs stand, such as which month is closed.

Each is read when somebody looks: a sentence without its full stop, "" where there is nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lib.registry import Registry


@dataclass(frozen=True)
class Fact:
    place: int  # in the order of what is told
    read: Callable[[], str]


FACTS: Registry[Fact] = Registry()


def told() -> Sequence[str]:
    """What there is to tell now."""
    return [said for fact in FACTS if (said := fact.read())]
