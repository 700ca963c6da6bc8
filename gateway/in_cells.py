"""Applies events where the books are in cells: each inside its merchant's (rule 30.6).

Each cell has a run of its own; what the events of one merchant become does not depend on those of
another. A merchant that joins goes to the cell with the fewest.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol

from lib import cells
from lib.events import UNSPARED, Event, FoundingType, Outcome, Spared, type_named
from merchants import directory
from merchants.directory import Place


class Run(Protocol):
    """What applies events in order: gateway.events.EventRun says how."""

    def apply(self, event: Event, *, now: datetime, spared: Spared = UNSPARED) -> None:
        """Apply one event that arrives at `now`, or hold it back; `finish` has its outcome.
        `spared` has what the caller has checked and read already.
        """
        ...

    def look_up(self, events: Iterable[Event]) -> list[int]:
        """Look up the merchants of these events at once, and remember them for the rest of the run;
        returns the primary keys of those that there are.
        """
        ...

    def hold(self, events: Iterable[Event], *, days_to: datetime | None = None) -> None:
        """Lock the billing accounts and credit lines of the events' merchants until the transaction
        ends; unknown merchants are ignored. Works off days that have ended by `days_to`, of each
        merchant those of the book that its events are about, and none without it.
        """
        ...

    def finish(self) -> list[Outcome]:
        """The outcomes of all events, in the order in which `apply` was called for them."""
        ...


class RunInCells:
    """Applies events as a run does, by one run for each cell; `make` makes them. Merchants join the
    cell `joined`, if one is given. A replay, which is not live, runs while nobody is moved.
    """

    def __init__(
        self, make: Callable[[], Run], joined: int | None = None, *, is_live: bool = True
    ) -> None:
        self._make, self._joined, self._is_live = make, joined, is_live
        self._runs: dict[int, Run] = {}
        self._where: dict[str, int] = {}  # cells, by the references of their merchants
        self._places: dict[str, Place] = {}  # of those that are not to move meanwhile
        self._question = ""
        self._placed: list[int] = []  # the cell of each event
        self._held_to: tuple[datetime | None] | None = None  # once books are held: to which day
        self._merchants: Mapping[int, int] = {}  # by cell, once somebody joins

    def apply(self, event: Event, *, now: datetime, spared: Spared = UNSPARED) -> None:
        """Apply the event by the run of its merchant's cell, inside that cell; `finish` has its
        outcome. `spared` has what the caller has checked and read already.
        """
        number = self._cell_of(event)
        self._placed.append(number)
        with self._run(number) as run:
            run.apply(event, now=now, spared=spared)

    def look_up(self, events: Iterable[Event]) -> list[int]:
        """Look up the merchants of all these events at once, and remember them; returns the primary
        keys of those that there are.
        """
        found: list[int] = []
        for number, group in self._by_cell(events):
            with self._run(number) as run:
                found += run.look_up(group)
        return found

    def hold(self, events: Iterable[Event], *, days_to: datetime | None = None) -> None:
        """Lock the billing accounts and credit lines of all merchants of these events, unless they
        are unknown, and, if `days_to` is given, work off days that have ended by then, of each
        merchant those of the book that its events are about: cell by cell, in the order of their
        numbers.
        """
        self._held_to = (days_to,)
        for number, group in self._by_cell(events):
            with self._run(number) as run:
                run.hold(group, days_to=days_to)

    def finish(self) -> list[Outcome]:
        """Finish the run of each cell, which applies the events that it held back. Returns the
        outcomes of all events of all cells, in the order in which `apply` was called for them.
        """
        finished: dict[int, Iterator[Outcome]] = {}
        for number in self._runs:
            with self._run(number) as run:
                finished[number] = iter(run.finish())
        return [next(finished[number]) for number in self._placed]

    @contextmanager
    def _run(self, number: int) -> Iterator[Run]:
        """A context inside the cell with this number, which gives its run; that is made at the
        first call.
        """
        with cells.asking_also(self._question), cells.at(number):
            if number not in self._runs:
                self._runs[number] = run = self._make()
                if self._held_to is not None:  # so for events that come later
                    run.hold([], days_to=self._held_to[0])
            yield self._runs[number]

    def _cell_of(self, event: Event) -> int:
        """The number of the cell of the event's merchant. One that joins is given a cell (`_next`).
        For a merchant that does not exist it is the cell that we are inside, or else the first: its
        run refuses the event.
        """
        if event.merchant not in self._where and directory.is_entered(event.merchant):
            self._where[event.merchant] = cells.number()
        if event.merchant not in self._where:
            self._find([event.merchant])
        if event.merchant not in self._where:
            if not isinstance(type_named(event.type), FoundingType):
                return cells.number()
            self._where[event.merchant] = self._next()
        return self._where[event.merchant]

    def _find(self, references: Iterable[str]) -> None:
        """Look up the merchants with these references. Unless it is a replay, they are not to move
        while the run lasts: raises cells.Moves if one of them does.
        """
        if not self._is_live:
            self._where |= directory.cells_of(references)
            return
        self._places |= directory.places_of(references)
        self._where |= {name: place.cell for name, place in self._places.items()}
        self._question = directory.question_of(self._places.values())

    def _next(self) -> int:
        """The number of the cell for a merchant that joins, which is then counted to it: the cell
        that was given, or that we are inside, or else the one with the fewest merchants.
        """
        if self._joined is not None or cells.entered():
            return self._joined or cells.number()
        self._merchants = self._merchants or directory.merchants_by_cell()
        number = directory.emptiest(self._merchants)
        self._merchants = {**self._merchants, number: self._merchants.get(number, 0) + 1}
        return number

    def _by_cell(self, events: Iterable[Event]) -> Iterator[tuple[int, Sequence[Event]]]:
        """Yield, for each cell in which the run knows a merchant, in the order of their numbers,
        its number and those of these events that are of its merchants, which may be none. Events of
        merchants that do not exist are left out. Raises cells.Moves as `_find` does.
        """
        listed = list(events)
        self._find(event.merchant for event in listed)
        for number in sorted(set(self._where.values())):
            yield number, [one for one in listed if self._where.get(one.merchant) == number]
