"""What stands between the cells of a CSV file that somebody made: spreadsheets of some countries
write semicolons.
"""

import re
from collections.abc import Sequence

DELIMITERS = (",", ";", "\t")
# The line by which Excel is told what stands between cells, and which it writes in turn.
SEPARATOR = re.compile(r'"?sep=(?P<delimiter>[,;\t|])"?', re.IGNORECASE)


def told(lines: Sequence[str], first: int) -> tuple[str, list[str]]:
    """What stands between the cells, by the first line that is not blank, number `first`: a
    heading, or a line such as `sep=;` above it. Also returns the lines, with that one blank.
    """
    if said := SEPARATOR.fullmatch(lines[first].strip()):
        return said["delimiter"], [*lines[:first], "", *lines[first + 1 :]]
    return max(DELIMITERS, key=lines[first].count), list(lines)
