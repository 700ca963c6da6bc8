"""The operators' view of the event files that were replayed."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from backoffice.list_pages import ReadOnly
from gateway.models import Replay, ReplayRejection
from gateway.onboarding import admin as _onboarding  # noqa: F401
from gateway.webhooks import admin as _webhooks  # noqa: F401


@admin.register(Replay)
class ReplayAdmin(ReadOnly):
    list_display = ("name", "events_done", "clock")
    search_fields = ("name",)


@admin.register(ReplayRejection)
class ReplayRejectionAdmin(ReadOnly):
    list_display = ("line", "event", "type", "code", "reason", "replay")
    list_select_related = ("replay",)
    search_fields = ("event__exact",)
    search_help_text = _("The event's id.")
