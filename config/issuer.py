"""Reads who issues bills, and the account that transfers go to, from the environment."""

import os


def lines(name: str) -> list[str]:
    r"""The lines of a variable, which end in a line break or in the characters `\n`."""
    given = os.environ.get(name, "").replace("\\n", "\n")
    return [line.strip() for line in given.splitlines() if line.strip()]
