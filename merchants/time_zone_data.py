"""Checks that this process counts days by the same time-zone data as the books (rule 2.12).

The books name its version. A process that has another one does not start. The books take another
version only while nobody is connected, and a process that still runs then is refused by its next
connection. The check takes a query for each new connection.
"""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from lib import cells, zones
from merchants.models import TimeZoneData

# Waits while another version is being taken (manage.py timezones), and reads that one then.
VERSION = "SELECT version FROM merchants_timezonedata FOR SHARE"
TURN = "time-zone data"  # the lock under which another version is taken
# On a cluster, where a row of what is shared would be locked on every machine, none of which may be
# away then.
VERSION_ON_CLUSTER = f"""
SELECT pg_advisory_xact_lock_shared(hashtextextended('{TURN}', 0));
SELECT version FROM merchants_timezonedata
"""


class WrongTimeZoneData(ImproperlyConfigured):
    """The books count days by another version of the time-zone data than this process has."""


def current() -> TimeZoneData:
    """The row that names the books' version. If there is none yet, it is written with this
    process's version.
    """
    known = TimeZoneData.objects.first()
    if known is None:
        known, _ = TimeZoneData.objects.get_or_create(defaults={"version": zones.VERSION})
    return known


def check_connections() -> None:
    """Check that the process has the time-zone data whose version the database has on record, now
    and whenever a connection is made.

    Raises WrongTimeZoneData if it has not, now or as a connection is made; and DatabaseError if the
    record can't be read now.
    """
    connection_created.connect(_check_connection, dispatch_uid="time-zone data")
    _refuse_other(current().version)


def _check_connection(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Close a new connection to the default database and raise WrongTimeZoneData if the books have
    another version than this process. A database without that table, or without a row in it, is
    accepted, and so is every other database.
    """
    if connection.alias != DEFAULT_DB_ALIAS:
        return
    try:
        with connection.wrap_database_errors:
            is_cluster = cells.are_on() and connection.connection.is_distributed()
        with connection.cursor() as cursor:
            cursor.execute(VERSION_ON_CLUSTER if is_cluster else VERSION)
            if is_cluster:
                cursor.nextset()
            row = cursor.fetchone()
    except DatabaseError:  # before the first migration
        return
    try:
        _refuse_other(row[0] if row else zones.VERSION)
    except WrongTimeZoneData:
        connection.close()  # or the next query would find it open, and not be looked at
        raise


def _refuse_other(version: str) -> None:
    """Raise WrongTimeZoneData if this version is not the process's own."""
    if version != zones.VERSION:
        raise WrongTimeZoneData(
            f"The books count days by tzdata {version}, and this process by {zones.VERSION}:"
            f" install tzdata=={version}, or stop everything and run"
            ' "manage.py timezones --take" with the new one.'
        )
