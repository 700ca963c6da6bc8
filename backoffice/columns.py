"""What the columns of a list show of its rows, and the addresses of a row's page and of lists."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from moneyed import Money

from lib.formats import plain_money

MERCHANT = "merchants.Merchant"  # whose page tells all about it

Column = Callable[[Any], str]


def figure(amount: Money) -> str:
    """An amount as plain text, such as "1,250.00 USD" with a no-break space, for a sentence or a
    table.
    """
    return plain_money(amount)


def amount(field: str) -> Column:
    """A list column that shows the amount in the row's field of this name, and "-" if there is
    none.
    """

    @admin.display(description=field.replace("_", " "))
    def column(row: Any) -> str:
        """The row's amount as HTML; "-" without one."""
        value = getattr(row, field)
        if value is None:
            return "-"
        return format_html('<span class="figure">{}</span>', figure(value))

    column.__name__ = field
    column.amount_of = field  # type: ignore[attr-defined]
    return column


def related(path: str) -> Column:
    """A list column that shows the row that `path`, a path of foreign keys, leads to; that has to
    be in list_select_related. A merchant is a link to its overview page.
    """

    @admin.display(description=path.rpartition("__")[2])
    def column(row: Any) -> str:
        """The related row as text, "-" for none; a merchant as a link to its overview page."""
        return _shown(follow(row, path))

    column.__name__ = path
    column.leads_to = path  # type: ignore[attr-defined]
    return column


def related_model(model: type[Model], path: str) -> type[Model]:
    """The model at the end of a path of foreign keys, such as "invoice__account__merchant". Raises
    LookupError if a field of the path leads to no row, and FieldDoesNotExist if a model has no
    field of that name.
    """
    for step in path.split("__"):
        found = model._meta.get_field(step).related_model
        if not isinstance(found, type):
            raise LookupError(f"{path} does not lead from row to row")
        model = found
    return model


def page_of(row: Model) -> str:
    """The address of the row's own page in the admin."""
    return reverse(name_of(type(row), "change"), args=[row.pk])


def list_of(merchant: Any, model: type[Model]) -> str:
    """The address of the admin list of this model's rows, with the merchant's reference as its
    search term.
    """
    return f"{reverse(name_of(model, 'changelist'))}?{urlencode({'q': merchant.reference})}"


def name_of(model: type[Model], page: str) -> str:
    """The name by which `reverse` knows a page of the model in the admin, such as "changelist"."""
    return f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"


def follow(row: Any, path: str) -> Any:
    """The row at the end of a path of foreign keys, such as account__merchant; None if one of them
    leads nowhere, or there is no row.
    """
    for step in path.split("__"):
        row = getattr(row, step) if row is not None else None
    return row


def _shown(row: Model | None) -> str:
    """The row as text, "-" for None; a merchant as a link to its overview page."""
    if row is None:
        return "-"
    if row._meta.label != MERCHANT:
        return str(row)
    return format_html(
        '<a href="{}">{}</a>',
        reverse("backoffice:merchant", args=[getattr(row, "reference", "")]),
        row,
    )
