"""Parses the events of the platform's systems: one JSON object for each thing that happened.

The app that an event belongs to maps it to one operation in its `events` module, and registers that
when it starts; `gateway.events` applies the events. See chapter 23 of docs/rules.md.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    StringConstraints,
)
from pydantic import ValidationError as PydanticError

from lib import texts
from lib.refusals import Invalid, Refused

_DECIMAL = re.compile(r"-?[0-9]{1,24}(\.[0-9]{1,12})?")


def _decimal(value: object) -> Decimal:
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise ValueError('must be a decimal number in a string, such as "10.50"')
    return Decimal(value)


def _line(longest: int, *, shortest: int = 0) -> StringConstraints:
    return StringConstraints(
        min_length=shortest, max_length=longest, pattern=texts.ONE_LINE, strict=True
    )


def _lines(value: object) -> object:
    return texts.with_line_ends(value) if isinstance(value, str) else value


Reference = Annotated[str, _line(texts.LONGEST_NAME, shortest=1)]
Name = Reference
OptionalReference = Annotated[str, _line(texts.LONGEST_NAME)]
Description = Annotated[str, _line(texts.LONGEST_DESCRIPTION)]
# A reason in a person's words, which may have several lines.
Words = Annotated[
    str,
    BeforeValidator(_lines),
    StringConstraints(max_length=texts.LONGEST_WORDS, pattern=texts.LINES, strict=True),
]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$", strict=True)]
# A decimal in a string; JSON's own numbers would have been floats on the way.
Amount = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    PlainSerializer(lambda value: f"{value.normalize():f}"),  # 200.0 and 200.00 are the same
]


class Data(BaseModel):
    """The base class for the data of one type of event. Unknown members are ignored: the platform
    may add some.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)


YEARS = range(1970, 9000)  # days can be counted around any instant of these
# RFC 3339: a date, a time to the second or finer, and an offset.
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _instant(value: object) -> object:
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise ValueError("must be an RFC 3339 instant with an offset")
    return value


Instant = Annotated[AwareDatetime, BeforeValidator(_instant)]


class _Timed(BaseModel):
    at: Instant


class _Envelope(_Timed):
    id: Reference
    type: OptionalReference
    merchant: Reference
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `at` is in UTC."""

    id: str
    type: str
    at: datetime
    merchant: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of an event: applied, duplicate, declined (a recorded refusal) or rejected."""

    status: str
    code: str = ""
    reason: str = ""

    @classmethod
    def rejected(cls, refusal: Refused) -> "Outcome":
        return cls("rejected", refusal.code, str(refusal))

    @classmethod
    def of(cls, is_new: bool) -> "Outcome":
        """Applied, or a duplicate where nothing new was written."""
        return APPLIED if is_new else DUPLICATE


APPLIED = Outcome("applied")
DUPLICATE = Outcome("duplicate")

# Applies an event to the merchant with the id given, arriving `now`.
Handler = Callable[[Event, int, datetime], Outcome]
# Counts for the metrics that so many events in a currency ended with one status.
Measure = Callable[[str, str, int], None]

D = TypeVar("D", bound=Data)


@dataclass(frozen=True, slots=True)
class EventType:
    """A type of events that are applied one by one."""

    name: str
    apply: Handler
    measure: Measure | None = None


@dataclass(frozen=True, slots=True)
class BatchedType:
    """A type of events that are held back, so that many are recorded at once: `read` turns an event
    into what `record` takes.

    `record` writes all or nothing, and returns an outcome for each. Nothing that it reads or writes
    may be read or written by events of other types, except those that create a merchant.
    """

    name: str
    read: Callable[[Event, int, datetime], Any]
    record: Callable[[Sequence[Any]], list[Outcome]]


@dataclass(frozen=True, slots=True)
class FoundingType:
    """A type of events that create a merchant. Events held back so far are recorded before one of
    them is applied.
    """

    name: str
    apply: Callable[[Event, datetime], Outcome]


AnyType = EventType | BatchedType | FoundingType
_registered: dict[str, AnyType] = {}


def register(*types: AnyType) -> None:
    """Add event types to those that are known. Raises ValueError for a name that is taken."""
    for one in types:
        if one.name in _registered:
            raise ValueError(f"the event type {one.name} is taken")
        _registered[one.name] = one


def type_named(name: str) -> AnyType | None:
    """The event type with this name; None if no app has registered one."""
    return _registered.get(name)


def parse(text: str | bytes) -> Event:
    """The event in one line of JSON; raises Invalid, naming the member that is wrong."""
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid("event", f"not JSON ({error})") from error
    return from_object(raw)


def from_object(raw: Any) -> Event:
    """The event in a decoded JSON object; raises Invalid, naming the member that is wrong."""
    try:
        envelope = _Envelope.model_validate(raw)
    except PydanticError as error:
        raise _named(error, "event") from error
    return Event(envelope.id, envelope.type, _in_utc(envelope.at), envelope.merchant, envelope.data)


def _in_utc(at: datetime) -> datetime:
    try:
        instant = at.astimezone(UTC)
    except OverflowError as error:
        raise Invalid("at", "is out of range") from error
    if instant.year not in YEARS:
        raise Invalid("at", "is out of range")
    return instant


def instant_in(text: str | bytes) -> datetime | None:
    """The instant that a line states, even if the line is no event for another reason; None where
    it cannot be read.

    A replay uses it to keep such a line in its place among the others.
    """
    try:
        return _in_utc(_Timed.model_validate(json.loads(text)).at)
    except (ValueError, RecursionError, Invalid):  # pydantic's own is a ValueError
        return None


def read(model: type[D], event: Event) -> D:
    """The event's data as `model`; raises Invalid, naming the member that is wrong."""
    try:
        return model.model_validate(event.data)
    except PydanticError as error:
        raise _named(error, "data") from error


def _named(error: PydanticError, whole: str) -> Invalid:
    first = error.errors(include_url=False, include_context=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or whole
    return Invalid(field, first["msg"])
