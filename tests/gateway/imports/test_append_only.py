"""What was uploaded, and what became of it, stays as it is, whoever writes SQL."""

import pytest
from django.db import Error, connection, transaction

from gateway.imports import operations
from tests import shops
from tests.gateway.imports.importing import NOW, orders, take_in, upload
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM gateway_import",
        "UPDATE gateway_import SET row_count = 5",
        "UPDATE gateway_import SET uploaded_by = 'nobody'",
        "UPDATE gateway_import SET status = 'RUNNING', ended_at = NULL WHERE status = 'DONE'",
        "UPDATE gateway_import SET status = 'DONE' WHERE status = 'STOPPED'",
        "DELETE FROM gateway_importedrow",
        "UPDATE gateway_importedrow SET data = '{}'",
        "UPDATE gateway_importedrow SET line = 7",
        "UPDATE gateway_importedrow SET outcome = 'rejected' WHERE outcome = 'applied'",
        "UPDATE gateway_importedrow SET outcome = 'applied' WHERE outcome = 'waiting'",
        "UPDATE gateway_importedrow SET reason = 'Because.' WHERE outcome = 'applied'",
    ],
)
def test_the_database_itself_refuses(statement: str) -> None:
    shops.join("2026-11-01 10:00")
    upload("ORDERS", *orders(1))
    take_in()
    waiting = upload("ORDERS", *orders(2))
    said = {"reason": "Too early.", "actor": "olga@tael.example", "now": NOW}
    operations.stop(import_id=waiting.pk, **said)  # type: ignore[arg-type]
    refused = pytest.raises(Error, match=r"pgtrigger: |violates check constraint")
    with nothing_changes(), refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_and_that_a_row_invites_twice() -> None:
    shops.join("2026-11-01 10:00")
    upload("ORDERS", *orders(1))
    take_in()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE gateway_importedrow SET invitation = 'not_sent'")
        for other in ("invited", ""):
            refused = pytest.raises(Error, match=r"pgtrigger: ")
            with nothing_changes(), refused, transaction.atomic():
                cursor.execute(f"UPDATE gateway_importedrow SET invitation = '{other}'")
