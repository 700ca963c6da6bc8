"""A cell that is slow holds up nothing but itself: jobs of the others go on."""

import os
import signal
import time
from io import StringIO
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, transaction
from psycopg import errors

from billing.models import BillingAccount
from jobs import queries, runs, silent_cells, tasks
from jobs.models import JobRun
from jobs.timetable import job_named
from lib import cells, commands, statement_timeout
from lib.cells import moving
from merchants.operations import moves
from tests import shops
from tests.cells.test_adding_up import locked
from tests.credit.pages import set_clock

pytestmark = pytest.mark.django_db(transaction=True)
JOB = "billing-day-ends"


@pytest.mark.full  # which errors are silence is told below
def test_a_job_goes_on_in_other_cells_while_one_does_not_answer(
    two_cells_kept: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.clear()
    move = set_clock(monkeypatch)
    for name in ("meadow", "orchard"):
        shops.join("2026-11-01 09:00", name)
    sent: list[tuple[int, Exception | None]] = []

    def deliver(name: str, **more: Any) -> None:
        """Run the job's task at once, and note its cell and its error."""
        try:
            tasks.run_job(name, **more)
            sent.append((more["cell"], None))
        except OperationalError as error:
            sent.append((more["cell"], error))

    monkeypatch.setattr(tasks.run_job, "delay", deliver)
    do_chunk = tasks.do_chunk.run
    monkeypatch.setattr(tasks.do_chunk, "apply_async", lambda values, queue: do_chunk(*values))
    move("2026-11-02 01:00")
    tick = shops.instant("2026-11-02 01:00")
    tasks.run_job(JOB, tick=tick.isoformat())
    assert sent == [(1, None), (2, None)]
    sent.clear()

    move("2026-11-03 01:05")
    now, tick = shops.instant("2026-11-03 01:05"), shops.instant("2026-11-03 01:00")
    monkeypatch.setattr(silent_cells, "FIND_SECONDS", 3)
    with locked("cell_2.billing_billingaccount"):
        tasks.run_job(JOB, tick=tick.isoformat())
        assert [(cell, bool(error)) for cell, error in sent] == [(1, False), (2, True)]
        assert "statement timeout" in str(sent[1][1])
        # It is left alone for a while, by every job, and by chunks that were sent before.
        runs = JobRun.objects.count()
        tasks.run_job("credit-day-ends", tick=tick.isoformat(), cell=2)
        assert JobRun.objects.count() == runs
        with pytest.raises(OperationalError, match="cell 2 has not answered"):
            do_chunk(1, 1, JOB, [1], tick.isoformat(), 2)
    last = {run.cell: run for run in JobRun.objects.filter(due_at=now).order_by("pk")}
    assert (last[1].tick, last[1].rows_done, last[1].error) == (tick, 1, "")
    assert (last[2].tick, last[2].rows_due) == (None, 0)
    assert "statement timeout" in last[2].error
    assert days() == {1: "2026-11-03", 2: "2026-11-02"}
    assert (JOB, 2, tick) in queries.owed(now)
    assert (JOB, 1, tick) not in queries.owed(now)
    (state,) = [one for one in queries.job_states(now) if one.job.name == JOB]
    assert (state.cell, state.done_up_to) == (2, shops.instant("2026-11-02 01:00"))
    assert state.lag_text.endswith("(cell 2)")
    assert state.is_late

    # Once it answers, what is owed is done.
    cache.clear()
    for name, cell, owed in queries.owed(now):
        tasks.run_job.delay(name, tick=owed.isoformat(), cell=cell)
    assert days() == {1: "2026-11-03", 2: "2026-11-03"}
    assert [one for one in queries.owed(now) if one[0] == JOB] == []


@pytest.mark.django_db
def test_books_that_are_moved_and_a_deadlock_are_no_silence(two_cells: None) -> None:
    cache.clear()
    with (
        pytest.raises(cells.Moves),
        cells.at(1),
        transaction.atomic(),
        silent_cells.finding(1),
    ):
        raise cells.Moves
    silent_cells.check(1)
    assert_some_errors_are_silence()


@pytest.mark.full  # without a move above
def test_a_cell_that_says_why_it_does_nothing_has_answered(two_cells_kept: None) -> None:
    cache.clear()
    shops.join("2026-11-01 09:00", "meadow")
    now = shops.instant("2026-11-03 01:05")
    with moving.staying(), cells.at(1):  # as when an operator has a job run
        moves.begin(reference="meadow", to_cell=2, most_seconds=60)
        with pytest.raises(cells.Moves):
            runs.start(job_named(JOB), at=now, now=now)
    silent_cells.check(1)
    assert_some_errors_are_silence()


def assert_some_errors_are_silence() -> None:
    """Check of which errors of the database it is kept that the cell does not answer."""
    for error, is_silent in (
        (errors.DeadlockDetected(), False),
        (errors.SerializationFailure(), False),
        (errors.QueryCanceled(), True),
        (errors.AdminShutdown(), True),
        (errors.ConnectionFailure(), True),
        (None, True),  # the connection was lost
    ):
        with (
            pytest.raises(OperationalError),
            cells.at(2),
            transaction.atomic(),
            silent_cells.finding(2),
        ):
            raise OperationalError from error
        assert bool(cache.get("silent-cell-2")) == is_silent, error
        cache.clear()


def days() -> dict[int, str]:
    """The open day of the only account of each cell."""
    found = cells.in_each(lambda: str(BillingAccount.objects.get().open_on))
    return dict(zip(cells.numbers(), found, strict=True))


@pytest.mark.full  # one that does not answer in test_commands.py
def test_audit_and_books_name_a_cell_that_is_slow_and_go_on_with_the_others(
    two_cells_kept: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is locked, and one whose server says nothing, not even that it stops."""
    for name in ("meadow", "orchard"):
        shops.join("2026-11-01 09:00", name)

    def told(*command: str) -> str:
        """What the command says, with the errors; it leaves cell 1 out."""
        output = StringIO()
        left_out = r"^Not looked at, or not to its end: cell 1\.$"
        with pytest.raises(CommandError, match=left_out):
            call_command(*command, stdout=output)
        return output.getvalue() + capsys.readouterr().err

    for command in (["audit", "--most-seconds", "1"], ["books", "--all", "--most-seconds", "1"]):
        with locked("cell_1.billing_billingaccount"):
            began = time.monotonic()
            said = told(*command)
            assert time.monotonic() - began < 20  # and not LOCK_SECONDS
        assert "Cell 1 could not be looked at: canceling statement due to statement timeout" in said
        assert ("of cell 2" in said) == (command[0] == "audit")
        assert "of cell 1" not in said
    monkeypatch.setattr(commands, "THERE_SECONDS", 0.3)
    monkeypatch.setattr(statement_timeout, "GRACE_SECONDS", 0.2)
    see = commands._see_that_it_is_there

    def be_stopped() -> None:
        """Have the server's process of the first cell hang."""
        if cells.number() == 1:
            stopped.append(connection.connection.info.backend_pid)
            os.kill(stopped[-1], signal.SIGSTOP)
        see()

    stopped: list[int] = []
    monkeypatch.setattr(commands, "_see_that_it_is_there", be_stopped)
    try:
        said = told("audit")
    finally:
        for process in stopped:
            os.kill(process, signal.SIGCONT)
    assert "Cell 1 could not be looked at: there was no answer within 0.5 seconds" in said
    assert "of cell 2" in said
    call_command("audit", "--cell", "2", stdout=StringIO())
    # Nothing of that is left on the connection.
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")
        assert cursor.fetchone() == ("0",)
