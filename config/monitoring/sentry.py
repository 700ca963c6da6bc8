"""Sends errors to Sentry if a DSN is set; the package is imported only then."""

import sentry_sdk
from sentry_sdk.types import Event, Hint

from config.monitoring import context
from config.monitoring.logs import TELL_ADDRESSES, by_route, without_rows


def start(dsn: str, environment: str) -> None:
    """Send errors to Sentry from now on, without data of people: no addresses, bodies, cookies or
    values of variables.
    """
    sentry_sdk.init(
        dsn=dsn,
        environment=environment or None,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        before_send=_tidy,
        before_breadcrumb=lambda crumb, hint: None,
    )


def _tidy(event: Event, hint: Hint) -> Event:
    """The event as it is sent: without the request and the user, with what is known of the present
    request or task as tags, its route or task as the transaction, addresses in messages replaced by
    routes, and neither secrets nor rows that the database refused. The event itself is changed.
    """
    event.pop("request", None)
    event.pop("user", None)
    known = context.now()
    event["tags"] = {name: str(value) for name, value in known.items()}
    event["transaction"] = known.get("route") or known.get("task", "")
    if entry := event.get("logentry"):
        said = str(entry.get("formatted") or entry.get("message"))
        is_of_request = str(event.get("logger", "")).partition(".")[0] in TELL_ADDRESSES
        said = by_route(said) if is_of_request else said
        event["logentry"] = {"message": context.without_secrets(said)}
    for exception in event.get("exception", {}).get("values", []):
        exception["value"] = context.without_secrets(
            without_rows(str(exception.get("value") or ""))
        )
    return event
