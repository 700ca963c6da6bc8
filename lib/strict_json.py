"""Reads JSON that other systems wrote, so that everybody reads the same in it (RFC 8259, I-JSON).

Python's own reader takes the last of two members of one name, and numbers that JSON does not have.
Whoever checked the first of them would have checked what was not done.
"""

import json
from typing import Any


class NotJson(ValueError):
    """The text is not JSON, or is JSON that different readers would read differently."""


def loads(text: str | bytes) -> Any:
    """The value in the text. Raises NotJson, saying what is wrong, for what is no JSON in an
    encoding of Unicode, has two members of one name in an object, or NaN or Infinity, or is nested
    too deeply.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode(json.detect_encoding(text), "surrogatepass")
        return _READER.decode(text)
    except NotJson:
        raise
    except RecursionError as error:
        raise NotJson("it is nested too deeply") from error
    except ValueError as error:  # also for bytes in no encoding of Unicode
        raise NotJson(str(error)) from error


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these members. Raises NotJson if two have the same name."""
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise NotJson(f"an object has the member {twice[:100]!r} twice")
    return members


def _refuse_constant(name: str) -> Any:
    """Raise NotJson for `name`, a word such as NaN or Infinity, which Python would read as a
    number.
    """
    raise NotJson(f"{name} is no number of JSON")


_READER = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_refuse_constant)
