"""The operators' view of webhooks: endpoints, what they are told, and what came of it."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from backoffice.briefs import Brief
from backoffice.decision_pages import Deciding
from backoffice.decisions import Act, Call, Decision, Reasoned, Report
from backoffice.filters import waiting
from backoffice.list_pages import ReadOnly, ReadOnlyInline
from backoffice.several import DecidingSeveral
from gateway.webhooks import briefs
from gateway.webhooks.event_types import EVENT_TYPES
from gateway.webhooks.forms import NewEndpoint, Overlap, Types
from gateway.webhooks.in_cells import asked_for_a_page
from gateway.webhooks.models import (
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
    WebhookSecret,
)
from gateway.webhooks.operations import deliveries, endpoints
from gateway.webhooks.queues import PARKED


def _shown_once(act: Act, secret: endpoints.Secret, before: str) -> Report:
    """The report that shows a new secret of an endpoint this once, after the sentence `before`."""
    return Report(
        f"{before} This is its secret. It is shown this once; copy it to the receiver now:",
        secret=secret.text,
    )


def _add(act: Act) -> Report:
    """Add the endpoint that the form states, with a trail row; returns the report that shows its
    secret this once.
    """
    secret = Call(endpoints.add)(act)
    return _shown_once(act, secret, f"Endpoint {secret.endpoint} is told of these events from now.")


def _rotate(act: Act) -> Report:
    """Give the endpoint a new secret, with a trail row; returns the report that shows it this once,
    and says for how long the old one counts.
    """
    secret = Call(endpoints.rotate_secret, "endpoint_id")(act)
    hours = act.cleaned_data["overlap_hours"]
    counts = f"The old secret counts for {hours} hours." if hours else "The old secret is over."
    return _shown_once(act, secret, counts)


def _secrets(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """How many secrets the endpoint has had, the first one included, under the label "Secrets so
    far". Each rotation adds one, by which a page of before it is known to be out of date.
    """
    return {"Secrets so far": endpoint.secrets.count()}


def _parked(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """Whether the endpoint is on, under the label "On", and how many of its deliveries are parked,
    in all cells that have answered in time, under "Parked".
    """
    parked = endpoint.deliveries.filter(status=WebhookDelivery.Status.PARKED)
    counts = asked_for_a_page(endpoint, parked.count)
    return _is_on(endpoint) | {"Parked": sum(counts.found.values())}


def _is_on(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """Whether the endpoint is on, under the label "On", as pages of decisions compare it."""
    return {"On": endpoint.is_on}


ADD = Decision(
    "add",
    "Add an endpoint",
    takes_second_factor=True,
    form=NewEndpoint,
    effect=lambda row: (
        "This address is told of what happens from now on: merchants' orders, limits, invoices and"
        " withdrawals leave the house. Each request is signed with the endpoint's secret, which is"
        " shown on the next page and never again."
    ),
    carry_out=_add,
)
ABOUT_ENDPOINT = (
    Decision(
        "types",
        "Choose events",
        takes_second_factor=True,
        form=Types,
        effect=lambda endpoint: f"{endpoint.url} is told of these types of events from now on.",
        initial=lambda endpoint: {"types": endpoint.types},
        shown=lambda endpoint: {"Events": endpoint.types},
        carry_out=Call(endpoints.choose_types, "endpoint_id"),
        done="The events are chosen.",
    ),
    Decision(
        "secret",
        "Rotate the secret",
        takes_second_factor=True,
        form=Overlap,
        effect=lambda endpoint: (
            "The endpoint gets a new secret, which is shown on the next page and never again."
            " Requests are signed with both until the old one is over."
        ),
        shown=_secrets,
        carry_out=_rotate,
    ),
    Decision(
        "resend",
        "Send what is parked again",
        form=Reasoned,
        effect=lambda endpoint: (
            "Everything that is parked for this endpoint is sent again, in the order of the events,"
            " and tried for three days. What is so old that its content is gone stays parked."
        ),
        shown=_parked,
        carry_out=Call(deliveries.resend_parked, "endpoint_id"),
        done="It is on its way.",
        is_open=lambda endpoint: endpoint.is_on,
    ),
    Decision(
        "off",
        "Turn off",
        form=Reasoned,
        effect=lambda endpoint: (
            f"{endpoint.url} is told nothing any more, and what is on its way is parked."
        ),
        shown=_is_on,
        carry_out=Call(endpoints.turn_off, "endpoint_id"),
        done="The endpoint is off.",
        is_open=lambda endpoint: endpoint.is_on,
    ),
    Decision(
        "on",
        "Turn on",
        takes_second_factor=True,
        form=Reasoned,
        effect=lambda endpoint: (
            f"{endpoint.url} is told again of what happens. What happened meanwhile it is not told."
        ),
        shown=_is_on,
        carry_out=Call(endpoints.turn_on, "endpoint_id"),
        done="The endpoint is on.",
        is_open=lambda endpoint: not endpoint.is_on,
    ),
)


class SecretInline(ReadOnlyInline):
    model = WebhookSecret
    verbose_name_plural = "secrets"
    fields = readonly_fields = ("made_at", "valid_until")


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(Deciding, ReadOnly):
    merchant = "merchant"
    ordering = ("-pk",)
    list_display = ("url", "merchant", "description", "is_on", "added_at")
    list_filter = ("is_on",)
    list_select_related = ("merchant",)
    inlines = (SecretInline,)
    decisions = ABOUT_ENDPOINT
    list_decisions = (ADD,)

    def brief(self, row: Any, name: str) -> Brief | None:
        """What an operator reads before the decision called `name` about this endpoint: what it is
        told, what is parked, and what the decision changes (briefs.of_endpoint). It is never None.
        """
        return briefs.of_endpoint(row, name)


@admin.register(WebhookSecret)
class WebhookSecretAdmin(ReadOnly):
    """The admin page of since when and until when each secret counts. The secrets themselves are
    shown nowhere.
    """

    ordering = ("-pk",)
    list_display = ("__str__", "endpoint", "made_at", "valid_until")
    list_select_related = ("endpoint",)


class AttemptInline(ReadOnlyInline):
    model = WebhookAttempt
    verbose_name_plural = "attempts"
    ordering = ("pk",)
    fields = readonly_fields = ("at", "milliseconds", "status", "answer", "error")


class OfType(admin.SimpleListFilter):
    """A filter by event type."""

    title = "event"
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The filter's choices: the code of each type of webhook event, as code and label."""
        return [(code, code) for code in EVENT_TYPES]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Those of the deliveries whose event has the chosen type; all of them if none is
        chosen.
        """
        return queryset.filter(event__type=self.value()) if self.value() else queryset


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(DecidingSeveral, ReadOnly):
    several = ("resend",)
    dated = "first_attempt_at"
    merchant = "event__merchant"
    is_long = True
    ordering = ("-pk",)
    list_display = ("kind", "of", "sequence", "endpoint", "status", "attempts", "next_attempt_at",
                    "ended_at")  # fmt: skip
    list_filter = (waiting(PARKED), "status", OfType)
    list_select_related = ("event__merchant", "endpoint")
    search_fields = ("event__merchant__reference__exact",)
    search_help_text = "Merchant's reference"
    inlines = (AttemptInline,)
    decisions = (
        Decision(
            "resend",
            "Send again",
            form=Reasoned,
            effect=lambda delivery: (
                f"{delivery.endpoint.url} is told once more of {delivery.event.type}, under the"
                " same id, and that is tried for three days. A receiver that has it already can"
                " tell by the id."
            ),
            shown=lambda delivery: {"Status": delivery.get_status_display()},
            carry_out=Call(deliveries.resend, "delivery_id"),
            done="It is on its way.",
            is_open=lambda delivery: not delivery.is_pending,
        ),
    )

    def brief(self, row: Any, name: str) -> Brief | None:
        """What an operator reads before any decision about this delivery, whatever its `name`: to
        whom it goes, what it says, and its latest attempts (briefs.of_delivery). It is never None.
        """
        return briefs.of_delivery(row)

    @admin.display(description="event")
    def kind(self, delivery: WebhookDelivery) -> str:
        """The code of the event's type."""
        return delivery.event.type

    @admin.display(description="merchant")
    def of(self, delivery: WebhookDelivery) -> str:
        """The merchant that the event is about."""
        return str(delivery.event.merchant)

    @admin.display(description="sequence")
    def sequence(self, delivery: WebhookDelivery) -> int | None:
        """The event's number; None until it has one."""
        return delivery.event.sequence

    @admin.display(description="told")
    def told(self, delivery: WebhookDelivery) -> str:
        """The event's data as one text, as they are stored: amounts have the digits of their
        column, which the receiver reads with those of the currency. "" once they are not kept any
        more.
        """
        return ", ".join(f"{name} {value}" for name, value in delivery.event.data.items())

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """All fields, and the event's number and data."""
        return (*super().get_fields(request, obj), self.sequence, self.told)


@admin.register(WebhookAttempt)
class WebhookAttemptAdmin(ReadOnly):
    ordering = ("-pk",)
    list_display = ("at", "delivery", "milliseconds", "status", "answer", "error")
    list_select_related = ("delivery",)


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnly):
    merchant = "merchant"
    is_long = True
    ordering = ("-pk",)
    list_display = ("type", "of", "sequence", "at", "uid")
    list_select_related = ("merchant",)
    search_fields = ("merchant__reference__exact",)
    search_help_text = "Merchant's reference"

    @admin.display(description="merchant")
    def of(self, event: WebhookEvent) -> str:
        """The merchant that the event is about."""
        return str(event.merchant)
