"""Merchants whose currencies have no decimals, or three, from the first charge to the paid bill."""

from typing import Any

import pytest

from billing.models import Invoice
from tests import shops

pytestmark = pytest.mark.django_db


def test_a_merchant_in_yen(settings: Any) -> None:
    settings.TAEL_SANDBOX = True
    shop = shops.join(
        "2026-11-01 10:00",
        currency="JPY",
        timezone="Asia/Tokyo",
        credit_limit="500000",
        billing_threshold="20000",
        plan_price="3900",
        payment_method="sandbox",
    )
    assert shop.place("2026-11-01 11:00", "A", "100000", instalments=3) == "applied"
    shop.deliver("2026-11-02 11:00", "A")
    parts = shop.line.orders.get().parts()
    assert [f"{part.amount.amount:f}".removesuffix(".0000") for part in parts] == [
        "33333",
        "33333",
        "33334",
    ]
    assert shop.pay("2026-11-03 11:00", "A", "33334") == "applied"
    assert (shop.limit(), shop.proceeds()) == (("500000", "66666", "433334"), "33334")

    assert shop.charge("2026-11-05 12:00", "pick-pack", "1500.5") == "rejected invalid"
    assert shop.charge("2026-11-05 12:00", "pick-pack", "1500") == "applied"
    shop.charge("2026-11-05 12:00", "shipping-label", "18500")
    shop.run_jobs("2026-11-06 00:00")
    shop.run_jobs("2026-12-01 00:00")
    assert shop.invoices() == [
        "2026-11-01 SUBSCRIPTION 3900",
        "2026-11-05 THRESHOLD 20000",
        "2026-12-01 SUBSCRIPTION 3900",
    ]
    assert shop.statement("2026-11") == (
        True,
        {"FULFILMENT": (1, "1500"), "SHIPPING": (1, "18500")},
    )
    assert set(Invoice.objects.values_list("status", flat=True)) == {"PAID"}


def test_a_merchant_in_dinars(settings: Any) -> None:
    settings.TAEL_SANDBOX = True
    shop = shops.join(
        "2026-11-01 10:00",
        currency="KWD",
        timezone="Asia/Kuwait",
        credit_limit="1500.000",
        billing_threshold="60.000",
        plan_price="11.995",
        payment_method="sandbox",
    )
    assert shop.place("2026-11-01 11:00", "A", "100.000", instalments=3) == "applied"
    shop.deliver("2026-11-02 11:00", "A")
    parts = shop.line.orders.get().parts()
    assert [f"{part.amount.amount:.3f}" for part in parts] == ["33.333", "33.333", "33.334"]
    shop.pay("2026-11-03 11:00", "A", "0.001")
    assert (shop.limit(), shop.proceeds()) == (("1500.000", "99.999", "1400.001"), "0.001")

    assert shop.charge("2026-11-05 12:00", "pick-pack", "1.2345") == "rejected invalid"
    shop.charge("2026-11-05 12:00", "pick-pack", "1.234")
    shop.charge("2026-11-05 12:00", "shipping-label", "58.765")
    shop.run_jobs("2026-11-06 00:00")
    assert shop.figures() == ("59.999", "0.000")
    shop.charge("2026-11-06 12:00", "packaging", "0.001")
    shop.run_jobs("2026-12-01 00:00")
    assert shop.invoices() == [
        "2026-11-01 SUBSCRIPTION 11.995",
        "2026-11-06 THRESHOLD 60.000",
        "2026-12-01 SUBSCRIPTION 11.995",
    ]
    assert shop.statement("2026-11") == (
        True,
        {"FULFILMENT": (2, "1.235"), "SHIPPING": (1, "58.765")},
    )
    assert set(Invoice.objects.values_list("status", flat=True)) == {"PAID"}


def test_a_merchant_with_a_line_in_baht_and_bills_in_yen() -> None:
    shop = shops.join(
        "2026-11-01 10:00",
        currency="THB",
        billing_currency="JPY",
        credit_limit="5000.00",
        billing_threshold="200",
        plan_price="39",
    )
    assert shop.place("2026-11-02 10:00", "A", "10.25") == "applied"
    assert shop.charge("2026-11-02 10:00", "pick-pack", "200") == "applied"
    assert shop.invoices() == ["2026-11-01 SUBSCRIPTION 39", "2026-11-02 THRESHOLD 200"]
    assert shop.limit() == ("5000.00", "10.25", "4989.75")


def test_a_threshold_with_digits_that_the_billing_currency_lacks_is_refused() -> None:
    shop = shops.Shop("rosewood", billing_currency="JPY", billing_threshold="200.50")
    assert shop.join("2026-11-01 10:00") == "rejected invalid"
