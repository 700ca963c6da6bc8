"""Django looks for a database back end under this module name."""

from config.local.ondemand import base
from lib.cells import base as cells


class DatabaseWrapper(base.DatabaseWrapper, cells.DatabaseWrapper):
    """Django's connection to the embedded PostgreSQL, of an installation with cells."""
