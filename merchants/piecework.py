"""Many rows worked off so that one that fails holds up none of the others."""

from collections.abc import Callable, Sequence

from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError

Failures = dict[int, Exception]  # by the row's primary key

# What is no row's fault: the database went away, two deadlocked, or the time is up.
NOBODYS_FAULT = (OperationalError, InterfaceError, SoftTimeLimitExceeded)


def one_by_one(do: Callable[[int], object], keys: Sequence[int]) -> Failures:
    """Do each row by itself; those that failed, and how."""
    failures: Failures = {}
    for key in keys:
        try:
            do(key)
        except NOBODYS_FAULT:
            raise
        except Exception as error:
            failures[key] = error
    return failures


def by_halves(do: Callable[[Sequence[int]], object], keys: Sequence[int]) -> Failures:
    """Do all rows in one go; where that fails, each half of them, down to those at fault.

    `do` has to undo what it did before it failed, or be safe to run again.
    """
    try:
        do(keys)
    except NOBODYS_FAULT:
        raise
    except Exception as error:
        if len(keys) == 1:
            return {keys[0]: error}
        middle = len(keys) // 2
        return by_halves(do, keys[:middle]) | by_halves(do, keys[middle:])
    return {}
