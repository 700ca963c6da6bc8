"""Structured references of payments (ISO 11649): makes them, and finds them in what payers
write.
"""

import re

from stdnum import iso11649
from stdnum.iso7064 import mod_97_10

LONGEST_BODY = 21  # behind RF and the check digits
SHORTEST_BODY = 5  # of ours; the standard allows less, which too much text would look like
START = re.compile(r"RF\d\d")


def make(body: str) -> str:
    """The reference with this body of 1 to LONGEST_BODY letters and digits: RF, two check digits,
    and the body in capitals.
    """
    assert body.isalnum()
    assert body.isascii()
    assert len(body) <= LONGEST_BODY
    return f"RF{98 - mod_97_10.checksum(body.upper() + 'RF00'):02}{body.upper()}"


def spaced(reference: str) -> str:
    """The reference in groups of four, as people read and type it."""
    return iso11649.format(reference)


def found_in(text: str) -> list[str]:
    """Return all texts that may be structured references in what a payer wrote, judged by their
    check digits; bodies shorter than SHORTEST_BODY are not looked for. They are returned in
    capitals and without the spaces, hyphens and line ends that payers put into them, in the order
    of the places where they begin, each once. Words may follow right behind a reference, so several
    may begin at one place, the longest first. The caller picks those that were given.
    """
    plain = "".join(char for char in text.upper() if char.isalnum() and char.isascii())
    found: list[str] = []
    for start in START.finditer(plain):
        for length in range(4 + LONGEST_BODY, 3 + SHORTEST_BODY, -1):
            candidate = plain[start.start() : start.start() + length]
            if len(candidate) == length and iso11649.is_valid(candidate):
                found.append(candidate)
    return list(dict.fromkeys(found))
