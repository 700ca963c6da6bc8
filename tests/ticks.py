"""Ticks of the timetable, for tests that tell of days or years.

At most of them nothing is due: to have each of twenty jobs ask so through Django was two thirds of
what such a test took. So what a job asks when nothing is due is listened to, once for all tests;
from then on the questions of all jobs are one statement, which the database has planned. A job is
run when one of its own questions finds a row, and now and then it is asked all the same, and has
to find nothing.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from itertools import count
from typing import Any

from django.db import connection
from django.db.models import Model
from psycopg.sql import Literal

from config.timetable import TIMETABLE
from credit.models import Order
from jobs.definitions import Job
from jobs.retention import RETENTION
from lib import prepared

# A job's model is the table of which it finds rows; these look for rows of another one first.
LOOKS_AT: dict[str, type[Model]] = {"order-flags": Order}
ELSEWHEN = timedelta(days=397, hours=5, minutes=7)  # what depends on the instant differs there
TRIES = 10  # of listening to a job that asks something else each time
CHECKED_EACH = 50  # of the times that a job is left out
PLACE = re.compile(r"%%|%s|%\((\w+)\)s")


@dataclass
class Question:
    """Finds a row when something may be due. `before` are instants that it compares with, as how
    long before that of the tick.
    """

    text: str
    before: list[timedelta] = field(default_factory=list)


_known: dict[str, Question] = {}
_tries: dict[str, int] = {}
_left_out = count(1)


def run(now: datetime) -> None:
    """Run the jobs of one tick of the timetable, those that may find something."""
    due: Collection[str] | None = None  # None: not known, as something was done since it was asked
    for job in TIMETABLE:
        if job is RETENTION:  # looks at a dozen tables; tests/jobs/test_retention.py runs it
            continue
        if due is None:
            due = _due(now)
        if job.name not in due:
            if next(_left_out) % CHECKED_EACH == 0:
                assert not job.find(now), f"{job.name} has rows that its own question did not find"
        elif job.name in _known or _find(job, now):
            job.run_here(now)
            due = None


def _find(job: Job, now: datetime) -> Sequence[int]:
    """What the job finds. In its first TRIES runs the statement by which it found nothing is
    learnt, so that `_due` can tell later, without running the job, whether it finds anything.
    """
    if _tries.setdefault(job.name, 0) == TRIES:
        return job.find(now)
    _tries[job.name] += 1
    with _listening() as asked:
        found = job.find(now)
    if not found:
        with _listening() as asked_elsewhen:
            job.find(now + ELSEWHEN)
        question = _question(asked, asked_elsewhen, now)
        if question and not _finds_any(question, now):
            _known[job.name] = question
    return found


Asked = tuple[str, list[Any]]  # a statement, and its values in their order


@contextmanager
def _listening() -> Any:
    """A context that gives the statements that are asked in it, as they are."""
    asked: list[Asked] = []

    def listen(execute: Any, sql: str, values: Any, many: bool, context: Any) -> Any:
        """Keep the statement and its values, and carry it out."""
        if isinstance(values, dict):
            named = [values[place[1]] for place in PLACE.finditer(sql) if place[1]]
            asked.append((PLACE.sub(lambda place: "%s" if place[1] else place[0], sql), named))
        else:
            asked.append((sql, list(values or ())))
        return execute(sql, values, many, context)

    with connection.execute_wrapper(listen):
        yield asked


def _question(asked: list[Asked], elsewhen: list[Asked], now: datetime) -> Question | None:
    """Whether any of the statements finds a row, for any instant; None if that can't be told from
    how they were asked for two instants.
    """
    if not asked or [sql for sql, _ in asked] != [sql for sql, _ in elsewhen]:
        return None
    found = Question("")
    texts = []
    for (sql, values), (_, others) in zip(asked, elsewhen, strict=True):
        shown = []
        for value, other in zip(values, others, strict=True):
            if value == other:
                shown.append(Literal(value).as_string(connection.connection).replace("%", "%%"))
            elif isinstance(value, datetime) and other - value == ELSEWHEN:
                shown.append("%s::timestamptz")
                found.before.append(now - value)
            else:
                return None
        texts.append(f"EXISTS ({_filled_in(sql, shown)})")
    found.text = " OR ".join(texts)
    return found


def _filled_in(sql: str, shown: Iterable[str]) -> str:
    """The statement with these texts in the places of its values."""
    texts = iter(shown)

    def filled(place: re.Match[str]) -> str:
        return place[0] if place[0] == "%%" else next(texts)

    return PLACE.sub(filled, sql)


def _finds_any(question: Question, now: datetime) -> bool:
    """Whether the question finds a row that is due."""
    instants = [now - before for before in question.before]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {question.text}", instants)
        return bool(cursor.fetchone()[0])


def _due(now: datetime) -> Collection[str]:
    """The names of the jobs for which something may be due."""
    instants = [
        now - before
        for job in TIMETABLE
        if job.name in _known
        for before in _known[job.name].before
    ]
    return set(prepared.row(_all_questions(frozenset(_known)), instants) or ())


@cache
def _all_questions(known: frozenset[str]) -> str:
    """The statement that asks for all jobs at once. For jobs whose question is not known, it asks
    whether their table has rows.
    """
    return f"SELECT {', '.join(_told(TIMETABLE, known))}"


def _told(jobs: Iterable[Job], known: Collection[str]) -> Iterable[str]:
    """Yields SQL for each job's name, where it may find anything."""
    for job in jobs:
        model = LOOKS_AT.get(job.name, job.model)
        if job.name in known:
            yield f"CASE WHEN {_known[job.name].text} THEN '{job.name}' END"
        elif model:
            table = model._meta.db_table
            yield f"CASE WHEN EXISTS (SELECT FROM {table}) THEN '{job.name}' END"
        else:
            yield f"'{job.name}'"
