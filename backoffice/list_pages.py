"""The base classes of all admin lists and pages of rows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin import ShowFacets
from django.contrib.admin.models import LogEntry
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import DateField, DateTimeField, Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.urls import path as route
from unfold.admin import ModelAdmin, TabularInline
from unfold.paginator import InfinitePaginator

from backoffice import exports, sorting, times
from backoffice.buttons import button
from backoffice.columns import amount, follow, list_of, name_of, related, related_model
from backoffice.days_filter import OnDays
from backoffice.lookups import OfferedQuestions
from lib import clock, csv_files, search, words
from lib.fields import AmountField
from lib.registry import Registry
from lib.texts import has_control


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


def add_buttons(response: TemplateResponse, buttons: Sequence[dict[str, Any]]) -> None:
    """Put buttons above the list that the response shows, before those that it has. The response
    must not be rendered yet.
    """
    context = response.context_data or {}
    response.context_data = context | {"actions_list": [*buttons, *context.get("actions_list", ())]}


def _is_dated(one: Any) -> bool:
    """Whether this item of a list's filters is one by days."""
    return isinstance(one, tuple) and issubclass(one[1], OnDays)


MANY = 100  # merchants of one name
WINDOW = 20_000  # rows
SORTED = 200_000  # rows of a list that is not long: as many as the database sorts at once


class Bounded(ModelAdmin):
    """An admin list that costs the same however many rows there are: they are never counted.

    What has no index for all rows looks at the latest of them: sorting by a column, and, if the
    list `is_long`, filters without a search. Days have an index, and find all rows.
    """

    paginator = InfinitePaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    # Rows are very many: filters look at the latest only, unless a search narrows them down.
    is_long: ClassVar[bool] = False
    # The column whose days the list can be asked for; by default the first instant that it shows,
    # or else the first day.
    dated: str | None = None
    list_display: Any = ("__str__",)
    list_filter: Any = ()

    def __init__(self, model: type[Model], admin_site: Any) -> None:
        super().__init__(model, admin_site)
        if self.dated is None:
            self.dated = self._first_date()
        if self.dated and not any(_is_dated(one) for one in self.list_filter):
            self.list_filter = (*self.list_filter, (self.dated, OnDays))
        self.list_filter_submit = any(_is_dated(one) for one in self.list_filter)
        self.list_display = times.labelled(model, self.list_display)

    def _first_date(self) -> str:
        """The name of the first column of instants that the list shows, or else of days; "" for
        none.
        """
        fields = {field.name: field for field in self.model._meta.concrete_fields}
        shown = [fields[name] for name in self.list_display if name in fields]
        instants = [field.name for field in shown if isinstance(field, DateTimeField)]
        days = [field.name for field in shown if isinstance(field, DateField)]
        return next(iter((*instants, *days)), "")

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> tuple["QuerySet[Any]", bool]:
        """The rows that the search finds; without a search, all rows, or those whose primary key is
        less than `_window` below the latest (all, where keys are no numbers). The second value is
        Django's: whether a row may come twice.
        """
        window = None if search_term.strip() else self._window(request)
        latest = self._latest() if window else None
        if window and latest is not None:
            return queryset.filter(pk__gt=latest - window), False
        found: tuple[QuerySet[Any], bool] = super().get_search_results(
            request, queryset, search_term
        )
        return found

    def _window(self, request: HttpRequest) -> int | None:
        """Among how many of the latest rows a list without a search looks. It is WINDOW for filters
        without an index in a long list, and SORTED, or WINDOW in a long list, for an order that the
        address asks for. None, for all rows, otherwise, and whenever days are asked for.
        """
        if times.is_asked(request, self.dated or ""):
            return None
        if self.is_long and self._is_filtered(request):
            return WINDOW
        if self._is_sorted(request):
            return WINDOW if self.is_long else SORTED
        return None

    def _latest(self) -> int | None:
        """Look up the primary key of the latest row; None where there is none, or keys are no
        numbers.
        """
        keys = self.model._default_manager.order_by("-pk").values_list("pk", flat=True)
        latest = keys.first()
        return latest if isinstance(latest, int) else None

    def get_sortable_by(self, request: HttpRequest) -> Any:
        """The columns by which the list can be sorted: those that the page names in `sortable_by`,
        or, if it names none, all of its columns that have an order of use (sorting.columns).
        """
        if self.sortable_by is not None:
            return self.sortable_by
        return sorting.columns(self, self.get_list_display(request))

    def order_of_days(self, request: HttpRequest) -> Sequence[Any]:
        """The order of the list's rows if days are asked for: the latest first, by the index that
        finds them. An empty order, for the usual one, where no days are asked for or something is
        searched.
        """
        is_asked = times.is_asked(request, self.dated or "")
        return () if request.GET.get("q") or not is_asked else (f"-{self.dated}", "-pk")

    def get_paginator(
        self, request: HttpRequest, queryset: "QuerySet[Any]", per_page: int, *more: Any, **kw: Any
    ) -> Paginator[Any]:
        """The pages of the list, which is never counted. Only the entries of a row's history page
        (LogEntry) are counted, as that page says how many there are.
        """
        if queryset.model is LogEntry:
            return Paginator(queryset, per_page, *more, **kw)
        pages: Paginator[Any] = super().get_paginator(request, queryset, per_page, *more, **kw)
        return pages

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[OfferedQuestions]:
        return OfferedQuestions

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """The parts of a row's page, in which each instant is shown in the operator's time zone,
        and labelled with it.
        """
        return [
            (title, {**options, "fields": times.labelled(self.model, options["fields"])})
            for title, options in super().get_fieldsets(request, obj)
        ]

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """The row with this key; None if there is none, also for a key that no column can have."""
        if has_control(object_id):
            return None
        return super().get_object(request, object_id, from_field)

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """Whether pages that choose a row may refer to it by this field: only by its key, since the
        values of another column could be guessed that way.
        """
        return to_field in ("pk", self.opts.pk.name)

    def _is_filtered(self, request: HttpRequest) -> bool:
        """Whether a filter is set other than those that have an index of their own, such as the one
        by queue.
        """
        names = {name for name, value in request.GET.items() if value}
        kinds: list[Any] = [one for one in self.get_list_filter(request) if isinstance(one, type)]
        indexed = {one.parameter_name for one in kinds if getattr(one, "has_index", False)}
        return bool(names - {"q", "p", "o", "all", "e"} - indexed)

    def _is_sorted(self, request: HttpRequest) -> bool:
        """Whether the address asks for an order that the list offers."""
        columns, sortable = self.get_list_display(request), self.get_sortable_by(request)
        return bool(sorting.asked(columns, sortable, request.GET.get("o", "")))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, with a button that downloads it. It says so if it looks only at the latest
        rows.
        """
        window = None if request.GET.get("q", "").strip() else self._window(request)
        if window and (self.is_long or (self._latest() or 0) > window):
            done = "Sorted and found" if self._is_sorted(request) else "Found"
            messages.info(
                request,
                f"{done} among the latest {window:,} rows. Of one merchant all are found: put its"
                " reference into the box; and so are those of chosen days.",
            )
        response: HttpResponse = super().changelist_view(request, extra_context)
        if isinstance(response, TemplateResponse):
            asked = f"?{request.GET.urlencode()}" if request.GET else ""
            exporting = button("Export as CSV", reverse(name_of(self.model, "export")) + asked)
            add_buttons(response, [exporting])
        return response

    # The file of a list.

    def get_urls(self) -> list[URLPattern]:
        view: Callable[..., HttpResponse] = self.admin_site.admin_view(self.export)
        name = name_of(self.model, "export").removeprefix("admin:")
        return [route("export/", view, name=name), *super().get_urls()]

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """Download a CSV file of all rows that the list finds with the same filters, search and
        order, on all its pages. That the operator takes it is recorded (exports.record). If a
        filter has a value that cannot be, there is no file: it redirects to the whole list. Raises
        PermissionDenied if the operator may not look at the list, and DisallowedModelAdminLookup
        for a question that the list does not offer.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            found = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(reverse(name_of(self.model, "changelist")))
        blocks = self.file_of(found)
        what = f"list of {self.opts.verbose_name_plural}"
        exports.record(what, exports.asked(request), request, clock.now())
        return csv_files.for_people(request, blocks, exports.file_name(self))

    def file_of(self, found: Any) -> Iterator[bytes]:
        """Yield, as blocks of bytes, the CSV file of what the list has found: by default the list's
        own columns.
        """
        return exports.of_list(self, found)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The row's history. Raises PermissionDenied for who may not see rows of this kind; that is
        checked before the row is looked up, since a 404 would reveal which rows exist.
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
        """The names of all columns that are editable, but for a primary key that is no relation;
        amounts are shown in the digits of their currency.

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
        """The row's page. If the row has a merchant, it has buttons that lead to those lists of the
        merchant's other rows that the operator may see.
        """
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

    def named_so(self, queryset: "QuerySet[Any]", name: str) -> "QuerySet[Any]":
        """All rows of the queryset whose merchant has a name or reference with words that begin
        with those of `name`; of more than MANY such merchants, any MANY. If there is no such
        merchant, or the rows have none, the rows that the operators' search finds by `name` as
        their own reference or key.
        """
        if self.merchant:
            merchants = related_model(self.model, self.merchant)
            named = words.begin(name, *getattr(merchants, "NAMED_BY", ()))
            keys = list(
                merchants._default_manager.filter(named).values_list("pk", flat=True)[:MANY]
            )
            if keys:
                return queryset.filter(**{f"{self.merchant}__in": keys})
        kinds = [one for one in search.for_operators() if one[0].model is self.model]
        found = [row.pk for kind, finder in kinds for row, _ in finder.among_all(kind, name)]
        return queryset.filter(pk__in=found)


class OfMerchant(ReadOnly):
    """Admin pages of rows of a merchant. The search box takes the merchant's reference and, after a
    blank, the beginning of the row's own; or the beginnings of words of the merchant's name; or the
    row's own reference.
    """

    reference: ClassVar[str] = "reference"  # the path to its own; "" where it has none
    # The order of one merchant's rows: that of an index that starts with the merchant.
    of_one: ClassVar[Sequence[str]] = ("-pk",)
    # Makes the box appear; get_search_results says what it finds.
    search_fields = ("pk",)
    search_help_text = "Merchant's reference or name, own reference"

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> tuple["QuerySet[Any]", bool]:
        """The rows that the search finds. If the term is a merchant's reference, which may have
        blanks, that merchant's rows. If its first word is one, that merchant's rows, too, or, if
        the list's rows have a reference of their own, those of them that `named` finds by what
        follows; otherwise the rows of merchants with such a name (`named_so`). Without a term, all
        rows or the latest, as in any list (Bounded). The second value is Django's: whether a row
        may come twice.
        """
        term = search_term.strip()
        if not term:
            return super().get_search_results(request, queryset, "")
        first, _space, reference = term.partition(" ")
        by_whole, by_first = words.spellings(term), words.spellings(first)
        # By its key, of which the database knows how many rows there are.
        merchants = related_model(self.model, self.merchant)._default_manager
        keys = merchants.filter(reference__in=[*by_whole, *by_first])
        known = dict(keys.values_list("reference", "pk"))
        named = next((one for one in (*by_whole, *by_first) if one in known), None)
        if named is None:
            return self.named_so(queryset, term), False
        if named in by_whole:
            reference = ""
        queryset = queryset.filter(**{self.merchant: known[named]})
        if reference and self.reference:
            queryset = self.named(queryset, reference.strip())
        return queryset, False

    def named(self, queryset: "QuerySet[Any]", reference: str) -> "QuerySet[Any]":
        """Those of the rows whose own reference starts with this one, in any spelling of
        lib.words.
        """
        return queryset.filter(words.starting(self.reference, reference))

    def get_ordering(self, request: HttpRequest) -> Sequence[str]:
        """The columns by which the list is sorted: those of `of_one`, the order of one merchant's
        rows, whenever anything is in the search box, and the usual ones otherwise.
        """
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
        """Return the rows that the search finds. All `keys` are tried, one after the other,
        for rows where the key is the term; only if there are none, all are tried again for
        rows where it begins with the term; the first key that finds any decides. If none
        does, these are the rows of merchants with such a name, or what else `named_so` finds.
        Without a term, they are all rows or the latest, as in any list (Bounded). The second
        value is Django's, whether a row may come twice; with a term it is False.
        """
        term = search_term.strip()
        if not term:
            return super().get_search_results(request, queryset, "")
        wanted = self.asked_as(term)
        for by in (whole, beginning):
            for key in self.keys:
                found = queryset.filter(by(key, wanted))
                if found.exists():
                    return found, False
        return self.named_so(queryset, term), False


def whole(column: str, text: str) -> Q:
    """A filter for rows whose column has exactly this text, in one of its spellings (lib.words)."""
    return Q(**{f"{column}__in": words.spellings(text)})


def beginning(column: str, text: str) -> Q:
    """A filter for rows whose column starts with this text, in one of its spellings (lib.words)."""
    return words.starting(column, text)


class ReadOnlyInline(TabularInline):
    """Rows shown on the page of the row that they belong to; only for rows that are always few."""

    extra = 0
    can_delete = False
    show_change_link = True
    fields: Any = ()
    readonly_fields: Any = ()

    def __init__(self, parent_model: type[Model], admin_site: Any) -> None:
        super().__init__(parent_model, admin_site)
        self.fields = self.readonly_fields = times.labelled(self.model, self.fields)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
