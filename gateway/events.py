"""Applies events of all types that the apps have registered.

Each event has one outcome; a rejected event does not hold up the others. See chapter 23 of
docs/rules.md.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import psycopg
from django.db import connection, transaction

from billing.operations import accounts
from gateway.in_cells import Run, RunInCells
from lib import cells, counters, prepared
from lib.events import (
    UNSPARED,
    BatchedType,
    Event,
    EventType,
    FoundingType,
    Held,
    Outcome,
    Spared,
    read,
    type_named,
)
from lib.refusals import Invalid, Refused
from merchants.operations import merchants

# SQLSTATE classes of values that can't be kept: data exceptions, constraints, our triggers.
CONTENT_STATES = ("22", "23", "P0")

MERCHANT = "SELECT id FROM merchants_merchant WHERE reference = %s"
MERCHANTS = "SELECT reference, id FROM merchants_merchant WHERE reference = ANY(%s::text[])"

log = logging.getLogger(__name__)


class _Faulty(Invalid):
    """The database refuses a value in the event that our own checks have let through."""

    def __init__(self) -> None:
        super().__init__("event", "has something in it that cannot be kept")


class EventRun:
    """Applies events in the order in which `apply` is called, each arriving at its own instant.

    An event whose content is at fault is rejected. Any other error is raised, and nothing of that
    event is kept.

    Events of batched types, such as charges, are held back and recorded together, but before the
    next merchant joins, since its first bill takes the next number. So are, once their merchants'
    books are held, events of types that can be applied together, such as those of orders, until one
    comes that cannot. `finish` records the rest, and returns the outcomes.
    """

    def __init__(self) -> None:
        self._outcomes: list[Outcome | None] = []
        self._types: list[tuple[str, str]] = []  # and the currency of each, for the metrics
        self._held: dict[BatchedType[Any], list[tuple[int, Any]]] = {}
        self._together: list[tuple[int, Held]] = []  # of types that are applied together
        self._joining: list[tuple[int, FoundingType, Event, datetime]] = []
        self._holds_books = False
        self._merchants: dict[str, int] = {}

    def apply(self, event: Event, *, now: datetime, spared: Spared = UNSPARED) -> None:
        """Apply one event that arrives at `now`, or hold it back to be applied together with
        others. What became of it, a refusal included, is among the outcomes of `finish`. Raises
        errors that are not of the event's content. `spared` has what the caller has checked and
        read already.
        """
        place = len(self._outcomes)
        self._outcomes.append(None)
        self._types.append((event.type, str(event.data.get("currency", ""))))
        found = type_named(event.type)
        if isinstance(found, FoundingType):
            self._record_held()
            self._joining.append((place, found, event, now))
            if not self._holds_books:
                self._found()
            return
        self._found()
        try:
            match found:
                case BatchedType() as batched:
                    merchant_id = self._merchant_id(event.merchant)
                    new = batched.read(event, read(batched.data, event), merchant_id, now)
                    self._held.setdefault(batched, []).append((place, new))
                case EventType() as single if single.together and self._holds_books:
                    merchant_id = self._merchant_id(event.merchant)
                    held = Held(single, event, read(single.data, event), merchant_id, now)
                    self._hold_back(place, held)
                case EventType() as single:
                    self._apply_together()
                    self._outcomes[place] = self._apply_one(single, event, now, spared)
                case None:
                    self._merchant_id(event.merchant)
                    raise Invalid("type", f"there is no event type {event.type!r}")
        except Refused as refusal:
            self._outcomes[place] = Outcome.rejected(refusal)
        except Exception as error:
            if not _is_of_content(error):
                raise
            self._outcomes[place] = _reject_content(error)

    def _apply_one(
        self, single: EventType[Any], event: Event, now: datetime, spared: Spared
    ) -> Outcome:
        """Apply an event that is not held back, and return its outcome. If its type can apply it at
        once, without looking its merchant up first, that is tried first. Raises Refused. `spared`
        has what the caller has checked and read already.
        """
        if single.at_once is not None and event.merchant not in self._merchants:
            try:
                data = spared.data or read(single.data, event)
            except Invalid:
                pass  # that the merchant is unknown is said first
            else:
                if (outcome := single.at_once(event, data, now, spared)) is not None:
                    return outcome
                apply = single.otherwise or single.apply
                return apply(event, data, self._merchant_id(event.merchant), now)
        merchant_id = self._merchant_id(event.merchant)
        return single.apply(event, read(single.data, event), merchant_id, now)

    def _hold_back(self, place: int, held: Held) -> None:
        """Keep the event at this place of the run, to be applied together with those after it;
        events that wait and are applied by another function are applied now.
        """
        if self._together and self._together[0][1].type.together is not held.type.together:
            self._apply_together()
        self._together.append((place, held))

    def hold(self, events: Iterable[Event], *, days_to: datetime | None = None) -> None:
        """Lock the books of all merchants of these events, that is their billing accounts and
        credit lines, for a caller that applies all of them in one transaction.

        Orders lock credit lines and charges lock billing accounts. Locked in the order of the
        events, they would come in another order than elsewhere, which may deadlock. Unknown
        merchants are ignored. Days that have ended by `days_to` are worked off, none without it: of
        each merchant those of the book that its events are about, which is the billing account for
        events of batched types and the credit line for others.
        """
        listed = list(events)
        held = accounts.hold_both(self.look_up(listed))
        if days_to is not None:
            batched, others = self._by_book(listed)
            held.work_off(now=days_to, accounts=batched, lines=others)
        self._holds_books = True

    def _by_book(self, events: Iterable[Event]) -> tuple[list[int], list[int]]:
        """The keys of the known merchants of those of these events that are of batched types, which
        are about a billing account, and those of the others: two lists, each key once in each, in
        the order of the events. A merchant may be in both.
        """
        batched: dict[int, None] = {}
        others: dict[int, None] = {}
        for event in events:
            key = self._merchants.get(event.merchant)
            if key is not None:
                book = batched if isinstance(type_named(event.type), BatchedType) else others
                book[key] = None
        return list(batched), list(others)

    def look_up(self, events: Iterable[Event]) -> list[int]:
        """Look up the merchants of all these events at once, and remember them; returns the primary
        keys of those that there are, each once and in no order.
        """
        named = {event.merchant for event in events}
        known = dict(prepared.rows(MERCHANTS, [list(named)]))
        self._merchants |= known
        return list(known.values())

    def finish(self) -> list[Outcome]:
        """Record the events that were held back. Returns the outcomes of all events, in the order
        in which `apply` was called for them, and counts them in the metrics, once the transaction
        commits if there is one.
        """
        self._found()
        self._record_held()
        outcomes = [outcome for outcome in self._outcomes if outcome is not None]
        statuses = [outcome.status for outcome in outcomes]
        became = Counter(zip(self._types, statuses, strict=True))
        if connection.in_atomic_block:
            transaction.on_commit(partial(_count_outcomes, became))
        else:
            _count_outcomes(became)
        return outcomes

    def _found(self) -> None:
        """Create the merchants of the joining events that wait, which came after one another,
        and keep their outcomes. If there are several and all are new, they are created
        together. Otherwise they are created one by one: a repeat with the same terms is a
        duplicate, and one that is refused is rejected without holding up the others.
        """
        joining, self._joining = self._joining, []
        if len(joining) > 1:
            together = joining[0][1].together
            try:
                outcomes = together([(event, now) for _, _, event, now in joining])
            except Exception as error:
                if not isinstance(error, Refused) and not _is_of_content(error):
                    raise
            else:
                for (place, *_), outcome in zip(joining, outcomes, strict=True):
                    self._outcomes[place] = outcome
                self.look_up(event for _, _, event, _ in joining)
                return
        for place, founding, event, now in joining:
            self._outcomes[place] = _outcome_of(partial(founding.apply, event, now))

    def _record_held(self) -> None:
        """Apply the events that were held back so far, together with those of their kind and under
        the locks that their types take, and keep their outcomes. An event whose content is at fault
        is rejected by itself.
        """
        self._apply_together()
        for batched, held in self._held.items():
            recorded = _record(batched, [new for _, new in held])
            for (place, _), outcome in zip(held, recorded, strict=True):
                self._outcomes[place] = outcome
        self._held.clear()

    def _apply_together(self) -> None:
        """Apply the held-back events of types that are applied together, and keep their
        outcomes.
        """
        waiting, self._together = self._together, []
        if not waiting:
            return
        outcomes = _together([held for _, held in waiting])
        for (place, _), outcome in zip(waiting, outcomes, strict=True):
            self._outcomes[place] = outcome

    def _merchant_id(self, reference: str) -> int:
        """Look up, once for a run, the primary key of the merchant with this reference. Raises
        UnknownMerchant.
        """
        if reference not in self._merchants:
            row = prepared.row(MERCHANT, [reference])
            if row is None:
                raise merchants.UnknownMerchant(f"merchant: there is no merchant {reference}")
            (self._merchants[reference],) = row
        return self._merchants[reference]


def _record(batched: BatchedType[Any], new: Sequence[Any]) -> list[Outcome]:
    """Record events of a batched type together, and return their outcomes in order. If the content
    of one is at fault, do so with each half, down to the event at fault, which is rejected.

    Recording is all or nothing, so a half finds the books as the whole did.
    """
    try:
        return batched.record(new)
    except Exception as error:
        if not _is_of_content(error):
            raise
        if len(new) == 1:
            return [_reject_content(error)]
    middle = len(new) // 2
    return _record(batched, new[:middle]) + _record(batched, new[middle:])


def _together(held: Sequence[Held]) -> list[Outcome]:
    """Apply these held-back events, all by the same function, together, and return their outcomes
    in order. As in `_record`, the half with an event whose content is at fault is applied anew,
    down to that event.
    """
    together = held[0].type.together
    assert together is not None
    try:
        return together(held)
    except Exception as error:
        if not _is_of_content(error):
            raise
        if len(held) == 1:
            return [_reject_content(error)]
    middle = len(held) // 2
    return _together(held[:middle]) + _together(held[middle:])


def _outcome_of(apply: Callable[[], Outcome]) -> Outcome:
    """Call `apply`, which applies an event, and return its outcome. A refusal, and an error by
    which the database refuses the event's content, become the outcome of a rejected event; other
    errors are raised.
    """
    try:
        return apply()
    except Refused as refusal:
        return Outcome.rejected(refusal)
    except Exception as error:
        if not _is_of_content(error):
            raise
        return _reject_content(error)


def _is_of_content(error: Exception) -> bool:
    """Whether the error comes from a value in the event that the database refuses: too long, out of
    range, not to be encoded, or against a constraint or a trigger.

    A lost connection, a deadlock and wrong SQL are our own failures, and give False.
    """
    if isinstance(error, UnicodeError):
        return True
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    if not isinstance(cause, psycopg.Error):
        return False
    if cause.sqlstate:
        return cause.sqlstate[:2] in CONTENT_STATES
    # psycopg itself would not send the value, such as a text with NUL.
    return isinstance(cause, psycopg.DataError)


def _reject_content(error: Exception) -> Outcome:
    """Log the error, and return the outcome of a rejected event: `invalid`, without saying which
    value it was that the database refuses.
    """
    log.error("An event has something in it that the database refuses", exc_info=error)
    return Outcome.rejected(_Faulty())


def _count_outcomes(became: Mapping[tuple[tuple[str, str], str], int]) -> None:
    """Add a run's outcomes to the metrics; `became` counts them by event type, currency and
    status.
    """
    for ((event_type, currency), outcome), times in became.items():
        found = type_named(event_type)
        counters.EVENTS.labels(found.name if found else "unknown", outcome).inc(times)
        if isinstance(found, EventType) and found.measure:
            found.measure(outcome, currency, times)


def new_run(cell: int | None = None, *, is_live: bool = True) -> Run:
    """A new run of events. Where the books are in cells, it enters those of the merchants, and
    those that join do so in this cell, if one is given, or else in the one that we are inside, or
    the emptiest. With `is_live`, it refuses to go on while one of its merchants is moved to another
    cell (cells.Moves); without, as in a replay, it relies on nobody being moved meanwhile.
    """
    return RunInCells(EventRun, cell, is_live=is_live) if cells.are_on() else EventRun()


def apply_waited_for(event: Event, *, now: datetime, spared: Spared) -> Outcome:
    """Apply one event that somebody waits for, and return its outcome; a refusal is the outcome of
    a rejected event. `spared` is what was read for it already, and what is to be recorded with it
    (events.Spared). Raises errors that are not of the event's content.
    """
    run = new_run()
    run.apply(event, now=now, spared=spared)
    (outcome,) = run.finish()
    return outcome


def apply_all(
    events: Iterable[Event], *, now: datetime, in_one_transaction: bool = False
) -> list[Outcome]:
    """Apply events that all arrive at `now`, in the order of their `at`; those with the same `at`,
    in the order of the list.

    Returns their outcomes in the order of the list. An event whose content is at fault is rejected.
    Any other error is raised: nothing of that event is kept, and all events may be sent again.

    `in_one_transaction` is for callers whose transaction applies all of them: the books of their
    merchants are locked first.
    """
    listed = list(events)
    order = sorted(range(len(listed)), key=lambda place: listed[place].at)
    run = new_run()
    if in_one_transaction:
        run.hold(listed)
    elif len(listed) > 1:
        run.look_up(listed)
    for place in order:
        run.apply(listed[place], now=now)
    became = dict(zip(order, run.finish(), strict=True))
    return [became[place] for place in range(len(listed))]
