"""What a break of the audit is made of (audit_breaks.py)."""

from typing import NamedTuple

OF = "(SELECT id FROM merchants_merchant WHERE reference = '{}')"
DRESS = OF.format("dress")
SILK = OF.format("silk")
LINEN = OF.format("linen")
WOOL = OF.format("wool")
JUTE = OF.format("jute")
HEMP = OF.format("hemp")
FLAX = OF.format("flax")


class Break(NamedTuple):
    """SQL that no operation would send, and what the check says of it: the row, and what is wrong
    with it. Between them … stands for keys and figures that do not matter.
    """

    check: str
    sql: str
    seen: str


# The check of constraints: a break drops one, and the rows that it refused are listed.
DECLARED = "what the models declare is in place in the database, or no row breaks it"


def drop(table: str, name: str) -> str:
    """SQL that drops a constraint which would have refused the break."""
    return f"ALTER TABLE {table} DROP CONSTRAINT {name};"
