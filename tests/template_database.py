"""A migrated database that each test database is copied from, made once for each set of migrations.

Migrating takes a worker ten seconds, copying a fraction of one. The name has a digest of all that
makes the schema, so that a changed migration or another version of a package makes a new one.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.state import ProjectState
from django.db.models import Field

LOCK = "SELECT pg_advisory_lock(hashtextextended('the template of test databases', 0))"


def name() -> str:
    """What the template is called."""
    return _prefix() + digest()


def _prefix() -> str:
    """How the names of template databases begin."""
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
            with _rendering_little():
                migrate(f"{wanted}_unfinished")
            cursor.execute(f'ALTER DATABASE "{wanted}_unfinished" RENAME TO "{wanted}"')


def migrate(name: str) -> None:
    """Migrate the empty database of this name."""
    connection.close()
    before = connection.settings_dict["NAME"]
    connection.settings_dict["NAME"] = name
    try:
        call_command("migrate", verbosity=0, interactive=False)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


@contextmanager
def _rendering_little() -> Iterator[None]:
    """Migrate in a third of the time: with a column, index, constraint or trigger more, a model's
    class is made anew, and not those of all models that are related to it, which nobody asks for;
    and its fields are copied, not made anew from what they were made of.

    That the tables are the same all the same is told in tests/config/test_template_database.py.
    """
    with_related = ProjectState.reload_model

    def reload(state: ProjectState, app_label: str, model_name: str, delay: bool = False) -> None:
        """Make the class of the changed model anew, and no others."""
        if delay and "apps" in state.__dict__:
            state.is_delayed = True  # what a migration does to rows has all classes made anew
            state._reload({(app_label, model_name.lower())})  # type: ignore[attr-defined]
        else:
            with_related(state, app_label, model_name, delay)

    def clone(field: Field[Any, Any]) -> Field[Any, Any]:
        """A copy of the field, in the order in which fields are made."""
        copied = deepcopy(field)  # Django's takes of a field what is its own, and no more
        # The class has its fields in this order; one of money has its currency's right before it.
        copied.creation_counter = Field.creation_counter + 1
        Field.creation_counter += 2
        return copied

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ProjectState, "reload_model", reload)
        patched.setattr(Field, "clone", clone)
        yield


def digest() -> str:
    """A digest of migrations and requirements, upon which the template depends."""
    digest = hashlib.sha256()
    root = Path(settings.BASE_DIR)
    for path in sorted([*root.glob("*/migrations/*.py"), *root.glob("requirements*.txt")]):
        digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return digest.hexdigest()[:12]
