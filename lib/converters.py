"""How references, days and months stand in an address."""

import re
from datetime import date

from lib import calendar

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ESCAPED = re.compile(r"~([0-9A-F]{2})")


class ReferenceConverter:
    """Another system's reference as one segment of a path.

    Slashes would end the segment, and one that is only `.` or `..` would be dropped, also when
    percent-encoded. So they are written with a tilde: `a/b` is `a~2Fb`.
    """

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        """The reference in this segment of a path, with its tildes undone. Raises ValueError for
        one with control characters.
        """
        reference = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)
        if _CONTROL.search(reference):  # no reference has them, and the database refuses NUL
            raise ValueError("not a reference")
        return reference

    def to_url(self, value: str) -> str:
        """The reference as a segment of a path: with a tilde and two hexadecimal digits for each
        slash and tilde, and for the dots of one that is only "." or "..".
        """
        escaped = value.replace("~", "~7E").replace("/", "~2F")
        return escaped.replace(".", "~2E") if value in {".", ".."} else escaped


class DayConverter:
    """A calendar day as `2027-01-31` in an address."""

    regex = "[0-9]{4}-[0-9]{2}-[0-9]{2}"

    def to_python(self, value: str) -> date:
        """The day that this segment of a path, such as 2026-11-02, writes. Raises ValueError if it
        is none, or none that somebody can mean (calendar.is_meant): there is no such page then.
        """
        return _meant(date.fromisoformat(value))

    def to_url(self, value: date) -> str:
        """The day as a segment of a path, such as 2026-11-02."""
        return value.isoformat()


class MonthConverter:
    """A calendar month as `2027-01` in an address; in Python it is the date of its first day."""

    regex = "[0-9]{4}-[0-9]{2}"

    def to_python(self, value: str) -> date:
        """The first day of the month that this segment of a path, such as 2026-11, writes. Raises
        ValueError if it is none, or none that somebody can mean (calendar.is_meant): there is no
        such page then.
        """
        return _meant(date.fromisoformat(f"{value}-01"))

    def to_url(self, value: date) -> str:
        """The month of the day as a segment of a path, such as 2026-11."""
        return f"{value:%Y-%m}"


def _meant(day: date) -> date:
    """The day, if somebody can mean it (calendar.is_meant). Raises ValueError otherwise."""
    if not calendar.is_meant(day):
        raise ValueError("nobody means that day")
    return day
