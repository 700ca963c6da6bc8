"""What stands between the cells of a CSV file that somebody made: spreadsheets of some countries
write semicolons.
"""

import re
from collections.abc import Sequence

DELIMITERS = (",", ";", "\t")
# The line by which Excel is told what stands between cells, and which it writes in turn.
SEPARATOR = re.compile(r'"?sep=(?P<delimiter>[,;\t|])"?', re.IGNORECASE)


def told(lines: Sequence[str], first: int) -> tuple[str, list[str]]:
    """The delimiter of the cells of a CSV file, and the file's lines. If the line at the index
    `first`, the first one that is not blank, is one such as `sep=;`, the delimiter is the one that
    it names, and it is blank in the lines returned. Otherwise it is the one of DELIMITERS that is
    most often in that line, and the lines are returned as they are.
    """
    if said := SEPARATOR.fullmatch(lines[first].strip()):
        return said["delimiter"], [*lines[:first], "", *lines[first + 1 :]]
    return max(DELIMITERS, key=lines[first].count), list(lines)
