"""Rows are found by the beginnings of words of their names, whatever their case, by an index.

A word is what stands between blanks and ASCII punctuation, in every language; names in languages
without blanks are found by their beginnings. PostgreSQL's own parsers would take e-mail addresses
and numbers with hyphens for one word.
"""

import re
from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db.models import BooleanField, F, Field, Func, Q, TextField, Value
from django.db.models.functions import Cast, Concat, Lower

BETWEEN = r"[\s!-/:-@\[-`{-~]+"  # blanks and ASCII punctuation
LAST = "\U0010ffff"  # no character comes after it
LONGEST = 254  # characters: no name has more, and a word of 2,047 bytes is none to PostgreSQL
MOST = 8  # words that are looked for


class _QueryField(Field[Any, Any]):
    """PostgreSQL's tsquery."""

    def db_type(self, connection: Any) -> str:
        """The name of the type in PostgreSQL."""
        return "tsquery"


class Before(Func):
    """What stands in a column before the first of these characters."""

    function = "split_part"
    output_field = TextField()

    def __init__(self, column: str, end: str) -> None:
        super().__init__(F(column), Value(end), Value(1))
        self.column, self.end = column, end

    def deconstruct(self) -> tuple[str, list[str], dict[str, Any]]:
        """What a migration writes to make this expression again: its class, column and end."""
        return "lib.words.Before", [self.column, self.end], {}


class Words(Func):
    """The words of these columns, in small letters, as a tsvector."""

    template = (
        "array_to_tsvector(array_remove(regexp_split_to_array(lower(%(expressions)s),"
        f" '{BETWEEN}'), ''))"
    )
    output_field = SearchVectorField()

    def __init__(self, *columns: Any) -> None:
        parts: list[Any] = []
        for column in columns:
            parts += [Value(" "), column] if parts else [column]
        super().__init__(Concat(*parts) if len(parts) > 1 else parts[0])


class _Match(Func):
    template = "(%(expressions)s)"
    arg_joiner = " @@ "
    output_field = BooleanField()


def index(name: str, *columns: Any) -> GinIndex:
    """The index called `name`, for a model's Meta, by which `begin` finds rows by just these
    columns, given in the same order.
    """
    return GinIndex(Words(*columns), name=name)


def of(text: str) -> list[str]:
    """The first MOST words of a text that is searched for, in their order and as they were typed:
    what stands between blanks and ASCII punctuation. Empty if there is nothing else.
    """
    return [word for word in re.split(BETWEEN, text) if word][:MOST]


def begin(text: str, *columns: Any) -> Q:
    """The condition that each of the text's words (`of`, which gives the first MOST) begins a word
    of one of these columns, in any case and any order. A text without words, or longer than
    LONGEST, finds nothing. An index of just these columns (`index`) makes it quick.
    """
    asked = of(text)
    if not asked or len(text) > LONGEST:
        return Q(pk__in=[])
    query = " & ".join(f"'{word}':*" for word in asked)
    return Q(_Match(Words(*columns), Cast(Lower(Value(query)), _QueryField())))


def spellings(text: str) -> list[str]:
    """The text as it was typed, and in capitals, in small letters, and with a first capital and
    small letters after it, each different one once: so a reference is found by an index that holds
    it as it is.
    """
    ways = (text, text.upper(), text.lower(), text.capitalize())
    return list(dict.fromkeys(ways))


def starting(column: str, text: str) -> Q:
    """The condition that the column starts with the text as typed, in capitals, in small letters or
    with a first capital (`spellings`); every text starts with an empty one. Its bounds suit the
    column's index: in the locale of the books (C.UTF-8) characters are in the order of their codes.
    """
    found = Q()
    for way in spellings(text):
        bounds = {f"{column}__gte": way, f"{column}__lt": way + LAST}
        found |= Q(**bounds, **{f"{column}__startswith": way})
    return found
