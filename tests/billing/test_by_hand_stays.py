"""What operators did by hand stays as it is: the database refuses any change, raw SQL included."""

import pytest
from django.db import Error, connection, transaction

from tests.billing.by_hand import charge, draw_up, move, pause, plan, resume, waive
from tests.billing.paying import manual
from tests.kept import kept_of
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

AT = "2026-11-01 12:00"
rows = kept_of("rows")


def one_of_each() -> None:
    """One row of each thing that operators do by hand about bills."""
    shop = manual()
    charge(shop, AT)
    draw_up(shop, AT)
    move(shop, AT, "2026-11-20")
    pause(shop, AT, "2026-11-10")
    resume(shop, AT)
    waive(shop, AT, "9.00")
    plan(shop, AT, (("2026-11-10", "15.00"), ("2026-11-20", "15.00")))


@pytest.mark.parametrize("rows", [one_of_each], indirect=True, scope="module")
@pytest.mark.parametrize(
    "statement",
    [
        *(f"UPDATE billing_{table} SET reason = 'x'" for table in (
            "dueday", "collectionpause", "waiver", "paymentplan")),
        *(f"UPDATE billing_{table} SET told = 'x'" for table in (
            "dueday", "collectionpause", "waiver", "paymentplan")),
        *(f"DELETE FROM billing_{table}" for table in (
            "dueday", "collectionpause", "waiver", "paymentplan", "paymentplanpart")),
        "UPDATE billing_dueday SET due_on = due_on + 1",
        "UPDATE billing_collectionpause SET until_on = until_on + 1",
        "UPDATE billing_collectionpause SET ended_at = NULL, ended_on = NULL",
        "UPDATE billing_waiver SET amount = 1",
        "UPDATE billing_paymentplan SET paid_before = 1",
        "UPDATE billing_paymentplan SET status = 'KEPT'",
        "UPDATE billing_paymentplan SET ended_at = now(), ended_on = '2026-11-02'",
        "UPDATE billing_paymentplanpart SET amount = 1",
        "UPDATE billing_paymentplanpart SET due_on = due_on + 1",
        "INSERT INTO billing_paymentplan (invoice_id, status, currency, paid_before, actor, reason,"
        " told, made_on, at, ended_by) SELECT invoice_id, status, currency, paid_before, actor,"
        " reason, told, made_on, at, ended_by FROM billing_paymentplan",
        "UPDATE billing_invoice SET due_on = due_on + 1",
        "UPDATE billing_invoice SET kind = 'THRESHOLD'",
    ],
)  # fmt: skip
def test_the_database_itself_refuses(rows: None, statement: str) -> None:
    refused = pytest.raises(Error, match=r"pgtrigger: |violates ")
    with nothing_changes(), refused, transaction.atomic():
        connection.cursor().execute(statement)
