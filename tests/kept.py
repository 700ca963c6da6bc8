"""Rows that all tests of a module start from, written once.

Each test still has a transaction of its own: what it changes is taken back after it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from functools import wraps
from typing import Any, TypeVar

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import override_settings
from pytest_django.plugin import DjangoDbBlocker

from lib import cells as lib_cells
from tests import emptied

T = TypeVar("T")


def kept(**settings: Any) -> Callable[[Callable[[], T]], Any]:
    """A fixture of the whole module, made of a function without arguments.

    `settings` hold while the rows are written. Not for modules whose tests end transactions. The
    rows are there for all tests that come later, in whatever order; one that starts from empty
    books uses `nothing_kept`.
    """

    def fixture_of(write: Callable[[], T]) -> Any:
        """The fixture of the rows that the function writes."""

        @pytest.fixture(scope="module", name=write.__name__)
        def rows(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[T]:
            with _written(write, django_db_blocker, settings) as written:
                yield written

        return rows

    return fixture_of


def kept_of(name: str, **settings: Any) -> Any:
    """A fixture like `kept`, for tests that are each given the function that writes their rows.

    They give it by an indirect parameter of the fixture `name`, and that with scope="module". While
    neighbours give the same function they share its rows; with the first that gives another, those
    are taken back.
    """

    @pytest.fixture(scope="module", name=name)
    def rows(
        request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: DjangoDbBlocker
    ) -> Iterator[Any]:
        with _written(request.param, django_db_blocker, settings) as written:
            yield written

    return rows


_remembered: dict[Any, tuple[Any, dict[str, bytes]]] = {}


def remembered(write: Callable[[], T]) -> Callable[[], T]:
    """The function, whose rows are copied from the second time on in the same process: that takes
    a tenth. So what it returns must hold no rows.

    Only where books are as migrations left them as it begins, without cells, and under the same
    settings of ours; anywhere else it writes its rows. No key is given again meanwhile, as
    PostgreSQL takes no number of a sequence back.
    """

    @wraps(write)
    def copied() -> T:
        if lib_cells.are_on() or not emptied.is_as_migrated():
            return write()
        ours = {name: repr(getattr(settings, name)) for name in dir(settings) if "TAEL" in name}
        returned: T
        key = (write, connection.settings_dict["NAME"], tuple(sorted(ours.items())))
        if key in _remembered:
            returned, rows = _remembered[key]
            emptied.write(rows)
        else:
            returned = write()
            _remembered[key] = returned, emptied.changed()
        return copy(returned)

    return copied


@contextmanager
def _written(
    write: Callable[[], T], blocker: DjangoDbBlocker, settings: dict[str, Any]
) -> Iterator[T]:
    """What `write` has written, for as long as the context is open; then it is undone."""
    outer = transaction.atomic()
    outer._from_testcase = True  # type: ignore[attr-defined]  # as if it were not there
    with blocker.unblock(), outer:
        with override_settings(**settings):
            written = write()
        yield written
        transaction.set_rollback(True)
