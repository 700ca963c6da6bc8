"""How answers write instants: in UTC, exact to the microsecond, as RFC 3339 has them."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import PlainSerializer, WithJsonSchema


def text(at: datetime) -> str:
    """The instant in UTC, such as 2026-11-26T03:00:00Z, with its microseconds if it has any."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


Moment = Annotated[
    datetime,
    PlainSerializer(text),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-26T03:00:00Z"]}),
]
