"""What is written in the billing books stays, whoever writes SQL."""

from typing import Any

import pytest
from django.db import Error, connection, transaction

from tests import shops

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing_invoice SET total = 1",
        "UPDATE billing_invoice SET number = '2026-000009'",
        "UPDATE billing_invoice SET issued_on = '2026-11-02'",
        "UPDATE billing_invoice SET merchant_name = 'Somebody'",
        "UPDATE billing_invoice SET status = 'OPEN', amount_paid = 0",
        "UPDATE billing_invoice SET amount_paid = 1",
        "DELETE FROM billing_invoice",
        "UPDATE billing_invoiceline SET amount = 1",
        "DELETE FROM billing_invoiceline",
        "DELETE FROM billing_invoiceitem",
        "UPDATE billing_payment SET amount = 1",
        "UPDATE billing_payment SET status = 'FAILED'",
        "DELETE FROM billing_payment",
    ],
)
def test_the_database_itself_refuses(settings: Any, statement: str) -> None:
    settings.TAEL_SANDBOX = True
    shop = shops.join("2026-11-01 10:00", plan_price="39.00", payment_method="sandbox")
    shop.run_jobs("2026-11-01 11:00")
    refused = pytest.raises(Error, match=r"pgtrigger: |violates check constraint")
    with shop.unchanged(), refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
