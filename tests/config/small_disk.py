"""A disk that is soon full: a file system in memory, of a few kilobytes or megabytes."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import lacking
from tests.processes import processes_of, until_gone


class NotMounted(Exception):
    """This machine, or this account, mounts no file system; the message says why."""


def mount(size: str) -> Path:
    """A folder with so much room. Raises NotMounted."""
    folder = Path(tempfile.mkdtemp(prefix="tael-disk-", dir="/tmp"))
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0711", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError as error:
        folder.rmdir()
        raise NotMounted("there is no mount command") from error
    if done.returncode != 0:
        folder.rmdir()
        raise NotMounted(done.stderr.strip())
    return folder


def unmount(folder: Path) -> None:
    """End the servers that live there, and remove the folder with all that is in it."""
    for process in processes_of(folder):
        process.kill()
    until_gone(processes_of(folder))
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    folder.rmdir()


@contextmanager
def of(size: str) -> Iterator[Path]:
    """A folder with so much room; skips the test, but not in CI, where nobody may mount one."""
    try:
        folder = mount(size)
    except NotMounted as refusal:
        lacking.skip(f"A small disk could not be mounted: {refusal}")
    try:
        yield folder
    finally:
        unmount(folder)
