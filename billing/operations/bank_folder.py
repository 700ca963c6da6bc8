"""Takes in the bank statements that somebody puts into a folder (TAEL_BANK_FOLDER, rule 29.17).

A file is moved to `done` or `failed` beside it once what became of it is committed. Whoever dies
between the two leaves it where it was, and it is taken again: it is the same file, so nothing
happens twice.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from billing.models import BankFile
from billing.operations import bank_statements
from jobs.chunks import TRANSIENT_ERRORS
from lib.bank_files.xml_tree import LARGEST
from lib.locks import try_advisory_lock
from lib.refusals import Refused

log = logging.getLogger(__name__)

DONE, FAILED = "done", "failed"
JOB = "take-bank-files"
# Whoever writes a file writes on within that time; a file that has rested so long is whole, or
# never will be.
RESTS = timedelta(minutes=1)
ONLY_FOLDER = 1  # the number by which the job knows it


def folders(now: datetime) -> Sequence[int]:
    """What the job of the folder is due for: [ONLY_FOLDER] if a folder is set and some file in it
    has not been written to for a minute (RESTS), and otherwise nothing.
    """
    return [ONLY_FOLDER] if next(_files(now), None) else []


def _files(now: datetime) -> Iterator[Path]:
    """Yields the files in the folder that have rested, which is not been written to for a minute
    (RESTS), by their names; none if no folder is set, or it cannot be read, which is logged. Hidden
    ones, and whatever is no file of its own, are left alone.
    """
    if not settings.TAEL_BANK_FOLDER:
        return
    try:
        entries = sorted(os.scandir(settings.TAEL_BANK_FOLDER), key=lambda one: one.name)
    except OSError as error:
        log.error("The folder of bank statements cannot be read: %s", error)
        return
    for entry in entries:
        if entry.name.startswith(".") or not entry.is_file(follow_symlinks=False):
            continue
        with suppress(FileNotFoundError):  # somebody takes it away meanwhile
            if entry.stat().st_mtime <= (now - RESTS).timestamp():
                yield Path(entry.path)


def take_in(*, now: datetime) -> None:
    """Take in the files that have rested (`_files`), each by itself; one that cannot be read or
    moved is logged, and stays. One that fails otherwise does not hold up the others; the first such
    error is raised at the end, but one of TRANSIENT_ERRORS at once. An advisory lock keeps other
    workers from doing so at the same time; they do nothing. Rule 29.17.
    """
    bugs = []
    with try_advisory_lock("folder of bank statements") as is_ours:
        for file in list(_files(now)) if is_ours else ():
            try:
                _take(file, now)
            except TRANSIENT_ERRORS:
                raise
            except OSError as error:  # it is no more there, or not ours: the others go on
                log.error("Bank statement %s cannot be taken in: %s", file.name, error)
            except Exception as error:
                log.exception("Bank statement %s could not be taken in", file.name)
                bugs.append(error)
    if bugs:
        raise bugs[0]


def _take(file: Path, now: datetime) -> None:
    """Take in the statements of the file, with trail rows, and move it to `done`. One that is
    refused is logged and moved to `failed` instead, with a text beside it that says why, and the
    problem is on record. The same content is taken in once: a second file of it goes to `done`, and
    changes nothing. Raises OSError.
    """
    with file.open("rb") as opened:
        content = opened.read(LARGEST + 1)
    try:
        bank_statements.take(content=content, file_name=file.name, actor=JOB, now=now)
    except Refused as refusal:
        problem = str(refusal).removeprefix("file: ")
        log.error("Bank statement %s was not taken; the text beside it says why", file.name)
        _note(content, file.name, problem, now)
        moved = _move(file, FAILED)
        moved.with_name(f"{moved.name}.txt").write_text(f"{problem}\n", encoding="utf-8")
        return
    _move(file, DONE)


def _note(content: bytes, name: str, problem: str, now: datetime) -> BankFile:
    """Record that nothing was taken of the file called `name`, with `problem` as the reason: once,
    also if the same file is tried again. Returns the file's row.
    """
    return bank_statements.note_problem(
        content=content, file_name=name, problem=problem, actor=JOB, now=now
    )


def _move(file: Path, folder: str) -> Path:
    """Move the file into this folder beside it, under a name that no other has there. Returns where
    it is.
    """
    target = file.parent / folder
    target.mkdir(exist_ok=True)
    place, number = target / file.name, 1
    while place.exists():
        number += 1
        place = target / f"{file.stem}-{number}{file.suffix}"
    return file.rename(place)
