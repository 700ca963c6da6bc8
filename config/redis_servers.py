"""Reads from the environment where Redis is: the broker of tasks, and the cache with its counts.

REDIS_URL is both, as databases 0 and 1 of one server. TAEL_BROKER_URL and TAEL_CACHE_URL take their
places where they are two. Each is an address such as

    redis://:password@host:6379/0           rediss:// with TLS
    sentinel://:password@host1:26379,host2:26379,host3:26379/NAME?db=0

In the second, the hosts are Sentinels, NAME is what they call the primary, and the password is that
of Redis; `sentinel_password` is theirs, and `tls=1` encrypts the connections to both.
"""

import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit, urlunsplit

from django.core.exceptions import ImproperlyConfigured

from config import waits

SENTINEL, SENTINEL_PORT = "sentinel", 26379
PLAIN = ("redis", "rediss")
BROKER, CACHE = ("TAEL_BROKER_URL", 0), ("TAEL_CACHE_URL", 1)
POOL = "config.sentinel_pool.SentinelPool"


@dataclass(frozen=True)
class Watched:
    """A Redis that Sentinels watch, and know the present primary of."""

    hosts: tuple[tuple[str, int], ...]  # the Sentinels
    name: str  # of the primary
    database: int
    password: str | None
    sentinel_password: str | None
    has_tls: bool


def given() -> bool:
    """Whether the environment says where Redis is. Raises ImproperlyConfigured if it says so of the
    broker or the cache alone, and REDIS_URL is not set.
    """
    names = [name for name, _number in (BROKER, CACHE) if os.environ.get(name)]
    if len(names) == 1 and not os.environ.get("REDIS_URL"):
        raise ImproperlyConfigured(
            f"{names[0]} is set alone: set the other of TAEL_BROKER_URL and TAEL_CACHE_URL, too, or"
            " REDIS_URL."
        )
    return bool(names or os.environ.get("REDIS_URL"))


def broker() -> tuple[str, dict[str, Any]]:
    """(the broker's address as Celery takes it, options of its transport). Where Sentinels watch
    it, the address names all of them, and the options the primary's name; for any other there are
    no options. The caller has made sure that Redis is said to be anywhere (`given`). Raises
    ImproperlyConfigured if the address cannot be understood.
    """
    url = _url(*BROKER)
    if not url.startswith(f"{SENTINEL}:"):
        return url, {}
    found = watched(url)
    secret = f":{quote(found.password, safe='')}@" if found.password else ""
    place = f"/{found.database}"  # Celery reads it from the first
    hosts = [f"{SENTINEL}://{secret}{host}:{port}{place}" for host, port in found.hosts]
    sentinel: dict[str, Any] = {**waits.BROKER, **asked_once()}
    if found.sentinel_password:
        sentinel["password"] = found.sentinel_password
    if found.has_tls:
        sentinel["ssl"] = True
    options = {"master_name": found.name, "sentinel_kwargs": sentinel}
    return ";".join(hosts), options


def is_encrypted() -> bool:
    """Whether the broker is one that Sentinels watch, and connections to it use TLS. False for any
    other: `rediss://` says so itself. The caller has asked `given`, as for `broker`. Raises
    ImproperlyConfigured if the address cannot be understood.
    """
    url = _url(*BROKER)
    return url.startswith(f"{SENTINEL}:") and watched(url).has_tls


def cache() -> dict[str, Any]:
    """Django's settings of the cache in Redis. The caller has asked `given`, as for `broker`.
    Raises ImproperlyConfigured if the address cannot be understood.
    """
    url = _url(*CACHE)
    options: dict[str, Any] = dict(waits.REDIS)
    if url.startswith(f"{SENTINEL}:"):
        watched(url)  # raises here, and not at the first request
        options["pool_class"] = POOL
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": [url],  # as text, Django would cut it at its commas
        "OPTIONS": options,
    }


def watched(url: str) -> Watched:
    """What a `sentinel://` address says: hosts, the primary's name, and the number of the database,
    passwords and TLS if they are given. Raises ImproperlyConfigured if it has no host or name, or
    the database is no number.
    """
    parts = urlsplit(url)
    secret, _at, hosts = parts.netloc.rpartition("@")
    name, options = parts.path.strip("/"), dict(parse_qsl(parts.query))
    number = options.get("db", "0")
    if not hosts or not name or not number.isdigit():
        raise ImproperlyConfigured(
            "The address of a Redis with Sentinels is like"
            " sentinel://:password@host1:26379,host2:26379/NAME?db=0."
        )
    return Watched(
        hosts=tuple(_host(one) for one in hosts.split(",")),
        name=name,
        database=int(number),
        password=unquote(secret.partition(":")[2]) or None,
        sentinel_password=options.get("sentinel_password"),
        has_tls=options.get("tls") == "1",
    )


def asked_once() -> dict[str, Any]:
    """The option by which a Sentinel that is away is not asked again and again, which takes
    seconds: the next one knows the primary, too.
    """
    from redis.backoff import NoBackoff  # which only few deployments need
    from redis.retry import Retry

    return {"retry": Retry(NoBackoff(), 0)}


def _host(text: str) -> tuple[str, int]:
    """(host, port) of a Sentinel's host:port; without a port, or with one that is no number, the
    usual port of Sentinels.
    """
    host, _colon, port = text.rpartition(":") if ":" in text else (text, ":", "")
    return host, int(port) if port.isdigit() else SENTINEL_PORT


def _url(name: str, database: int) -> str:
    """The address that the environment variable `name` has or, if it is not set, that of REDIS_URL
    with this number of a database. Raises ImproperlyConfigured if it is no address of a Redis, and
    KeyError if neither is set.
    """
    own = os.environ.get(name)
    said = name if own else "REDIS_URL"
    url = own or os.environ["REDIS_URL"]
    parts = urlsplit(url)
    if parts.scheme not in (*PLAIN, SENTINEL):
        raise ImproperlyConfigured(
            f"{said} must look like redis://host:6379 (or rediss://, or sentinel://)."
        )
    if own:
        return url
    if parts.scheme == SENTINEL:
        return f"{url}{'&' if parts.query else '?'}db={database}"
    return urlunsplit(parts._replace(path=f"/{database}"))
