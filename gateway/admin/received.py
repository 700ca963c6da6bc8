"""The admin page of what came in by the API, and what became of it. It can be searched, and what
was refused can be sent again.
"""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from backoffice.briefs import Brief
from backoffice.decisions import Act, Decision, Reasoned
from backoffice.filters import one_of
from backoffice.list_pages import FoundByKeys
from backoffice.several import DecidingSeveral
from gateway import intake, roles
from gateway.models import ReceivedEvent
from gateway.queries import briefs
from lib import events


def _send_again(act: Act) -> ReceivedEvent:
    """Apply the refused event anew, with a trail row, and return the new record. It may be refused
    again. Raises NotTheirs for an event that is not for the operator's role to bring in
    (gateway.roles), received.NotRefused, received.KeyIsRevoked, and Invalid without a reason. It
    locks the refused event's row.
    """
    roles.check_event(act.user, act.row.type)
    return intake.send_again(
        received_id=act.row.pk, reason=act.reason, actor=act.actor, now=act.now
    )


def _became(received: ReceivedEvent) -> str:
    """The message that says what became of an event that was sent again."""
    if received.outcome == ReceivedEvent.Outcome.REJECTED:
        return f"It was refused again: {received.reason}"
    return f"It is {received.get_outcome_display().lower()} now."


class OfType(admin.SimpleListFilter):
    """A filter by event type."""

    title = "type"
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The filter's choices: the name of each event type, as code and label."""
        return [(one.name, one.name) for one in events.all_types()]

    def queryset(
        self, request: HttpRequest, queryset: "QuerySet[ReceivedEvent]"
    ) -> "QuerySet[ReceivedEvent]":
        """Those of the records whose event has the chosen type; all of them if none is chosen."""
        return queryset.filter(type=self.value()) if self.value() else queryset


@admin.register(ReceivedEvent)
class ReceivedEventAdmin(DecidingSeveral, FoundByKeys):
    several = ("send-again",)
    keys = ("merchant", "event", "key__prefix")
    is_long = True
    search_help_text = "A merchant's reference, an event's id, or a key's prefix."
    list_display = ("__str__", "merchant", "outcome", "code", "reason", "received_at", "key")
    list_filter = (one_of("outcome", ReceivedEvent.Outcome.choices), OfType)
    list_select_related = ("key",)
    ordering = ("-pk",)
    decisions = (
        Decision(
            "send-again",
            "Send again",
            form=Reasoned,
            effect=lambda received: (
                f"It was refused ({received.code}): {received.reason} Once what stood in its way is"
                " mended, it is applied as if it arrived now, with all that follows from it."
            ),
            shown=lambda received: {"Can be sent again": received.can_be_sent_again},
            carry_out=_send_again,
            done=_became,
            is_open=lambda received: received.can_be_sent_again,
        ),
    )

    def brief(self, row: Any, name: str) -> Brief | None:
        """What an operator reads before a decision about this record, whatever its `name`: why the
        event was refused, and what else came in (briefs.of_received). It is never None.
        """
        return briefs.of_received(row)
