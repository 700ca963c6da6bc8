"""The sandbox pays bills without money, and only where that is allowed."""

import logging
from typing import Any

import pytest

from billing.models import Invoice, Payment
from billing.providers.registry import PROVIDERS
from tests import shops
from tests.amounts import usd

pytestmark = pytest.mark.django_db


def billed_shop(reference: str = "rosewood") -> shops.Shop:
    """A shop with one open bill of 39.00."""
    return shops.join("2026-11-01 10:00", reference, plan_price="39.00", payment_method="sandbox")


def test_the_next_run_of_the_jobs_collects_a_bill(sandbox: Any) -> None:
    billed_shop()
    assert Invoice.objects.get().status == "OPEN"
    shops.run_jobs(shops.instant("2026-11-01 11:00"))
    invoice, payment = Invoice.objects.get(), Payment.objects.get()
    assert (invoice.status, invoice.amount_paid, invoice.paid_at) == (
        "PAID",
        usd(39),
        shops.instant("2026-11-01 11:00"),
    )
    assert (payment.status, payment.amount, payment.attempt) == ("SUCCEEDED", usd(39), 1)
    assert payment.idempotency_key == f"T-{invoice.number}-1"


def test_a_paid_bill_is_not_collected_again(sandbox: Any) -> None:
    billed_shop()
    shops.run_hourly(shops.instant("2026-11-01 11:00"), shops.instant("2026-11-01 20:00"))
    assert Payment.objects.count() == 1


def test_a_manual_bill_stays_open(sandbox: Any) -> None:
    shops.join("2026-11-01 10:00", plan_price="39.00")
    shops.run_jobs(shops.instant("2026-11-20 00:00"))
    assert Invoice.objects.get().status == "OPEN"
    assert not Payment.objects.exists()


def test_without_permission_nobody_joins_to_pay_by_it(settings: Any) -> None:
    settings.TAEL_SANDBOX = False
    shop = shops.Shop("rosewood", payment_method="sandbox")
    assert shop.join("2026-11-01 10:00") == "rejected invalid"


def test_without_permission_it_pays_nothing_and_says_which_setting_it_needs(
    sandbox: Any, caplog: pytest.LogCaptureFixture
) -> None:
    billed_shop()
    sandbox.TAEL_SANDBOX = False
    with caplog.at_level(logging.ERROR):
        shops.run_jobs(shops.instant("2026-11-01 11:00"))
    assert "TAEL_SANDBOX=1" in caplog.text
    assert Invoice.objects.get().status == "OPEN"
    assert not Payment.objects.filter(status="SUCCEEDED").exists()


def test_a_bill_that_cannot_be_collected_does_not_keep_the_others_and_waits(
    sandbox: Any, caplog: pytest.LogCaptureFixture
) -> None:
    billed_shop("rosewood")
    billed_shop("willow")
    sandbox.TAEL_SANDBOX = False
    with caplog.at_level(logging.ERROR):
        shops.run_jobs(shops.instant("2026-11-01 11:00"))
    for invoice in Invoice.objects.all():
        assert f"collect-payments: row {invoice.pk} was left as it is: sandbox" in caplog.text
    assert not Payment.objects.exists()
    sandbox.TAEL_SANDBOX = True
    shops.run_jobs(shops.instant("2026-11-01 12:00"))
    assert set(Invoice.objects.values_list("status", flat=True)) == {"PAID"}


def test_a_run_cut_off_before_the_answer_is_finished_by_the_next_one(
    sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    billed_shop()

    def cut_off(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt  # between the note of the attempt and the answer

    with monkeypatch.context() as patch:
        patch.setattr(PROVIDERS["sandbox"], "collect", cut_off)
        with pytest.raises(KeyboardInterrupt):
            shops.run_jobs(shops.instant("2026-11-01 11:00"))
    before = Payment.objects.get()
    assert before.status == "PENDING"
    shops.run_jobs(shops.instant("2026-11-01 12:00"))
    payment = Payment.objects.get()  # the same one, and no other
    assert (payment.pk, payment.status) == (before.pk, "SUCCEEDED")
    assert payment.idempotency_key == before.idempotency_key
    assert (Invoice.objects.get().status, Invoice.objects.get().amount_paid) == (
        "PAID",
        usd(39),
    )
