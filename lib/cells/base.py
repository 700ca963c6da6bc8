"""Django looks for a database back end under this module name."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.postgresql import base
from django.db.backends.postgresql.psycopg_any import IsolationLevel

from lib import cells, pooled
from lib.cells.connection import Connection, Cursor


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's connection to PostgreSQL, of an installation with cells."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        """Have a pool, if there is one, make our connections, and switch Django's server-side
        cursors off. Raises ImproperlyConfigured for settings with an isolation level.
        """
        super().__init__(*arguments, **more)
        options = self.settings_dict["OPTIONS"]
        if "isolation_level" in options:
            raise ImproperlyConfigured("A database with cells takes no isolation_level.")
        if pool := options.get("pool"):
            pool = {} if pool is True else pool
            options["pool"] = {**pool, "connection_class": Connection}
        # A cursor of the server's outlasts the statement's own transaction. That there are none
        # says otherwise that a pooler lends the connections.
        is_lent = bool(self.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"))
        self.settings_dict.setdefault(pooled.LENT, is_lent)
        self.settings_dict["DISABLE_SERVER_SIDE_CURSORS"] = True

    def get_connection_params(self) -> dict[str, Any]:
        """Django's parameters of a connection, with the cursor that asks inside a cell."""
        return super().get_connection_params() | {"cursor_factory": Cursor}

    def connect(self) -> None:
        """Connect as Django does. What is set for the connection then is nobody's books, so nothing
        is asked about them (cells.asking).
        """
        with cells.asking(""):
            super().connect()

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A connection that holds cells, from the pool if there is one."""
        if self.pool:
            return super().get_new_connection(conn_params)
        self.isolation_level = IsolationLevel.READ_COMMITTED
        return Connection.connect(**conn_params)
