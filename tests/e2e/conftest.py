"""Playwright's event loop runs in the tests' own thread, and Django keeps connections by loop.

So pytest-django does not know the connection that a test with a browser uses, and nobody closes it.
"""

import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from playwright.sync_api import Browser, Playwright, expect
from pytest_django.live_server_helper import LiveServer

from tests import codes, shops
from tests.e2e.contexts import Contexts
from tests.e2e.worker import Worker, set_clock

expect.set_options(timeout=30_000)  # what is expected comes at once, unless the machine is busy


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None]:
    yield
    connections.close_all()


@pytest.fixture(scope="session")
def playwright(playwright: Playwright) -> Iterator[Playwright]:
    """pytest-playwright's. Its loop goes on in all tests after the first with a browser, so that
    their connection is the loop's, and has to end with it: the database could not be dropped.
    """
    yield playwright
    connections.close_all()


@pytest.fixture(scope="session")
def contexts(browser: Browser, live_server: LiveServer) -> Contexts:
    """The browser's contexts, which tests take in turn."""
    return Contexts(browser, live_server.url)


@pytest.fixture(autouse=True)
def contexts_are_taken_in_turn(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test's contexts come from those that were made, and go back with its end."""
    if "browser" not in request.fixturenames:
        yield
        return
    contexts: Contexts = request.getfixturevalue("contexts")
    browser: Browser = request.getfixturevalue("browser")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(browser, "new_context", contexts.new_context)
        patched.setattr(browser, "new_page", contexts.new_page)
        yield
    contexts.give_back()


@pytest.fixture(autouse=True, scope="session")
def static_files_are_read_once() -> Iterator[None]:
    """Each page asks for a dozen of them. A server of ours has browsers keep them, too: for a year,
    as tests go to days of which an hour was over long ago.
    """
    read: dict[str, tuple[bytes, str]] = {}

    def serve(handler: StaticFilesHandler, request: HttpRequest) -> HttpResponse:
        """The static file, read once, which browsers may keep for a year."""
        if request.path not in read:
            found: Any = django_serve(handler, request)
            read[request.path] = b"".join(found), found.headers["Content-Type"]
        content, content_type = read[request.path]
        kept = {"Cache-Control": "max-age=31536000"}
        return HttpResponse(content, content_type=content_type, headers=kept)

    django_serve = StaticFilesHandler.serve
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(StaticFilesHandler, "serve", serve)
        yield


@pytest.fixture(scope="module")
def clock_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the time stands that a worker reads."""
    file = tmp_path_factory.mktemp("clock") / "clock"
    set_clock(file, timezone.now())
    return file


@pytest.fixture(scope="module")
def worker(
    django_db_setup: None,
    live_server: LiveServer,
    clock_file: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Worker]:
    """One for all tests of a module, as it takes seconds to start; for those alone that need it."""
    with Worker(tmp_path_factory.mktemp("worker"), clock_file, live_server.url) as worker:
        yield worker


@pytest.fixture
def clock(clock_file: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the time that the live server reads and a worker, in UTC.

    For allauth, which reads another clock, it goes on from there, but for codes of authenticators:
    none ends while it is typed.
    """
    running = time.time

    def set_to(at: str) -> None:
        """Set all clocks to this instant, in UTC."""
        now = shops.instant(at)
        ahead = now.timestamp() - running()
        monkeypatch.setattr(timezone, "now", lambda: now)
        monkeypatch.setattr(time, "time", lambda: running() + ahead)
        codes.hold(monkeypatch, now)
        set_clock(clock_file, now)

    return set_to
