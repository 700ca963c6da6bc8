"""Makes instances of models for rows that plain SQL reads or writes.

Django's own way sets each attribute by itself, and sends signals of which Tael has no receiver: it
takes five times as long.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model
from django.db.models.base import ModelState

M = TypeVar("M", bound=Model)


def loaded(model: type[M], names: Sequence[str], values: Iterable[Any]) -> M:
    """An instance of the model for a row that is in the database, as `Model.from_db` makes it.
    `names` are the attributes of its columns (`attname`), in the order of `values`; columns that
    are not among them are read if somebody asks for them.
    """
    row = model.__new__(model)
    row.__dict__.update(zip(names, values, strict=True))
    row._state = state = ModelState()
    state.adding, state.db = False, DEFAULT_DB_ALIAS
    return row


def new(model: type[M], **values: Any) -> M:
    """An instance of the model for a row that is to be written. `values` are attributes of its
    columns, amounts among them in the row's currency; the others have their defaults.
    """
    row = model.__new__(model)
    row.__dict__.update({name: default() for name, default in _defaults(model)}, **values)
    row._state = ModelState()
    return row


@cache
def _defaults(model: type[Model]) -> list[tuple[str, Any]]:
    """The attributes of the model's columns, each with what makes its default."""
    return [(field.attname, field.get_default) for field in model._meta.concrete_fields]
