"""The admin page of the audit trail, which is searched and exported; nobody changes it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import DropdownFilter, RangeDateFilter
from unfold.widgets import UnfoldAdminTextInputWidget

from backoffice import changes
from backoffice.buttons import button
from backoffice.list_pages import FoundByKeys, related_model
from lib import clock, csv_files
from trail import actions
from trail.models import TrailEntry

ABOUT = "about "
# SQL for the names and values of `before` or `after` as one text.
WORDS = """(SELECT string_agg(name || ': ' || coalesce(value, ''), '; ' ORDER BY name COLLATE "C")
            FROM jsonb_each_text({column}) AS pair(name, value))"""
COLUMNS = {
    "Time (UTC)": csv_files.utc("at"),
    "Actor": csv_files.safe("actor"),
    "Action": csv_files.safe("action"),
    "Merchant": csv_files.safe("merchant_reference"),
    "Subject": csv_files.safe("subject"),
    "Before": csv_files.safe(WORDS.format(column="before")),
    "After": csv_files.safe(WORDS.format(column="after")),
    "Reason": csv_files.safe("reason"),
}


class OfAction(DropdownFilter):
    title = "action"
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(actions.choices())

    def queryset(
        self, request: HttpRequest, queryset: "QuerySet[TrailEntry]"
    ) -> "QuerySet[TrailEntry]":
        return queryset.filter(action=self.value()) if self.value() else queryset


class Days(forms.Form):
    """The filter's fields for a first and a last day in UTC, both included."""

    def __init__(self, name: str, data: dict[str, Any]) -> None:
        super().__init__(data)
        for end, label in (("from", "From, UTC"), ("to", "To, UTC")):
            widget = UnfoldAdminTextInputWidget(attrs={"type": "date", "aria-label": label})
            self.fields[f"{name}_{end}"] = forms.DateField(required=False, widget=widget)


class OnDays(RangeDateFilter):
    form_class = Days

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = "day (UTC)"  # Django has put the column's name there

    def queryset(
        self, request: HttpRequest, queryset: "QuerySet[TrailEntry]"
    ) -> "QuerySet[TrailEntry]":
        """The entries of the chosen days; none at all if the days are invalid, which the filter
        then says.
        """
        days = Days(self.parameter_name, self.used_parameters)
        if not days.is_valid():
            return queryset.none()  # and the filter says what is wrong
        first, last = days.cleaned_data.values()
        if first:
            queryset = queryset.filter(at__gte=datetime.combine(first, time.min, UTC))
        if last:
            queryset = queryset.filter(at__lte=datetime.combine(last, time.max, UTC))
        return queryset


@admin.register(TrailEntry)
class TrailEntryAdmin(FoundByKeys):
    """The trail, newest first; each filter and search has an index in that order."""

    keys = ("actor", "subject")
    search_help_text = (
        "A merchant's reference, who did it (e-mail address), or what it is about by its reference,"
        " such as a bill's number; “about olga@…” for what was done about a person."
    )
    list_display = ("time", "actor", "what", "merchant", "subject", "change", "reason")
    list_filter = (OfAction, ("at", OnDays))
    list_filter_submit = True
    list_select_related = ("merchant",)
    ordering = ("-at", "-id")
    sortable_by = ()
    fields = ("time", "actor", "what", "merchant", "subject", "changes", "reason")
    readonly_fields = ("time", "what", "changes")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.fields

    @admin.display(description="time (UTC)")
    def time(self, entry: TrailEntry) -> str:
        return f"{entry.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"

    @admin.display(description="action")
    def what(self, entry: TrailEntry) -> str:
        return actions.label(entry.action)

    @admin.display(description="from → to")
    def change(self, entry: TrailEntry) -> str:
        """What was changed, from what to what, in one line; names whose values are the same have
        one value.
        """
        return "; ".join(changes.sentences(entry.before, entry.after))

    @admin.display(description="from → to")
    def changes(self, entry: TrailEntry) -> SafeString:
        """What was changed, as a table of the values before and after."""
        return changes.table(entry.before, entry.after)

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[TrailEntry]", search_term: str
    ) -> tuple["QuerySet[TrailEntry]", bool]:
        """The entries whose subject follows "about "; or else those of the merchant with this
        reference; or else those that `keys` find. The second value is Django's: whether a row may
        come twice.
        """
        term = search_term.strip()
        if term.startswith(ABOUT):
            return queryset.filter(subject=term.removeprefix(ABOUT).strip()), False
        # By the merchant's key: with a join the database would not use the order of the index.
        merchants = related_model(TrailEntry, "merchant")._default_manager
        merchant = merchants.filter(reference=term).values_list("pk", flat=True).first()
        if merchant is not None:
            return queryset.filter(merchant=merchant), False
        return super().get_search_results(request, queryset, search_term)

    # Export.

    def get_urls(self) -> list[URLPattern]:
        view: Callable[..., HttpResponse] = self.admin_site.admin_view(self.export)
        own = path("export/", view, name="trail_trailentry_export")
        return [own, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        if isinstance(response, TemplateResponse):
            address = reverse(f"{self.admin_site.name}:trail_trailentry_export")
            filters = f"?{request.GET.urlencode()}" if request.GET else ""
            response.context_data = (response.context_data or {}) | {
                "actions_list": [button("Export as CSV", address + filters)]
            }
        return response

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """A CSV file of all entries that the list finds with the same filters and search; with
        invalid filters, redirects to the list. Raises PermissionDenied.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            found = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            return HttpResponseRedirect(
                reverse(f"{self.admin_site.name}:trail_trailentry_changelist")
            )
        name = f"trail-{clock.now():%Y-%m-%d}.csv"
        return csv_files.download(request, _file(found), name)


def _file(found: "QuerySet[TrailEntry]") -> Iterator[bytes]:
    """The CSV file of these entries, as blocks of bytes."""
    rows = found.values(
        *("at", "actor", "action", "subject", "before", "after", "reason"),
        merchant_reference=F("merchant__reference"),
    )
    return csv_files.of_rows(COLUMNS, rows)
