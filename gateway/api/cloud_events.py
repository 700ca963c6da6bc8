"""CloudEvents 1.0, as a batch in JSON: which of its attributes mean what of ours.

id                 id
type               type, with or without the prefix `tael.`
time               at
subject            merchant
data               data
source             who says so; required by CloudEvents, and not looked at
"""

from typing import Any

BATCH = "application/cloudevents-batch+json"
PREFIX = "tael."
VERSION = "1.0"
JSON_TYPES = (None, "application/json")


def event_in(cloud_event: Any) -> Any:
    """The event in our own form that a CloudEvent is.

    An object that is no CloudEvent of version 1.0 with JSON comes back with its id and type alone,
    and what is no object comes back as it is: both are refused like any other event that lacks
    members.
    """
    if not isinstance(cloud_event, dict):
        return cloud_event
    is_one = cloud_event.get("specversion") == VERSION and cloud_event.get("source")
    if not is_one or cloud_event.get("datacontenttype") not in JSON_TYPES:
        return {"id": cloud_event.get("id"), "type": cloud_event.get("type")}
    kind = cloud_event.get("type")
    return {
        "id": cloud_event.get("id"),
        "type": kind.removeprefix(PREFIX) if isinstance(kind, str) else kind,
        "at": cloud_event.get("time"),
        "merchant": cloud_event.get("subject"),
        "data": cloud_event.get("data"),
    }
