"""The prefix by which providers and banks know this installation, and whether its database was
moved or copied.

Several installations may share one account at a provider, and a restored copy has all the keys of
its original. So every number that others see carries the installation's prefix, and the database
remembers the place for which the prefix was given: a copy in another place asks no provider until
`manage.py prefix` has said what it is.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from lib import cells, prepared, rows
from lib.refusals import Refused
from merchants.models import Installation

PREFIX = re.compile(r"[A-Z][A-Z0-9]{0,7}")
ANY = re.compile(rf"^{PREFIX.pattern}-")
# What stands in front of a number that was given in another cell than the first (cells.mark).
MARKED = re.compile(r"[1-9][0-9]{0,3}-(?=[A-Z]|[0-9]{4}-)")

FIELDS = [field.attname for field in Installation._meta.concrete_fields]
CURRENT = f"SELECT {', '.join(FIELDS)} FROM merchants_installation ORDER BY id FETCH FIRST ROW ONLY"

# The prefix as a page has read it, in a list of at most one; None where nothing is remembered.
_remembered: ContextVar[list[str] | None] = ContextVar("installation_prefix", default=None)

# The identifier that PostgreSQL drew for the server's data when it was created, and the database.
DATABASE = """
SELECT control.system_identifier, database.oid
FROM pg_control_system() control, pg_database database
WHERE database.datname = current_database()
"""


class Elsewhere(Refused):
    """The database is not in the place that its prefix was given for, so it may be a copy."""

    code = "installation_elsewhere"


class WrongPrefix(ImproperlyConfigured):
    """TAEL_PREFIX is missing, malformed, or differs from the database's prefix."""


def current() -> Installation:
    """The installation's row. If there is none yet, it is created with the prefix TAEL_PREFIX, or
    "T" in a demonstration that has no TAEL_PREFIX, and with where the database is now (`place`).

    Raises WrongPrefix if there is no row and TAEL_PREFIX is malformed or, in a deployment, missing.
    Whether it is the row's prefix is not looked at here (`check`).
    """
    row = prepared.row(CURRENT, ())
    if row is not None:
        return rows.loaded(Installation, FIELDS, row)
    if not settings.TAEL_FIRST_PREFIX:
        raise WrongPrefix(
            "Set TAEL_PREFIX, one to eight capitals and digits such as T: what providers and banks"
            " know this installation by, and no other that shares an account with it."
        )
    made, _ = Installation.objects.get_or_create(
        defaults={"prefix": checked(settings.TAEL_FIRST_PREFIX), "place": place()}
    )
    return made


def checked(prefix: str) -> str:
    """Return the prefix, if it is well formed: one to eight capitals and digits, of which the first
    is a capital. Raises WrongPrefix otherwise.
    """
    if not PREFIX.fullmatch(prefix):
        raise WrongPrefix(
            f"{prefix!r} can't be a prefix: it has one to eight capitals and digits, and starts"
            " with a capital."
        )
    return prefix


def prefix() -> str:
    """What stands in front of numbers that are given here, as others see them: the installation's
    prefix and, inside each cell but the first, the cell's number, such as T or T7.
    """
    return f"{own()}{cells.mark()}".removesuffix("-")


def own() -> str:
    """The installation's prefix, as the page has read it or else as it is now (`current`, which
    creates the row if there is none).
    """
    known = _remembered.get()
    if known is None:
        return current().prefix
    if not known:
        known.append(current().prefix)
    return known[0]


@contextmanager
def remembered(prefix: str = "") -> Iterator[None]:
    """A context in which the installation's prefix is read from the database once at most, however
    many numbers a page has; not at all if `prefix`, which is the installation's, is given.
    """
    before = _remembered.set([prefix] if prefix else [])
    try:
        yield
    finally:
        _remembered.reset(before)


def outside(number: str) -> str:
    """A number or key of ours with the prefix in front, as others see it, such as T-2026-000001; of
    one that was given in cell 7 (7-2026-000001) it is T7-2026-000001, in whatever cell it is asked.
    """
    return f"{own()}{number}" if MARKED.match(number) else f"{own()}-{number}"


def outside_sql(column: str) -> str:
    """SQL for what `outside` makes of the text in this column; NULL stays NULL."""
    marked = "'^[1-9][0-9]{0,3}-([A-Z]|[0-9]{4}-)'"
    dash = f"CASE WHEN {column} ~ {marked} THEN '' ELSE '-' END"
    return f"'{checked(own())}' || {dash} || {column}"


def inside(number: str) -> str:
    """A number of ours without spaces around it and without the installation's prefix in front,
    whether or not it has it; the number of a cell that follows the prefix stays: of T7-2026-000001
    it is 7-2026-000001.
    """
    number = number.strip()
    rest = number.removeprefix(own())
    if rest != number and (rest.startswith("-") or MARKED.match(rest)):
        return rest.removeprefix("-")
    return number


def inside_of_any(key: str) -> str:
    """A key of ours, as `outside` made it, without the prefix in front: the present one, or another
    one that the installation had before. Of an earlier one with cells the cell's number is lost.
    """
    own_key = inside(key)
    return own_key if own_key != key else ANY.sub("", key)


def cell_of(number: str) -> int | None:
    """The number of the cell whose prefix this number begins with, as others write it:
    T-2026-000001 is the first cell's, T7-2026-000001 that of cell 7. None if it begins with no
    prefix of this installation.
    """
    found = re.match(rf"{own()}([1-9][0-9]{{0,3}})?-", number.strip())
    return int(found[1] or cells.FIRST) if found else None


def place() -> str:
    """A text that identifies where the database is: TAEL_PLACE, the PostgreSQL server, and the
    database on it. It differs for a copy elsewhere.
    """
    with connection.cursor() as cursor:
        cursor.execute(DATABASE)
        server, database = cursor.fetchone()
    return f"{settings.TAEL_PLACE} {server}/{database}"


def check() -> None:
    """Raise WrongPrefix if TAEL_PREFIX is set and is not the database's prefix. A database without
    one is given its first (`current`), which raises WrongPrefix if TAEL_PREFIX is malformed or, in
    a deployment, missing.
    """
    known = current()
    if settings.TAEL_PREFIX and known.prefix != settings.TAEL_PREFIX:
        raise WrongPrefix(
            f"TAEL_PREFIX is {settings.TAEL_PREFIX}, and this database has the prefix"
            f" {known.prefix}. Set TAEL_PREFIX to {known.prefix}, or use another database; if it is"
            f' a copy, "manage.py prefix {settings.TAEL_PREFIX}" gives it its own prefix.'
        )


def refuse_elsewhere() -> None:
    """Raise Elsewhere if the database is not in the place that its prefix was given for, and
    WrongPrefix if it has no prefix and none is set (`current`, which writes the first row).
    """
    known, here = current(), place()
    if known.place != here:
        raise Elsewhere(
            f"installation {known.prefix}: its database was at {known.place!r} and is at {here!r};"
            ' no provider is asked before "manage.py prefix" says whether it is a copy'
        )
