"""Querysets that every request asks again: their SQL is made once.

To make the SQL of a queryset takes Django longer than to ask for its rows: for the membership that
every page of a merchant begins with, nine tenths of both. The SQL is the same each time but for the
values in it.
"""

from collections.abc import Callable
from copy import copy
from typing import Any, Generic, TypeVar

from django.db import connections
from django.db.models import Model, QuerySet
from django.db.models.query import ModelIterable
from django.db.models.sql.compiler import SQLCompiler

M = TypeVar("M", bound=Model)


class Compiled(Generic[M]):
    """A queryset of whole rows, made of values that stand in it as they are given."""

    def __init__(self, make: Callable[..., QuerySet[M]], **stand_ins: Any) -> None:
        """`make` returns the queryset for values, which it takes by name. A stand-in of each value
        has its type, and is like no other value in the statement.
        """
        self._make, self._stand_ins = make, stand_ins
        self._made: tuple[QuerySet[M], dict[str, SQLCompiler]] | None = None

    def forget(self) -> None:
        """Make the queryset anew when it is asked next: `make` returns another one from now on."""
        self._made = None

    def first(self, **values: Any) -> M | None:
        """The first of the rows for these values; None if there is none.

        Raises KeyError for a value that is not given, and LookupError if a value does not stand in
        the statement.
        """
        if self._made is None:
            self._made = self._make(**self._stand_ins), {}
        queryset, compilers = self._made
        alias = queryset.db
        if alias not in compilers:
            compilers[alias] = self._compiled(queryset, alias)
        compiler = copy(compilers[alias])
        compiler.connection = connections[alias]
        places = {stand_in: name for name, stand_in in self._stand_ins.items()}
        text, params = compiler.as_sql()
        given = tuple(
            values[places[one]] if _is_text_or_number(one) and one in places else one
            for one in params
        )
        compiler.as_sql = lambda *_, **__: (text, given)  # type: ignore[method-assign]
        rows: ModelIterable[M] = ModelIterable(_Asked(queryset, compiler))  # type: ignore[arg-type]
        return next(iter(rows), None)

    def _compiled(self, queryset: QuerySet[M], alias: str) -> SQLCompiler:
        """A compiler that has made its SQL, and keeps it. Raises LookupError if one of the
        stand-ins is not among the values of the statement.
        """
        compiler: SQLCompiler = queryset.query.get_compiler(using=alias)
        made = compiler.as_sql()
        for name, stand_in in self._stand_ins.items():
            if stand_in not in made[1]:
                raise LookupError(f"{name} is not in the statement")
        compiler.as_sql = lambda *_, **__: made  # type: ignore[method-assign]
        return compiler


class _Asked:
    """What Django's ModelIterable asks of a queryset, and of its query."""

    chunked_fetch = False
    _known_related_objects: dict[Any, Any] = {}  # noqa: RUF012 (Django's name; never written to)

    def __init__(self, queryset: QuerySet[Any], compiler: SQLCompiler) -> None:
        self.db, self.model, self.query = queryset.db, queryset.model, self
        self._compiler = compiler

    def get_compiler(self, using: str) -> SQLCompiler:
        return self._compiler


def _is_text_or_number(value: object) -> bool:
    """Return whether a value of a statement that was made can be a stand-in, in whose place
    the value given by name is put: a text, or a whole number. Any other, such as a decimal,
    a day or None, is not refused: it stays in the statement as it is. So a stand-in has to
    be a text or a whole number, or it would never be replaced.
    """
    return isinstance(value, str | int)
