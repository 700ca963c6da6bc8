"""What is still to be done until a merchant trades, shown on its page until its first order came
through (rule 21.14).

Each package registers its own items.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lib.registry import Registry


@dataclass(frozen=True)
class Item:
    """Something that is to be done, whether it is, and where."""

    title: str
    is_done: bool
    note: str = ""
    address: str = ""


@dataclass(frozen=True)
class Entry:
    """How a package reads an item for an operator's visit of a merchant's page; None where the
    operator may not look at it. With the one that `ends` it done, the list is not shown any more.
    """

    place: int
    read: Callable[[Any], Item | None]
    ends: bool = False


ENTRIES: Registry[Entry] = Registry()


def of(visit: Any) -> Sequence[Item]:
    """The items of the checklist for an operator's visit of a merchant's page, done or still to be
    done, in their order, with the one that ends the list last. Those that the operator may not look
    at are left out. Empty once the merchant trades, or if the operator may not look at the item
    that shows that.
    """
    last = [entry.read(visit) for entry in ENTRIES if entry.ends]
    if not last or any(item is None or item.is_done for item in last):
        return []
    items = [entry.read(visit) for entry in ENTRIES if not entry.ends]
    return [item for item in (*items, *last) if item is not None]
