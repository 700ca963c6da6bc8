"""A full disk where a machine's processes count together: nobody who counts comes to harm."""

import subprocess
import sys
from pathlib import Path

from config.local.datafolder import BASE_DIR
from tests.config import small_disk

COUNT = """
import sys
from lib import counters as metrics
def count(routes):
    for number in range(routes):
        metrics.REQUESTS.labels(f"route-{number}", "GET", 200).inc()
count(1)
exec(sys.argv[1])
count(1000)  # more than a new file has room for
print(metrics.REQUESTS.labels("route-0", "GET", 200)._value.get())
"""
FILL = """
import contextlib
with contextlib.suppress(OSError):
    open("{}", "wb", 0).write(bytes(10**7))
"""


def counted(folder: Path, meanwhile: str = "") -> "subprocess.CompletedProcess[str]":
    """How a process ends that counts, with its counts in the folder, and does this meanwhile."""
    return subprocess.run(
        [sys.executable, "-c", COUNT, meanwhile],
        cwd=BASE_DIR,
        env={"PROMETHEUS_MULTIPROC_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=180,
    )


SAID = (
    "What this process counts is in no metrics until it is started again:"
    " [Errno 28] No space left on device\n"
)


def test_on_a_disk_that_is_full_a_process_counts_for_itself() -> None:
    with small_disk.of("1m") as disk:
        (disk / "filler").write_bytes(bytes(1024 * 1024 - 8192))
        told = counted(disk)
        assert (told.returncode, told.stdout, told.stderr) == (0, "2.0\n", SAID)
        assert [file.name for file in disk.iterdir()] == ["filler"]  # no half file, nobody reads it


def test_on_one_that_fills_up_it_goes_on_and_what_it_had_counted_stays() -> None:
    with small_disk.of("1m") as disk:
        told = counted(disk, FILL.format(disk / "filler"))
        assert (told.returncode, told.stdout, told.stderr) == (0, "2.0\n", SAID)
        (file,) = disk.glob("counter_*.db")
        assert b'"route": "route-0"' in file.read_bytes()


def test_on_one_with_room_all_of_it_is_in_the_file(tmp_path: Path) -> None:
    told = counted(tmp_path)
    assert (told.returncode, told.stdout, told.stderr) == (0, "2.0\n", "")
    (file,) = tmp_path.glob("counter_*.db")
    assert b'"route": "route-999"' in file.read_bytes()
