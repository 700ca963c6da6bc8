"""Reads from the settings what identifies this installation (merchants.installation), and checks
that the database is of the same one.
"""

import logging
import os
from urllib.parse import urlsplit

from django.db import DatabaseError

from config.local import datafolder, embedded

log = logging.getLogger(__name__)

DEMO = "T"


def first_prefix(*, deployed: bool) -> str:
    """The TAEL_PREFIX that a new database gets; a demonstration needs none."""
    return os.environ.get("TAEL_PREFIX", "") or ("" if deployed else DEMO)


def place(base_url: str) -> str:
    """Where the installation is: the host of its address, and the data folder if its database is in
    there.

    The port is left out, since one process may be given it and another not.
    """
    host = urlsplit(base_url).hostname or base_url
    return f"{host} {datafolder.root()}" if embedded.runs_postgres() else host


def refuse_other_books() -> None:
    """Refuse to start when the database has another TAEL_PREFIX, or counts days by other time-zone
    data, than this process.

    Raises WrongPrefix, WrongTimeZoneData, and DatabaseError where the database can't be read.
    """
    from merchants import installation, time_zone_data  # once there are apps

    time_zone_data.check_connections()
    installation.check()


def check() -> None:
    """As `refuse_other_books`, for a server: where the database can't be read, it only logs a
    warning.

    Until the database can be read the server writes nothing and asks no provider. Raises
    WrongPrefix, WrongTimeZoneData.
    """
    try:
        refuse_other_books()
    except DatabaseError as problem:
        said = " ".join(str(problem).split())
        log.warning("It starts, but the books can't be read now: %s", said)
