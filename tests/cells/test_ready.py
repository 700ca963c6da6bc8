"""/readyz says whether every cell has all migrations."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from config.monitoring import health
from lib.cells import adding_up
from tests.cells.test_adding_up import locked

pytestmark = pytest.mark.django_db(transaction=True)
LACKS = "DELETE FROM cell_2.django_migrations WHERE app = 'billing' AND name LIKE '0002%'"


@pytest.fixture(autouse=True)
def look_at_migrations_anew() -> Iterator[None]:
    """Whether the database is migrated is not remembered from another test."""
    health._migrated_at = 0.0
    yield
    health._migrated_at = 0.0


@pytest.mark.django_db
def test_a_cell_that_is_not_migrated_is_named_and_one_that_is_silent_is_not_looked_at(
    two_cells: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert health._database() == ""
    with connection.cursor() as cursor:
        cursor.execute(LACKS)
    assert health._database() == ""  # looked at once a minute
    health._migrated_at = 0.0
    assert health._database() == "1 migrations are not applied in cell 2"
    each = adding_up.each

    def without_second(ask: Any, **more: Any) -> Any:
        """What the first cell says, as if the second had been silent."""
        return adding_up.Answers({1: each(ask, **more).found[1]}, silent=[2])

    monkeypatch.setattr(adding_up, "each", without_second)
    assert health._database() == ""


@pytest.mark.full  # without a lock above
def test_a_cell_that_is_not_migrated_is_named_and_one_that_is_silent_takes_no_server_away(
    two_cells_kept: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert health._database() == ""
    with connection.cursor() as cursor:
        cursor.execute(LACKS)
    assert health._database() == ""  # looked at once a minute
    health._migrated_at = 0.0
    assert health._database() == "1 migrations are not applied in cell 2"
    monkeypatch.setattr(health, "CELLS_SECONDS", 0.5)
    with locked("cell_2.django_migrations"):
        assert health._database() == ""
