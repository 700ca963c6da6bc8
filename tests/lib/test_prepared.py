"""Statements that are planned once: they answer, fail and are counted as Django's cursors do."""

from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from django.db import DataError, IntegrityError, ProgrammingError, connection, transaction
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from lib import planned, prepared

pytestmark = pytest.mark.django_db
ADDED = "SELECT %(one)s::int + %(other)s::int"
PLANNED = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%::int + %'"


def test_the_first_row_is_given_and_the_plan_is_kept() -> None:
    assert prepared.row(ADDED, {"one": 1, "other": 2}) == (3,)
    assert prepared.row(ADDED, {"one": 40, "other": 2}) == (42,)
    assert prepared.row("SELECT 1 WHERE %s::text = 'b'", ["a"]) is None
    instant = datetime(2026, 11, 27, 21, 44, 1, 250, UTC)
    assert prepared.row("SELECT %s::timestamptz, NULL::timestamptz", [instant]) == (instant, None)
    (found,) = prepared.row("SELECT now()", ()) or ()
    assert found.tzinfo is UTC
    with connection.cursor() as cursor:
        cursor.execute(PLANNED)
        assert cursor.fetchone() == (1,)


def test_what_the_database_refuses_is_raised_as_everywhere() -> None:
    heartbeat = "INSERT INTO jobs_heartbeat (process, at) VALUES (%s, now())"
    prepared.run(heartbeat, ["scheduler"])
    with pytest.raises(IntegrityError), transaction.atomic():
        prepared.run(heartbeat, ["scheduler"])
    with transaction.atomic():
        with pytest.raises(DataError), transaction.atomic():
            prepared.row("SELECT 1 / %s::int", [0])
        connection.needs_rollback = True
        with pytest.raises(TransactionManagementError):
            prepared.row(ADDED, {"one": 1, "other": 2})


def test_whoever_counts_statements_counts_these_too() -> None:
    with CaptureQueriesContext(connection) as asked:
        assert prepared.row(ADDED, {"one": 1, "other": 2}) == (3,)
        prepared.run("SELECT set_config('tael.test', %s, true)", ["x"])
    assert len(asked) == 2


def test_what_is_asked_ahead_is_answered_in_turn_and_nothing_is_done_after_what_fails() -> None:
    heartbeat = "INSERT INTO jobs_heartbeat (process, at) VALUES (%s, now())"
    written = "SELECT count(*) FROM jobs_heartbeat"
    asked: list[tuple[str, planned.Values]] = [
        (ADDED, {"one": 1, "other": 2}),
        (heartbeat, ["a"]),
        (written, ()),
        (heartbeat, ["b"]),
    ]
    assert prepared.rows_of_each(iter(asked)) == [[(3,)], [], [(1,)], []]
    with CaptureQueriesContext(connection) as counted:
        assert prepared.rows_of_each([(written, ()), (ADDED, {"one": 40, "other": 2})]) == [
            [(2,)], [(42,)],
        ]  # fmt: skip
    assert len(counted) == 2
    for _ in range(2):  # a plan that was not made is not counted on
        with pytest.raises(ProgrammingError, match="nowhere"), transaction.atomic():
            prepared.rows_of_each([(heartbeat, ["c"]), ("SELECT * FROM nowhere", ())])
    with pytest.raises(IntegrityError), transaction.atomic():
        prepared.rows_of_each([(heartbeat, ["c"]), (heartbeat, ["a"]), (heartbeat, ["d"])])

    def stopped() -> Iterator[tuple[str, list[str]]]:
        yield heartbeat, ["e"]
        raise LookupError

    with pytest.raises(LookupError), transaction.atomic():
        prepared.rows_of_each(stopped())
    assert prepared.rows(written, ()) == [(2,)]

    product = "SELECT %(one)s::int * %(other)s::int"

    def failed_and_stopped() -> Iterator[tuple[str, planned.Values]]:
        yield heartbeat, ["a"]
        yield product, {"one": 6, "other": 7}
        raise LookupError

    with pytest.raises(LookupError), transaction.atomic():
        prepared.rows_of_each(failed_and_stopped())
    assert prepared.row(product, {"one": 6, "other": 7}) == (42,)


def test_answers_that_never_come_are_not_waited_for_once_the_connection_is_lost() -> None:
    lost = connection.copy()
    lost.connect()
    to_server = lost.connection
    to_server.pgconn.enter_pipeline_mode()
    for statement in (b"SELECT pg_terminate_backend(pg_backend_pid())", b"SELECT 1"):
        to_server.pgconn.send_query_params(statement, None)
    to_server.pgconn.pipeline_sync()
    with pytest.raises(psycopg.OperationalError):
        to_server.wait(planned.answers(to_server.pgconn))
    lost.close()
