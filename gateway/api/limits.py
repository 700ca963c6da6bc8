"""How many requests a key may make in a minute, counted in Redis.

Where Redis does not answer, nobody is held back: a checkout that stands still costs a shop more
than a key that asks too often costs us. It is on the log then, and not asked again for a while, so
that requests do not wait for it one by one.
"""

import logging
import time
from dataclasses import dataclass
from datetime import datetime

import redis
from django.core.cache import cache
from django.http import HttpResponse

from gateway.models import ApiKey

WINDOW = 60  # seconds
SECONDS_WITHOUT = 10.0  # for which Redis is not asked after it did not answer

log = logging.getLogger(__name__)
_asked_again_at = 0.0  # of the monotonic clock


@dataclass(frozen=True, slots=True)
class Usage:
    """What a key has used of its minute."""

    allowed: int
    used: int
    seconds_left: int

    @property
    def is_over(self) -> bool:
        return self.used > self.allowed

    def write(self, response: HttpResponse) -> None:
        """Set the RateLimit headers of the IETF's draft."""
        left = max(self.allowed - self.used, 0)
        response.headers["RateLimit-Policy"] = f'"minute";q={self.allowed};w={WINDOW}'
        response.headers["RateLimit"] = f'"minute";r={left};t={self.seconds_left}'


def count(key: ApiKey, now: datetime) -> Usage | None:
    """Count a request of the key; None where nobody could count."""
    global _asked_again_at
    if time.monotonic() < _asked_again_at:
        return None
    seconds = int(now.timestamp())
    try:
        used = _increment(f"api-key:{key.pk}:{seconds // WINDOW}")
    except (redis.RedisError, OSError) as error:
        _asked_again_at = time.monotonic() + SECONDS_WITHOUT
        log.warning("Requests of API keys are not counted: Redis does not answer (%s)", error)
        return None
    return Usage(key.requests_per_minute, used, WINDOW - seconds % WINDOW)


def _increment(name: str) -> int:
    try:
        return int(cache.incr(name))
    except ValueError:  # it is the first of its minute, or was until now
        if cache.add(name, 1, timeout=2 * WINDOW):
            return 1
        return int(cache.incr(name))
