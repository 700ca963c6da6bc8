"""The version that is upgraded from: its code in a folder of its own, and its processes."""

import io
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.local.datafolder import BASE_DIR
from tests import lacking

# What CHANGELOG.md names as 0.1.0: from here on migrations were only added.
COMMIT = "5e383d30b97debcc32207daf374a77cf2bb31aac"


def unpack(folder: Path) -> Path:
    """Lay its code down in the folder. Skips the test where the commit cannot be had."""
    if shutil.which("git") is None:
        lacking.skip("The code of the version before comes from git, which is not installed.")
    asked = subprocess.run(
        ["git", "-C", str(BASE_DIR), "archive", COMMIT], capture_output=True, check=False
    )
    if asked.returncode:
        lacking.skip(
            f"The version before, {COMMIT[:8]}, is not here: this is no clone, or a shallow one"
            " (git fetch --unshallow)."
        )
    with tarfile.open(fileobj=io.BytesIO(asked.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


class Code:
    """A version's code, run with this environment by processes of its own."""

    def __init__(self, folder: Path, logs: Path, **environment: str) -> None:
        self.folder, self.logs = folder, logs
        mine = {"DATABASE_URL", "REDIS_URL", "PORT", "PYTEST_VERSION", "PYTHONPATH"}
        inherited = {name: value for name, value in os.environ.items() if name not in mine}
        self.environment = inherited | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "TAEL_SANDBOX": "1",
            "TAEL_HTTPS": "0",
            **environment,
        }

    def run(self, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """Python with these arguments, to its end, which has to be a good one."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self.environment | more,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done

    @contextmanager
    def running(self, name: str, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
        """Python with these arguments, while the block runs, if it does not end by itself."""
        log = self.logs / f"{name}.log"
        with log.open("wb") as written:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=self.folder,
                env=self.environment,
                stdout=written,
                stderr=subprocess.STDOUT,
            )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
