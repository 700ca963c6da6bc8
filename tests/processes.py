"""Commands as a person starts them: other processes, with a data folder of their own."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from config.local.datafolder import BASE_DIR

PATIENCE_SECONDS = 120  # of a machine that has much else to do


Start = Callable[..., "subprocess.Popen[str]"]


@contextmanager
def new_data_folder() -> Iterator[Path]:
    """A context that gives an empty folder, not pytest's tmp_path: PostgreSQL's user cannot enter
    root's of those.
    """
    folder = Path(tempfile.mkdtemp(prefix="tael-test-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder
    for process in processes_of(folder):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    until_gone(processes_of(folder))
    shutil.rmtree(folder)


@contextmanager
def starting(folder: Path) -> Iterator[Start]:
    """Starts Python with the arguments given, as nobody's test; all of it ends with the context."""
    started: list[subprocess.Popen[str]] = []

    def _start(*arguments: str, **environment: str) -> "subprocess.Popen[str]":
        """Start Python with these arguments, on the data folder."""
        mine = {"DATABASE_URL", "REDIS_URL", "PORT", "PYTEST_VERSION"}
        inherited = {name: value for name, value in os.environ.items() if name not in mine}
        process = subprocess.Popen(
            [sys.executable, *arguments],
            env=inherited | {"TAEL_DATA_DIR": str(folder)} | environment,
            cwd=BASE_DIR,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            pipesize=1 << 20,  # a test reads at the end, and until then nobody is to wait for it
        )
        started.append(process)
        return process

    yield _start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def data_folder() -> Iterator[Path]:
    """An empty folder for a test's data, removed at its end (new_data_folder)."""
    with new_data_folder() as folder:
        yield folder


@pytest.fixture
def start(data_folder: Path) -> Iterator[Start]:
    """A function that starts Python with the arguments given, on the test's data folder (see
    `starting`). What it started ends with the test.
    """
    with starting(data_folder) as start:
        yield start


def processes_of(folder: Path) -> list[psutil.Process]:
    """The embedded servers that live in `folder`."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if str(folder) in " ".join(process.info["cmdline"] or ()) and lives(process)
    ]


def lives(process: psutil.Process) -> bool:
    """Whether the process is there and no zombie."""
    # A server's starter is gone, and who inherits it may take a while to notice its end.
    with suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def until_gone(processes: Sequence[psutil.Process]) -> None:
    """Wait until none of these processes is there."""
    until(lambda: not any(map(lives, processes)))


def until(holds: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    """Return when `holds`; other processes tell us nothing, so it asks again and again."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "This took too long."
        time.sleep(0.05)
