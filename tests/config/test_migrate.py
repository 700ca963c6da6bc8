"""manage.py migrate gives way to those who trade, and what it was kept from is done later."""

import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.core.management.commands import migrate as djangos
from django.db import IntegrityError, connection, transaction

from config.management.commands import migrate
from lib import migrating

READ = "LOCK TABLE credit_order IN ACCESS SHARE MODE"
CHANGE = "LOCK TABLE credit_order IN ACCESS EXCLUSIVE MODE"


@pytest.fixture
def reader() -> Iterator["psycopg.Connection[Any]"]:
    """Somebody who has begun to read orders, and goes on."""
    here = connection.settings_dict
    with psycopg.connect(
        host=str(here["HOST"]), user=str(here["USER"]), dbname=str(here["NAME"]),
        application_name="download",
    ) as asked:  # fmt: skip
        asked.execute(READ)
        yield asked


def setting() -> str:
    """The connection's lock_timeout."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        return str(cursor.fetchone()[0])


@pytest.mark.django_db
def test_a_migration_behind_a_long_reader_is_given_up_and_tried_again(
    reader: "psycopg.Connection[Any]",
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tried: list[str] = []

    def change(*_: Any, **__: Any) -> None:
        tried.append(setting())
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(CHANGE)

    monkeypatch.setattr(djangos.Command, "handle", change)
    monkeypatch.setattr(migrate, "PATIENCE_SECONDS", -1)
    with pytest.raises(CommandError, match="It was not done: others held the tables"):
        call_command("migrate")
    monkeypatch.undo()

    monkeypatch.setattr(djangos.Command, "handle", change)
    monkeypatch.setattr(time, "sleep", lambda _: reader.commit())  # the reader ends
    call_command("migrate")
    assert tried == ["800ms"] * 3
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert said[1].startswith("Tables were in use; it tries again soon. The longest transaction is")
    assert setting() == "0"


@pytest.mark.django_db(transaction=True)
def test_an_index_whose_build_was_interrupted_is_built_anew_and_one_that_is_there_is_left() -> None:
    create = "CREATE UNIQUE INDEX CONCURRENTLY one_of_each ON scratch (number)"
    found = "SELECT indexrelid, indisvalid FROM pg_index WHERE indexrelid = 'one_of_each'::regclass"
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE scratch AS SELECT 1 AS number FROM generate_series(1, 2)")
        try:
            with connection.schema_editor(atomic=False) as editor:
                with pytest.raises(IntegrityError):
                    migrating._build(editor, "one_of_each", create)
                cursor.execute(found)
                invalid, is_valid = cursor.fetchone()
                assert not is_valid
                cursor.execute("TRUNCATE scratch")
                migrating._build(editor, "one_of_each", create)
                cursor.execute(found)
                built, is_valid = cursor.fetchone()
                assert is_valid
                assert built != invalid
                migrating._build(editor, "one_of_each", create)
                cursor.execute(found)
                assert cursor.fetchone() == (built, True)
        finally:
            cursor.execute("DROP TABLE scratch")
    assert setting() == "0"
