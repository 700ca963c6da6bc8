"""Reads from the environment where PostgreSQL is, and how its connections are made.

DATABASE_URL may name several hosts, one of which is the primary: connections then go to whichever
takes writes. TAEL_REPLICA_URL is a replica of it that pages are read from (config.replicas).
TAEL_DATABASE_POOL is how many connections the threads of a process share; without it each keeps
one. TAEL_POOLER=transaction says that DATABASE_URL is a pooler such as PgBouncer, which lends a
server's connection for one transaction at a time.
"""

import os
from typing import Any

import psycopg
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

from config import waits

ENGINE = "django.db.backends.postgresql"
# The engines whose connections hold cells, by those that they are otherwise like.
WITH_CELLS = {ENGINE: "lib.cells", "config.local.ondemand": "config.local.ondemand_cells"}
# libpq's words for a host that takes writes, and for one that takes none.
PRIMARY, REPLICA = "read-write", "any"
POOL_SECONDS = 5.0  # for a connection of the pool, while all others are at work
KEPT_SECONDS = 60  # between requests, where each thread has its own
REPLICA_CONNECT_SECONDS = 2  # the primary can answer as well


def primary() -> dict[str, Any]:
    """Django's settings of the database that DATABASE_URL names, which has to be set, with
    TAEL_POOLER and TAEL_DATABASE_POOL heeded. Raises ImproperlyConfigured if one of them cannot be
    understood.
    """
    found = _server("DATABASE_URL", PRIMARY)
    pooler = os.environ.get("TAEL_POOLER", "")
    if pooler not in ("", "session", "transaction"):
        raise ImproperlyConfigured("TAEL_POOLER is session or transaction, or is not set.")
    return found | kept() | {"DISABLE_SERVER_SIDE_CURSORS": pooler == "transaction"}


def replica() -> dict[str, Any] | None:
    """Django's settings of the replica that TAEL_REPLICA_URL names; None if it is not set. Raises
    ImproperlyConfigured if it or TAEL_DATABASE_POOL cannot be understood.
    """
    if not os.environ.get("TAEL_REPLICA_URL"):
        return None
    found = _server("TAEL_REPLICA_URL", REPLICA)
    found["OPTIONS"]["connect_timeout"] = REPLICA_CONNECT_SECONDS
    return found | kept()


def with_cells(engine: Any) -> str:
    """The module of the database engine that takes the place of `engine`, one of Django's ENGINE
    names, where the books are in cells. Raises KeyError for an engine that can hold no cells.
    """
    return WITH_CELLS[engine]


def kept() -> dict[str, Any]:
    """Django's settings about how long connections are kept: without a pool, each thread's for
    KEPT_SECONDS; with TAEL_DATABASE_POOL, Django gives them back to the pool after each request.
    Raises ImproperlyConfigured if TAEL_DATABASE_POOL is no number of connections.
    """
    if _pool() is None:
        return {"CONN_MAX_AGE": KEPT_SECONDS, "CONN_HEALTH_CHECKS": True}
    return {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True}


def _server(name: str, role: str) -> dict[str, Any]:
    """Django's settings of the server that the environment variable `name`, which has to be set,
    gives as a URL of libpq's; other parameters of the URL become options. Of several hosts, one
    with this role (libpq's target_session_attrs) is connected to, unless the URL says otherwise.
    Raises ImproperlyConfigured if the URL cannot be read or names no database, or
    TAEL_DATABASE_POOL is wrong.
    """
    try:
        given = dict(conninfo_to_dict(os.environ[name]))
    except psycopg.ProgrammingError:
        given = {}
    if not given.get("dbname"):
        raise ImproperlyConfigured(f"{name} must be like postgresql://user:password@host/name.")
    host = str(given.pop("host", ""))
    found = {
        "ENGINE": ENGINE,
        "NAME": given.pop("dbname"),
        "USER": given.pop("user", ""),
        "PASSWORD": given.pop("password", ""),
        "HOST": host,
        "PORT": str(given.pop("port", "")),
    }
    options: dict[str, Any] = {**waits.DATABASE, **{key: _number(given[key]) for key in given}}
    if "," in host:
        options.setdefault("target_session_attrs", role)
    if (pool := _pool()) is not None:
        options["pool"] = pool
    return found | {"OPTIONS": options}


def _pool() -> dict[str, Any] | None:
    """The settings of psycopg's pool, of at most TAEL_DATABASE_POOL connections; None if that is
    not set. Raises ImproperlyConfigured if it is no number from 1 on.
    """
    most = os.environ.get("TAEL_DATABASE_POOL", "")
    if not most:
        return None
    if not most.isdigit() or int(most) < 1:
        raise ImproperlyConfigured("TAEL_DATABASE_POOL is a number of connections, such as 4.")
    return {"min_size": 1, "max_size": int(most), "timeout": POOL_SECONDS}


def _number(value: Any) -> Any:
    """The value as an int if it is a text of digits; otherwise the value itself."""
    return int(value) if isinstance(value, str) and value.isdigit() else value
