"""/readyz says whether every cell has all migrations."""

from collections.abc import Iterator

import pytest
from django.db import connection

from config.monitoring import health
from tests.cells.test_adding_up import locked

pytestmark = pytest.mark.django_db(transaction=True)
LACKS = "DELETE FROM cell_2.django_migrations WHERE app = 'billing' AND name LIKE '0002%'"


@pytest.fixture(autouse=True)
def look_at_migrations_anew() -> Iterator[None]:
    """Whether the database is migrated is not remembered from another test."""
    health._migrated_at = 0.0
    yield
    health._migrated_at = 0.0


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
