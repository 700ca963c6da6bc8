"""An event's instant is RFC 3339 with an offset, and nothing that merely looks like a time."""

import pytest

from lib import events
from lib.refusals import Invalid
from tests import shops


def event(at: object) -> dict[str, object]:
    """An event with this value as its instant."""
    return {"id": "1", "type": "order.shipped", "at": at, "merchant": "rosewood", "data": {}}


@pytest.mark.parametrize(
    "at",
    ["2026-11-10T12:00:00Z", "2026-11-10T19:00:00+07:00", "2026-11-10T12:00:00.000000+00:00"],
)
def test_an_instant_with_its_offset(at: str) -> None:
    assert events.from_object(event(at)).at == shops.instant("2026-11-10 12:00")


@pytest.mark.parametrize(
    "at",
    [
        "2026-11-10T12:00:00",
        "2026-11-10",
        "tomorrow",
        "",
        None,
        "2026-13-10T12:00:00Z",
        "0001-01-01T00:00:00+14:00",  # before the first year, in UTC
        "9999-12-31T23:59:59Z",  # tomorrow would be in no year at all
        1510315200,
        1510315200.5,
        "1510315200",
    ],
)
def test_anything_else_is_invalid(at: object) -> None:
    with pytest.raises(Invalid, match=r"^at: "):
        events.from_object(event(at))
