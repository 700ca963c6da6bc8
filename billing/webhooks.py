"""Stripe's webhook: verifies the signature and takes in the event."""

import json
import logging
from functools import partial

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing import tasks
from billing.operations import stripe_events
from billing.providers.answers import ProviderNotReady
from billing.providers.stripe_library import stripe
from lib import cells, clock
from lib.cells import moving

log = logging.getLogger(__name__)

LONGEST_BODY = 1024 * 1024  # bytes; an event takes some thousand
# What reading a body raises that is none of Stripe's events; the last of them, one that is nested
# too deeply to be read.
NO_EVENT = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
OLDEST_SECONDS = 5 * 60  # of a signature, so that nobody sends an old event again


@csrf_exempt  # it is signed instead
@require_POST
def of_stripe(request: HttpRequest) -> HttpResponse:
    """Take in an event that Stripe has signed: its object is asked for at Stripe and recorded
    (stripe_events.take), and a task tries bills after a card was added. Answers 400 to what is not
    signed or no event, 413 to a body that is too long, and 503 while it cannot be taken in. For any
    answer but 200 Stripe sends the event again, for three days.
    """
    if not settings.STRIPE_WEBHOOK_SECRET:
        log.error("An event of Stripe's can't be taken: set STRIPE_WEBHOOK_SECRET")
        return HttpResponse(status=503)
    if int(request.META.get("CONTENT_LENGTH") or 0) > LONGEST_BODY:
        return HttpResponse(status=413)
    try:
        stripe.WebhookSignature.verify_header(
            request.body,
            request.headers.get("Stripe-Signature"),
            settings.STRIPE_WEBHOOK_SECRET,
            OLDEST_SECONDS,
        )
        event = json.loads(request.body)
        kind, object_id = event["type"], event["data"]["object"].get("id") or ""
        if not (isinstance(kind, str) and isinstance(object_id, str)):
            raise TypeError("An event's type and its object's id are texts.")
    except (stripe.SignatureVerificationError, *NO_EVENT):
        return HttpResponse(status=400)
    try:
        with moving.staying():
            cells.in_each(partial(_take, kind, object_id))  # what is not a cell's own, it ignores
    except (stripe_events.Again, ProviderNotReady) as problem:
        log.warning("Stripe's %s of %s is to come again: %s", kind, object_id, problem)
        return HttpResponse(status=503)
    return HttpResponse()


def _take(kind: str, object_id: str) -> None:
    """Take in the event of this kind about the object, by asking Stripe for it and recording its
    present state, and start a task that tries the account's bills after a card was added. Raises
    Again if Stripe does not answer, and ProviderNotReady.
    """
    chosen = stripe_events.take(kind, object_id, now=clock.now())
    if chosen is not None:
        tasks.start_collecting(chosen)
