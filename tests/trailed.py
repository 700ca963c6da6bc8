"""Reading the audit trail in tests."""

from typing import Any, NamedTuple

from trail.models import TrailEntry


class Told(NamedTuple):
    """One row, without who, when and why."""

    action: str
    subject: str
    before: dict[str, Any]
    after: dict[str, Any]


def newest() -> int:
    """The key of the trail's newest row; 0 if it is empty."""
    return TrailEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def entries(since: int = 0) -> list[TrailEntry]:
    """What was written after the entry `since`, in order."""
    return list(TrailEntry.objects.filter(pk__gt=since).select_related("merchant").order_by("pk"))


def told(since: int = 0) -> list[Told]:
    """What the trail has after the row with this key."""
    return [
        Told(entry.action, entry.subject, entry.before, entry.after) for entry in entries(since)
    ]
