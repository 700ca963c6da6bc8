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


def ensure() -> str:
    """The name of the template, which is made if it is not there yet; others of ours are dropped.

    Leaves no connection open: PostgreSQL copies only what nobody is connected to.
    """
    own = settings.DATABASES["default"]["NAME"]
    prefix = f"test_{own}_template_"
    name = prefix + digest()
    with connection._nodb_cursor() as cursor:
        cursor.execute(LOCK)
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix])
        found = {found for (found,) in cursor.fetchall()}
        if name not in found:
            for other in found:
                cursor.execute(f'DROP DATABASE IF EXISTS "{other}"')
            # Under another name until it is whole, or one that was begun would be taken for done.
            cursor.execute(f'CREATE DATABASE "{name}_unfinished"')
            _migrate(f"{name}_unfinished")
            cursor.execute(f'ALTER DATABASE "{name}_unfinished" RENAME TO "{name}"')
    return name


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
