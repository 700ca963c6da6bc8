"""What is written in the billing books stays, whoever writes SQL."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import Error, connection, transaction

from billing.models import Invoice, Payment
from billing.operations import prices
from billing.providers.registry import PROVIDERS, Answer
from tests import shops
from tests.billing.paying import (
    GOOD,
    SECOND,
    Told,
    billed,
    give_back,
    hear,
    told_shop,
    transfer,
    void,
)
from tests.kept import kept_of
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db


rows = kept_of("rows", TAEL_SANDBOX=True)


def collected() -> None:
    """A bill that the sandbox collected."""
    shop = shops.join("2026-11-01 10:00", plan_price="39.00", payment_method="sandbox")
    shop.run_jobs("2026-11-01 11:00")


def every_kind_of_row() -> None:
    """A bill that failed and was paid by transfer, late money for it, and a void one."""
    provider = Told()
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(PROVIDERS, "stripe", provider)
        shop = told_shop()
        provider.answers = [Answer.failed("insufficient_funds", reference="pi-1")]
        shop.run_jobs("2026-11-01 11:00")
        transfer(shop, "2026-11-01 11:30", "39.00")
        hear(shop, "2026-11-01 12:00", Answer.succeeded("pi-1"))
        assert give_back(shop, "2026-11-01 12:10", "39.00") == "GIVEN_BACK 39.00"
        shop.charge("2026-11-01 12:30", "pick-pack", "200.00")
        assert void(shop, "2026-11-01 12:40", SECOND) == "VOID"


def with_rows(write: Callable[[], object]) -> pytest.MarkDecorator:
    """The mark of tests that start from what `write` has written."""
    return pytest.mark.parametrize("rows", [write], indirect=True, scope="module")


@with_rows(collected)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing_invoice SET total = 1",
        "UPDATE billing_invoice SET number = '2026-000009'",
        "UPDATE billing_invoice SET issued_on = '2026-11-02'",
        "UPDATE billing_invoice SET merchant_name = 'Somebody'",
        "UPDATE billing_invoice SET issuer_name = 'Somebody'",
        "UPDATE billing_invoice SET issuer_address = 'Elsewhere'",
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
def test_the_database_itself_refuses(rows: None, statement: str) -> None:
    assert (Invoice.objects.count(), Payment.objects.count()) == (1, 1)
    refused = pytest.raises(Error, match=r"pgtrigger: |violates check constraint")
    with nothing_changes(), refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@with_rows(every_kind_of_row)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing_payment SET amount = 1 WHERE status = 'SUCCEEDED'",
        "UPDATE billing_payment SET provider_reference = 'x' WHERE status = 'SUCCEEDED'",
        "UPDATE billing_payment SET failure = '' WHERE status = 'FAILED'",
        "UPDATE billing_payment SET status = 'SUCCEEDED' WHERE status = 'FAILED'",
        "UPDATE billing_payment SET status = 'PENDING' WHERE status = 'FAILED'",
        "UPDATE billing_payment SET status = 'UNKNOWN' WHERE status = 'SUCCEEDED'",
        "UPDATE billing_payment SET idempotency_key = 'x'",
        "DELETE FROM billing_payment WHERE status = 'FAILED'",
        "UPDATE billing_invoice SET status = 'OPEN' WHERE status = 'PAID'",
        "UPDATE billing_invoice SET status = 'OPEN' WHERE status = 'VOID'",
        "UPDATE billing_invoice SET status = 'PAID', amount_paid = total, paid_at = now()"
        " WHERE status = 'VOID'",
        "UPDATE billing_invoice SET total = 1",
        "UPDATE billing_invoice SET currency = 'EUR'",
        "UPDATE billing_invoice SET number = '2026-000009' WHERE status = 'VOID'",
        "UPDATE billing_invoice SET number = NULL WHERE status = 'VOID'",
        "UPDATE billing_invoice SET due_on = due_on + 1",
        "UPDATE billing_invoice SET issued_at = now()",
        "UPDATE billing_invoice SET period_end = period_end + 1",
        "UPDATE billing_invoice SET first_failed_at = now() WHERE status = 'PAID'",
        "UPDATE billing_invoice SET first_failed_on = NULL WHERE status = 'PAID'",
        "UPDATE billing_invoice SET amount_paid = total + 1 WHERE status = 'PAID'",
        "DELETE FROM billing_invoice WHERE status = 'VOID'",
        "INSERT INTO billing_invoiceline (invoice_id, item_id, category, fee_code, fee_name,"
        " posting_on, charge_count, currency, amount) SELECT invoice.id, item.id, 'FULFILMENT',"
        " 'x', 'x', '2026-11-01', 1, 'USD', 0 FROM billing_invoice invoice, billing_invoiceitem"
        " item WHERE invoice.status = 'PAID' AND item.invoice_id IS NULL",
        "INSERT INTO billing_invoiceline (invoice_id, item_id, category, fee_code, fee_name,"
        " posting_on, charge_count, currency, amount) SELECT invoice_id, item_id, category,"
        " fee_code, fee_name, posting_on, charge_count, currency, amount FROM billing_invoiceline",
        "UPDATE billing_invoiceitem SET invoice_id = NULL",
        "UPDATE billing_invoiceitem SET invoice_id = (SELECT id FROM billing_invoice"
        " WHERE status = 'VOID') WHERE invoice_id IS NOT NULL",
        "UPDATE billing_invoiceline SET fee_name = 'x'",
        "UPDATE billing_invoicedecision SET reason = 'x'",
        "DELETE FROM billing_invoicedecision",
        "UPDATE billing_accountchange SET after = 'x'",
        "DELETE FROM billing_accountchange",
        "UPDATE billing_unappliedentry SET amount = 1",
        "UPDATE billing_unappliedentry SET reason = 'x'",
        "UPDATE billing_unappliedentry SET source = 'x' WHERE kind = 'RECEIVED'",
        "DELETE FROM billing_unappliedentry",
        "UPDATE billing_billingaccount SET unapplied = -0.01",
        "INSERT INTO billing_unappliedentry (account_id, kind, source, reference, currency, amount,"
        " balance, actor, reason, at) SELECT account_id, kind, source, '', currency, amount,"
        " balance, '', '', at FROM billing_unappliedentry",
    ],
)
def test_what_was_paid_decided_and_given_back_stays(rows: None, statement: str) -> None:
    assert (Invoice.objects.count(), Payment.objects.count()) == (2, 2)
    refused = pytest.raises(
        Error, match=r"pgtrigger: |violates |the lines of a bill( that is not void)? are"
    )
    with nothing_changes(), refused, transaction.atomic():
        connection.cursor().execute(statement)


def refused(statement: str) -> None:
    """Check that a trigger refuses the statement."""
    with pytest.raises(Error, match="pgtrigger: "), transaction.atomic():
        connection.cursor().execute(statement)


def test_prices_stay() -> None:
    shops.let_one_decide("USD")
    prices.introduce(
        fee="pick-pack",
        currency="USD",
        unit_price=Decimal("0.25"),
        from_on=date(2026, 11, 1),
        actor="olga@tael.example",
        reason="new year",
        now=shops.instant("2026-11-01"),
    )
    refused("UPDATE billing_feeprice SET unit_price = 1")
    refused("DELETE FROM billing_feeprice")


def test_cards_stay(sandbox: Any) -> None:
    billed("willow", card=GOOD)
    refused("UPDATE billing_card SET last_four = '0000'")
    refused("DELETE FROM billing_card")
