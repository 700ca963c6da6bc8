"""Files of events as a replay reads them: one event a line, in the order of their instants."""

import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from jobs.definitions import EPOCH
from lib import events
from lib.events import Event
from lib.refusals import Invalid, Refused


class BeyondTheClock(Refused):
    """An event of the file, or the instant to stop at, is later than the clock; nothing was
    applied.
    """


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file with its instant: the event on it, or why it has none."""

    number: int
    at: datetime
    parsed: Event | Invalid


@dataclass(frozen=True)
class Source:
    """A file of events, as `look_through` found it."""

    path: Path
    digest: str
    lines: int
    last_at: datetime | None
    is_in_order: bool
    to_come: Line | None  # the first line whose event is said to happen after the clock

    def read(self) -> Iterator[Line]:
        """Yield the file's lines that are not blank, also those without an event, in the order of
        their instants, and those of one instant as they stand in the file. They are read one by one
        if the file has that order, and otherwise all at once.
        """
        lines = _lines(self.path)
        if self.is_in_order:
            return lines
        return iter(sorted(lines, key=lambda line: line.at))


def look_through(path: Path, *, now: datetime) -> Source:
    """Read the whole file, and return what is known of it: the digest (SHA-256, in hex) of
    the file as it is, also of a .gz file; how many lines are not blank; the latest of their
    instants, None if there is no line; whether they are in the order of their instants; and
    the first line whose instant is later than `now`, None if there is none. A line that
    says no instant has that of the line before it, and EPOCH if there is none.

    Raises OSError if it can't be read, and OSError, EOFError or zlib.error for a .gz file
    that is damaged or cut short.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    count, last_at, is_in_order, to_come = 0, None, True, None
    for line in _lines(path):
        count += 1
        if to_come is None and line.at > now:
            to_come = line
        if last_at is not None and line.at < last_at:
            is_in_order = False
        last_at = max(last_at or line.at, line.at)
    return Source(path, digest.hexdigest(), count, last_at, is_in_order, to_come)


def _open(path: Path) -> IO[bytes]:
    """Open the file for reading bytes; a .gz file is unpacked."""
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _lines(path: Path) -> Iterator[Line]:
    """Yield the lines of the file that are not blank, each with its instant. A line without one
    takes that of the line before it, and EPOCH if there is none.
    """
    at = EPOCH
    with _open(path) as file:
        for number, text in enumerate(file, start=1):
            if not text.strip():
                continue
            try:
                event = events.parse(text)
            except Invalid as refusal:
                at = events.instant_in(text) or at
                yield Line(number, at, refusal)
            else:
                at = event.at
                yield Line(number, at, event)


def check_is_past(source: Source, until: datetime | None, *, now: datetime) -> None:
    """Raise BeyondTheClock if a line of the file says an instant later than `now`, even one that is
    no valid event, or else if `until` is later. The message names the first such line.
    """
    advice = "Nothing was applied. Demonstrations may be told --beyond-now."
    if source.to_come is not None:
        number, at = source.to_come.number, source.to_come.at.isoformat()
        raise BeyondTheClock(
            f"{source.path}, line {number}: {at} is later than the clock, {now.isoformat()}."
            f" {advice}"
        )
    if until is not None and until > now:
        raise BeyondTheClock(
            f"--until {until.isoformat()} is later than the clock, {now.isoformat()}. {advice}"
        )
