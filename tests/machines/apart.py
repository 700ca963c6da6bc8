"""Machines that share PostgreSQL and Redis, and no folder.

Each is a process forked from the tests' own (tests/forked.py), which has nothing to find in its
data folder, its folder for temporary files and the folder that it works in: what a page shows there
or a job finds, it has from the servers.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client

from config.local import datafolder
from jobs.timetable import job_named
from lib import clock
from tests import forked
from tests.factories.people import Browser
from tests.processes import PATIENCE_SECONDS


@dataclass(frozen=True)
class Upload:
    """A file as somebody chooses it in a form."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Page:
    """What a machine answered."""

    status: int
    content: bytes
    cookies: dict[str, str] = field(default_factory=dict)
    location: str = ""


class Machine:
    """One of the machines, seen from the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ours, theirs = Pipe()
        self.process = forked.start(partial(_serve, theirs, folder))

    def answer(self, method: str, path: str, data: Any, cookies: Mapping[str, str]) -> Page:
        """What its web server makes of the request."""
        found = self._ask(partial(_answer, method, path, data, dict(cookies)))
        assert isinstance(found, Page)
        return found

    def run(self, job: str) -> None:
        """Have its worker do what is due of a job."""
        self._ask(partial(_run, job))

    def files(self) -> list[str]:
        """What lies in its folders."""
        return [str(path.relative_to(self.folder)) for path in sorted(self.folder.rglob("*"))]

    def end(self) -> None:
        """End the machine's process."""
        with suppress(BrokenPipeError):  # it has ended
            self.ours.send(None)
        self.process.join(PATIENCE_SECONDS)
        self.process.kill()

    def _ask(self, work: Callable[[], object]) -> object:
        """Have the machine's process do the work. Returns what it returns, and raises what it
        raises.
        """
        self.ours.send(work)
        assert self.ours.poll(PATIENCE_SECONDS), "the machine does not answer"
        found = self.ours.recv()
        if isinstance(found, Exception):
            raise found
        return found


class Somebody:
    """A browser whose requests are answered by one machine after the other."""

    def __init__(self, *machines: Machine, signed_in: Client | None = None) -> None:
        self.machines, self.asked = machines, 0
        cookies = signed_in.cookies.items() if signed_in else ()
        self.cookies = {name: morsel.value for name, morsel in cookies}

    def get(self, path: str) -> Page:
        """The page at this path, from the machine whose turn it is."""
        return self._ask("get", path, None)

    def post(self, path: str, **data: Any) -> Page:
        """The answer to this form, from the machine whose turn it is."""
        return self._ask("post", path, data)

    def _ask(self, method: str, path: str, data: Any) -> Page:
        """The answer of the machine whose turn it is; its cookies are kept."""
        machine = self.machines[self.asked % len(self.machines)]
        self.asked += 1
        page = machine.answer(method, path, data, self.cookies)
        self.cookies |= page.cookies
        return page


@contextmanager
def machines(folder: Path, *names: str) -> Iterator[list[Machine]]:
    """Machines of these names, with folders of their own below `folder`."""
    started = []
    try:
        for name in names:
            own = folder / name
            own.mkdir()
            own.chmod(0o711)
            started.append(Machine(own))
        yield started
    finally:
        for machine in started:
            machine.end()


def _serve(pipe: Connection, folder: Path) -> None:
    """Do in the machine's process what it is asked through the pipe, until it is told to end."""
    _move(folder)
    while (work := pipe.recv()) is not None:
        try:
            pipe.send(work())
        except Exception as error:
            pipe.send(RuntimeError(f"{type(error).__name__}: {error}"))
    connections.close_all()


def _move(folder: Path) -> None:
    """Have this process look for its files in this folder, which is empty."""
    os.environ["TAEL_DATA_DIR"] = str(folder)
    datafolder.root.cache_clear()
    datafolder.sockets.cache_clear()
    assert datafolder.root() == folder
    tempfile.tempdir = str(folder)
    os.chdir(folder)


def _answer(method: str, path: str, data: Any, cookies: Mapping[str, str]) -> Page:
    """The answer to a request with these cookies, in the machine's process."""
    client = Browser()
    for name, value in cookies.items():
        client.cookies[name] = value
    sent = {name: _sent(value) for name, value in (data or {}).items()}
    response: Any = getattr(client, method)(path, sent)
    content = b"".join(response) if response.streaming else response.content
    response.close()
    left = {name: morsel.value for name, morsel in client.cookies.items()}
    return Page(response.status_code, content, left, response.headers.get("Location", ""))


def _sent(value: Any) -> Any:
    """The value as a form sends it: an upload as a file."""
    return SimpleUploadedFile(value.name, value.content) if isinstance(value, Upload) else value


def _run(job: str) -> None:
    """Run the job of this name, at the present instant."""
    job_named(job).run_here(clock.now())
