"""The ground that all books' admin pages stand on."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin import ShowFacets
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.paginator import InfinitePaginator

from merchants.fields import AmountField
from merchants.models import Merchant
from merchants.templatetags.formats import plain_money
from merchants.waiting import Queue

Column = Callable[[Any], str]


def figure(value: Decimal, currency: str) -> str:
    """An amount in a sentence or a table."""
    return plain_money(value, currency)


def amount(field: str, currency: str = "currency") -> Column:
    """A column of money; `currency` is where the row names it, `__` leading to related rows."""

    @admin.display(description=field.replace("_", " "))
    def column(row: Any) -> str:
        value = getattr(row, field)
        if value is None:
            return "-"
        return format_html('<span class="figure">{}</span>', figure(value, _follow(row, currency)))

    column.__name__ = field
    return column


def related(path: str) -> Column:
    """A column that shows a row further away. Its rows belong into list_select_related.

    A merchant leads to the page that tells all about it.
    """

    @admin.display(description=path.rpartition("__")[2])
    def column(row: Any) -> str:
        return _shown(_follow(row, path))

    column.__name__ = path
    return column


def _follow(row: Any, path: str) -> Any:
    for step in path.split("__"):
        row = getattr(row, step)
    return row


def _shown(row: Model) -> str:
    if not isinstance(row, Merchant):
        return str(row)
    return format_html('<a href="{}">{}</a>', reverse("desk:merchant", args=[row.reference]), row)


class Bounded(ModelAdmin):
    """A list that costs the same however long it is: it is never counted."""

    paginator = InfinitePaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50


class ReadOnly(Bounded):
    """Rows that only operations write: nobody adds, edits or deletes them here."""

    currency: ClassVar[str] = "currency"  # where a row names the currency of its amounts

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Sequence[Any]:
        """Every column; amounts with their currency's digits, which the columns do not know.

        The merchant comes first, as a way to the page that tells all about it.
        """
        merchant = getattr(self, "merchant", "")
        first = [related(merchant)] if merchant else []
        return first + [
            amount(field.name, self.currency) if isinstance(field, AmountField) else field.name
            for field in self.model._meta.fields
            if field.editable
            and not (field.primary_key and not field.is_relation)
            and field.name != merchant
        ]


class OfMerchant(ReadOnly):
    """Rows with a reference unique to their merchant: found by both, as they are indexed."""

    merchant: ClassVar[str]  # the path from the row to the merchant
    reference: ClassVar[str] = "reference"  # the path to its own; "" where it has none
    # Makes the box appear; get_search_results says what it finds.
    search_fields = ("pk",)
    search_help_text = _("Merchant's reference, own reference")

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> tuple["QuerySet[Any]", bool]:
        merchant, _space, reference = search_term.strip().partition(" ")
        if merchant:
            queryset = queryset.filter(**{f"{self.merchant}__reference": merchant})
        if reference and self.reference:
            queryset = queryset.filter(**{self.reference: reference})
        return queryset, False


class ReadOnlyInline(TabularInline):
    """A few rows under the one they belong to. Only for rows that are few by nature."""

    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def waiting(*queues: Queue) -> type[admin.SimpleListFilter]:
    """A filter that shows exactly what the home page counts (merchants.waiting)."""

    class Waiting(admin.SimpleListFilter):
        title = "what waits"
        parameter_name = "waits"

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return [(queue.name, queue.title) for queue in queues]

        def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
            chosen = [queue for queue in queues if queue.name == self.value()]
            return queryset.filter(chosen[0].which(timezone.now())) if chosen else queryset

    return Waiting
