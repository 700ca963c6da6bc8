"""Which cell a page of the admin is made in (rule 30.9).

A row's page is made in the row's cell, whichever the operator has chosen: that of its merchant, or
else the one in which there is such a row, which its key names unless its merchant was moved. A
merchant's page is made in its own. What adds up over cells, such as the home page, the search and
the reports, is in none. All else, such as lists, shows the cell that the operator has chosen; the
first until then. What is decided there about a merchant that a form names enters the merchant's
cell by itself (merchants.directory.elsewhere).
"""

import re

from django.apps import apps
from django.db.models import Model
from django.http import HttpRequest

from config.cells import choosing, tables
from lib import cells
from lib.converters import ReferenceConverter
from merchants import directory
from merchants.models import Merchant

ADMIN = "/admin/"
OF_MERCHANT = re.compile(rf"{ADMIN}merchant/({ReferenceConverter.regex})/")
OF_ROW = re.compile(rf"{ADMIN}([a-z]+)/([a-z]+)/([0-9]+)/")
# What looks into each cell by itself: what waits, figures, reports, the search, and all that is
# kept of a person.
OF_ALL = re.compile(rf"{ADMIN}($|(find|figures|reports|merchants/user|merchants/erasure)/)")


def cell_of(request: HttpRequest) -> int | None:
    """Find out the number of the cell in which the page of the admin is made: that of the merchant
    or of the row that its address names, and otherwise, also for a row that there is not, the one
    that the operator has chosen, or the first. The first for an unknown merchant. None for a page
    that goes over all cells itself.
    """
    path = request.path_info
    if OF_ALL.match(path):
        return None
    if found := OF_MERCHANT.match(path):
        try:
            named = directory.cells_of([ReferenceConverter().to_python(found[1])])
        except ValueError:  # no reference, so that there is no such page
            return cells.FIRST
        return next(iter(named.values()), cells.FIRST)
    of_row = OF_ROW.match(path)
    number = _of_row(of_row[1], of_row[2], int(of_row[3])) if of_row else None
    return number or choosing.chosen(request)


def _of_row(app_label: str, model_name: str, key: int) -> int | None:
    """Look for the row with this primary key, cell by cell if need be, and return the
    number of its cell; None if there is no such model or row. Where the key is a merchant's
    own, it is the cell of that merchant. In another table that the cells share, it is that
    of the merchant whom the row names, and None if it names none.
    """
    try:
        model = apps.get_model(app_label, model_name)
    except LookupError:
        return None
    path = _merchant_of(model)
    if path == "pk":
        return Merchant.objects.filter(pk=key).values_list("cell", flat=True).first()
    if not tables.is_of_cells(app_label, model_name):
        rows = model._default_manager.filter(pk=key)
        return rows.values_list(f"{path}__cell", flat=True).first() if path else None
    for number in sorted(cells.numbers(), key=lambda one: one != cells.of_key(key)):
        with cells.at(number):
            if model._default_manager.filter(pk=key).exists():
                return number
    return None


def _merchant_of(model: type[Model]) -> str:
    """The name of the model's own field that points at its merchant; "pk" where the key is the
    merchant's own; "" if it has no such field, also where it belongs to a merchant by way of
    another model.
    """
    if model is Merchant or model._meta.pk.related_model is Merchant:
        return "pk"
    fields = (field for field in model._meta.fields if field.related_model is Merchant)
    return next((field.name for field in fields), "")
