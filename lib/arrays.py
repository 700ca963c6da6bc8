"""Lists as PostgreSQL reads arrays from text: `{1,2}` for [1, 2].

psycopg writes them element by element in Python, and has a statement planned anew for lists of
smaller and of larger numbers. A statement that says which type its array has needs neither.
"""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from types import NoneType
from typing import Any


def literal(elements: list[Any]) -> str | None:
    """The list as the text of a PostgreSQL array, such as `{1,2}`, or `{}` for an empty one, if all
    its elements but None are of one of the types in TEXTS; None (the text is not to be used) if
    they are of several types or of another one.
    """
    kinds = set(map(type, elements))
    has_nulls = NoneType in kinds
    kinds.discard(NoneType)
    if len(kinds) > 1:
        return None
    text = TEXTS.get(kinds.pop()) if kinds else str
    if text is None:
        return None
    if has_nulls:
        return "{" + ",".join("NULL" if one is None else text(one) for one in elements) + "}"
    return "{" + ",".join(map(text, elements)) + "}"


def _quoted(element: str) -> str:
    """The text in quotes, in which a quote and a backslash have a backslash before them."""
    if "\\" in element or '"' in element:
        element = element.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{element}"'


# No subclasses: what a choice of a model is as text, for one, is its own affair.
TEXTS: dict[type, Callable[[Any], str]] = {
    int: str,
    Decimal: str,
    str: _quoted,
    date: date.isoformat,
    datetime: datetime.isoformat,
    bool: str,
}
