"""Reads who issues bills, and the account that transfers go to, from the environment."""

import os


def lines(name: str) -> list[str]:
    r"""The lines of the environment variable `name`, which end in a line break or in the characters
    `\n`. They are stripped, and empty ones left out; [] if the variable is not set.
    """
    given = os.environ.get(name, "").replace("\\n", "\n")
    return [line.strip() for line in given.splitlines() if line.strip()]
