"""Allocates the files in which Prometheus' client keeps the counters of a machine's processes.

The client maps the files into memory, and the system allocates a page when it is first written to.
On a full disk it would end the process (SIGBUS). So the whole file is allocated before it is used,
and a process that gets no room counts in memory that no metrics show.
"""

import logging
import os
from pathlib import Path

from prometheus_client.mmap_dict import _INITIAL_MMAP_SIZE, MmapedDict

log = logging.getLogger(__name__)

LARGEST_ENTRY = 64  # bytes besides an entry's name

# Containers that share the folder number their processes each for itself, from 1 on.
_numbered_by = Path("/proc/self/ns/pid")
_NAMESPACE = _numbered_by.stat().st_ino if _numbered_by.exists() else 0


def process() -> str:
    """The part of a counter file's name that tells this process from all others of this machine, in
    whatever container they run: a namespace and the process's number.
    """
    return f"{_NAMESPACE}-{os.getpid()}"


class Claimed(MmapedDict):
    """A file of counters of which the whole size is allocated before it is used. If the disk is
    full, the counters are kept in memory instead, which no metrics show.
    """

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        try:
            _claim(Path(filename))
            super().__init__(filename, read_mode)
        except OSError as error:
            self._go_unseen(error)

    def _init_value(self, key: str) -> None:
        """Add a counter of this key. If the file has no room left for it, twice its size is
        allocated first; if the disk is full, this process counts in memory from then on.
        """
        if self._used + len(key.encode()) + LARGEST_ENTRY > self._capacity:
            try:
                os.posix_fallocate(self._f.fileno(), 0, 2 * self._capacity)
            except OSError as error:
                self.close()
                self._go_unseen(error)
        super()._init_value(key)

    def _go_unseen(self, error: OSError) -> None:
        """Log the error, and count in memory from now on, where no metrics show it."""
        log.error("What this process counts is in no metrics until it is started again: %s", error)
        memory = os.memfd_create("counters")
        try:
            super().__init__(f"/proc/self/fd/{memory}")
        finally:
            os.close(memory)


def _claim(path: Path) -> None:
    """Create the file if it is missing, and allocate its whole size.

    Raises OSError if the disk is full; a file that was missing is not left behind then.
    """
    is_new = not path.exists()
    with path.open("a+b") as file:
        try:
            size = max(os.fstat(file.fileno()).st_size, _INITIAL_MMAP_SIZE)
            os.posix_fallocate(file.fileno(), 0, size)
        except OSError:
            if is_new:
                path.unlink()
            raise
