"""Playwright's event loop runs in the tests' own thread, and Django keeps connections by loop.

So pytest-django does not know the connection that a test with a browser uses, and nobody closes it.
"""

from collections.abc import Generator

import pytest
from django.db import connections


@pytest.fixture(autouse=True)
def connections_end_with_their_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """The live server's threads would keep theirs, and the test database could not be dropped."""
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None]:
    yield
    connections.close_all()
