"""Making, rotating and revoking keys of the API (docs/api.md).

A key is seen once, by the administrator who makes it: what is kept is a digest.
"""

import logging
import secrets
import string
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_network

from django.db import OperationalError, transaction
from django.db.models import Q

from gateway.models import ApiKey, Scope
from gateway.queries.keys import BRAND, digest
from gateway.trail import Action
from lib import cells, form_keys, locks, wording
from lib.refusals import Conflict, Invalid, Refused
from merchants.models import Merchant
from trail import operations as trail

LETTERS = string.ascii_lowercase + string.digits
PREFIX_LENGTH = 12
LONGEST_OVERLAP = timedelta(days=30)
LAST_USE_EXACT_TO = timedelta(minutes=1)
MOST_REQUESTS_PER_MINUTE = 1_000_000

log = logging.getLogger(__name__)
_failed_at: dict[str, datetime] = {}  # "last": when the last use could not be noted


class KeyWasShown(Conflict):
    """The form has made its key already, whose text was shown then."""

    code = "key_was_shown"


class KeyIsOver(Refused):
    """The key is revoked, expired or already replaced."""

    code = "key_is_over"


def make(
    *,
    name: str,
    scopes: Sequence[str],
    merchant: Merchant | None = None,
    networks: Collection[str] = (),
    requests_per_minute: int,
    expires_at: datetime | None = None,
    reason: str,
    request_key: str = "",
    actor: str,
    now: datetime,
) -> tuple[ApiKey, str]:
    """Make a key for these scopes, with a trail row, which reaches the books of one merchant or, if
    `merchant` is None, of all, and is accepted from these networks or, without any, from
    everywhere.

    Returns the key and its text, which is not stored and cannot be shown later. Raises Invalid for
    scopes, networks, an end, a rate or a name that cannot be or without a reason, and KeyWasShown
    for a form that is sent twice, with the same `request_key`. Of two calls at once with the same
    `request_key`, the second waits.
    """
    unknown = set(scopes) - set(Scope.values)
    if unknown or not scopes:
        raise Invalid("scopes", f"must be some of {', '.join(Scope.values)}")
    if expires_at is not None and expires_at <= now:
        raise Invalid("expires_at", "is over already")
    if not 1 <= requests_per_minute <= MOST_REQUESTS_PER_MINUTE:
        raise Invalid("requests_per_minute", f"must be 1 to {MOST_REQUESTS_PER_MINUTE}")
    with transaction.atomic():
        if request_key:
            locks.wait_for_advisory_lock(f"API key {request_key}")
        if known := form_keys.sent_before(ApiKey.objects.filter(made_by=actor), request_key):
            raise KeyWasShown(
                f"request_key: this form has made {known} already; revoke it if nobody has copied"
                " it, and open the page again"
            )
        key, text = _insert(
            ApiKey(
                name=wording.line("name", name),
                scopes=[scope for scope in Scope.values if scope in scopes],
                merchant=merchant,
                networks=[_network(one) for one in networks],
                requests_per_minute=requests_per_minute,
                expires_at=expires_at,
                request_key=request_key,
            ),
            actor,
            now,
        )
        _note(Action.API_KEY_MADE, key, reason, actor, now, after=_told(key))
    return key, text


def rotate(
    *, key_id: int, overlap: timedelta, reason: str, actor: str, now: datetime
) -> tuple[ApiKey, str]:
    """Make a key that may do the same as this one, and ends when this one would have, with a trail
    row; the old one ends after `overlap` at the latest. Returns the new key and its text. Raises
    KeyIsOver for a key that is revoked, expired or replaced already, Invalid for a longer overlap
    than allowed or without a reason, ApiKey.DoesNotExist. It locks the old key.
    """
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        raise Invalid("overlap", f"must be from 0 to {LONGEST_OVERLAP.days} days")
    with transaction.atomic():
        old = _lock(key_id)
        if not old.is_valid(now) or old.replaced_by_id is not None:
            raise KeyIsOver(f"key: {old} is revoked, expired, or replaced already")
        ends_at = min(now + overlap, old.expires_at or now + overlap)
        key, text = _insert(
            ApiKey(
                name=old.name,
                scopes=old.scopes,
                merchant=old.merchant,
                networks=old.networks,
                requests_per_minute=old.requests_per_minute,
                expires_at=old.expires_at,
            ),
            actor,
            now,
        )
        before = _told(old)
        old.replaced_by, old.expires_at = key, ends_at
        old.save(update_fields=["replaced_by", "expires_at"])
        after = _told(old) | {"replaced by": key.prefix}
        _note(Action.API_KEY_ROTATED, old, reason, actor, now, before=before, after=after)
    return key, text


def revoke(*, key_id: int, reason: str, actor: str, now: datetime) -> ApiKey:
    """End the key, with a trail row: the next request with it is refused. Raises KeyIsOver if it is
    revoked already, Invalid without a reason, ApiKey.DoesNotExist. It locks the key.
    """
    with transaction.atomic():
        key = _lock(key_id)
        if key.revoked_at is not None:
            raise KeyIsOver(f"key: {key} is revoked already")
        key.revoked_at = now
        key.save(update_fields=["revoked_at"])
        after: dict[str, str | int] = {"revoked": now.isoformat()}
        _note(Action.API_KEY_REVOKED, key, reason, actor, now, before={"revoked": ""}, after=after)
    return key


def note_use(key: ApiKey, now: datetime) -> None:
    """Note that the key was used, to the minute. Does nothing if a use was noted within the last
    minute.

    Keys are shared by all cells, and a cluster writes what is shared on every machine. While one of
    them is away the use is not noted, which is logged, so that requests about other cells are
    answered; this process tries again after a minute. Without cells such an OperationalError is
    raised.
    """
    since = now - LAST_USE_EXACT_TO
    if key.last_used_at is not None and key.last_used_at > since:
        return
    if _failed_at.get("last", since) > since:
        return
    unnoted = Q(last_used_at=None) | Q(last_used_at__lte=since)
    try:
        ApiKey.objects.filter(unnoted, pk=key.pk).update(last_used_at=now)
    except OperationalError:
        if not cells.are_on():
            raise
        _failed_at["last"] = now
        log.warning("The use of an API key could not be noted", exc_info=True)


def _insert(key: ApiKey, actor: str, now: datetime) -> tuple[ApiKey, str]:
    """Draw the key's prefix and secret, set them and by whom and when it was made, and save it; of
    the secret only a digest is kept. Returns the key and its text.
    """
    key.prefix = "".join(secrets.choice(LETTERS) for _ in range(PREFIX_LENGTH))
    text = f"{BRAND}_{key.prefix}_{secrets.token_urlsafe(32)}"
    key.digest, key.made_at, key.made_by = digest(text), now, actor
    key.save()
    return key, text


def _lock(key_id: int) -> ApiKey:
    """Lock the key until the transaction ends, and return it with its merchant. Raises
    ApiKey.DoesNotExist.
    """
    return ApiKey.objects.select_for_update(of=("self",)).select_related("merchant").get(pk=key_id)


def _network(text: str) -> str:
    """The network in this text in its usual form, such as 203.0.113.0/24; a single address is a
    network of its own, such as 203.0.113.5/32. Raises Invalid if it is none, as an address with the
    mask of a larger network is.
    """
    try:
        return str(ip_network(text.strip()))
    except ValueError as error:
        raise Invalid("networks", f"{text!r} is no network, such as 203.0.113.0/24") from error


def _told(key: ApiKey) -> dict[str, str | int]:
    """What the key may do, from which networks, how often and until when, as values for a trail
    row.
    """
    return {
        "scopes": " ".join(key.scopes),
        "networks": " ".join(key.networks) or "any",
        "requests per minute": key.requests_per_minute,
        "expires": key.expires_at.isoformat() if key.expires_at else "never",
    }


def _note(
    action: Action,
    key: ApiKey,
    reason: str,
    actor: str,
    now: datetime,
    *,
    before: dict[str, str | int] | None = None,
    after: dict[str, str | int],
) -> None:
    """Write the trail row about the key. Raises Invalid without a reason."""
    trail.write(
        action,
        merchant_id=key.merchant_id,
        subject=str(key),
        before=before,
        after=after,
        reason=wording.checked("reason", reason),
        actor=actor,
        now=now,
    )
