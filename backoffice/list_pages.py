"""The base classes and columns of all admin lists and pages of rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin import ShowFacets
from django.contrib.admin.models import LogEntry
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from moneyed import Money
from unfold.admin import ModelAdmin, TabularInline
from unfold.paginator import InfinitePaginator

from backoffice.buttons import button
from backoffice.lookups import OfferedQuestions
from backoffice.queues import Queue
from lib import clock
from lib.fields import AmountField
from lib.formats import plain_money
from lib.registry import Registry

MERCHANT = "merchants.Merchant"  # whose page tells all about it

Column = Callable[[Any], str]


@dataclass(frozen=True)
class MerchantLink:
    """A button on the admin page of each row that belongs to a merchant; it leads to that
    merchant's rows of one kind.
    """

    place: int
    title: str
    model: type[Model]
    permission: str  # who sees it


# Each package registers its own.
MERCHANT_LINKS: Registry[MerchantLink] = Registry()


def figure(amount: Money) -> str:
    """An amount as text, for a sentence or a table."""
    return plain_money(amount)


def amount(field: str) -> Column:
    """A list column that shows the amount in `field`, and "-" if there is none."""

    @admin.display(description=field.replace("_", " "))
    def column(row: Any) -> str:
        value = getattr(row, field)
        if value is None:
            return "-"
        return format_html('<span class="figure">{}</span>', figure(value))

    column.__name__ = field
    return column


def related(path: str) -> Column:
    """A list column that shows the row that `path` leads to, which has to be in
    list_select_related. A merchant is a link to its overview page.
    """

    @admin.display(description=path.rpartition("__")[2])
    def column(row: Any) -> str:
        return _shown(follow(row, path))

    column.__name__ = path
    return column


def related_model(model: type[Model], path: str) -> type[Model]:
    """The model at the end of a path of foreign keys, such as "invoice__account__merchant". Raises
    LookupError if the path does not lead there.
    """
    for step in path.split("__"):
        found = model._meta.get_field(step).related_model
        if not isinstance(found, type):
            raise LookupError(f"{path} does not lead from row to row")
        model = found
    return model


def page_of(row: Model) -> str:
    """The address of the row's own page in the admin."""
    return reverse(_name(type(row), "change"), args=[row.pk])


def list_of(merchant: Any, model: type[Model]) -> str:
    """The address of the admin list with the merchant's rows of this model."""
    return f"{reverse(_name(model, 'changelist'))}?{urlencode({'q': merchant.reference})}"


def _name(model: type[Model], page: str) -> str:
    return f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"


def follow(row: Any, path: str) -> Any:
    """The row at the end of a path of foreign keys."""
    for step in path.split("__"):
        row = getattr(row, step)
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


class Waiting(admin.SimpleListFilter):
    """A filter by queue: it shows exactly the rows that the home page counts
    (backoffice.queues).
    """

    title = "what waits"
    parameter_name = "waits"
    queues: ClassVar[Sequence[Queue]] = ()

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(queue.name, queue.title) for queue in self.queues]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        chosen = [queue for queue in self.queues if queue.name == self.value()]
        return queryset.filter(chosen[0].which(clock.now())) if chosen else queryset


def waiting(*queues: Queue) -> type[Waiting]:
    """The filter class for a list whose rows may wait in these queues."""
    return type("WaitingHere", (Waiting,), {"queues": queues})


def one_of(field: str, choices: Sequence[tuple[str, Any]]) -> type[admin.SimpleListFilter]:
    """A filter class for a field that declares no choices. Collecting the choices from the rows
    would read the whole table.
    """

    class OneOf(admin.SimpleListFilter):
        title = field
        parameter_name = field

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
            return list(choices)

        def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
            return queryset.filter(**{field: self.value()}) if self.value() else queryset

    return OneOf


WINDOW = 20_000  # rows


class Bounded(ModelAdmin):
    """An admin list that costs the same however many rows there are: they are never counted, and
    never sorted by a column without an index.

    If `is_long`, filters without a search look only at the latest WINDOW rows.
    """

    paginator = InfinitePaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    # Rows are very many: filters look at the latest only, unless a search narrows them down.
    is_long: ClassVar[bool] = False

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> tuple["QuerySet[Any]", bool]:
        """The rows that the search finds. On a long list that is filtered without a search, only
        the latest WINDOW rows.
        """
        if self.is_long and not search_term.strip() and self._is_filtered(request):
            latest = (
                self.model._default_manager.order_by("-pk").values_list("pk", flat=True).first()
            )
            return queryset.filter(pk__gt=(latest or 0) - WINDOW), False
        found: tuple[QuerySet[Any], bool] = super().get_search_results(
            request, queryset, search_term
        )
        return found

    def get_sortable_by(self, request: HttpRequest) -> Any:
        """No column: the list keeps its own order."""
        return ()

    def get_paginator(
        self, request: HttpRequest, queryset: "QuerySet[Any]", per_page: int, *more: Any, **kw: Any
    ) -> Paginator[Any]:
        """The pages of the list, which is never counted. A row's history is short, and its page says
        how many entries there are: it is counted.
        """
        if queryset.model is LogEntry:
            return Paginator(queryset, per_page, *more, **kw)
        pages: Paginator[Any] = super().get_paginator(request, queryset, per_page, *more, **kw)
        return pages

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[OfferedQuestions]:
        return OfferedQuestions

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """Whether other rows may refer to this one by the field: only by its key, since the values
        of another column could be guessed that way.
        """
        return to_field in ("pk", self.opts.pk.name)

    def _is_filtered(self, request: HttpRequest) -> bool:
        """Whether a filter is set other than the one by queue, which has an index of its own."""
        names = {name for name, value in request.GET.items() if value}
        return bool(names - {"q", "p", "o", "all", "e", Waiting.parameter_name})

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list. It says so if a filter looks only at the latest rows."""
        if self.is_long and not request.GET.get("q") and self._is_filtered(request):
            messages.info(request, f"Found among the latest {WINDOW:,} rows. Of one merchant all"
                          " are found: put its reference into the box.")  # fmt: skip
        response: HttpResponse = super().changelist_view(request, extra_context)
        return response

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The row's history. The permission is checked before the row is looked up, since a 404
        would reveal which rows exist.
        """
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        response: HttpResponse = super().history_view(request, object_id, extra_context)
        return response


class ReadOnly(Bounded):
    """Admin pages of rows that only operations write: nobody can add, edit or delete them there."""

    merchant: ClassVar[str] = ""  # the path from a row to its merchant, where it has one

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Sequence[Any]:
        """Every editable column but a plain key, with amounts in the digits of their currency.

        If the row has a merchant, it comes first, as a link to its overview page.
        """
        first = [related(self.merchant)] if self.merchant else []
        return first + [
            amount(field.name) if isinstance(field, AmountField) else field.name
            for field in self.model._meta.fields
            if field.editable
            and not (field.primary_key and not field.is_relation)
            and field.name != self.merchant
        ]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """The row's page, with the buttons that lead to other rows of its merchant."""
        row = context.get("original")
        merchant = follow(row, self.merchant) if row is not None and self.merchant else None
        if merchant is not None:
            context["actions_detail"] = [
                *context.get("actions_detail", ()),
                *(
                    button(link.title, list_of(merchant, link.model))
                    for link in MERCHANT_LINKS
                    if request.user.has_perm(link.permission)
                ),
            ]
        return super().render_change_form(request, context, *args, **kwargs)


class OfMerchant(ReadOnly):
    """Admin pages of rows of a merchant. The search box takes the merchant's reference and, after a
    blank, the row's own.
    """

    reference: ClassVar[str] = "reference"  # the path to its own; "" where it has none
    # The order of one merchant's rows: that of an index that starts with the merchant.
    of_one: ClassVar[Sequence[str]] = ("-pk",)
    # Makes the box appear; get_search_results says what it finds.
    search_fields = ("pk",)
    search_help_text = "Merchant's reference, own reference"

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> tuple["QuerySet[Any]", bool]:
        """All rows without a term; otherwise those of the merchant that it names, or those of them
        with the given reference.
        """
        merchant, _space, reference = search_term.strip().partition(" ")
        if not merchant:
            return super().get_search_results(request, queryset, "")
        # By its key, of which the database knows how many rows there are.
        merchants = related_model(self.model, self.merchant)._default_manager
        known = merchants.filter(reference=merchant).values_list("pk", flat=True).first()
        queryset = queryset.filter(**{self.merchant: known or 0})
        if reference and self.reference:
            queryset = self.named(queryset, reference.strip())
        return queryset, False

    def named(self, queryset: "QuerySet[Any]", reference: str) -> "QuerySet[Any]":
        """Those of the rows that have this reference of their own."""
        return queryset.filter(**{self.reference: reference})

    def get_ordering(self, request: HttpRequest) -> Sequence[str]:
        """The order of `of_one` when the list is searched, and the usual one otherwise."""
        is_of_one = request.GET.get("q", "").strip()
        return self.of_one if is_of_one else super().get_ordering(request)


class FoundByKeys(ReadOnly):
    """Admin pages of rows that the search box finds by one of several keys. The first key that
    finds anything decides.

    Each key is looked up by itself, because a query for all of them at once could use no index.
    """

    keys: ClassVar[Sequence[str]]  # paths from the row, each indexed
    search_fields = ("pk",)  # makes the box appear

    def asked_as(self, term: str) -> str:
        """The search term in the form that the columns of `keys` have. By default it is
        unchanged.
        """
        return term

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> tuple["QuerySet[Any]", bool]:
        """All rows without a term; otherwise those that the first key with any rows finds, or
        none.
        """
        term = search_term.strip()
        if not term:
            return super().get_search_results(request, queryset, "")
        wanted = self.asked_as(term)
        for key in self.keys:
            found = queryset.filter(**{key: wanted})
            if found.exists():
                return found, False
        return queryset.none(), False


class ReadOnlyInline(TabularInline):
    """Rows shown on the page of the row that they belong to; only for rows that are always few."""

    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
