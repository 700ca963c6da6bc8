"""Books in two cells: a database of the tests' own, whose first two cells have the shops.

Where TAEL_CITUS_URL names a cluster (tests/cells/cluster.py), the cells are on machines of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection, connections, transaction
from django.db.utils import load_backend
from django.test import override_settings
from pytest_django.plugin import DjangoDbBlocker

from config import databases
from lib import cells
from tests.cells import cluster

_numbers = count(1)


def numbered() -> str:
    """A name that no other database of the tests has."""
    return f"{connection.settings_dict['NAME']}_cells_{next(_numbers)}"


def make(template: str) -> str:
    """Make a new database that is a copy of this one, and return its name."""
    name = numbered()
    if cluster.URL:
        cluster.make(name, template)
        return name
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return name


def drop(name: str) -> None:
    """Drop the database."""
    if cluster.URL:
        cluster.drop(name)
        return
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{name}"')


@contextmanager
def connected(name: str) -> Iterator[None]:
    """Have all connections of the block be to this database, and hold cells."""
    before, given = connections["default"], connections.settings["default"]
    kept = dict(given)
    given |= {"NAME": name, "ENGINE": databases.with_cells(given["ENGINE"])}
    given |= cluster.settings(name) if cluster.URL else {}
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
        add_cells(name)
        yield name
        drop(name)


def add_cells(name: str) -> None:
    """Put the books of the database into a first cell, and make a second one."""
    with connected(name):
        call_command("cells", "begin", verbosity=0)
        call_command("cells", "add", verbosity=0)


@pytest.fixture
def two_cells(db: None, with_two_cells: str) -> Iterator[None]:
    """Two cells, of which what the test writes is taken back."""
    with connected(with_two_cells), rolled_back():
        yield


@pytest.fixture
def two_cells_kept(db: None, with_two_cells: str) -> Iterator[None]:
    """Two cells, in a database for a test that ends transactions."""
    # A cluster makes no copy of a database.
    template = connection.settings_dict["TEST"]["TEMPLATE"] if cluster.URL else with_two_cells
    name = make(template)
    if cluster.URL:
        add_cells(name)
    with connected(name):
        yield
    drop(name)


@contextmanager
def away(number: int) -> Iterator[None]:
    """A context in which the cell with this number answers nothing."""

    def ask(execute: Any, sql: str, *more: Any) -> Any:
        """Ask the database, or fail as if the cell's machine had gone."""
        if cells.entered() == cells.name_of(number) and "SAVEPOINT" not in sql:
            raise OperationalError("connection to the remote node failed")
        return execute(sql, *more)

    with connection.execute_wrapper(ask):
        yield


def asked(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """The rows of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
