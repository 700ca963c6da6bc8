"""Makes instances of models for rows that plain SQL reads or writes.

Django's own way sets each attribute by itself, and sends signals of which Tael has no receiver: it
takes five times as long.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import AutoField, Expression, Field, Model
from django.db.models.base import ModelState

from lib import arrays, prepared

M = TypeVar("M", bound=Model)


def loaded(model: type[M], names: Sequence[str], values: Iterable[Any]) -> M:
    """An instance of the model for a row that is in the database, in the state in which
    `Model.from_db` leaves one, but without a call of `__init__` and without signals.
    `names` are the attributes of its columns (`attname`), in the order of `values`,
    which are taken as they are. Columns that are not among them are read if somebody
    asks for them. Raises ValueError if there are more names than values, or fewer.
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


def insert(rows: Sequence[Model]) -> None:
    """Write these rows, all of one model, of which none is written yet: by one statement, which the
    database plans once for each connection; nothing for no rows. Their keys, which the database
    gives, are not known afterwards. Texts, figures, days, instants and lists of them are written;
    Django's own way is for all else. Raises TypeError for a value that is a JSON object or an
    expression.
    """
    if rows:
        statement, fields = _insertion(type(rows[0]))
        prepared.run(statement, [[_text(field, row) for row in rows] for field in fields])


@cache
def _insertion(model: type[Model]) -> tuple[str, list["Field[Any, Any]"]]:
    """Return the SQL of an INSERT that writes many rows of the model, and the fields that
    it writes. The statement takes one parameter for each of these fields: the list of its
    values as texts, one for each row. A key that the database gives is not among the
    fields, and is not returned by the statement.
    """
    fields = [one for one in model._meta.concrete_fields if not isinstance(one, AutoField)]
    names = [f'"{field.column}"' for field in fields]
    values = ", ".join(
        f"{name}::{_plain_type(field)}" for name, field in zip(names, fields, strict=True)
    )
    lists = ", ".join(["%s::text[]"] * len(fields))
    columns = ", ".join(names)
    table = connection.ops.quote_name(model._meta.db_table)
    return (
        f"INSERT INTO {table} ({columns}) SELECT {values} FROM unnest({lists}) AS new({columns})",
        fields,
    )


def _plain_type(field: "Field[Any, Any]") -> str:
    """The name of the field's type in PostgreSQL without its bound, as in "numeric" for
    numeric(19, 4), and "text" for every varchar. A cast to a bounded type would cut off or round
    what is beyond; the column, which has the bound, then refuses it.
    """
    named = field.db_type(connection)
    assert named is not None
    return re.sub(r"\([^)]*\)", "", named).replace("varchar", "text")


def _text(field: "Field[Any, Any]", row: Model) -> str | None:
    """The value of the row's field as text, as PostgreSQL reads it, a list as an array; None for
    NULL. Raises TypeError for a JSON object or an expression, which cannot be written as text here.
    """
    value = field.pre_save(row, True)
    if value is None:
        return None
    if isinstance(value, list):
        return arrays.literal([str(one) for one in value])
    if isinstance(value, dict | Expression):
        raise TypeError(f"{field} has a value that is not written as text: {value!r}")
    return str(value)
