"""Lists to which packages add items when the programs start (AppConfig.ready), such as queues or
panels.

A page shows the items without importing the packages that added them, so whoever adds something
edits one package alone.
"""

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")


def _place(item: Any) -> Any:
    """The default order of a registry: the item's own `place`."""
    return item.place


class Registry(Generic[Item]):
    """An iterable of the registered items, in the order of their `place`; items of the same place
    are in the order of registration.
    """

    def __init__(self, place: Callable[[Item], Any] = _place) -> None:
        self._place = place
        self._items: list[Item] = []

    def register(self, *items: Item) -> None:
        """Add items to the registry, which keeps its order; one added twice is in it twice."""
        self._items = sorted([*self._items, *items], key=self._place)

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items)
