"""Checks that this process counts days by the same time-zone data as the books (rule 2.12).

The books name the version. A process that has another one does not start; one that runs while the
books take another is refused by its next connection, as the books are only taken over while nobody
is connected. Looking costs a query for each new connection.
"""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from lib import zones
from merchants.models import TimeZoneData

# Waits for whoever is taking another version, and sees that one then.
VERSION = "SELECT version FROM merchants_timezonedata FOR SHARE"


class WrongTimeZoneData(ImproperlyConfigured):
    """The books count days by another version of the time-zone data than this process."""


def current() -> TimeZoneData:
    """The row of the books' time-zone data; the first process that asks writes it with its own
    version.
    """
    known = TimeZoneData.objects.first()
    if known is None:
        known, _ = TimeZoneData.objects.get_or_create(defaults={"version": zones.VERSION})
    return known


def start() -> None:
    """Check now, and at each connection that this process makes from now on.

    Raises WrongTimeZoneData, and DatabaseError where the books can't be read now.
    """
    connection_created.connect(_look, dispatch_uid="time-zone data")
    _refuse_other(current().version)


def _look(connection: BaseDatabaseWrapper, **_: Any) -> None:
    if connection.alias != DEFAULT_DB_ALIAS:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute(VERSION)
            row = cursor.fetchone()
    except DatabaseError:  # before the first migration
        return
    try:
        _refuse_other(row[0] if row else zones.VERSION)
    except WrongTimeZoneData:
        connection.close()  # or the next query would find it open, and not be looked at
        raise


def _refuse_other(version: str) -> None:
    if version != zones.VERSION:
        raise WrongTimeZoneData(
            f"The books count days by tzdata {version}, and this process by {zones.VERSION}:"
            f" install tzdata=={version}, or stop everything and run"
            ' "manage.py timezones --take" with the new one.'
        )
