"""Reads from the settings what identifies this installation (merchants.installation), and checks
that the database is of the same one.
"""

import logging
import os
from urllib.parse import urlsplit

from django.db import DatabaseError

from config import keys
from config.local import datafolder, embedded

log = logging.getLogger(__name__)

DEMO = "T"


def first_prefix(*, deployed: bool) -> str:
    """The prefix that a new database gets: the environment variable TAEL_PREFIX, if it is
    set and not empty. Otherwise it is "T" for a demonstration, and "" for a deployment
    (`deployed`).
    """
    return os.environ.get("TAEL_PREFIX", "") or ("" if deployed else DEMO)


def place(base_url: str) -> str:
    """A text that says where the installation is: the host of its address `base_url` and, if its
    database is in the data folder, after a blank that folder's path.

    The port is left out, since one process may be given it and another not.
    """
    host = urlsplit(base_url).hostname or base_url
    return f"{host} {datafolder.root()}" if embedded.runs_postgres() else host


def refuse_other_books() -> None:
    """Check that the database has the prefix TAEL_PREFIX, if that is set, counts days by the
    time-zone data that is installed, and that keys which this machine made up for itself open
    something of what it keeps encrypted (keys.refuse_other_keys). The time-zone data is checked for
    each new connection from now on, too.

    Raises WrongPrefix, WrongTimeZoneData, ImproperlyConfigured, and DatabaseError if the database
    can't be read.
    """
    from merchants import installation, time_zone_data  # once there are apps

    time_zone_data.check_connections()
    installation.check()
    keys.refuse_other_keys()


def check() -> None:
    """Check, as a server starts, that the database is of this installation, counts days by the
    installed time-zone data, and is opened by our keys (refuse_other_books). If the database can't
    be read, only log a warning.

    Until the database can be read, the server writes nothing and asks no provider. Raises
    WrongPrefix, WrongTimeZoneData, ImproperlyConfigured.
    """
    try:
        refuse_other_books()
    except DatabaseError as problem:
        said = " ".join(str(problem).split())
        log.warning("It starts, but the books can't be read now: %s", said)
