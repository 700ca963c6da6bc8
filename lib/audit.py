"""Checks in SQL that the books hold together (chapter 25 of docs/rules.md).

Each app registers its own checks when it starts, and `manage.py audit` runs all of them. What SQL
can't tell, such as whether a key decrypts a secret, is checked row by row (Reading).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from lib import audit_days, cells
from lib.cells import citus

MOST_LISTED = 20
# What a check can ask of the cell that is audited: its number (`cell`; 1 where there are none), and
# what numbers of documents that are given in it begin with (`mark`).
HERE = "audited_here"


@dataclass(frozen=True)
class Check:
    """A sentence about the books that must be true of every row that `sql` selects.

    `sql` selects, for each thing that is checked, its `merchant_id`, what it is (`subject`), and
    two values of one type that must be equal: `expected`, recomputed from what it is made of, and
    `found`. Two or more figures are compared as one record; `what` names them.
    """

    invariant: int  # its rule is 25 and this number
    name: str
    what: str
    sql: str


@dataclass(frozen=True)
class Reading:
    """A sentence about the books that SQL can't check. `look` takes the instant of the audit, goes
    over the rows, and yields for each a Violation, or None if the row is right. `remark` returns a
    sentence about something that is no violation but should be known, or "".
    """

    invariant: int
    name: str
    what: str
    look: Callable[[datetime], Iterable["Violation | None"]]
    remark: Callable[[datetime], str] | None = None


@dataclass(frozen=True)
class Violation:
    """A row that breaks a check: its merchant's reference, what the row is, and the values expected
    and found, as text.
    """

    merchant: str
    subject: str
    expected: str
    found: str


@dataclass(frozen=True)
class Finding:
    """The result of a check: how many rows were checked, how many of them are violations, and the
    first MOST_LISTED violations.
    """

    check: Check | Reading
    checked: int
    violations: int
    listed: Sequence[Violation]
    remark: str = ""


_registered: list[Check | Reading] = []


def register(*checks: Check | Reading) -> None:
    """Add checks to those that the audit runs. Raises ValueError for a name that is taken; none of
    them is added then.
    """
    taken = {check.name for check in _registered}
    for check in checks:
        if check.name in taken:
            raise ValueError(f"there is another check that {check.name}")
        taken.add(check.name)
    _registered.extend(checks)


def registered() -> list[Check | Reading]:
    """The checks of all apps, in the order of their `invariant`."""
    return sorted(_registered, key=lambda check: check.invariant)


# The rows are counted first, without their subjects and references.
COUNT = """
{offsets}
SELECT count(*), count(*) FILTER (WHERE expected IS DISTINCT FROM found) FROM ({sql}) looked_at
"""
LIST = """
{offsets}
SELECT coalesce(merchant.reference, ''), subject, {shown}
FROM ({sql}) looked_at LEFT JOIN merchants_merchant merchant ON merchant.id = merchant_id
WHERE expected IS DISTINCT FROM found ORDER BY 1, 2 LIMIT {limit}
"""

OF_NOBODY = "SELECT NULL::bigint AS merchant_id"  # so begin checks of what is no merchant's
OF_ONE = "SELECT * FROM ({}) of_one WHERE merchant_id = {}"


def run(checks: Sequence[Check | Reading], *, now: datetime) -> list[Finding]:
    """Run the checks on one snapshot of the books, without locking or writing anything; returns a
    finding for each, in the same order.
    """
    with snapshot(), connection.cursor() as cursor:
        offsets = _offsets(cursor)
        return [
            _run_one(check, offsets, cursor)
            if isinstance(check, Check)
            else _read_through(check, now)
            for check in checks
        ]


def run_for(merchant_id: int, own: Mapping[str, str]) -> list[Finding]:
    """What the registered checks in SQL find of the merchant with this primary key, of whom they
    look at nothing else, in the picture that the open transaction has of the books, or else in a
    snapshot; checks of what is no merchant's are left out. `own` has, by the name of a table, SQL
    for the merchant's rows of it: checks find these in the table's place, so that the rows of
    others take no time. The findings come in the order of `registered`.
    """
    with snapshot(), connection.cursor() as cursor:
        offsets = _offsets(cursor)
        return [
            _run_one(
                replace(check, sql=OF_ONE.format(check.sql, int(merchant_id))),
                offsets + _in_place_of(own, check.sql),
                cursor,
            )
            for check in registered()
            if isinstance(check, Check) and not check.sql.lstrip().startswith(OF_NOBODY)
        ]


def _in_place_of(own: Mapping[str, str], sql: str) -> str:
    """What follows in the WITH clause of a check so that it finds the rows `own` in the place of
    those tables that its SQL names.
    """
    named = set(re.findall(r"\w+", sql))
    return "".join(
        f", {table} AS NOT MATERIALIZED ({rows})" for table, rows in own.items() if table in named
    )


@contextmanager
def snapshot() -> Iterator[None]:
    """Run the block in a read-only transaction that sees the books as they are when it starts,
    while others go on writing.

    If a transaction is open already, this does nothing, and the block sees what that transaction
    sees.
    """
    if connection.in_atomic_block:
        yield
        return
    # It writes nothing, so whether books are being moved (cells.asking) is no question.
    with cells.asking(""), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _offsets(cursor: CursorWrapper) -> str:
    """The WITH clause that comes before each check's SQL, with the UTC offsets of all time zones
    that merchants have or had, and HERE.

    It is written into each check, instead of once into a temporary table, so that several workers
    can share a check.
    """
    cursor.execute("SELECT DISTINCT timezone FROM merchants_timezoneperiod")
    rows = audit_days.offsets(name for (name,) in cursor.fetchall())
    columns = "timezone, starts, seconds"
    here = f"SELECT {cells.number()} AS cell, '{cells.mark()}' AS mark"
    return (
        f"WITH {audit_days.OFFSETS}({columns}) AS NOT MATERIALIZED ({rows}),"
        f" {HERE} AS NOT MATERIALIZED ({here})"
    )


def _run_one(check: Check, offsets: str, cursor: CursorWrapper) -> Finding:
    """Count the check's rows and violations by SQL, and list the first MOST_LISTED violations,
    ordered by merchant and subject. `offsets` is the SQL of `_offsets`.
    """
    checked, violations = _counted(COUNT.format(sql=check.sql, offsets=offsets), cursor)
    listed = []
    if violations:
        # Machines of a cluster hand over no records, whose types they have no names for.
        shown = "expected::text, found::text" if citus.is_there() else "expected, found"
        listing = LIST.format(sql=check.sql, offsets=offsets, limit=MOST_LISTED, shown=shown)
        cursor.execute(listing)
        listed = [
            Violation(merchant, subject, _text(expected), _text(found))
            for merchant, subject, expected, found in cursor.fetchall()
        ]
    return Finding(check, checked, violations, listed)


def _counted(sql: str, cursor: CursorWrapper) -> tuple[int, int]:
    """The only row that the SQL gives: (rows looked at, violations)."""
    cursor.execute(sql)
    checked, violations = cursor.fetchone()
    return checked, violations


def _read_through(check: Reading, now: datetime) -> Finding:
    """Go over all rows of the check and count those that are violations; the Finding lists the
    first MOST_LISTED of these, and has the check's remark.
    """
    checked = violations = 0
    listed: list[Violation] = []
    for violation in check.look(now):
        checked += 1
        if violation is not None:
            violations += 1
            listed += [violation] if len(listed) < MOST_LISTED else []
    remark = check.remark(now) if check.remark else ""
    return Finding(check, checked, violations, listed, remark)


def _text(value: object) -> str:
    """The value as text: "nothing" for None, and the items of a list joined by commas."""
    match value:
        case None:
            return "nothing"
        case list() | tuple():
            return ", ".join(map(_text, value))
        case _:
            return str(value)
