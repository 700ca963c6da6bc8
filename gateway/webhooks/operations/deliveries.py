"""Telling endpoints what happened, and sending again what they did not take.

One process at a time visits an endpoint: it holds a lease, and renews it before each request. It
tells what is due in the order of the events; what is not taken is due again later, and holds up
nothing behind it. A process that dies between an answer and the note of it sends that event again,
under the same id, by which receivers know it.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from gateway.webhooks import queries, signing
from gateway.webhooks.in_cells import in_its_cells
from gateway.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from gateway.webhooks.operations import outbox
from gateway.webhooks.sending import Answer, NoAnswer, Receiver
from gateway.webhooks.trail import Action
from jobs import leases
from jobs.silences import Silences
from lib import cells, encrypted, reconnecting, texts, wording
from lib.refusals import Refused
from merchants import installation
from trail import operations as trail

log = logging.getLogger(__name__)

VISIT_SECONDS = 45.0  # less than from one run to the next, so that no endpoint keeps the others
# After each attempt that was not taken; the last of them again and again, for three days.
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 300, 600, 720))
TRIED_FOR = timedelta(days=3)
LONGEST = 500

Status = WebhookDelivery.Status


class UnknownDelivery(Refused):
    """There is no such delivery."""

    code = "unknown_delivery"


class EndpointIsOff(Refused):
    """The endpoint is off, and nothing is sent to it."""

    code = "endpoint_is_off"


class BodyGone(Refused):
    """What it told is not kept any more (TAEL_WEBHOOKS_KEPT_DAYS)."""

    code = "body_gone"


class StillOnItsWay(Refused):
    """The delivery is still being tried, so there is nothing to send again."""

    code = "still_on_its_way"


def visit(
    endpoint_id: int, *, now: datetime, silences: Silences, clock: Callable[[], datetime]
) -> None:
    """Number what the outbox has, and then send the endpoint all that is due, for as long
    as a visit lasts. Each attempt is made at the time that `clock` gives, but no earlier
    than `now`, and recorded; one that is not taken raises nothing, and the visit ends once
    the endpoint has not answered three times in a row.

    It holds a lease of the endpoint, for which it must not be called within a transaction:
    it sends nothing while another process has it, and leaves, which is logged, once it has
    lost it; `silences` counts both as left. Raises KeepsSilent if this run has given up on
    the endpoint before, Elsewhere in a copy of an installation, Undecryptable for a secret
    that no key opens, and WebhookEndpoint.DoesNotExist.
    """
    installation.refuse_elsewhere()
    outbox.number()
    name = f"webhook {endpoint_id}"  # without its cell, of which the run is, as that is short
    silences.check(name)
    endpoint = WebhookEndpoint.objects.get(pk=endpoint_id)
    ends_at = time.monotonic() + VISIT_SECONDS
    with leases.held(cells.named(name)) as lease, Receiver(endpoint.url) as receiver:
        if lease is None:
            silences.leave()
            return
        while time.monotonic() < ends_at:
            at = max(now, clock())
            delivery = queries.next_delivery(endpoint_id, at)
            if delivery is None or name in silences.given_up:
                return
            if not lease.renew():
                log.warning("%s: left, since its lease was lost", name)
                silences.leave()
                return
            if _attempt(delivery, receiver, at):
                silences.heard(name)
            else:
                silences.kept_silent(name)


def _attempt(delivery: WebhookDelivery, receiver: Receiver, at: datetime) -> bool:
    """Send the delivery to its receiver once, and record what came of it, under the lock of the
    delivery (`_note`). Returns whether the endpoint answered at all. The receiver may take seconds.
    Raises Undecryptable.
    """
    text = signing.body(delivery.event)
    headers = signing.headers(delivery.event, text, _secrets(delivery.endpoint, at), at)
    started = time.monotonic()
    answer: Answer | None = None
    error = ""
    try:
        answer = receiver.post(text.encode(), headers)
    except NoAnswer as silence:
        error = texts.shown(str(silence), LONGEST)
    attempt = WebhookAttempt(
        delivery=delivery,
        at=at,
        milliseconds=int((time.monotonic() - started) * 1000),
        status=answer.status if answer else None,
        answer=answer.text if answer else "",
        error=error,
    )
    reconnecting.again(partial(_note, attempt))
    return answer is not None


def _secrets(endpoint: WebhookEndpoint, now: datetime) -> list[str]:
    """Read and decrypt the endpoint's secrets that are valid at `now`, newest first. Raises
    Undecryptable.
    """
    kept = endpoint.secrets.select_related("endpoint").order_by("-pk")
    return [encrypted.read(one, "secret").decode() for one in kept if one.is_valid(now)]


@transaction.atomic
def _note(attempt: WebhookAttempt) -> None:
    """Record the attempt, and what follows from it: the delivery is delivered, is parked after
    three days, or gets a next attempt. A delivery that is not pending any more only counts it. It
    locks the delivery.
    """
    delivery = _locked(attempt.delivery_id)
    attempt.pk = None  # where the first try to write it broke off
    attempt.save(force_insert=True)
    delivery.attempts += 1
    if delivery.is_pending:
        delivery.first_attempt_at = delivery.first_attempt_at or attempt.at
        until = delivery.first_attempt_at + TRIED_FOR
        if attempt.was_taken:
            _end(delivery, Status.DELIVERED, attempt.at)
        elif attempt.at >= until:
            _end(delivery, Status.PARKED, attempt.at)
        else:
            tries = delivery.log.filter(at__gte=delivery.first_attempt_at).count()
            wait = WAITS[min(tries, len(WAITS)) - 1]
            delivery.next_attempt_at = min(attempt.at + wait, until)
    delivery.save()


def _end(delivery: WebhookDelivery, status: Status, at: datetime) -> None:
    """Give the delivery its final status and the instant of it, and no next attempt, without saving
    it.
    """
    delivery.status, delivery.ended_at, delivery.next_attempt_at = status, at, None


def _locked(delivery_id: int) -> WebhookDelivery:
    """Lock the delivery until the transaction ends, and return it with its event and endpoint.
    Raises UnknownDelivery.
    """
    delivery = (
        WebhookDelivery.objects.select_for_update(of=("self",), no_key=True)
        .select_related("event", "endpoint")
        .filter(pk=delivery_id)
        .first()
    )
    if delivery is None:
        raise UnknownDelivery(f"there is no delivery {delivery_id}")
    return delivery


@transaction.atomic
def resend(*, delivery_id: int, reason: str, actor: str, now: datetime) -> WebhookDelivery:
    """Have a delivery sent again, with a trail row, that was parked, or that its receiver has taken
    and lost.

    It is tried for three days anew, under the same id, by the job. Raises UnknownDelivery,
    EndpointIsOff, StillOnItsWay, BodyGone; Invalid without a reason. It locks the delivery and
    then, unless that is pending, the endpoint, which thus is not turned off meanwhile.
    """
    reason = wording.checked("reason", reason)
    delivery = _locked(delivery_id)
    if delivery.is_pending and delivery.endpoint.is_on:
        raise StillOnItsWay(f"{delivery} is tried by itself until it is taken, or parked.")
    endpoints = WebhookEndpoint.objects.select_for_update(no_key=True)
    if not endpoints.get(pk=delivery.endpoint_id).is_on:
        raise EndpointIsOff(f"Endpoint {delivery.endpoint} is off.")
    if not delivery.event.data:
        raise BodyGone(f"What {delivery.event} told is not kept any more.")
    before = delivery.status
    delivery.status, delivery.first_attempt_at = Status.PENDING, None
    delivery.next_attempt_at = now
    delivery.save()
    trail.write(
        Action.DELIVERY_RESENT,
        merchant_id=delivery.event.merchant_id,
        subject=str(delivery.event),
        before={"status": before},
        after={"status": delivery.status},
        actor=actor,
        reason=reason,
        now=now,
    )
    return delivery


def with_body(parked: QuerySet[WebhookDelivery]) -> QuerySet[WebhookDelivery]:
    """Those of these deliveries that can be sent again: what their event says is still kept."""
    return parked.exclude(event__data={})  # as in outbox.HAS_DATA


@transaction.atomic
def resend_parked(*, endpoint_id: int, reason: str, actor: str, now: datetime) -> WebhookEndpoint:
    """Have the job send everything again that is parked for this endpoint, in the order of the
    events, and try each for three days anew; with a trail row even if nothing was parked. Where the
    books are in cells, that is of each cell. What is too old to be kept stays parked. It locks the
    endpoint.

    Raises WebhookEndpoint.DoesNotExist, EndpointIsOff; Invalid without a reason.
    """
    reason = wording.checked("reason", reason)
    endpoint = WebhookEndpoint.objects.select_for_update(no_key=True).get(pk=endpoint_id)
    if not endpoint.is_on:
        raise EndpointIsOff(f"Endpoint {endpoint} is off.")
    parked = endpoint.deliveries.filter(status=Status.PARKED)
    fresh: dict[str, Any] = {"first_attempt_at": None, "next_attempt_at": now}
    fresh["status"] = Status.PENDING
    found = in_its_cells(endpoint, lambda: (parked.count(), with_body(parked).update(**fresh)))
    before, count = (sum(figures) for figures in zip(*found, strict=True))
    trail.write(
        Action.DELIVERY_RESENT,
        merchant_id=endpoint.merchant_id,
        subject=str(endpoint),
        before={"parked": before},
        after={"parked": before - count},
        actor=actor,
        reason=reason,
        now=now,
    )
    return endpoint
