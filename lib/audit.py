"""Asking the books whether they hold together, in SQL (chapter 25 of docs/rules.md).

Each app lists its own checks (`credit.audit.lines`, `billing.audit`); `manage.py audit` runs them
all. What only a key can tell is read row by row (merchants.audit.secrets).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from lib import audit_days

MOST_LISTED = 20


@dataclass(frozen=True)
class Check:
    """One sentence that must be true of every row that `sql` selects.

    `sql` gives for each thing looked at its `merchant_id`, what it is (`subject`), and two values
    of one type that must be the same: `expected`, recomputed from what it is made of, and `found`.
    Two or more figures are compared as one record; `what` names them.
    """

    invariant: int  # its rule is 25 and this number
    name: str
    what: str
    sql: str


@dataclass(frozen=True)
class Reading:
    """One sentence that SQL can't check. `look` goes over the rows and yields, for each thing that
    it looked at, what is wrong with it, or None.
    """

    invariant: int
    name: str
    what: str
    look: Callable[[], Iterable["Violation | None"]]


@dataclass(frozen=True)
class Violation:
    merchant: str
    subject: str
    expected: str
    found: str


@dataclass(frozen=True)
class Finding:
    """What became of a check; `listed` holds the first of its violations."""

    check: Check | Reading
    checked: int
    violations: int
    listed: Sequence[Violation]


# Subjects and references are not made for the rows that are only counted.
COUNT = """
{offsets}
SELECT count(*), count(*) FILTER (WHERE expected IS DISTINCT FROM found) FROM ({sql}) looked_at
"""
LIST = """
{offsets}
SELECT coalesce(merchant.reference, ''), subject, expected, found
FROM ({sql}) looked_at LEFT JOIN merchants_merchant merchant ON merchant.id = merchant_id
WHERE expected IS DISTINCT FROM found ORDER BY 1, 2 LIMIT {limit}
"""


def run(checks: Sequence[Check | Reading]) -> list[Finding]:
    """Run the checks on one picture of the books; nothing is locked, and nothing written."""
    with snapshot(), connection.cursor() as cursor:
        offsets = _offsets(cursor)
        return [
            _run_one(check, offsets, cursor) if isinstance(check, Check) else _read_through(check)
            for check in checks
        ]


@contextmanager
def snapshot() -> Iterator[None]:
    """See the books as they are now, while others go on writing.

    Called within a transaction, it has no effect: what is seen is up to that transaction.
    """
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _offsets(cursor: CursorWrapper) -> str:
    """The SQL that comes before a check's own: the offsets of all time zones that merchants use.

    It is written into each check, instead of once into a temporary table, so that several workers
    can share a check.
    """
    cursor.execute("SELECT DISTINCT timezone FROM merchants_timezoneperiod")
    rows = audit_days.offsets(name for (name,) in cursor.fetchall())
    columns = "timezone, starts, seconds"
    return f"WITH {audit_days.OFFSETS}({columns}) AS NOT MATERIALIZED ({rows})"


def _run_one(check: Check, offsets: str, cursor: CursorWrapper) -> Finding:
    cursor.execute(COUNT.format(sql=check.sql, offsets=offsets))
    checked, violations = cursor.fetchone()
    listed = []
    if violations:
        cursor.execute(LIST.format(sql=check.sql, offsets=offsets, limit=MOST_LISTED))
        listed = [
            Violation(merchant, subject, _text(expected), _text(found))
            for merchant, subject, expected, found in cursor.fetchall()
        ]
    return Finding(check, checked, violations, listed)


def _read_through(check: Reading) -> Finding:
    checked = violations = 0
    listed: list[Violation] = []
    for violation in check.look():
        checked += 1
        if violation is not None:
            violations += 1
            listed += [violation] if len(listed) < MOST_LISTED else []
    return Finding(check, checked, violations, listed)


def _text(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case list() | tuple():
            return ", ".join(map(_text, value))
        case _:
            return str(value)
