"""When something happened, as it was said, and when we heard of it (rule 3.5).

What is told counts at its arrival. Due dates, maturity and days of service follow the instant that
was said, which is kept as it was said.
"""

from datetime import datetime, timedelta

from lib.refusals import Invalid

FORGIVEN = timedelta(minutes=5)  # by which the clocks of two systems may differ


def counted(at: datetime, *, arrived: datetime) -> datetime:
    """The instant to compute with for what is said to have happened at `at`: never a later one
    than its arrival.
    """
    return min(at, arrived)


def check(at: datetime, *, arrived: datetime) -> None:
    """Raises Invalid for what is said to happen later than it arrived, by more than is forgiven."""
    if at > arrived + FORGIVEN:
        raise Invalid("at", f"{at.isoformat()} is not here yet")
