"""What the pages of this package have in common."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from merchants import money
from merchants.admin import Column, ReadOnly


class FoundByKeys(ReadOnly):
    """Rows found by one of several exact keys: the first that any row has.

    One question for each key, because one about all of them at once could use no index.
    """

    keys: ClassVar[Sequence[str]]  # paths from the row, each indexed
    search_fields = ("pk",)  # makes the box appear

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> tuple["QuerySet[Any]", bool]:
        term = search_term.strip()
        if not term:
            return super().get_search_results(request, queryset, "")
        for key in self.keys:
            found = queryset.filter(**{key: term})
            if found.exists():
                return found, False
        return queryset.none(), False


def price_of_a_unit(value: Decimal, currency: str) -> str:
    """All its decimals, and at least those of the currency."""
    shortest = value.normalize()
    digits = max(money.minor_digits(currency), -int(shortest.as_tuple().exponent))
    return f"{value:.{digits}f}\N{NO-BREAK SPACE}{currency}"


def unit_price(none: str) -> Column:
    """A column of unit prices; `none` is what the lack of one means."""

    @admin.display(description="unit price")
    def column(row: Any) -> str:
        if row.unit_price is None:
            return none
        return price_of_a_unit(row.unit_price, row.currency)

    column.__name__ = "unit_price"
    return column
