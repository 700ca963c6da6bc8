"""Books in two cells: a database of the tests' own, whose first two cells have the shops."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.db.utils import load_backend
from django.test import override_settings
from pytest_django.plugin import DjangoDbBlocker

from config import databases

_numbers = count(1)


def make(template: str) -> str:
    """The name of a new database that is like this one."""
    name = f"{connection.settings_dict['NAME']}_cells_{next(_numbers)}"
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return name


def drop(name: str) -> None:
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{name}"')


@contextmanager
def connected(name: str) -> Iterator[None]:
    """Have all connections of the block be to this database, and hold cells."""
    before, given = connections["default"], connections.settings["default"]
    kept = dict(given)
    given |= {"NAME": name, "ENGINE": databases.with_cells(given["ENGINE"])}
    own = load_backend(given["ENGINE"]).DatabaseWrapper(given, "default")
    connections["default"] = own
    try:
        with override_settings(TAEL_CELLS=True):
            yield
    finally:
        own.close()
        given.clear()
        given.update(kept)
        connections["default"] = before


@contextmanager
def rolled_back() -> Iterator[None]:
    """Take back what the block writes, as a test's transaction does."""
    outer = transaction.atomic()
    outer._from_testcase = True  # type: ignore[attr-defined]
    with outer:
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="session")
def with_two_cells(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """The name of a database with two cells and no merchant."""
    with django_db_blocker.unblock():
        name = make(connection.settings_dict["TEST"]["TEMPLATE"])
        with connected(name):
            call_command("cells", "begin", verbosity=0)
            call_command("cells", "add", verbosity=0)
        yield name
        drop(name)


@pytest.fixture
def two_cells(db: None, with_two_cells: str) -> Iterator[None]:
    """Two cells, of which what the test writes is taken back."""
    with connected(with_two_cells), rolled_back():
        yield


@pytest.fixture
def two_cells_kept(db: None, with_two_cells: str) -> Iterator[None]:
    """Two cells, in a database for a test that ends transactions."""
    name = make(with_two_cells)
    with connected(name):
        yield
    drop(name)


def asked(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """The rows of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
