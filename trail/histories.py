"""What was decided about something so far, as operators read it before the next decision."""

from backoffice.briefs import FEW, History, Past
from trail import actions
from trail.models import TrailEntry


def of_subject(subject: str) -> History:
    """Read the history of the latest FEW trail rows, of whatever action and merchant, about exactly
    what the trail calls `subject`, latest first.
    """
    entries = TrailEntry.objects.filter(subject=subject).order_by("-at", "-id")[:FEW]
    return History(
        "Decided lately",
        [
            Past(entry.at, f"{actions.label(entry.action)}{_changed(entry)}", entry.actor,
                 entry.reason)
            for entry in entries
        ],
    )  # fmt: skip


def _changed(entry: TrailEntry) -> str:
    """The values that the entry changed, before and after, following a colon; "" where it names no
    values.
    """
    values = [
        f"{name.replace('_', ' ')} {entry.before.get(name, '–')} → {entry.after.get(name, '–')}"
        for name in {**entry.before, **entry.after}
    ]
    return f": {'; '.join(values)}" if values else ""
