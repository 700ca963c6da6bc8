"""What became of a row that waits for no decision any more, for who opens its decision's page."""

from datetime import datetime
from typing import Any

# The steps that end the waiting of a row, by the columns that keep who took them, and when. Of
# several the first counts.
STEPS = ("ended", "decided", "answered", "lifted", "withdrawn", "revoked", "resolved", "approved")


def became(row: Any) -> str:
    """A sentence about what the row became, by whom, and when. A model whose rows keep that
    elsewhere has a method `last_decision`, which returns these three or None.
    """
    what, who, at = _last_decision(row)
    by = f" by {who}" if who else ""
    when = f" on {at:%d %B %Y, %H:%M} UTC" if at else ""
    return f"{row}: {what}{by}{when}." if what else f"{row} waits for no such decision now."


def _last_decision(row: Any) -> tuple[str, str, datetime | None]:
    """What was decided about the row, by whom, and when; "" and None where that is not known."""
    own = getattr(row, "last_decision", None)
    found = own() if own else None
    if found:
        return found  # type: ignore[no-any-return]
    status = getattr(row, "get_status_display", None)
    for step in STEPS:
        at = getattr(row, f"{step}_at", None)
        if at is not None:
            what = str(status()) if status else step.capitalize()
            return what, str(getattr(row, f"{step}_by", "")), at
    return (str(status()) if status else "", "", None)
