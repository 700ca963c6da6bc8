"""Django looks for a database back end under this module name."""

from typing import Any

from django.db.backends.postgresql import base
from psycopg import OperationalError
from psycopg.errors import ConnectionTimeout

from config.local import embedded


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's connection to PostgreSQL, which starts the embedded server before it connects, and
    again if the server has died.
    """

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A new connection by these parameters; the embedded server is started first unless it
        runs, and once again if the connection fails as it was killed. Raises ServerDidNotStart,
        ConnectionTimeout and OperationalError.
        """
        embedded.ensure()
        try:
            return super().get_new_connection(conn_params)
        except ConnectionTimeout:  # it is there and keeps silent: to start another one is no use
            raise
        except OperationalError:  # it may have been killed
            embedded.revive()
            return super().get_new_connection(conn_params)
