"""The job that removes what has been kept for long enough, and the list of what that is, of which
each package registers its own part (rule 21.21).

Each kind is removed in small transactions, oldest first, each with the trail row that says how much
it was. So a run that is killed has said exactly what it did, the next one goes on, and of two at
once neither waits for, nor counts, what the other removes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from jobs.chunks import Failures, one_by_one
from jobs.definitions import Job
from jobs.in_cells import InCells
from jobs.trail import Action
from lib.registry import Registry
from trail import operations as trail

AT_ONCE = 2_000  # rows of a transaction
MOST = 100_000  # rows of a kind that one run removes: the next one goes on
ACTOR = "retention"


@dataclass(frozen=True)
class Kept:
    """A kind of rows that are kept for a number of days."""

    place: int  # by which the job knows it
    name: str  # on the trail
    setting: str  # the number of days, by the name of Django's setting; "" for what just ends
    # The rows that are older than the first instant, as of the second.
    old: Callable[[datetime, datetime], "QuerySet[Any]"]
    # What of them is removed: the rows, unless another function empties them. Returns their number.
    remove: Callable[["QuerySet[Any]"], int] = lambda rows: _delete(rows)

    def rows(self, now: datetime) -> "QuerySet[Any]":
        """The query for the rows of this kind that have been kept for long enough at `now`."""
        return self.old(self.before(now), now)

    def before(self, now: datetime) -> datetime:
        """The instant before which rows of this kind are old enough at `now` to be removed or
        emptied: the setting's number of days earlier, or `now` itself for a kind without a setting.
        """
        return now - timedelta(days=getattr(settings, self.setting) if self.setting else 0)


KEPT: Registry[Kept] = Registry()


def due(now: datetime) -> Sequence[int]:
    """The places (Kept.place) of the kinds of which there is something to remove, or to empty, at
    `now`.
    """
    return [kept.place for kept in KEPT if kept.rows(now).exists()]


def apply(places: Sequence[int], now: datetime) -> Failures:
    """Delete the rows that have been kept for long enough of the kinds at these places
    (Kept.place), or empty them where they stay without what they said, at most MOST of each kind,
    with trail rows. Returns the places of the kinds that failed, with their errors; one of
    TRANSIENT_ERRORS is raised at once, and the places after it are not tried. Rows that another
    worker is removing are passed over.
    """
    kinds = {kept.place: kept for kept in KEPT}
    return one_by_one(lambda place: _apply(kinds[place], now), places)


def _apply(kept: Kept, now: datetime) -> None:
    """Remove the old rows of this kind, or empty them (Kept.remove), a few at a time and at most
    MOST of them, with a trail row for each time. The rows are locked as that is done.
    """
    left = MOST
    while left > 0 and (removed := _some(kept, min(AT_ONCE, left), now)):
        left -= removed


@transaction.atomic
def _some(kept: Kept, most: int, now: datetime) -> int:
    """Lock at most `most` old rows of this kind, the oldest first, and remove or empty them
    (Kept.remove), with a trail row that says how many. Returns that number, or the larger one of
    rows that were removed along with them; 0 if there is nothing to remove. Rows that another
    worker is removing are passed over.
    """
    rows = kept.rows(now)
    keys = list(
        rows.order_by("pk").select_for_update(skip_locked=True, of=("self",))
        .values_list("pk", flat=True)[:most]
    )  # fmt: skip
    if not keys:
        return 0
    removed = kept.remove(rows.model._default_manager.filter(pk__in=keys))
    trail.write(
        Action.RETENTION_APPLIED,
        actor=ACTOR,
        subject=kept.name,
        after={"removed": len(keys), "older_than": kept.before(now).isoformat()},
        now=now,
    )
    return max(removed, len(keys))


def _delete(rows: "QuerySet[Any]") -> int:
    """Delete these rows; returns how many rows that were, with those that were deleted along with
    them.
    """
    count, _ = rows.delete()
    return count


RETENTION = Job(
    "retention",
    due=due,
    work=apply,
    every=timedelta(hours=6),
    chunk=1,
    in_replay=False,
    where=InCells.EACH,
)
