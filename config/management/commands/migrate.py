"""manage.py migrate: Django's, beside those who trade.

Whoever waits for a lock on a table holds up all who come after. So it waits a moment for a lock,
gives up what it has done of that migration, and tries again later, for as long as the longest
download may take and a while more.

Where the books are in cells, it does so for what is shared, and then for each cell.
"""

import time
from contextlib import suppress
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import DatabaseError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.errors import DeadlockDetected, LockNotAvailable

from config.cells import migrating
from lib import cells
from lib.migrating import LOCK_MILLISECONDS

PAUSE_SECONDS = 2.0  # for those who have queued behind us
PATIENCE_SECONDS = 20 * 60
# Whose transaction has been open for longest, and so is likely to be what was waited for.
LONGEST = """
SELECT pid, usename, application_name, extract(epoch FROM clock_timestamp() - xact_start)::int
FROM pg_stat_activity
WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()
ORDER BY xact_start LIMIT 1
"""


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate the database or, where the books are in cells, what is shared and then each cell.
        Raises CommandError if others held the tables for too long (`_migrate`).
        """
        numbers = cells.there() if cells.are_on() else []
        if not numbers:
            self._migrate(*args, **options)
            return
        with migrating.shared():
            self._migrate(*args, **options)
        for number in numbers:
            if options["verbosity"]:
                self.stdout.write(self.style.MIGRATE_HEADING(f"Cell {number}:"))
            with migrating.cell(number):
                self._migrate(*args, **options)

    def _migrate(self, *args: Any, **options: Any) -> None:
        """Do as Django's command does, and go on with the first migration that is not applied when
        one did not get its locks in time. Raises CommandError when one still did not,
        PATIENCE_SECONDS after the start; what is applied by then stays.
        """
        connection = connections[options["database"]]
        until = time.monotonic() + PATIENCE_SECONDS
        try:
            while not self._has_migrated(connection, *args, **options):
                if time.monotonic() > until:
                    raise CommandError(
                        "It was not done: others held the tables each time. What is applied is"
                        " applied; run migrate again when they have ended."
                    )
                time.sleep(PAUSE_SECONDS)
        finally:
            with suppress(DatabaseError), connection.cursor() as cursor:
                cursor.execute("RESET lock_timeout")

    def _has_migrated(self, connection: BaseDatabaseWrapper, *args: Any, **options: Any) -> bool:
        """Migrate as Django's command does, waiting for each lock only for LOCK_MILLISECONDS.
        Returns whether it is done. If a table was in use, a sentence on standard error says whose
        transaction may have been in the way, and the result is False; other errors of the database
        are raised.
        """
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{LOCK_MILLISECONDS}ms'")
        try:
            super().handle(*args, **options)
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable | DeadlockDetected):
                raise
            self.stderr.write(f"Tables were in use; it tries again soon.{_longest(connection)}")
            return False
        return True


def _longest(connection: BaseDatabaseWrapper) -> str:
    """Ask the database for a sentence about the longest transaction of others, with a blank before
    it; "" if there is none.
    """
    with connection.cursor() as cursor:
        cursor.execute(LONGEST)
        found = cursor.fetchone()
    if found is None:
        return ""
    pid, user, program, seconds = found
    of_whom = f"{user} ({program or 'unnamed'}, pid {pid})"
    return f" The longest transaction is that of {of_whom}, open for {seconds} s."
