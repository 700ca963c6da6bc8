"""What this installation is called by others, and whether it is the one they know.

Several installations may share one account at a provider, and a restored copy has all the keys of
its original. So what leaves the house carries the installation's prefix, and the database remembers
the place for which the prefix was given: a copy that finds itself in another one asks no provider
until `manage.py prefix` has said what it is.
"""

import re

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from lib.refusals import Refused
from merchants.models import Installation

PREFIX = re.compile(r"[A-Z][A-Z0-9]{0,7}")

# Which PostgreSQL server it is, made once with its data, and which database there.
DATABASE = """
SELECT control.system_identifier, database.oid
FROM pg_control_system() control, pg_database database
WHERE database.datname = current_database()
"""


class Elsewhere(Refused):
    """The database is not where its prefix was given to it: it may be a copy."""

    code = "installation_elsewhere"


class WrongPrefix(ImproperlyConfigured):
    """TAEL_PREFIX is missing, malformed, or another one than the database has."""


def current() -> Installation:
    """The installation; written down here when nobody has needed it before.

    Raises WrongPrefix where a deployment was not told its prefix.
    """
    known = Installation.objects.first()
    if known is not None:
        return known
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
    """The prefix itself. Raises WrongPrefix for what can't be one."""
    if not PREFIX.fullmatch(prefix):
        raise WrongPrefix(
            f"{prefix!r} can't be a prefix: it has one to eight capitals and digits, and starts"
            " with a capital."
        )
    return prefix


def outside(number: str) -> str:
    """What a number or key of ours is called where others see it: T-2026-000001."""
    return f"{current().prefix}-{number}"


def inside(number: str) -> str:
    """What we call a number by that somebody gives with or without our prefix."""
    return number.strip().removeprefix(f"{current().prefix}-")


def place() -> str:
    """Where this process finds its database, in words that a copy elsewhere does not share."""
    with connection.cursor() as cursor:
        cursor.execute(DATABASE)
        server, database = cursor.fetchone()
    return f"{settings.TAEL_PLACE} {server}/{database}"


def check() -> None:
    """Raise WrongPrefix where TAEL_PREFIX is another prefix than the database has."""
    known = current()
    if settings.TAEL_PREFIX and known.prefix != settings.TAEL_PREFIX:
        raise WrongPrefix(
            f"TAEL_PREFIX is {settings.TAEL_PREFIX}, and this database has the prefix"
            f" {known.prefix}. Set TAEL_PREFIX to {known.prefix}, or use another database; if it is"
            f' a copy, "manage.py prefix {settings.TAEL_PREFIX}" gives it its own prefix.'
        )


def refuse_elsewhere() -> None:
    """Raise Elsewhere for a database that is not where its prefix was given to it."""
    known, here = current(), place()
    if known.place != here:
        raise Elsewhere(
            f"installation {known.prefix}: its database was at {known.place!r} and is at {here!r};"
            ' no provider is asked before "manage.py prefix" says whether it is a copy'
        )
