"""The record of a replay: how far its file was applied, what became of its events, and which were
refused.
"""

import json
from collections import defaultdict
from collections.abc import Sequence

from gateway.models import Replay, ReplayRejection
from gateway.replayed_files import Line
from lib import prepared, rows
from lib.events import Event, Outcome

# Asked anew for each window, of which a file may have thousands.
NOTE = """
UPDATE gateway_replay
SET events_done = %(done)s::bigint, clock = %(clock)s::timestamptz, outcomes = %(outcomes)s::jsonb
WHERE id = %(replay)s
"""
NO_EVENT = "(no event)"  # what the table calls lines that say none


def note(replay: Replay, window: Sequence[Line], outcomes: Sequence[Outcome]) -> None:
    """Add this group of lines to the replay, on the object and in the database: its lines to
    `events_done`, what became of them to `outcomes` (by the event's type, then by status), and a
    ReplayRejection for each that was rejected. The replay's clock is written as it is on the
    object. `outcomes` has one for each line of `window`. It is part of the caller's transaction;
    the object stays changed if that is undone.
    """
    counts = defaultdict(dict, replay.outcomes)
    rejections = []
    for line, outcome in zip(window, outcomes, strict=True):
        name = line.parsed.type if isinstance(line.parsed, Event) else NO_EVENT
        counts[name][outcome.status] = counts[name].get(outcome.status, 0) + 1
        if outcome.status == "rejected":
            rejections.append(_rejection(replay, line, outcome))
    rows.insert(rejections)
    replay.outcomes = dict(counts)
    replay.events_done += len(window)
    values = {
        "replay": replay.pk,
        "done": replay.events_done,
        "clock": replay.clock,
        "outcomes": json.dumps(replay.outcomes),
    }
    prepared.run(NOTE, values)


def _rejection(replay: Replay, line: Line, outcome: Outcome) -> ReplayRejection:
    """The record of a rejected line, which is not saved yet."""
    event = line.parsed if isinstance(line.parsed, Event) else None
    return ReplayRejection(
        replay=replay,
        line=line.number,
        event=event.id if event else "",
        type=event.type if event else "",
        code=outcome.code,
        reason=outcome.reason,
    )
