"""The prefix by which others know this installation, and a check that this is that installation.

Several installations may share one account at a provider, and a restored copy has all the keys of
its original. So every number that others see carries the installation's prefix, and the database
remembers the place for which the prefix was given: a copy that finds itself in another place asks
no provider until `manage.py prefix` has said what it is.
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
    """The database is in another place than the one its prefix was given for, and may be a copy."""

    code = "installation_elsewhere"


class WrongPrefix(ImproperlyConfigured):
    """TAEL_PREFIX is missing, malformed, or another one than the database has."""


def current() -> Installation:
    """The installation's row; it is written here when it is first needed.

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
    """The prefix itself. Raises WrongPrefix where it is malformed."""
    if not PREFIX.fullmatch(prefix):
        raise WrongPrefix(
            f"{prefix!r} can't be a prefix: it has one to eight capitals and digits, and starts"
            " with a capital."
        )
    return prefix


def outside(number: str) -> str:
    """A number or key of ours as others see it, with the prefix: T-2026-000001."""
    return f"{current().prefix}-{number}"


def inside(number: str) -> str:
    """Our own form of a number that is given with or without our prefix."""
    return number.strip().removeprefix(f"{current().prefix}-")


def place() -> str:
    """The place of the database that this process uses, in words that differ for a copy
    elsewhere.
    """
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
    """Raise Elsewhere when the database is in another place than the one its prefix was given
    for.
    """
    known, here = current(), place()
    if known.place != here:
        raise Elsewhere(
            f"installation {known.prefix}: its database was at {known.place!r} and is at {here!r};"
            ' no provider is asked before "manage.py prefix" says whether it is a copy'
        )
