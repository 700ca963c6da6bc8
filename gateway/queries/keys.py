"""Finds the key of the API that a text is.

A key has 256 random bits, so one plain digest of it is as safe as a slow one, and is computed at
each request.
"""

import hashlib
import hmac
from datetime import datetime

from django.db.models import Q

from gateway.models import ApiKey
from lib import prepared
from merchants.models import Merchant

FIELDS = [field.attname for field in ApiKey._meta.concrete_fields]
# All but what it joined with, which is large.
OF_MERCHANT = ["id", "reference", "name", "language", "timezone", "joined_at", "joined_said_at"]
# Each request begins with it.
BY_PREFIX = f"""
SELECT {", ".join(f'key."{name}"' for name in FIELDS)},
       {", ".join(f'merchant."{name}"' for name in OF_MERCHANT)}
FROM gateway_apikey key LEFT JOIN merchants_merchant merchant ON merchant.id = key.merchant_id
WHERE key.prefix = %s
"""
BRAND = "tael"
PARTS = 3  # brand, prefix, secret


def digest(key: str) -> str:
    """The SHA-256 digest of a key's text, which is stored instead of it."""
    return hashlib.sha256(key.encode()).hexdigest()


def named(text: str) -> ApiKey | None:
    """The key with this text, or None. It may be revoked or expired."""
    parts = text.split("_", PARTS - 1)
    if len(parts) != PARTS or not text.isascii():
        return None
    key = _with_prefix(parts[1])
    if key is None or not hmac.compare_digest(key.digest, digest(text)):
        return None
    return key


def of_merchant(merchant_id: int, *, now: datetime) -> tuple[bool, bool]:
    """Whether a key that is valid now reaches the merchant's books: its own, or one for all."""
    valid = ApiKey.objects.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now)).filter(
        Q(merchant=merchant_id) | Q(merchant=None), revoked_at__isnull=True
    )
    found = set(valid.values_list("merchant", flat=True).distinct())
    return merchant_id in found, None in found


def _with_prefix(prefix: str) -> ApiKey | None:
    """The key with this prefix and its merchant, or None; the secret is not checked."""
    row = prepared.row(BY_PREFIX, [prefix])
    if row is None:
        return None
    key = ApiKey.from_db("default", FIELDS, row[: len(FIELDS)])
    if key.merchant_id is not None:
        key.merchant = Merchant.from_db("default", OF_MERCHANT, row[len(FIELDS) :])
    return key
