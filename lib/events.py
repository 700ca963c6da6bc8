"""The events of the platform's systems, one JSON object for each thing that happened: how a line is
parsed, which types there are, and what becomes of one.

The app that an event belongs to maps it to one operation in its `events` module, and registers that
when it starts; `gateway.events` applies the events. See chapter 23 of docs/rules.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel, TypeAdapter
from pydantic import ValidationError as PydanticError

from lib import prepared, strict_json
from lib.event_fields import Data, Instant, OptionalReference, Reference
from lib.refusals import Invalid, Refused

YEARS = range(1970, 9000)  # days can be counted around any instant of these


class _Timed(BaseModel):
    at: Instant


class _Envelope(_Timed):
    id: Reference
    type: OptionalReference
    merchant: Reference
    data: dict[str, Any]


_ENVELOPES = TypeAdapter(list[_Envelope])


class Event(NamedTuple):
    """An event, as its sender stated it; `at` is in UTC, and `data` is not checked yet."""

    id: str
    type: str
    at: datetime
    merchant: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of an event: its status is applied, duplicate, declined (a refusal that is on
    record) or rejected.
    """

    status: str
    code: str = ""
    reason: str = ""
    fields: tuple[str, ...] = ()  # members at fault, or that differ from what is known
    # What the event wrote, or had written before, where its operation tells.
    row: Any = field(default=None, compare=False, repr=False)
    is_recorded: bool = field(default=False, compare=False, repr=False)  # with what it wrote

    @classmethod
    def rejected(cls, refusal: Refused) -> "Outcome":
        """The outcome of an event that was refused: rejected, with the refusal's code, its English
        sentence and the members at fault.
        """
        return cls(REJECTED, refusal.code, str(refusal), refusal.fields)

    @classmethod
    def of(cls, is_new: bool, row: Any = None) -> "Outcome":
        """The outcome "applied" if the event wrote something new, otherwise "duplicate"; `row` is
        what it wrote, now or the first time.
        """
        if row is None:
            return APPLIED if is_new else DUPLICATE
        return cls("applied" if is_new else "duplicate", row=row)


REJECTED = "rejected"
APPLIED = Outcome("applied")
DUPLICATE = Outcome("duplicate")

# Counts for the metrics that so many events in a currency ended with one status.
Measure = Callable[[str, str, int], None]

D = TypeVar("D", bound=Data)


@dataclass(frozen=True, slots=True)
class Spared:
    """What the door of an event that somebody waits for spares its operation, and has it do."""

    data: Any = None  # of the event, as its type defines it
    # What the operation would read first. It was read before anything of the event was checked.
    read: Any = None
    # The record of an event that is applied, to be written in the statement that applies it; the
    # outcome says whether it was.
    record: prepared.Beside | None = None


UNSPARED = Spared()


@dataclass(frozen=True)
class _Type:
    """What every event type declares; the checks, the documentation and the examples of an event's
    data are made from it alone.
    """

    name: str
    scope: str = field(kw_only=True)  # which keys of the API may send such events
    summary: str = field(kw_only=True)  # what has happened, in a sentence
    # Whether only keys of the platform may send them, and no merchant's own.
    of_platform: bool = field(kw_only=True, default=False)


@dataclass(frozen=True)
class _WithExample(_Type):
    example: dict[str, Any] = field(kw_only=True)  # data of an event of this type


@dataclass(frozen=True, slots=True)
class Held:
    """An event that waits for others to be applied together with it, as its type's `apply` takes
    it.
    """

    type: "EventType[Any]"
    event: Event
    data: Any
    merchant_id: int
    now: datetime

    def apply_by_itself(self) -> Outcome:
        """Apply this event alone, in a transaction of its own: by the type's `otherwise`, which
        takes more care than what is done for many at once, or by `apply` if the type has none.
        Returns the event's outcome. Raises Refused.
        """
        apply = self.type.otherwise or self.type.apply
        return apply(self.event, self.data, self.merchant_id, self.now)


@dataclass(frozen=True)
class EventType(_WithExample, Generic[D]):
    """A type of events that are applied one by one.

    `apply` takes the event, its data parsed as `data`, the merchant's primary key, and the instant
    of arrival. `at_once` is for events that somebody waits for: it is asked first, and takes the
    same but the key, which it need not look up, and what it is spared. It returns None where that
    is no way to go, and raises nothing. `otherwise` then applies the event in place of `apply`, if
    the type has it.
    `together` applies many events, in order, of all types that have the same function, for who
    holds the books of all their merchants: with the outcome of `apply` one by one, or nothing if it
    raises.
    """

    data: type[D]
    apply: Callable[[Event, D, int, datetime], Outcome]
    at_once: Callable[[Event, D, datetime, Spared], Outcome | None] | None = field(
        kw_only=True, default=None
    )
    otherwise: Callable[[Event, D, int, datetime], Outcome] | None = field(
        kw_only=True, default=None
    )
    together: Callable[[Sequence[Held]], list[Outcome]] | None = field(kw_only=True, default=None)
    measure: Measure | None = None


@dataclass(frozen=True)
class BatchedType(_WithExample, Generic[D]):
    """A type of events that are held back, so that many are recorded at once: `read` turns an event
    into what `record` takes.

    `read` takes the same as `EventType.apply`. `record` writes all of them or none, and returns an
    outcome for each, in the same order. Nothing that it reads or writes may be read or written by
    events of other types, except those that create a merchant.
    """

    data: type[D]
    read: Callable[[Event, D, int, datetime], Any]
    record: Callable[[Sequence[Any]], list[Outcome]]

    def __hash__(self) -> int:
        return hash(self.name)


@dataclass(frozen=True)
class FoundingType(_Type):
    """A type of events that create a merchant; events that were held back are recorded before one
    of them is applied. `apply` takes the event and the instant of arrival. `together` applies many
    that come after one another, of merchants that are all new, or nothing if it raises.

    Its `data` and `example` are made by `described` and `illustrated` when they are first asked
    for, since by then all apps have added the terms with which their books are opened.
    """

    described: Callable[[], type[Data]]
    illustrated: Callable[[], dict[str, Any]]
    apply: Callable[[Event, datetime], Outcome]
    together: Callable[[Sequence[tuple[Event, datetime]]], list[Outcome]]

    @cached_property
    def data(self) -> type[Data]:
        """The class of the event's data, made when it is first asked for."""
        return self.described()

    @cached_property
    def example(self) -> dict[str, Any]:
        """An example of the event's data, made by `illustrated` when it is first asked for,
        and kept. That must not be before all apps have added the terms of their books, or
        the example lacks them. Callers share it and copy what they change.
        """
        return self.illustrated()


AnyType = EventType[Any] | BatchedType[Any] | FoundingType
_registered: dict[str, AnyType] = {}


def register(*types: AnyType) -> None:
    """Add event types to those that are known. Raises ValueError for a name that is taken; those
    given before it are known then.
    """
    for one in types:
        if one.name in _registered:
            raise ValueError(f"the event type {one.name} is taken")
        _registered[one.name] = one


def type_named(name: str) -> AnyType | None:
    """The event type with this name; None if no app has registered one."""
    return _registered.get(name)


def all_types() -> list[AnyType]:
    """Every event type, in the order in which the apps registered them."""
    return list(_registered.values())


def parse(text: str | bytes) -> Event:
    """Return the event in one line of JSON, with its instant in UTC. Raises Invalid, which
    names the member that is wrong, or "event" if the line is no JSON object. What is in
    `data` is not checked.
    """
    try:
        raw = strict_json.loads(text)
    except strict_json.NotJson as error:
        raise Invalid("event", f"not JSON ({error})") from error
    return from_object(raw)


def from_object(raw: Any) -> Event:
    """The event in a decoded JSON object. Raises Invalid, naming the member that is wrong; `data`
    is not checked.
    """
    try:
        envelope = _Envelope.model_validate(raw)
    except PydanticError as error:
        raise _named(error, "event") from error
    return _event(envelope)


def from_objects(raw: Sequence[Any]) -> list[Event | Invalid]:
    """The events in many decoded JSON objects, in their order; in place of one that is none, the
    Invalid that says what is wrong with it. They are checked together, which takes half as long.
    """
    try:
        return [_event(envelope) for envelope in _ENVELOPES.validate_python(raw)]
    except (PydanticError, Invalid):
        return [_event_or_fault(one) for one in raw]


def _event_or_fault(raw: Any) -> Event | Invalid:
    """The event in a decoded JSON object, or what is wrong with it."""
    try:
        return from_object(raw)
    except Invalid as fault:
        return fault


def _event(envelope: _Envelope) -> Event:
    """The event of this envelope, with its instant in UTC. Raises Invalid for an instant that is
    out of range.
    """
    return Event(envelope.id, envelope.type, in_utc(envelope.at), envelope.merchant, envelope.data)


def in_utc(at: datetime) -> datetime:
    """The instant in UTC. Raises Invalid if its year is not within YEARS."""
    try:
        instant = at.astimezone(UTC)
    except OverflowError as error:
        raise Invalid("at", "is out of range") from error
    if instant.year not in YEARS:
        raise Invalid("at", "is out of range")
    return instant


def instant_in(text: str | bytes) -> datetime | None:
    """The instant `at` in a line of JSON, in UTC, even if the rest of the line is no valid event;
    None if the line has no valid `at`.

    A replay uses it to keep such a line in its place among the others.
    """
    try:
        return in_utc(_Timed.model_validate(strict_json.loads(text)).at)
    except (ValueError, Invalid):  # pydantic's own is a ValueError
        return None


def in_utc_or_none(at: object) -> datetime | None:
    """The value of a decoded member `at` as an instant in UTC; None if the value is not a valid
    instant.
    """
    try:
        return in_utc(_Timed.model_validate({"at": at}).at)
    except (ValueError, Invalid):
        return None


def read(model: type[D], event: Event) -> D:
    """The event's data as an instance of the pydantic class `model`. Raises Invalid, naming the
    member that is wrong.
    """
    try:
        return model.model_validate(event.data)
    except PydanticError as error:
        raise _named(error, "data") from error


def _named(error: PydanticError, whole: str) -> Invalid:
    """Pydantic's first error as Invalid, with the path of the member at fault, or `whole` if no
    single member is.
    """
    first = error.errors(include_url=False, include_context=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or whole
    return Invalid(field, first["msg"])
