"""How a file for the bank is called, which says of which cell its withdrawals are (rule 30.12)."""

import re
import secrets
from datetime import datetime

from lib import cells

# In every cell but the first, its number stands behind the B.
NAME = re.compile(r"B(?:([1-9][0-9]{0,3})-)?[0-9]{6}-[0-9A-F]{6}(?:-[A-Z]{3})?")


def make(now: datetime) -> str:
    """A name for a new file of this cell: the day of `now`, in its own time zone, and six random
    characters, such as B261104-3F9C2A, in cell 7 B7-261104-3F9C2A. Whether a file has it already is
    not looked up.
    """
    cell = "" if cells.number() == cells.FIRST else f"{cells.number()}-"
    return f"B{cell}{now:%y%m%d}-{secrets.token_hex(3).upper()}"


def cell_of(name: str) -> int | None:
    """The number of the cell that made the file with this name, or with such a part in a currency;
    FIRST if the name has no number, and None for what is no such name. Withdrawals of the file may
    have been moved to other cells since.
    """
    found = NAME.fullmatch(name)
    return int(found[1] or cells.FIRST) if found else None
