"""What operators read before they decide about webhook endpoints and what is sent to them."""

from django.db.models import QuerySet

from backoffice.briefs import FEW, Brief, Change, Fact, History, Past
from gateway.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from gateway.webhooks.operations import deliveries
from trail import histories

Status = WebhookDelivery.Status


def of_endpoint(endpoint: WebhookEndpoint, name: str) -> Brief:
    """What an operator reads before the decision called `name` about an endpoint: what it is told,
    what is on its way and parked, what the decision changes of that (nothing, unless it is "off",
    "on" or "resend"), what was decided before, and the latest FEW attempts at its latest FEW
    deliveries.
    """
    waiting = endpoint.deliveries.filter(status=Status.PENDING).count()
    all_parked = endpoint.deliveries.filter(status=Status.PARKED)
    parked, again = all_parked.count(), deliveries.with_body(all_parked).count()
    changes = {
        "off": [Change("On", True, False), Change("Parked", parked, parked + waiting)],
        "on": [Change("On", False, True)],
        "resend": [
            Change("Parked", parked, parked - again),
            Change("On its way", waiting, waiting + again),
        ],
    }
    return Brief(
        facts=(
            Fact("On", endpoint.is_on),
            Fact("Is told of", str(endpoint.merchant or "all merchants"), endpoint.description),
            Fact("Events", endpoint.types),
            Fact("Added", endpoint.added_at, endpoint.added_by),
            Fact("Secrets so far", endpoint.secrets.count()),
            Fact("On its way", waiting),
            Fact("Parked", parked),
        ),
        changes=changes.get(name, []),
        histories=(
            histories.of_subject(str(endpoint)),
            _attempts(WebhookAttempt.objects.filter(pk__in=_latest(endpoint))),
        ),
    )


def of_delivery(delivery: WebhookDelivery) -> Brief:
    """What an operator reads before a delivery is sent again: to whom it goes, what it says, its
    status, the latest FEW attempts with their answers, and what was decided before about its event.
    """
    event, endpoint = delivery.event, delivery.endpoint
    told = ", ".join(f"{name} {value}" for name, value in event.data.items())
    return Brief(
        facts=(
            Fact("To", endpoint.url, "" if endpoint.is_on else "turned off"),
            Fact("Event", event.type, str(event.merchant)),
            Fact("Its number", event.sequence),
            Fact("Happened", event.at),
            Fact("It says", told),
            Fact("Status", str(delivery.get_status_display())),
            Fact("Attempts", delivery.attempts),
            Fact("First attempt", delivery.first_attempt_at),
        ),
        histories=(
            _attempts(WebhookAttempt.objects.filter(delivery=delivery)),
            histories.of_subject(str(event)),
        ),
    )


def _latest(endpoint: WebhookEndpoint) -> list[int]:
    """Read the primary keys of the latest FEW attempts at the latest FEW deliveries to the
    endpoint.
    """
    lately = list(endpoint.deliveries.order_by("-pk").values_list("pk", flat=True)[:FEW])
    attempts = WebhookAttempt.objects.filter(delivery__in=lately).order_by("-pk")
    return list(attempts.values_list("pk", flat=True)[:FEW])


def _attempts(attempts: QuerySet[WebhookAttempt]) -> History:
    """Read the latest FEW of these attempts, each with the event's type, the answer, and how long
    it took.
    """
    rows = attempts.select_related("delivery__event").order_by("-pk")[:FEW]
    return History(
        "Attempts lately",
        [
            Past(
                one.at,
                f"{one.delivery.event.type}: {one.status or 'no answer'}",
                f"{one.milliseconds} thousandths of a second",
                one.error or one.answer,
            )
            for one in rows
        ],
    )
