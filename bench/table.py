"""The table of docs/performance.md, written from what all parts have found, and its plots."""

import os
import platform
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
from django.db import connection

from bench import plots
from bench.figures import MISSED
from bench.running import Found
from bench.sized import size

BEGINS, ENDS = "<!-- make bench, {}: begins -->", "<!-- make bench, {}: ends -->"
HEADS = (
    "what",
    "ours",
    "compared to",
    "ratio or figure",
    "target",
    "",
    "sent in a round",
    "rounds",
)


def write(document: Path, found: Sequence[Found]) -> str:
    """Put the table of these parts into the document, in place of the one of this size that is
    there, and draw its plots beside it. Returns the table.

    Raises ValueError if the document has no place for it.
    """
    text = document.read_text(encoding="utf-8")
    begins, ends = BEGINS.format(size()), ENDS.format(size())
    head, begun, rest = text.partition(begins)
    _, ended, tail = rest.partition(ends)
    if not begun or not ended:
        raise ValueError(f"{document} has no place between {begins} and {ends}.")
    pictures = plots.draw(document.parent / "plots", found)
    said = "\n".join([*_lines(found), *_pictures(pictures)])
    document.write_text(f"{head}{begins}\n{said}\n{ends}{tail}", encoding="utf-8")
    return said


def _lines(found: Sequence[Found]) -> Iterator[str]:
    """The lines of the text and the table."""
    yield _machine(found)
    yield ""
    yield f"| {' | '.join(HEADS)} |"
    yield "|" + "---|" * len(HEADS)
    for part in found:
        for one in part.figures:
            verdict = f"**{one.verdict}**" if one.verdict == MISSED else one.verdict
            cells = (
                *(one.what, one.ours, one.floor or "–", f"{one.figure:,.2f}", one.target or "–"),
                *(verdict, one.sent, str(one.rounds)),
            )
            yield f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
    yield ""
    for part in found:
        if part.lacks:
            yield f"- **{part.part}** is not whole: {part.lacks}."
    aimed = [one for part in found for one in part.figures if one.is_reached is not None]
    missed = sum(not one.is_reached for one in aimed)
    yield f"- {len(aimed)} figures have a target; {missed} of them miss it."


def _machine(found: Sequence[Found]) -> str:
    """The machine, the commits and the days of what was found, in a sentence each."""
    commits = ", ".join(sorted({part.commit for part in found}))
    days = ", ".join(sorted({part.at[:10] for part in found}))
    loads = [part.load for part in found]
    cores, memory = os.cpu_count() or 1, psutil.virtual_memory().total / 2**30
    busy = (
        "" if max(loads, default=0) <= cores else " **Others were at work: rely on ratios alone.**"
    )
    return (
        f"`make bench{' FULL=1' if size() == 'full' else ''}`, commit {commits}, {days}:"
        f" {_processor()}, {cores} cores, {memory:.0f} GB, {platform.system()}"
        f" {platform.release()}, Python {platform.python_version()}, {_server()}."
        f" {sum(part.seconds for part in found) / 60:.1f} minutes; the load before each part was"
        f" {min(loads, default=0):.1f} to {max(loads, default=0):.1f}.{busy}"
    )


def _processor() -> str:
    """The processor's name, as Linux knows it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def _server() -> str:
    """The database server's name and version."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return f"PostgreSQL {cursor.fetchone()[0]}"


def _pictures(names: Sequence[str]) -> Iterator[str]:
    """The lines that show these plots."""
    for name in names:
        yield ""
        yield f"![{plots.TITLES[name]}](plots/{name}.svg)"
