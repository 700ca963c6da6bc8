"""What a member may hold, of an event, of a body of the API or of an imported row: texts, amounts,
days and instants, each with its JSON Schema.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

from lib import texts, wording
from lib.refusals import Invalid

DECIMAL = r"-?[0-9]{1,24}(\.[0-9]{1,12})?"
_DECIMAL = re.compile(DECIMAL)


def _decimal(value: object) -> Decimal:
    """The decimal number in the text, which has at most 24 digits before the point and 12 after it.
    Raises ValueError for anything else, such as a JSON number or an exponent.
    """
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise ValueError('must be a decimal number in a string, such as "10.50"')
    return Decimal(value)


def _line(longest: int, *, shortest: int = 0) -> StringConstraints:
    """The constraints of a text of one line, with lengths in characters."""
    return StringConstraints(
        min_length=shortest, max_length=longest, pattern=texts.ONE_LINE, strict=True
    )


def _lines(value: object) -> object:
    """The text with every line end as LF; anything that is not text is returned unchanged."""
    return texts.with_line_ends(value) if isinstance(value, str) else value


def _address(text: str) -> str:
    """The e-mail address in this text, in lower case. Raises ValueError for other text."""
    try:
        return wording.address("owner_email", text)
    except Invalid as error:
        raise ValueError("must be an e-mail address") from error


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
EmailAddress = Annotated[
    str,
    StringConstraints(strict=True, max_length=254),
    AfterValidator(_address),
    WithJsonSchema({"type": "string", "format": "email", "maxLength": 254}),
]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$", strict=True)]
# A decimal in a string; JSON's own numbers would have been floats on the way.
Amount = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    PlainSerializer(lambda value: f"{value.normalize():f}"),  # 200.0 and 200.00 are the same
    WithJsonSchema({"type": "string", "pattern": f"^{DECIMAL}$", "examples": ["129.90"]}),
]


class Data(BaseModel):
    """The base class for the data of one type of event. Unknown members are ignored: the platform
    may add some.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)


# RFC 3339: a date, a time to the second or finer, and an offset.
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _instant(value: object) -> object:
    """Return the value if it is text in the form of an RFC 3339 instant with an offset, even if the
    calendar has no such day; raises ValueError otherwise.
    """
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise ValueError("must be an RFC 3339 instant with an offset")
    return value


Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_instant),
    WithJsonSchema(
        {"type": "string", "format": "date-time", "examples": ["2026-11-26T10:00:00+07:00"]}
    ),
]


_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _day(value: object) -> object:
    """Return the value if it is text in the form of 2026-12-01, even if the calendar has no such
    day; raises ValueError otherwise.
    """
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("must be a day, such as 2026-12-01")
    return value


Day = Annotated[
    date,
    BeforeValidator(_day),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-12-01"]}),
]
