"""How operators find rows of a kind by name. Rows of the books are found by indexes that exist for
other reasons.

What has a name within its merchant only (orders, charges and what belongs to them) has an index
that starts with the merchant. It is looked up once for each merchant: with ten thousand merchants
that takes less time than the page of results, and the largest tables need no other index.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from backoffice.columns import related_model
from lib import words
from lib.search import Kind

MOST = 20  # of each kind
# The bounds are for the index, as in lib.words.
STARTS = "reference >= %s AND reference < %s AND reference LIKE %s"


def _unchanged(text: str) -> str:
    """The default of `asked_as`: the text as it was typed."""
    return text


@dataclass(frozen=True)
class Unique:
    """Finds rows by keys that are unique among all merchants, or nearly: by a whole one, or else by
    its beginning, in the spellings of lib.words. The first key that finds anything decides.

    Each key is indexed and looked up by itself, for at most MOST rows. Among one merchant's rows it
    finds nothing.
    """

    place: int
    keys: Sequence[str]
    asked_as: Callable[[str], str] = _unchanged  # what a name is called in the columns of `keys`

    def among_all(self, kind: Kind, text: str) -> Iterator[tuple[Any, bool]]:
        """Yield (row, whether the text is its whole key) for the rows of which one of `keys` is the
        text, in the form of `asked_as`, or, if there are none, begins with it: latest first, and at
        most MOST of them. The first of `keys` that finds any decides.
        """
        rows = kind.model._default_manager.select_related(kind.merchant).order_by("-pk")
        asked = self.asked_as(text)
        for is_exact in (True, False):
            for key in self.keys:
                whole = Q(**{f"{key}__in": words.spellings(asked)})
                found = list(rows.filter(whole if is_exact else words.starting(key, asked))[:MOST])
                if found:
                    yield from ((row, is_exact) for row in found)
                    return

    def of_one(self, kind: Kind, merchant: Any, text: str) -> Iterable[Any]:
        """Nothing: what is unique among all is found there."""
        return ()


@dataclass(frozen=True)
class Within:
    """Finds rows by a reference that is unique within a merchant, or else by its beginning, in the
    spellings of lib.words: at most MOST among all merchants.
    """

    place: int
    owner: str  # the column that leads to the merchant's line or account
    most: int = 1  # of one name, within a merchant

    def among_all(self, kind: Kind, text: str) -> Iterator[tuple[Any, bool]]:
        """Yield (row, whether this is its whole reference) for the rows with this reference or, if
        there is none, one that starts so, of whatever merchant: at most MOST of them, any if there
        are more, the oldest first. Only those of the present cell are found.
        """
        rows = kind.model._default_manager.select_related(kind.merchant).order_by("pk")
        if exact := list(rows.filter(pk__in=self._keys(kind, text, is_whole=True))):
            yield from ((row, True) for row in exact)
            return
        for row in rows.filter(pk__in=self._keys(kind, text, is_whole=False)):
            yield row, False

    def of_one(self, kind: Kind, merchant: Any, text: str) -> Iterable[Any]:
        """Look up the merchant's rows with this reference, or else those whose reference starts so,
        by reference, at most MOST of them.
        """
        rows = kind.model._default_manager.filter(**{self.owner: merchant.pk})
        whole = list(rows.filter(reference__in=words.spellings(text))[:MOST])
        return whole or rows.filter(words.starting("reference", text)).order_by("reference")[:MOST]

    def _keys(self, kind: Kind, text: str, *, is_whole: bool) -> list[int]:
        """Look up the primary keys of rows of this kind, of all merchants of the present cell,
        whose reference is the text, or starts with it unless `is_whole`. The text counts as it
        was typed, in capitals, in small letters, and with a first capital (words.spellings). At
        most MOST keys are returned, in no order; if there are more, any of them.
        """
        owners = related_model(kind.model, self.owner)._meta.db_table
        spelt = words.spellings(text)
        condition = "reference = %s" if is_whole else STARTS
        asked = spelt if is_whole else [one for way in spelt for one in _bounds(way)]
        # The inner limit loses nothing of whole references, as one merchant has at most so many of
        # each, and keeps this a look per merchant.
        most = self.most * len(spelt) if is_whole else MOST
        ask = f"""
            SELECT one.id FROM {owners} owner CROSS JOIN LATERAL (
                SELECT id FROM {kind.model._meta.db_table}
                WHERE {self.owner}_id = owner.merchant_id
                AND ({" OR ".join([condition] * len(spelt))}) LIMIT {most}
            ) one LIMIT {MOST}
        """
        with connection.cursor() as cursor:
            cursor.execute(ask, asked)
            return [key for (key,) in cursor.fetchall()]


def _bounds(text: str) -> tuple[str, str, str]:
    """The parameters of the condition STARTS for references that start with the text: it is between
    the first two, and like the third.
    """
    return text, text + words.LAST, f"{connection.ops.prep_for_like_query(text)}%"


@dataclass(frozen=True)
class OfMonth:
    """Finds a merchant's rows of a month, such as 2026-11. Among all merchants it finds nothing."""

    place: int
    owner: str  # the column that leads to the merchant's line or account

    def among_all(self, kind: Kind, text: str) -> Iterable[tuple[Any, bool]]:
        """Nothing: a month says too little among all merchants."""
        return ()

    def of_one(self, kind: Kind, merchant: Any, text: str) -> Iterable[Any]:
        """The merchant's rows of the month that the text names; none for any other text."""
        month = _month(text)
        if month is None:
            return ()
        return kind.model._default_manager.filter(**{self.owner: merchant.pk, "month": month})


@dataclass(frozen=True)
class Started:
    """Finds rows by how one of their names starts: at most MOST. Among one merchant's rows it finds
    nothing.
    """

    place: int
    rows: Callable[[str], "QuerySet[Any]"]
    is_exact: Callable[[Any, str], bool]

    def among_all(self, kind: Kind, text: str) -> Iterator[tuple[Any, bool]]:
        """Yield (row, whether the text is its whole name) for the rows whose name starts with the
        text, and at most MOST of them.
        """
        for row in self.rows(text)[:MOST]:
            yield row, self.is_exact(row, text)

    def of_one(self, kind: Kind, merchant: Any, text: str) -> Iterable[Any]:
        """Nothing: such names are looked for among all merchants alone."""
        return ()


def _month(text: str) -> date | None:
    """The first day of a month such as 2026-11, or None for any other text."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
