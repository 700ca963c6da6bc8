"""A cache whose embedded server is started when it is first used."""

from typing import Any

from django.core.cache.backends import redis
from django.utils.functional import cached_property
from redis.connection import UnixDomainSocketConnection

from config.local import embedded


class Connection(UnixDomainSocketConnection):
    """A connection to the embedded Redis, which starts the server again if it has died."""

    def _connect(self) -> Any:
        """Connect to the embedded Redis; if nobody listens there, start it again and connect once
        more. Returns the socket.
        """
        try:
            return super()._connect()
        except (FileNotFoundError, ConnectionError):  # it may have been killed
            embedded.revive()
            return super()._connect()


class RedisCache(redis.RedisCache):
    """Django's cache in Redis, which starts the embedded server before it is first used."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        options = {**params.get("OPTIONS", {}), "connection_class": Connection}
        super().__init__(server, {**params, "OPTIONS": options})

    @cached_property
    def _cache(self) -> Any:
        """Django's client of the cache's Redis; the first use starts the embedded servers unless
        they run.
        """
        embedded.ensure()
        return super()._cache
