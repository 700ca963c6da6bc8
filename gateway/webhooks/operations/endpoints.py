"""Endpoints: who is told of what, and the secrets that requests to them are signed with."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from gateway.webhooks import sending, signing
from gateway.webhooks.event_types import EVENT_TYPES
from gateway.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookSecret
from gateway.webhooks.operations import outbox
from gateway.webhooks.trail import Action
from lib import encrypted, form_keys, locks, wording
from lib.refusals import Invalid, Refused
from lib.texts import LONGEST_DESCRIPTION
from merchants.models import Merchant
from merchants.operations.merchants import UnknownMerchant
from trail import operations as trail

LONGEST_URL = 500
LONGEST_OVERLAP_HOURS = 7 * 24

Status = WebhookDelivery.Status


class UnknownEndpoint(Refused):
    """There is no such endpoint."""

    code = "unknown_endpoint"


class AlreadySet(Refused):
    """The endpoint is set so already, and nothing would change."""

    code = "already_set"


@dataclass(frozen=True)
class Secret:
    """A new secret of an endpoint, shown once to whoever asked for it."""

    endpoint: WebhookEndpoint
    text: str


@transaction.atomic
def add(
    *,
    url: str,
    types: Collection[str],
    merchant: str = "",
    description: str = "",
    reason: str,
    request_key: str = "",
    actor: str,
    now: datetime,
) -> Secret:
    """Add an endpoint, with a trail row: from now on, events of these types are sent to this
    address, those of `merchant` (its reference) or, for "", of all merchants. Returns its secret.

    A form that the same actor sends twice, with the same `request_key`, adds one endpoint: the
    second time that endpoint and its first secret are returned, even if types or merchant differ.
    Raises FormConflict if the address differs, UnknownMerchant; Invalid for an address that cannot
    be one, for no or unknown types, and without a reason. Of two calls at once with the same key,
    the second waits.
    """
    reason = wording.checked("reason", reason)
    if request_key:
        locks.wait_for_advisory_lock(f"webhook endpoint {request_key}")
    added = WebhookEndpoint.objects.filter(added_by=actor)
    if known := form_keys.sent_before(added, request_key, url=url):
        first = known.secrets.earliest("pk")
        return Secret(known, encrypted.read(first, "secret").decode())
    if len(url) > LONGEST_URL:
        raise Invalid("url", f"must not be longer than {LONGEST_URL} characters")
    try:
        sending.check_url(url)
    except sending.Unusable as error:
        raise Invalid("url", str(error)) from error
    if description:
        description = wording.line("description", description, LONGEST_DESCRIPTION)
    endpoint = WebhookEndpoint.objects.create(
        url=url,
        merchant=_merchant(merchant) if merchant else None,
        types=_known(types),
        description=description,
        added_at=now,
        added_by=actor,
        request_key=request_key,
    )
    after = {"url": url, "merchant": merchant or "all", "types": ", ".join(endpoint.types)}
    _note(Action.ENDPOINT_ADDED, endpoint, after=after, reason=reason, actor=actor, now=now)
    return _new_secret(endpoint, now)


def _merchant(reference: str) -> Merchant:
    """Look up the merchant with this reference. Raises UnknownMerchant."""
    merchant = Merchant.objects.filter(reference=reference).first()
    if merchant is None:
        raise UnknownMerchant(f"merchant: there is no merchant {reference}")
    return merchant


def _known(types: Collection[str]) -> list[str]:
    """The codes of event types in the order of EVENT_TYPES, each once. Raises Invalid for none or
    an unknown one.
    """
    if not types:
        raise Invalid("types", "is missing: an endpoint is told of one type of events at least")
    for code in types:
        if code not in EVENT_TYPES:
            raise Invalid("types", f"there is no type {code!r} of events")
    return [code for code in EVENT_TYPES if code in types]


def _new_secret(endpoint: WebhookEndpoint, now: datetime) -> Secret:
    """Make a new secret of the endpoint, which counts without end, and store it encrypted. Returns
    it with its text. The caller has given the one before an end: the database refuses two without
    one.
    """
    text = signing.new_secret()
    row = WebhookSecret(pk=encrypted.next_key(WebhookSecret), endpoint=endpoint, made_at=now)
    encrypted.put(row, "secret", text.encode())
    row.save(force_insert=True)
    return Secret(endpoint, text)


@transaction.atomic
def choose_types(
    *, endpoint_id: int, types: Collection[str], reason: str, actor: str, now: datetime
) -> WebhookEndpoint:
    """Set the types of events that are sent to the endpoint, with a trail row. It takes effect with
    the events that have no number yet.

    Deliveries that are pending are still sent. Raises UnknownEndpoint, AlreadySet, Invalid for no
    or unknown types or without a reason. It locks the endpoint.
    """
    reason, chosen = wording.checked("reason", reason), _known(types)
    endpoint = _locked(endpoint_id)
    if endpoint.types == chosen:
        raise AlreadySet(f"Endpoint {endpoint} is told of these types already.")
    before = {"types": ", ".join(endpoint.types)}
    endpoint.types = chosen
    endpoint.save(update_fields=["types"])
    after = {"types": ", ".join(chosen)}
    note: dict[str, Any] = {"before": before, "after": after, "reason": reason}
    _note(Action.ENDPOINT_TYPES, endpoint, **note, actor=actor, now=now)
    return endpoint


@transaction.atomic
def rotate_secret(
    *, endpoint_id: int, overlap_hours: int, reason: str, actor: str, now: datetime
) -> Secret:
    """Give the endpoint a new secret, and return it; with a trail row. For `overlap_hours`,
    requests are signed with the old one as well, so that its receiver can change over in between; 0
    is for an old one that has leaked. No older secret is valid for longer.

    Raises UnknownEndpoint, Invalid for a longer overlap than allowed or without a reason. It locks
    the endpoint.
    """
    reason = wording.checked("reason", reason)
    if not 0 <= overlap_hours <= LONGEST_OVERLAP_HOURS:
        raise Invalid("overlap_hours", f"must be between 0 and {LONGEST_OVERLAP_HOURS}")
    endpoint = _locked(endpoint_id)
    valid_until = now + timedelta(hours=overlap_hours)
    endpoint.secrets.filter(valid_until__isnull=True).update(valid_until=valid_until)
    endpoint.secrets.filter(valid_until__gt=valid_until).update(valid_until=valid_until)
    after = {"old_one_counts_until": valid_until.isoformat()}
    _note(Action.ENDPOINT_SECRET, endpoint, after=after, reason=reason, actor=actor, now=now)
    return _new_secret(endpoint, now)


@transaction.atomic
def turn_off(*, endpoint_id: int, reason: str, actor: str, now: datetime) -> WebhookEndpoint:
    """Send nothing to the endpoint any more, with a trail row. Its pending deliveries are parked,
    also those of events that nobody had numbered yet (outbox.number); where the books are in cells,
    only those of the present cell.

    Raises UnknownEndpoint, AlreadySet; Invalid without a reason. It locks the endpoint.
    """
    outbox.number()  # what happened before is parked
    endpoint = _turn(endpoint_id, False, Action.ENDPOINT_OFF, reason, actor, now)
    pending = endpoint.deliveries.filter(status=Status.PENDING)
    pending.update(status=Status.PARKED, ended_at=now, next_attempt_at=None)
    return endpoint


@transaction.atomic
def turn_on(*, endpoint_id: int, reason: str, actor: str, now: datetime) -> WebhookEndpoint:
    """Send events to the endpoint again, with a trail row. Parked deliveries stay parked, and what
    happened in between is not sent; events that nobody had numbered yet are numbered first
    (outbox.number), where the books are in cells only those of the present cell.

    Raises UnknownEndpoint, AlreadySet; Invalid without a reason. It locks the endpoint.
    """
    outbox.number()  # else the next visit would send what happened in between
    return _turn(endpoint_id, True, Action.ENDPOINT_ON, reason, actor, now)


def _turn(
    endpoint_id: int, is_on: bool, action: Action, reason: str, actor: str, now: datetime
) -> WebhookEndpoint:
    """Turn the endpoint on or off, with a trail row; its deliveries are left as they are. Raises
    UnknownEndpoint, AlreadySet, Invalid without a reason. It locks the endpoint.
    """
    reason = wording.checked("reason", reason)
    endpoint = _locked(endpoint_id)
    if endpoint.is_on == is_on:
        raise AlreadySet(f"Endpoint {endpoint} is {'on' if is_on else 'off'} already.")
    endpoint.is_on = is_on
    endpoint.save(update_fields=["is_on"])
    before, after = {"is_on": not is_on}, {"is_on": is_on}
    _note(action, endpoint, before=before, after=after, reason=reason, actor=actor, now=now)
    return endpoint


def _locked(endpoint_id: int) -> WebhookEndpoint:
    # Not FOR UPDATE: deliveries that name the endpoint are written meanwhile.
    """Lock the endpoint until the transaction ends, and return it. Raises UnknownEndpoint."""
    rows = WebhookEndpoint.objects.select_for_update(no_key=True)
    endpoint = rows.filter(pk=endpoint_id).first()
    if endpoint is None:
        raise UnknownEndpoint(f"there is no endpoint {endpoint_id}")
    return endpoint


def _note(action: Action, endpoint: WebhookEndpoint, **said: Any) -> None:
    """Write a trail row about the endpoint; `said` are its other values, as trail.write takes
    them.
    """
    trail.write(action, merchant_id=endpoint.merchant_id, subject=str(endpoint), **said)
