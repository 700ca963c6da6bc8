"""Reads a bank's file, whichever of the formats it is (rule 29.10)."""

from lib.bank_files import camt, mt940
from lib.bank_files.said import Statement, UnreadableFile
from lib.bank_files.xml_tree import LARGEST

MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def read(content: bytes) -> list[Statement]:
    """The statements of the file, in its order: camt.053, camt.054 or MT940, in the encoding that
    it names or has.

    Raises UnreadableFile for anything else, for more than 10 MB, and for half a file. Balances are
    not checked here (Statement.check).
    """
    if len(content) > LARGEST:
        raise UnreadableFile("the file is larger than 10 MB")
    start = content.lstrip()
    if not start:
        raise UnreadableFile("the file is empty")
    if start.removeprefix(MARKS[0]).lstrip().startswith(b"<") or start.startswith(MARKS[1:]):
        return camt.read(content)
    if b":20:" in content:
        return mt940.read(content)
    raise UnreadableFile("the file is neither camt.053, camt.054 nor MT940")
