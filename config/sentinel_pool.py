"""Connections of Django's cache to a Redis whose primary Sentinels know."""

from typing import Any

from redis.sentinel import Sentinel, SentinelConnectionPool

from config import redis_servers


class SentinelPool(SentinelConnectionPool):
    """A pool that asks the Sentinels of its address for the primary, before each new connection."""

    @classmethod
    def from_url(cls, url: str, **options: Any) -> "SentinelPool":
        """The pool for a `sentinel://` address (config.redis_servers); the options are those of a
        connection, and their time-outs hold for the Sentinels, too. Raises ImproperlyConfigured if
        the address cannot be understood.
        """
        found = redis_servers.watched(url)
        encrypted = {"ssl": True} if found.has_tls else {}
        bounds = {name: options[name] for name in options if name.startswith("socket_")}
        secret = {"password": found.sentinel_password}
        asked = {**bounds, **encrypted, **secret, **redis_servers.asked_once()}
        sentinels = Sentinel(found.hosts, sentinel_kwargs=asked)  # type: ignore[no-untyped-call]
        return cls(
            found.name,
            sentinels,
            db=found.database,
            password=found.password,
            **encrypted,
            **options,
        )
