"""manage.py jobs"""

from argparse import ArgumentParser
from datetime import datetime
from typing import IO, Any, cast

from django.core.management.base import CommandError
from rich.console import Console
from rich.table import Table

from jobs import queries
from jobs.models import JobRun
from jobs.queries import JobState, State
from lib import clock
from lib.commands import BooksCommand, add_cell, cells_of


class Command(BooksCommand):
    help = "Shows how the timetable stands; exits with 1 if it stands still or rows have failed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_cell(parser, "facts of this cell alone (default: of all)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print how the timetable stands: a table of the jobs, the scheduler's heartbeat, facts,
        and runs and rows that failed. Raises CommandError, which ends the command with 1, if the
        scheduler does not run, rows have failed, a job is late, or a run was lost.
        """
        state = queries.state(clock.now(), cells_of(options))
        console = Console(
            file=cast(IO[str], self.stdout),
            width=None if self.stdout.isatty() else 120,
            highlight=False,
            markup=False,
        )
        console.print(_table(state))
        for line in _lines(state):
            console.print(line, soft_wrap=True)  # a line each however long: it is searched
        if state.is_stale:
            raise CommandError("The scheduler does not run: start Celery beat and a worker.")
        if state.parked_rows:
            raise CommandError(f"{state.parked_rows} rows failed and wait for another try.")
        if not state.is_sound:
            raise CommandError("A job is late, or a run of it was lost.")


def _table(state: State) -> Table:
    """The table of all jobs, with those that are late, stuck or have parked rows in red."""
    table = Table(title=f"Jobs at {_instant(state.now)} UTC")
    for name in ("job", "due at", "started", "ended"):
        table.add_column(name)
    for name in ("rows", "failed", "parked"):
        table.add_column(name, justify="right")
    table.add_column("lag")
    table.add_column("next run")
    for job in state.jobs:
        bad = job.parked or job.is_late or job.is_stuck
        table.add_row(*_cells(job), style="bold red" if bad else None)
    return table


def _cells(job: JobState) -> tuple[str, ...]:
    """The cells of a job's row in the table: its name, its last run (when it was due, started and
    ended, rows done and failed), parked rows, lag and next run.
    """
    run = job.last
    told = ("never", "", "", "", "")
    if run is not None:
        ended = _ended(run, is_stuck=job.is_stuck)
        rows = f"{run.rows_done} of {run.rows_due}"
        told = (_minute(run.due_at), _clock(run.started_at), ended, rows, str(run.rows_failed))
    return (job.job.name, *told, str(job.parked), job.lag_text, _minute(job.next_at))


def _ended(run: JobRun, *, is_stuck: bool) -> str:
    """The time of day in UTC at which the run ended, "at work" while it is open, or "LOST" if it
    was closed as lost or is stuck.
    """
    if run.is_lost or is_stuck:
        return "LOST"
    return _clock(run.ended_at) if run.ended_at else "at work"


def _lost(state: State) -> list[str]:
    """A line about each run that lost a chunk: those that are stuck now, and those that were closed
    as lost lately.
    """
    lines = []
    for run in (*state.stuck, *state.lost):
        closed = f"; closed at {_instant(run.ended_at)}" if run.ended_at else ""
        lines.append(
            f"Run {run.pk} of {run.job}, begun {_instant(run.started_at)}, is LOST:"
            f" {len(run.open_chunks)} of its chunks were never done{closed}"
        )
    return lines


def _lines(state: State) -> list[str]:
    """Return the lines that are printed below the table. The first is about the scheduler's
    heartbeat. It is followed by sentences about the books (facts), by failed and lost runs,
    and by failed rows, as far as there are any.
    """
    stale = " STALE" if state.is_stale else ""
    seen = _instant(state.heartbeat_at) if state.heartbeat_at else "never"
    lines = [f"\nHeartbeat of the scheduler: {seen}{stale}"]
    lines += state.facts
    lines += [
        f"Run {job.last.pk} of {job.job.name} failed: {job.last.error}"
        for job in state.jobs
        if job.last and job.last.error
    ]
    lines += _lost(state)
    if state.parked:
        lines.append("\nFailed rows:")
    for one in state.parked:
        whose = f" of {one.merchant.reference}" if one.merchant else ""
        lines.append(f"  {one.job}: row {one.row_id}{whose}, {one.failures} times: {one.error}")
    if more := state.parked_rows - len(state.parked):
        lines.append(f"  … and {more:,} more")
    return lines


def _instant(instant: datetime) -> str:
    """The instant, which is given in UTC, as day and time, to the second."""
    return f"{instant:%Y-%m-%d %H:%M:%S}"


def _clock(instant: datetime) -> str:
    """The time of day of the instant, which is given in UTC, to the second."""
    return f"{instant:%H:%M:%S}"


def _minute(instant: datetime) -> str:
    """The instant, which is given in UTC, as day and time, to the minute."""
    return f"{instant:%Y-%m-%d %H:%M}"
