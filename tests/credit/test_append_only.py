"""What is written in the credit books stays, whoever writes SQL."""

import pytest
from django.db import Error, connection, transaction

from tests import shops
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE credit_limitentry SET used_change = 1",
        "DELETE FROM credit_limitentry",
        "UPDATE credit_proceedsentry SET amount = 1",
        "DELETE FROM credit_proceedsentry",
        "DELETE FROM credit_order",
        "DELETE FROM credit_orderpayment",
        "UPDATE credit_order SET status = 'OPEN', outstanding = 100 WHERE reference = 'paid'",
        "UPDATE credit_order SET status = 'PAID' WHERE reference = 'cancelled'",
        "UPDATE credit_order SET status = 'OPEN', decline_code = '', outstanding = 1"
        " WHERE reference = 'declined'",
        "UPDATE credit_order SET outstanding = 0 WHERE reference = 'open'",
        'UPDATE credit_creditline SET "limit" = -1',
        "UPDATE credit_creditline SET used = -1",
    ],
)
def test_the_database_itself_refuses(statement: str) -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="1000.00")
    for reference in ("open", "paid", "cancelled"):
        shop.place("2026-11-01 10:00", reference, "100.00")
    shop.place("2026-11-01 10:00", "declined", "1000.00")
    shop.pay("2026-11-01 10:00", "paid", "100.00")
    shop.cancel("2026-11-01 10:00", "cancelled")
    refused = pytest.raises(Error, match=r"pgtrigger: |violates check constraint")
    with nothing_changes(), refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
