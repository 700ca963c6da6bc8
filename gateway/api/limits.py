"""How many requests a key may make in a minute, counted in Redis.

A process takes some of the minute at once, and counts them down by itself: asking at each request
would cost more than most of what is asked for. What it has left as the minute ends is lost, so that
a key may be refused some requests early, and never gets one too many.

Where Redis does not answer, nobody is held back: a checkout that stands still costs a shop more
than a key that asks too often costs us. It is on the log then, and not asked again for a while, so
that requests do not wait for it one by one.
"""

import logging
import threading
import time
from dataclasses import dataclass
from datetime import datetime

import redis
from django.core.cache import cache
from django.http import HttpResponse

from gateway.models import ApiKey

WINDOW = 60  # seconds
SHARE = 200  # of what a key may do in a minute, a process takes one part of so many at once
SECONDS_WITHOUT = 10.0  # for which Redis is not asked after it did not answer

log = logging.getLogger(__name__)
_asked_again_at = 0.0  # of the monotonic clock
_taken: dict[str, "_Taken"] = {}  # by the key's prefix
_counting = threading.Lock()


@dataclass(frozen=True, slots=True)
class Usage:
    """What a key has used of its minute."""

    allowed: int
    used: int
    seconds_left: int

    @property
    def is_over(self) -> bool:
        """Whether the key has made more requests in this minute than it may."""
        return self.used > self.allowed

    def write(self, response: HttpResponse) -> None:
        """Set on the response the RateLimit headers of the IETF's draft: what is allowed, what is
        left, and for how many seconds.
        """
        left = max(self.allowed - self.used, 0)
        response.headers["RateLimit-Policy"] = f'"minute";q={self.allowed};w={WINDOW}'
        response.headers["RateLimit"] = f'"minute";r={left};t={self.seconds_left}'


@dataclass(slots=True)
class _Taken:
    """Requests of one minute that this process may let in without asking."""

    window: int
    up_to: int  # how many all processes had taken by then, these included
    left: int

    def next(self) -> int:
        """Count one more request of those taken, and return which request of the minute it is."""
        self.left -= 1
        return self.up_to - self.left


def count(key: ApiKey, now: datetime) -> Usage | None:
    """Count a request of the key, and return what it has used of its minute; None while Redis does
    not answer, which is logged, so that nothing is counted or refused; Redis is left alone for some
    seconds then.
    """
    global _asked_again_at
    seconds = int(now.timestamp())
    with _counting:
        if time.monotonic() < _asked_again_at:
            return None
        try:
            used = _use(key, seconds // WINDOW)
        except (redis.RedisError, OSError) as error:
            _asked_again_at = time.monotonic() + SECONDS_WITHOUT
            log.warning("Requests of API keys are not counted: Redis does not answer (%s)", error)
            return None
    return Usage(key.requests_per_minute, used, WINDOW - seconds % WINDOW)


def _use(key: ApiKey, window: int) -> int:
    """Count a request of the key in the minute with this number, and return which one it is. Takes
    some more of the minute in Redis when this process has none left.
    """
    taken = _taken.get(key.prefix)
    if taken is None or taken.window != window or not taken.left:
        some = max(key.requests_per_minute // SHARE, 1)
        up_to = _increment(f"api-key:{key.prefix}:{window}", some)
        taken = _taken[key.prefix] = _Taken(window, up_to, some)
    return taken.next()


def _increment(name: str, some: int) -> int:
    """Add `some` to the counter with this name in Redis, which ends with its minute, and return
    what it comes to. Raises redis.RedisError.
    """
    try:
        return int(cache.incr(name, some))
    except ValueError:  # it is the first of its minute, or was until now
        if cache.add(name, some, timeout=2 * WINDOW):
            return some
        return int(cache.incr(name, some))
