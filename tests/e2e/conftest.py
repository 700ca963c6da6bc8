"""Playwright's event loop runs in the tests' own thread, and Django keeps connections by loop.

So pytest-django does not know the connection that a test with a browser uses, and nobody closes it.
"""

import time
from collections.abc import Callable, Generator, Iterator

import pytest
from django.db import connections
from django.utils import timezone
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from tests import shops
from tests.e2e.worker import Worker

expect.set_options(timeout=30_000)  # what is expected comes at once, unless the machine is busy


@pytest.fixture(autouse=True)
def connections_end_with_their_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """The live server's threads would keep theirs, and the test database could not be dropped."""
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None]:
    yield
    connections.close_all()


@pytest.fixture(scope="module")
def worker(
    django_db_setup: None, live_server: LiveServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Worker]:
    """One for all tests of a module, as it takes seconds to start."""
    with Worker(tmp_path_factory.mktemp("worker"), live_server.url) as worker:
        yield worker


@pytest.fixture
def clock(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the time that the live server reads and the worker, in UTC.

    For allauth, which reads another clock, it goes on from there.
    """
    running = time.time

    def set_to(at: str) -> None:
        now = shops.instant(at)
        ahead = now.timestamp() - running()
        monkeypatch.setattr(timezone, "now", lambda: now)
        monkeypatch.setattr(time, "time", lambda: running() + ahead)
        worker.set_clock(now)

    return set_to
