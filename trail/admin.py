"""The admin page of the audit trail, which is searched and exported; nobody changes it."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import DropdownFilter

from backoffice import changes, times
from backoffice.columns import related_model
from backoffice.days_filter import OnDays
from backoffice.list_pages import FoundByKeys
from lib import csv_files
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


@admin.register(TrailEntry)
class TrailEntryAdmin(FoundByKeys):
    """The trail, newest first; each filter and search has an index in that order."""

    dated = "at"

    keys = ("actor", "subject")
    search_help_text = (
        "A merchant's reference, who did it (e-mail address), or what it is about by its reference,"
        " such as a bill's number; “about olga@…” for what was done about a person."
    )
    list_display = ("time", "actor", "what", "merchant", "subject", "change", "reason")
    list_filter = (OfAction, ("at", OnDays))
    list_select_related = ("merchant",)
    ordering = ("-at", "-id")
    sortable_by = ()
    fields = ("time", "actor", "what", "merchant", "subject", "changes", "reason")
    readonly_fields = ("time", "what", "changes")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.fields

    @admin.display(description="time")
    def time(self, entry: TrailEntry) -> str:
        """The instant of the entry in the operator's time zone, to the second."""
        return times.to_the_second(entry.at)

    @admin.display(description="action")
    def what(self, entry: TrailEntry) -> str:
        """The label of the entry's action."""
        return actions.label(entry.action)

    @admin.display(description="from → to")
    def change(self, entry: TrailEntry) -> str:
        """What was changed, in one line: each value's name with the value before and after, or with
        one value where both are the same.
        """
        return "; ".join(changes.sentences(entry.before, entry.after))

    @admin.display(description="from → to")
    def changes(self, entry: TrailEntry) -> SafeString:
        """What was changed, as a table of the values before and after."""
        return changes.table(entry.before, entry.after)

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[TrailEntry]", search_term: str
    ) -> tuple["QuerySet[TrailEntry]", bool]:
        """The entries that the search term finds. After "about " comes a subject, and the entries
        about exactly that are found; else those of the merchant whose reference is exactly the
        term; else those whose actor, or else whose subject, is the term; else those whose actor, or
        else whose subject, begins with it. Without a term all are found. The second value is
        Django's: whether a row may come twice.
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

    def file_of(self, found: Any) -> Iterator[bytes]:
        """Yield the CSV file of the entries that the list has found and that are there by now: that
        the file is taken is an entry of its own, which is not in it.
        """
        latest = TrailEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        return _file(found.queryset.filter(pk__lte=latest))


def _file(found: "QuerySet[TrailEntry]") -> Iterator[bytes]:
    """Yield, as blocks of bytes, a CSV file of these entries of the trail."""
    rows = found.values(
        *("at", "actor", "action", "subject", "before", "after", "reason"),
        merchant_reference=F("merchant__reference"),
    )
    return csv_files.of_rows(COLUMNS, rows)
