"""By which of its columns an admin list can be sorted, and how."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db import models
from django.db.models import F, Model
from django.db.models.expressions import BaseExpression

from lib.fields import EncryptedField

# Of these types a reader knows the order. Long texts have none that anybody looks for.
SORTED = (
    models.CharField,
    models.IntegerField,
    models.DecimalField,
    models.DateField,
    models.BooleanField,
    models.GenericIPAddressField,
)
MERCHANT = "merchants.Merchant"


def order_of(pages: Any, name: Any) -> str:
    """The path by which the rows of an admin list (`pages`) are sorted for its column
    `name`: a field's name, or a function or its name. A merchant is sorted by its name, and
    a function by the field that it shows, or by its `admin_order_field`. Returns "" for
    what has no useful order: other foreign keys, encrypted fields, types such as long
    texts, and functions that name no field.
    """
    model: type[Model] = pages.model
    if isinstance(name, str):
        fields = {field.name: field for field in model._meta.concrete_fields}
        if name in fields:
            return _of_field(fields[name], name)
    shown = name if callable(name) else getattr(pages, name, None)
    if path := getattr(shown, "leads_to", ""):
        return _of_path(model, path)
    if amount := getattr(shown, "amount_of", ""):
        return amount if any(one.name == amount for one in model._meta.concrete_fields) else ""
    return str(getattr(shown, "admin_order_field", None) or "")


def _of_path(model: type[Model], path: str) -> str:
    """The path by which rows of the model are sorted for a column that shows the row at the end of
    `path`, a path of foreign keys; "" for none.
    """
    *steps, last = path.split("__")
    for step in steps:
        model = model._meta.get_field(step).related_model  # type: ignore[assignment]
    return _of_field(model._meta.get_field(last), path)


def _of_field(field: Any, path: str) -> str:
    """The path by which rows are sorted for a column that shows this field, which `path` leads to:
    a merchant's name for merchants; "" for fields that have no useful order.
    """
    related = field.related_model
    if related is not None:
        return f"{path}__name" if related._meta.label == MERCHANT else ""
    if isinstance(field, EncryptedField):
        return ""
    return path if isinstance(field, SORTED) else ""


def columns(pages: Any, list_display: Sequence[Any]) -> list[Any]:
    """Those of the columns by which the list can be sorted."""
    return [name for name in list_display if order_of(pages, name)]


def asked(list_display: Sequence[Any], sortable: Sequence[Any], order: str) -> str:
    """Those parts of the order in a list's address that the list offers: columns that are
    `sortable`, each once; "" for none. In `order`, and in what is returned, columns are places,
    counted from 0, with dots between, a minus for falling order: "1.-3" is by the second column,
    and then by the fourth, falling.
    """
    return ".".join(_asked(list_display, sortable, order))


def _asked(list_display: Sequence[Any], sortable: Sequence[Any], order: str) -> Iterator[str]:
    """Yield those of the dot-separated places in `order` at which a column stands that can be
    sorted, each column once; a minus in front stays.
    """
    seen: set[int] = set()
    for part in order.split("."):
        digits = part.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 4):
            continue
        place = int(digits)
        if place in seen or place >= len(list_display) or list_display[place] not in sortable:
            continue
        seen.add(place)
        yield part


def empty_last(order: Sequence[Any]) -> list[Any]:
    """The same order of a query, in which rows that lack a value come last in both directions."""
    return [_empty_last(one) for one in order]


def _empty_last(one: Any) -> BaseExpression | Any:
    """One part of an order, with rows that lack the value last; the primary key, and what is no
    text, stays as it is.
    """
    if not isinstance(one, str) or one in ("pk", "-pk"):
        return one
    path = F(one.removeprefix("-"))
    return path.desc(nulls_last=True) if one.startswith("-") else path.asc(nulls_last=True)
