"""How a file for the bank is called, which says of which cell its withdrawals are (rule 30.12)."""

import re
import secrets
from datetime import datetime

from lib import cells

# In every cell but the first, its number stands behind the B.
NAME = re.compile(r"B(?:([1-9][0-9]{0,3})-)?[0-9]{6}-[0-9A-F]{6}(?:-[A-Z]{3})?")


def make(now: datetime) -> str:
    """A name for a new file of this cell, such as B261104-3F9C2A, in cell 7 B7-261104-3F9C2A."""
    cell = "" if cells.number() == cells.FIRST else f"{cells.number()}-"
    return f"B{cell}{now:%y%m%d}-{secrets.token_hex(3).upper()}"


def cell_of(name: str) -> int | None:
    """The number of the cell whose file has this name, or a part of it in a currency; None for what
    is no such name.
    """
    found = NAME.fullmatch(name)
    return int(found[1] or cells.FIRST) if found else None
