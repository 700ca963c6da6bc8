"""Figures of days that are over, which change no more: cached for a day.

Without the cache, or while Redis is away, a page that shows them is slower, and no more than that.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from django.core.cache import cache
from redis import RedisError

SECONDS = 24 * 60 * 60


def read(keys: Sequence[str]) -> dict[str, Any]:
    """What is cached under these keys, by key, without those under which nothing is; nothing at all
    if Redis is away.
    """
    try:
        known: dict[str, Any] = cache.get_many(keys)
    except RedisError:
        return {}
    return known


def keep(figures: Mapping[str, Any]) -> None:
    """Cache these figures by their keys for a day; do nothing if Redis is away."""
    if figures:
        with suppress(RedisError):
            cache.set_many(dict(figures), SECONDS)
