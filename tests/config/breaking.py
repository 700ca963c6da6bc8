"""What a break of the audit is made of (audit_breaks.py)."""

from typing import NamedTuple

DRESS = "(SELECT id FROM merchants_merchant WHERE reference = 'dress')"
SILK = "(SELECT id FROM merchants_merchant WHERE reference = 'silk')"


class Break(NamedTuple):
    """SQL that no operation would send, and what the check says of it."""

    check: str
    sql: str
    seen: str


def drop(table: str, name: str) -> str:
    """SQL that drops a constraint which would have refused the break."""
    return f"ALTER TABLE {table} DROP CONSTRAINT {name};"
