"""How operators find rows of a kind by name. Only indexes that exist for other reasons are used.

What has a name within its merchant only (orders, charges and what belongs to them) has an index
that starts with the merchant. It is looked up once for each merchant: with ten thousand merchants
that takes less time than the page of results, and the largest tables need no other index.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from backoffice.list_pages import related_model
from lib.search import Kind

MOST = 20  # of each kind


def _unchanged(text: str) -> str:
    return text


@dataclass(frozen=True)
class Unique:
    """Finds rows by keys that are unique among all merchants, or nearly; the first key by which
    there is a row decides.

    Each key is indexed and looked up by itself.
    """

    place: int
    keys: Sequence[str]
    asked_as: Callable[[str], str] = _unchanged  # what a name is called in the columns of `keys`

    def among_all(self, kind: Kind, text: str) -> Iterator[tuple[Any, bool]]:
        rows = kind.model._default_manager.select_related(kind.merchant)
        asked = self.asked_as(text)
        for key in self.keys:
            found = list(rows.filter(**{key: asked}).order_by("-pk")[:MOST])
            if found:
                yield from ((row, True) for row in found)
                return

    def of_one(self, kind: Kind, merchant: Any, text: str) -> Iterable[Any]:
        return ()


@dataclass(frozen=True)
class Within:
    """Finds rows by a reference that is unique within a merchant."""

    place: int
    owner: str  # the column that leads to the merchant's line or account
    most: int = 1  # of one name, within a merchant

    def among_all(self, kind: Kind, text: str) -> Iterator[tuple[Any, bool]]:
        rows = kind.model._default_manager.filter(pk__in=self._keys(kind, text))
        for row in rows.select_related(kind.merchant).order_by("pk"):
            yield row, True

    def of_one(self, kind: Kind, merchant: Any, text: str) -> Iterable[Any]:
        asked = {self.owner: merchant.pk, "reference": text}
        return kind.model._default_manager.filter(**asked)

    def _keys(self, kind: Kind, text: str) -> list[int]:
        owners = related_model(kind.model, self.owner)._meta.db_table
        # The inner limit loses nothing, as one merchant has at most so many, and keeps this a look
        # per merchant.
        ask = f"""
            SELECT one.id FROM {owners} owner CROSS JOIN LATERAL (
                SELECT id FROM {kind.model._meta.db_table}
                WHERE {self.owner}_id = owner.merchant_id AND reference = %s LIMIT {self.most}
            ) one LIMIT {MOST}
        """
        with connection.cursor() as cursor:
            cursor.execute(ask, [text])
            return [key for (key,) in cursor.fetchall()]


@dataclass(frozen=True)
class OfMonth:
    """Finds the rows of one merchant's month, such as 2026-11."""

    place: int
    owner: str  # the column that leads to the merchant's line or account

    def among_all(self, kind: Kind, text: str) -> Iterable[tuple[Any, bool]]:
        return ()

    def of_one(self, kind: Kind, merchant: Any, text: str) -> Iterable[Any]:
        month = _month(text)
        if month is None:
            return ()
        return kind.model._default_manager.filter(**{self.owner: merchant.pk, "month": month})


@dataclass(frozen=True)
class Started:
    """Finds rows by the first characters of one of their names."""

    place: int
    rows: Callable[[str], "QuerySet[Any]"]
    is_exact: Callable[[Any, str], bool]

    def among_all(self, kind: Kind, text: str) -> Iterator[tuple[Any, bool]]:
        for row in self.rows(text)[:MOST]:
            yield row, self.is_exact(row, text)

    def of_one(self, kind: Kind, merchant: Any, text: str) -> Iterable[Any]:
        return ()


def _month(text: str) -> date | None:
    """The first day of a month such as 2026-11; None for another text."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
