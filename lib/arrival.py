"""Limits the instant that a system states for an event by the instant at which we received it (rule
3.5).

An event counts at its arrival. Due dates, maturity and days of service follow the instant that was
stated, which is kept as it was stated.
"""

from datetime import datetime, timedelta

from lib.refusals import Invalid

FORGIVEN = timedelta(minutes=5)  # by which the clocks of two systems may differ


def counted(at: datetime, *, arrived: datetime) -> datetime:
    """The instant that counts for something that is said to have happened at `at` and of which we
    heard at `arrived`: the earlier of both.
    """
    return min(at, arrived)


def check(at: datetime, *, arrived: datetime) -> None:
    """Raise Invalid if `at` is more than FORGIVEN (5 minutes) after the instant at which we heard
    of it.
    """
    if at > arrived + FORGIVEN:
        raise Invalid("at", f"{at.isoformat()} is not here yet")
