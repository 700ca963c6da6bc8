"""How processes log, on standard error: lines for people, or JSON for machines.

Each line says which request or task it belongs to (config.monitoring.context). None says who
somebody is: people are numbers, merchants references, and addresses of pages are routes, as some
carry a secret.
"""

import logging
import os
import re
from datetime import UTC, datetime
from typing import Any

from django.urls import Resolver404, resolve
from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from config.monitoring import context

# What others hang onto a record: whole requests, and what they say in the message already.
UNTOLD = {*RESERVED_ATTRS, "request", "server_time", "status_code", "data"}
# What Django and gunicorn say of requests names their addresses, whole or as a path.
TELL_ADDRESSES = ("django", "gunicorn")
# What PostgreSQL says next, or the traceback of the error that this one led to.
AFTER_ROWS = re.compile(
    r"\s*(HINT|QUERY|CONTEXT):|The above exception was|During handling of the above exception"
)
ADDRESS = re.compile(r"https?://[^\s/'\"]+/[^\s'\"]*|(?<![\w/.:])/(?!/)[^\s'\"]*")


class Context(logging.Filter):
    """A filter that adds the request or task to each record, and replaces addresses in messages by
    their routes.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Add to the record, as `context`, what is known of its request or task. In records of
        those loggers that tell addresses, replace each address in the message by its route. Returns
        True: every record is kept.
        """
        record.context = context.now()
        if record.name.partition(".")[0] in TELL_ADDRESSES:
            request = getattr(record, "request", None)
            record.msg = by_route(record.getMessage(), getattr(request, "path", ""))
            record.args = ()
        return True


def by_route(text: str, path: str = "") -> str:
    """The text in which each address and the given path, unless that is empty or "/", is replaced
    by the name of its route.
    """
    if len(path) > 1:
        text = text.replace(path, route_of(path))
    return ADDRESS.sub(lambda found: route_of(found[0]), text)


def route_of(address: str) -> str:
    """The name of the route of an address or path; "no route" if it has none."""
    path = re.sub(r"^https?://[^/]*", "", address).partition("?")[0]
    try:
        return str(resolve(path).view_name)
    except Resolver404:
        return "no route"


class Json(JsonFormatter):
    """Formats a record as one JSON object, without secrets and rows of the database."""

    def __init__(self) -> None:
        super().__init__("%(message)s", reserved_attrs=[*UNTOLD, "context"])

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Fill the line: instant, level and logger, the record's own fields, and what is known of
        its request.
        """
        log_data["at"] = datetime.fromtimestamp(record.created, UTC).isoformat()
        log_data["level"] = record.levelname
        log_data["logger"] = record.name
        super().add_fields(log_data, record, message_dict)
        log_data |= getattr(record, "context", {})

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON. Parts of the present request's address (path and
        query) that may be secret are replaced by "***" wherever they stand in the line, as in
        the message or in a traceback (context.without_secrets). Outside of a request nothing is
        replaced.
        """
        return context.without_secrets(str(super().format(record)))

    def formatException(self, ei: Any) -> str:
        """The traceback as text, without the rows of the database that PostgreSQL quotes."""
        return without_rows(str(super().formatException(ei)))


class Line(logging.Formatter):
    """Formats a record as a line for people, without secrets and rows of the database."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name}: {message}", style="{")

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line for people, with secret parts of the present request's address
        replaced by "***" wherever they stand in it (context.without_secrets); outside of a request
        nothing is replaced.
        """
        return context.without_secrets(super().format(record))

    def formatException(self, ei: Any) -> str:
        """The traceback as text, without the rows of the database that PostgreSQL quotes."""
        return without_rows(super().formatException(ei))


def without_rows(text: str) -> str:
    """The text without what PostgreSQL says behind "DETAIL:", where it quotes the rows that it
    refuses, since they may contain anything: that line and those after it, as texts of a row have
    line ends, up to what can only come after a row.
    """
    kept: list[str] = []
    is_row = False
    for line in text.split("\n"):
        if is_row:
            is_row = AFTER_ROWS.match(line) is None
        if line.lstrip().startswith("DETAIL:"):
            is_row = True
        if not is_row:
            kept.append(line)
    return "\n".join(kept)


def logging_settings(*, deployed: bool) -> dict[str, Any]:
    """Django's LOGGING, in the format that TAEL_LOG_FORMAT names; by default JSON for a deployment,
    and lines otherwise.
    """
    form = os.environ.get("TAEL_LOG_FORMAT") or ("json" if deployed else "line")
    to_stderr: dict[str, Any] = {"handlers": [], "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"context": {"()": Context}},
        "formatters": {"json": {"()": Json}, "line": {"()": Line}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "json" if form == "json" else "line",
                "filters": ["context"],
            }
        },
        "root": {"handlers": ["stderr"], "level": os.environ.get("TAEL_LOG_LEVEL", "INFO").upper()},
        # Their own handlers would print a second time, or mail people who are not configured.
        "loggers": {
            "django": {**to_stderr, "level": "INFO"},
            "gunicorn.error": to_stderr,
            # Lines of whole addresses, if somebody asks gunicorn for them: ours name routes.
            "gunicorn.access": {"handlers": [], "propagate": False},
            "django.server": {**to_stderr, "level": "WARNING"},
            "stripe": {"level": "WARNING"},  # these tell of every request
            "httpx": {"level": "WARNING"},
            # A line for each request: for machines. People who try Tael out read errors.
            "tael.access": {"level": "INFO" if form == "json" else "WARNING"},
        },
    }
