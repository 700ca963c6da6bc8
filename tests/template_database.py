"""A migrated database that each test database is copied from, made once for each set of migrations.

Migrating takes a worker ten seconds, copying a fraction of one. The name has a digest of all that
makes the schema, so that a changed migration or another version of a package makes a new one.
"""

import hashlib
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection

LOCK = "SELECT pg_advisory_lock(hashtextextended('the template of test databases', 0))"


def name() -> str:
    """What the template is called."""
    return _prefix() + digest()


def _prefix() -> str:
    return f"test_{settings.DATABASES['default']['NAME']}_template_"


def ensure() -> None:
    """Make the template if it is not there yet; others of ours are dropped. Whoever comes while
    somebody else makes it waits.

    Leaves no connection open: PostgreSQL copies only what nobody is connected to.
    """
    prefix, wanted = _prefix(), name()
    with connection._nodb_cursor() as cursor:
        cursor.execute(LOCK)
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix])
        found = {found for (found,) in cursor.fetchall()}
        if wanted not in found:
            for other in found:
                cursor.execute(f'DROP DATABASE IF EXISTS "{other}"')
            # Under another name until it is whole, or one that was begun would be taken for done.
            cursor.execute(f'CREATE DATABASE "{wanted}_unfinished"')
            _migrate(f"{wanted}_unfinished")
            cursor.execute(f'ALTER DATABASE "{wanted}_unfinished" RENAME TO "{wanted}"')


def _migrate(name: str) -> None:
    connection.close()
    before = connection.settings_dict["NAME"]
    connection.settings_dict["NAME"] = name
    try:
        call_command("migrate", verbosity=0, interactive=False)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


def digest() -> str:
    digest = hashlib.sha256()
    root = Path(settings.BASE_DIR)
    for path in sorted([*root.glob("*/migrations/*.py"), *root.glob("requirements*.txt")]):
        digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return digest.hexdigest()[:12]
