"""JSON that two readers could take for two things is refused, and so are such events."""

import pytest

from lib import events, strict_json
from lib.refusals import Invalid

EVENT = (
    '{"id": "e-1", "type": "order.shipped", "at": "2026-11-26T10:00:00Z", "merchant": "rosewood",'
    ' "data": {"order": "A"%s}}'
)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"amount": "1.00", "amount": "100.00"}', "an object has the member 'amount' twice"),
        ('[{"a": {"b": 1, "c": 2, "b": 3}}]', "an object has the member 'b' twice"),
        ('{"rating": NaN}', "NaN is no number of JSON"),
        ("[-Infinity]", "-Infinity is no number of JSON"),
        ("[" * 100_000, "it is nested too deeply"),
        ("1" * 5_000, "Exceeds the limit"),
        (b"\xff\xfe\xfa", "can't decode"),
        ("", "Expecting value"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_json_or_could_be_read_in_two_ways_is_refused(
    text: str | bytes, problem: str
) -> None:
    with pytest.raises(strict_json.NotJson, match=problem):
        strict_json.loads(text)


def test_members_of_one_name_in_two_objects_are_fine() -> None:
    assert strict_json.loads('[{"a": 1}, {"a": {"a": 2}}]') == [{"a": 1}, {"a": {"a": 2}}]


def test_an_event_that_says_something_twice_is_no_event() -> None:
    assert events.parse(EVENT % "").data == {"order": "A"}
    with pytest.raises(Invalid, match="has the member 'order' twice"):
        events.parse(EVENT % ', "order": "B"')


@pytest.mark.parametrize("of_type", events.all_types(), ids=lambda of_type: of_type.name)
def test_every_event_type_is_described_and_has_an_example_that_holds(
    of_type: events.AnyType,
) -> None:
    schema = of_type.data.model_json_schema()
    assert set(schema["required"]) <= of_type.example.keys() <= schema["properties"].keys()
    of_type.data.model_validate(of_type.example)
