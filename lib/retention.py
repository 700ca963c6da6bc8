"""How long what is kept for a while is kept: numbers of days, from the environment."""

import os

from django.core.exceptions import ImproperlyConfigured


def days(name: str, default: int, *, least: int = 1) -> int:
    """The number of days in the environment variable `name`; `default` if it is not set, or blank.
    Raises ImproperlyConfigured if it is not a whole number, or less than `least`.
    """
    given = os.environ.get(name, "").strip() or str(default)
    if not given.isdecimal() or int(given) < least:
        raise ImproperlyConfigured(f"{name} is a number of days, {least} at least.")
    return int(given)
