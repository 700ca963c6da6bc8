"""Columns that several pages of this package have."""

from typing import Any

from django.contrib import admin

from backoffice.columns import Column
from lib import money


def unit_price(none: str) -> Column:
    """Return a column of an admin list that shows a row's unit price with its currency; `none` is
    the text for a row without a price.
    """

    @admin.display(description="unit price")
    def column(row: Any) -> str:
        """The row's price with its currency; a text of the list's for none."""
        if row.unit_price is None:
            return none
        return money.unit_price(row.unit_price, row.currency).replace(" ", "\N{NO-BREAK SPACE}")

    column.__name__ = "unit_price"
    return column
