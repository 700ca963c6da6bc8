"""A disk that is soon full: a file system in memory, of a few kilobytes or megabytes."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import lacking
from tests.processes import processes_of, until_gone


@contextmanager
def of(size: str) -> Iterator[Path]:
    """A folder with so much room; skips the test, but not in CI, where nobody may mount one."""
    folder = Path(tempfile.mkdtemp(prefix="tael-disk-", dir="/tmp"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0711", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True)
    except FileNotFoundError:
        lacking.skip("There is no mount command.")
    if done.returncode != 0:
        folder.rmdir()
        lacking.skip(f"A small disk could not be mounted: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        for process in processes_of(folder):
            process.kill()
        until_gone(processes_of(folder))
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()
