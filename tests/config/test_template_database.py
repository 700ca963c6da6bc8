"""The database that tests' are copied from is the one that migrating makes."""

import re

import pytest
from django.db import connection

from config.local import embedded, servers
from tests import template_database
from tests.config import clusters

# What pg_dump writes anew each time.
MARKED = re.compile(r"^\\(un)?restrict .*$", re.MULTILINE)


@pytest.mark.full
@pytest.mark.django_db(transaction=True)
def test_made_in_half_the_time_it_is_what_migrating_makes() -> None:
    """Each table, constraint and trigger, and each row but for when it was migrated. In `make test`
    the audit of books says that what the models declare is there and on.
    """
    if not embedded.runs_postgres():
        pytest.skip("pg_dump is asked about the server that comes with it.")
    name = f"{connection.settings_dict['NAME']}_migrated"
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')
        try:
            template_database.migrate(name)
            assert dumped(name) == dumped(connection.settings_dict["TEST"]["TEMPLATE"])
        finally:
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def dumped(name: str) -> str:
    """The database as a dump, without what is by chance."""
    where = ("-h", servers.postgres_folder(), "-U", servers.USER)
    said = clusters.run("pg_dump", *where, "--exclude-table-data=django_migrations", name)
    return MARKED.sub("", said)
