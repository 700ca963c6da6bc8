"""Finds the key of the API that a text is.

A key has 256 random bits, so one plain digest of it is as safe as a slow one, and is computed at
each request.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Q

from gateway.models import ApiKey
from lib import prepared, rows
from merchants.models import Merchant

# What a request looks at; the other columns are read if somebody asks for them.
FIELDS = [
    *("id", "name", "prefix", "digest", "scopes", "merchant_id", "networks"),
    *("requests_per_minute", "expires_at", "revoked_at", "last_used_at"),
]
# All but what it joined with, which is large.
OF_MERCHANT = ["id", "reference", "name", "language", "timezone", "joined_at", "joined_said_at"]
# Each request begins with it.
BY_PREFIX = f"""
SELECT {", ".join(f'key."{name}"' for name in FIELDS)},
       {", ".join(f'merchant."{name}"' for name in OF_MERCHANT)}
FROM gateway_apikey key LEFT JOIN merchants_merchant merchant ON merchant.id = key.merchant_id
WHERE key.prefix = %(prefix)s
"""
WIDTH = len(FIELDS) + len(OF_MERCHANT)
BRAND = "tael"
FORM = re.compile(rf"{BRAND}_([a-z0-9]{{12}})_[A-Za-z0-9_-]{{43}}", re.ASCII)  # and its prefix


def digest(key: str) -> str:
    """The SHA-256 digest of a key's text, which is stored instead of it."""
    return hashlib.sha256(key.encode()).hexdigest()


class Also(NamedTuple):
    """A statement that is asked together with a key, in one round trip, and its values: it selects
    one row at most, whose first column is not null.
    """

    statement: str
    values: Mapping[str, Any]


class Found(NamedTuple):
    """A key, and the row of what was asked with it; None if it gave none."""

    key: ApiKey
    also: tuple[Any, ...] | None


def named(text: str, also: Callable[[], Also | None] = lambda: None) -> Found | None:
    """The key with this text, with its merchant if it is one merchant's, and the row that the
    statement of `also` selects, read in the same round trip; None if there is no such key. The key
    may be revoked or expired. `also` is not called for a text that is not even like a key.
    """
    form = FORM.fullmatch(text)
    if form is None:
        return None
    row = _row(form[1], also())
    if row is None or row[0] is None:
        return None
    key = rows.loaded(ApiKey, FIELDS, row[: len(FIELDS)])
    if not hmac.compare_digest(key.digest, digest(text)):
        return None
    if key.merchant_id is not None:
        key.merchant = rows.loaded(Merchant, OF_MERCHANT, row[len(FIELDS) : WIDTH])
    return Found(key, row[WIDTH:] if row[WIDTH:] and row[WIDTH] is not None else None)


def of_merchant(merchant_id: int, *, now: datetime) -> tuple[bool, bool]:
    """Whether the merchant has a key of its own that is valid now, and whether there is one for all
    merchants.
    """
    valid = ApiKey.objects.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now)).filter(
        Q(merchant=merchant_id) | Q(merchant=None), revoked_at__isnull=True
    )
    found = set(valid.values_list("merchant", flat=True).distinct())
    return merchant_id in found, None in found


def _row(prefix: str, also: Also | None) -> tuple[Any, ...] | None:
    """The columns of the key with this prefix and of its merchant, or None if there is no such key.
    With `also`, what its statement selects is read in the same round trip and follows them, and
    there is always a row: what is not found is NULL in it.
    """
    if also is None:
        return prepared.row(BY_PREFIX, {"prefix": prefix})
    return prepared.row(prepared.both(BY_PREFIX, also.statement), {"prefix": prefix, **also.values})
