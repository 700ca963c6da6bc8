"""The operators' view of the event files that were replayed."""

from django.contrib import admin

from backoffice.list_pages import ReadOnly
from gateway.models import Replay, ReplayRejection


@admin.register(Replay)
class ReplayAdmin(ReadOnly):
    list_display = ("name", "events_done", "clock")
    search_fields = ("name",)


@admin.register(ReplayRejection)
class ReplayRejectionAdmin(ReadOnly):
    list_display = ("line", "event", "type", "code", "reason", "replay")
    list_select_related = ("replay",)
    search_fields = ("event__exact",)
    search_help_text = "The event's id."
