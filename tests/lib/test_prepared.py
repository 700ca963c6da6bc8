"""Statements that are planned once: they answer, fail and are counted as Django's cursors do."""

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from lib import prepared

pytestmark = pytest.mark.django_db
ADDED = "SELECT %(one)s::int + %(other)s::int"
PLANNED = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%::int + %'"


def test_the_first_row_is_given_and_the_plan_is_kept() -> None:
    assert prepared.row(ADDED, {"one": 1, "other": 2}) == (3,)
    assert prepared.row(ADDED, {"one": 40, "other": 2}) == (42,)
    assert prepared.row("SELECT 1 WHERE %s::text = 'b'", ["a"]) is None
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
