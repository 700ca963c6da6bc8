"""What stands between the cells of a CSV file that somebody made: spreadsheets of some countries
write semicolons.
"""

import re
from collections.abc import Sequence

DELIMITERS = (",", ";", "\t")
# The line by which Excel is told what stands between cells, and which it writes in turn.
SEPARATOR = re.compile(r'"?sep=(?P<delimiter>[,;\t|])"?', re.IGNORECASE)


def told(lines: Sequence[str], first: int) -> tuple[str, list[str]]:
    """What stands between the cells of these lines, by the line number `first`, the first one that
    is not blank: a heading, or a line such as `sep=;` above it. Returns it with the lines, in which
    a line of that kind is blank.
    """
    if said := SEPARATOR.fullmatch(lines[first].strip()):
        return said["delimiter"], [*lines[:first], "", *lines[first + 1 :]]
    return max(DELIMITERS, key=lines[first].count), list(lines)
