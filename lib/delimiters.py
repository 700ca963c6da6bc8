"""What stands between the cells of a CSV file that somebody made: spreadsheets of some countries
write semicolons.
"""

import re
from collections.abc import Sequence

DELIMITERS = (",", ";", "\t")
# The line by which Excel is told what stands between cells, and which it writes in turn.
SEPARATOR = re.compile(r'"?sep=(?P<delimiter>[,;\t|])"?', re.IGNORECASE)


def told(lines: Sequence[str], first: int) -> tuple[str, list[str]]:
    """The delimiter of the cells of a CSV file's lines, and the lines. It is the one that a line
    such as `sep=;` names if line number `first`, the first that is not blank, is such a line, which
    is blank in the lines returned; otherwise the one of DELIMITERS that is most often in that line.
    """
    if said := SEPARATOR.fullmatch(lines[first].strip()):
        return said["delimiter"], [*lines[:first], "", *lines[first + 1 :]]
    return max(DELIMITERS, key=lines[first].count), list(lines)
