"""What every test stands on: the servers, and a browser for those marked so.

pytest-django has read the settings by now: that the tests have a data folder of their own is
config/local/datafolder.py's doing.
"""

import gc
import logging
import os
import re
import shutil
from collections.abc import Generator, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection, connections
from django.db.backends.base.creation import TEST_DATABASE_PREFIX
from django.db.backends.utils import CursorWrapper
from django.template import Template
from django.test import TransactionTestCase
from django.utils import translation
from moneyed import Money
from pytest_django.plugin import DjangoDbBlocker, blocking_manager_key

from config.local import embedded
from gateway import ahead
from lib import audit
from tests import clocks, emptied, forked, lacking, template_database, threads, undrawn
from tests.processes import data_folder, start

__all__ = ["data_folder", "start"]  # fixtures

# The shell draws pages as the browser does, and no tabs and toolbars around them that nobody sees:
# they are two fifths of the browser's work.
CHROMIUM_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
# Without a sandbox because tests may run as root; the rest keeps it from calling home.
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # One process for all pages, and none for graphics: most of what a page costs is its start.
    "--renderer-process-limit=1",
    "--disable-site-isolation-trials",
    "--in-process-gpu",
)

# Statements that a connection keeps planned, at most: the checks for the time zones of a few tests.
PLANNED_CHECKS = 500
ONE_MERCHANTS = audit.OF_ONE.partition("{}")[2].partition("{}")[0]  # in checks of one alone


def pytest_configure(config: pytest.Config) -> None:
    gc.disable()  # what is collected from here on is no garbage; see pytest_collection_finish
    # In the process that starts the workers too: it ends after them, so the servers start once.
    embedded.ensure()
    connection.settings_dict["TEST"]["TEMPLATE"] = template_database.name()
    if config.getoption("numprocesses", None):  # made while the workers look for their tests
        with config.stash[blocking_manager_key].unblock():
            forked.start(template_database.ensure)
    # Playwright's synchronous interface runs an event loop, in which Django would refuse to query.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast, not safe
    settings.TAEL_ADMIN_IDLE_MINUTES = 0  # tests go to other days, still signed in
    # Databases 0 and 1 are the broker's and the cache's: each worker's tests get another one.
    number = 2 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    default = settings.CACHES["default"]
    default["LOCATION"] = re.sub(r"(/|\?db=)1(?=$|\?)", rf"\g<1>{number}", default["LOCATION"])
    clocks.trust()
    # Tests ask for thousands of refusals, and a third of each would go into formatting its
    # traceback. What is an error of ours is still logged; a test of these lines sets the level.
    logging.getLogger("django.request").setLevel(logging.ERROR)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    marked = [item for item in items if item.get_closest_marker("browser")]
    if not marked or _chromium():
        return
    reason = "No Chromium was found: install it, or name it in TAEL_CHROMIUM."
    if lacking.is_required():
        raise pytest.UsageError(reason)
    for item in marked:
        item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(trylast=True, specname="pytest_collection_modifyitems")
def pytest_begin_with_the_longest(items: list[pytest.Item]) -> None:
    """Else one worker goes on with it alone when the others have ended."""
    items.sort(key=lambda item: item.get_closest_marker("longest") is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """The threads of a live server end their connections with each request: others would hold up
    whoever empties the books after the test, or drops the database.
    """
    with pytest.MonkeyPatch.context() as patched:
        if "live_server" in getattr(item, "fixturenames", ()):
            patched.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
        return (yield)


@pytest.fixture(scope="session")
def django_db_modify_db_settings_parallel_suffix(
    django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: DjangoDbBlocker
) -> None:
    """pytest-django's, before it makes the database: there is a template to copy."""
    with django_db_blocker.unblock():
        template_database.ensure()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """pytest-django's; a test with real transactions leaves the database as it found it.

    pytest-django makes the tests' database only where a test asks for it, by `db` or a mark: for a
    fixture alone, this would be the database that somebody works with, which tests keep away from.
    """
    if not connection.settings_dict["NAME"].startswith(TEST_DATABASE_PREFIX):
        pytest.fail("A fixture asks for django_db_setup, and no test asks for a database (db).")
    with django_db_blocker.unblock():
        emptied.remember()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(TransactionTestCase, "_fixture_teardown", emptied.empty)
        yield


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    """What one test counted towards a rate limit would refuse the next one."""
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def language_is_of_the_test() -> Iterator[None]:
    """A request leaves its language to its thread, where the next one sets its own: what a test
    reads without any request would be in the language of the tests before it, or of the rows that
    its module keeps.
    """
    translation.deactivate()
    yield
    translation.deactivate()


@pytest.fixture
def nothing_kept(db: None) -> None:
    """Empty books, for a test whose module keeps rows for its others (tests/kept.py)."""
    emptied.empty_until_rolled_back()


@pytest.fixture
def in_order(request: pytest.FixtureRequest) -> Iterator[None]:
    """Runs a test of a race in the order that its mark says (threads.every_order)."""
    with threads.in_turn(request.param):
        yield


@pytest.fixture(autouse=True, scope="session")
def books_are_of_any_day() -> Iterator[None]:
    """Tests tell of days of their own, which no clock has reached; tests of that say otherwise."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ahead, "FORGIVEN", timedelta(days=36500))
        yield


@pytest.fixture(autouse=True, scope="session")
def amounts_are_compared_with_amounts() -> Iterator[None]:
    """An amount beside a figure in `==` is False without a word: in tests that is an error."""
    is_equal = Money.__eq__

    def compared(amount: Money, other: object) -> bool:
        if isinstance(other, Decimal) or (isinstance(other, int) and other):  # sum() begins with 0
            raise TypeError(f"{amount!r} is compared with {other!r}")
        return is_equal(amount, other)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Money, "__eq__", compared)
        yield


@pytest.fixture(autouse=True, scope="session")
def contexts_are_kept_of_pages_alone() -> Iterator[None]:
    """Have the test client keep the contexts of pages alone (undrawn.render)."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Template, "_render", undrawn.render)
        yield


@pytest.fixture(autouse=True, scope="session")
def checks_of_the_books_are_planned_once() -> Iterator[None]:
    """An audit of a few rows asks as it did before: nine tenths of its time go into planning."""

    known: WeakKeyDictionary[object, dict[str, str]] = WeakKeyDictionary()  # names, by connection
    asked = audit._counted

    def counted(sql: str, cursor: CursorWrapper) -> tuple[int, int]:
        """What `audit._counted` returns, by a statement that is kept for the connection."""
        names = known.setdefault(connection.connection, {})
        if sql not in names:
            if len(names) >= PLANNED_CHECKS or ONE_MERCHANTS in sql:
                return asked(sql, cursor)
            names[sql] = f"check_{len(names)}"
            cursor.execute(f"PREPARE {names[sql]} AS {sql}")
        return asked(f"EXECUTE {names[sql]}", cursor)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(audit, "_counted", counted)
        yield


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Take what was collected out of the garbage collector's sight, as it stays until the end; and
    have it look less often.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
    gc.enable()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """How pytest-playwright starts Chromium."""
    return browser_type_launch_args | {"executable_path": _chromium(), "args": list(CHROMIUM_FLAGS)}


def _chromium() -> str | None:
    """The path of Chromium; None if there is none."""
    named = os.environ.get("TAEL_CHROMIUM")
    return named or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
