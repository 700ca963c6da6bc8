"""What became of a row that waits for no decision any more, for who opens its decision's page."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backoffice import times


@dataclass(frozen=True)
class LastDecision:
    """What was decided about a row, by whom, and when, as far as that is known."""

    what: str
    who: str = ""
    at: datetime | None = None


# The steps that end the waiting of a row, by the columns that keep who took them, and when. Of
# several the first counts.
STEPS = (
    *("returned", "corrected", "blocked", "undone", "moved"),
    *("ended", "decided", "answered", "lifted", "withdrawn", "revoked", "resolved", "sent_again"),
    *("approved", "closed"),
)


def became(row: Any, last: LastDecision | None) -> str:
    """A sentence about what was last decided about the row, by whom and when, as far as `last` says
    that; if `last` is None, that the row waits for no such decision now.
    """
    if last is None:
        return f"{row} waits for no such decision now."
    by = f" by {last.who}" if last.who else ""
    when = f" on {times.in_words(last.at)}" if last.at else ""
    return f"{row}: {last.what}{by}{when}."


def by_its_columns(row: Any) -> LastDecision | None:
    """What was last decided about the row, read from its own columns: the first step of STEPS,
    which need not be the latest, whose instant (`<step>_at`) is set, with the row's status (or the
    step's name, if it has none), and the person and instant of the step. Without such a step only
    its status; None if it has no status either.
    """
    status = getattr(row, "get_status_display", None)
    for step in STEPS:
        at = getattr(row, f"{step}_at", None)
        if at is not None:
            what = str(status()) if status else step.replace("_", " ").capitalize()
            return LastDecision(what, str(getattr(row, f"{step}_by", "")), at)
    return LastDecision(str(status())) if status else None
