"""Runs the parts of the whole benchmark, and keeps what each has found.

A part that was run at this commit is not run again: a run that is broken off goes on where it was.
"""

import json
import multiprocessing
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, connections

from bench import pace
from bench.figures import Figure
from bench.parts import Part

Write = Callable[[str], object]


@dataclass(frozen=True)
class Found:
    """What a part has found, at which commit, and how busy the machine was."""

    part: str
    figures: list[Figure]
    seconds: float
    lacks: str  # why it is not whole; "" if it is
    commit: str
    at: str
    load: float  # of the minute before it began
    notes: list[str] = field(default_factory=list)

    def kept(self) -> dict[str, Any]:
        """All of it as JSON can keep it."""
        return self.__dict__ | {"figures": [figure.kept() for figure in self.figures]}


def read(path: Path) -> Found | None:
    """What was kept in the file, None if there is none, or none that can be read."""
    try:
        kept = json.loads(path.read_text())
        return Found(**kept | {"figures": [Figure(**figure) for figure in kept["figures"]]})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def commit() -> str:
    """The commit that is checked out, with a plus sign if the code was changed since; "unknown"
    where there is no git.
    """
    try:
        named = _git("rev-parse", "--short=8", "HEAD")
        return named + ("+" if _git("status", "--porcelain", "--", ".", ":!docs") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*words: str) -> str:
    """What git answers to these words."""
    command = ["git", "-C", str(settings.BASE_DIR), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def run(
    part: Part, folder: Path, write: Write, *, anew: bool = False, spared: float = 0.0
) -> Found:
    """Run the part on a copy of the scratch database that is open, unless it was run whole at this
    commit, and keep in `folder` what it has found. `write` is called with each line of its report.
    The part may take `spared` seconds more, which others before it have left over.
    """
    path, at = folder / f"{part.name}.json", commit()
    known = read(path)
    if known and known.commit == at and not known.lacks and not anew:
        write(f"{part.name}: as kept, of {known.at}")
        return known
    began, started, load = datetime.now(UTC), time.monotonic(), os.getloadavg()[0]
    bound = part.seconds + spared
    write(f"\n{part.name} (at most {bound:.0f} s)")
    with _copy(part.name) as database:
        figures, notes, lacks = _in_a_process(part, database, write, bound)
    seconds = round(time.monotonic() - started, 1)
    found = Found(
        part.name, figures, seconds, lacks, at, f"{began:%Y-%m-%d %H:%M}", round(load, 1), notes
    )
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found.kept(), indent=1, ensure_ascii=False))
    return found


@contextmanager
def _copy(name: str) -> Iterator[str]:
    """A copy of the database that is open, dropped after the block; its name."""
    suffix = name.replace("-", "_")
    connection.creation.clone_test_db(suffix=suffix, verbosity=0)
    database = connection.creation.get_test_db_clone_settings(suffix)["NAME"]
    connections.close_all()  # no child may use them
    try:
        yield database
    finally:
        with connection.creation._nodb_cursor() as cursor:  # type: ignore[attr-defined]
            cursor.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')


def _in_a_process(
    part: Part, database: str, write: Write, bound: float
) -> tuple[list[Figure], list[str], str]:
    """Run the part in a process of its own, which is ended with all that it started after `bound`
    seconds. Returns (its figures, the other lines of its report, why it is not whole or "").
    """
    forks = multiprocessing.get_context("fork")
    reading, writing = forks.Pipe(duplex=False)
    child = forks.Process(target=_work, args=(part, database, writing, bound))
    child.start()
    writing.close()
    figures: list[Figure] = []
    notes: list[str] = []
    lacks, ends = f"broken off after {bound:.0f} s", time.monotonic() + bound
    while (left := ends - time.monotonic()) > 0 and reading.poll(left):
        try:
            said = reading.recv()
        except EOFError:
            lacks = lacks if child.exitcode is None else ""
            break
        if said is None:
            lacks = ""
            break
        if isinstance(said, Exception):
            lacks = f"failed: {said!r}"[:300]
            break
        if isinstance(said, Figure):
            figures.append(said)
        for what, result in said.lines() if isinstance(said, Figure) else [said]:
            write(f"  {what:<68} {result}")
            if not isinstance(said, Figure):
                notes.append(f"{what}: {result}")
    if not lacks:
        child.join(timeout=5)  # it ends its own servers
    _end(child)
    return figures, notes, lacks


def _end(child: Any) -> None:
    """End the process, if it is still there, and all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.join()


def _work(part: Part, database: str, writing: Any, bound: float) -> None:
    """Run the part on the database of this name, and write its report to the pipe: lines and
    figures, and at the end None, or the error that ended it. It is broken off after `bound`
    seconds, for which it makes as many rounds as it has time for.
    """
    os.setsid()  # whatever it starts is ended with it
    pace.begin(bound)
    connection.settings_dict["NAME"] = database
    try:
        for said in part.report():
            writing.send(said)
        writing.send(None)
    except Exception as error:
        writing.send(RuntimeError(f"{type(error).__name__}: {error}"))
    finally:
        connections.close_all()
        writing.close()
