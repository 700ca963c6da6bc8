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
    """The event in our own form.

    What is no CloudEvent comes back as it is, without the members of an event: it is refused like
    any other that is none.
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
