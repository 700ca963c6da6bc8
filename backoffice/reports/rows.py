"""The rows behind a figure of a report, for a paginator, wherever they are."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.db.models import QuerySet

from lib import cells
from lib.cells import adding_up

T = TypeVar("T")


class Rows(Sequence[T]):
    """The rows of a query as `shown` shows each, latest first; where the books are in cells, those
    of all cells, the last cell's first, as keys are. `silent` has the numbers of the cells that
    have not answered.
    """

    def __init__(self, query: Callable[[], QuerySet[Any]], shown: Callable[[Any], T]) -> None:
        self._query, self._shown = query, shown
        counted = adding_up.each(lambda: query().count())
        self.silent: Sequence[int] = counted.silent
        self._counts = sorted(counted.found.items(), reverse=True)

    def __len__(self) -> int:
        return sum(count for _, count in self._counts)

    def __getitem__(self, part: Any) -> Any:
        """The rows of a slice, which must have a start and a stop, each as `shown` makes it.
        Its places count through the rows of all cells, of which those of the cell with the
        highest number come first. Each cell that has some of them is asked for its own.
        """
        found: list[T] = []
        before = 0
        for number, count in self._counts:
            start, stop = max(part.start - before, 0), min(part.stop - before, count)
            if start < stop:
                with cells.at(number):
                    found += [self._shown(row) for row in self._query()[start:stop]]
            before += count
        return found
