"""What the packages say they have, for a page that knows none of them.

A package registers its own when the programs start (its AppConfig.ready), so that whoever adds
something edits that package alone.
"""

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")


def _place(item: Any) -> Any:
    return item.place


class Registry(Generic[Item]):
    """Items in the order of their `place`; those of one place in the order in which they came."""

    def __init__(self, place: Callable[[Item], Any] = _place) -> None:
        self._place = place
        self._items: list[Item] = []

    def register(self, *items: Item) -> None:
        self._items = sorted([*self._items, *items], key=self._place)

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items)
