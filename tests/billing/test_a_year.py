"""One merchant's first year, told month by month, with every bill and statement it leaves."""

import pytest

from tests import shops
from tests.amounts import usd
from tests.billing import deciding

pytestmark = pytest.mark.django_db


@pytest.mark.full  # a month passes in all zones in test_month_in_all_zones.py
def test_a_year() -> None:
    """Plan of 39.00 for 30 days, threshold 200.00, in Bangkok but billed in dollars."""
    shop = shops.join(
        "2027-01-01 09:00",
        currency="THB",
        billing_currency="USD",
        timezone="Asia/Bangkok",
        billing_threshold="200.00",
        plan_price="39.00",
    )

    # January: a label's price, storage, an app.
    deciding.price("shipping-label", "4.255", "2027-01-01")
    deciding.priced(shop, "2027-01-05 12:00", "shipping-label", 9)  # 38.295
    shop.charge("2027-01-20 12:00", "storage", "60.00", "S-1")
    shop.charge("2027-01-21 12:00", "app-usage", "15.00")
    shop.run_jobs("2027-02-01 00:00")
    assert shop.statement("2027-01") == (
        True,
        {"FULFILMENT": (1, "60.00"), "SHIPPING": (1, "38.30")},
    )
    assert shop.invoices() == [
        "2027-01-01 SUBSCRIPTION 39.00",
        "2027-01-31 SUBSCRIPTION 92.30",  # 38.30 + 15 + 39; storage posts with that day's end
    ]
    assert shop.figures() == ("60.00", "0.00")

    # February: half of the storage was a mistake.
    asked = deciding.ask(shop, "2027-02-10 12:00", "S-1", "30.00", "credit-storage")
    deciding.approve(shop, "2027-02-12 12:00", asked)
    assert shop.figures() == ("30.00", "0.00")

    # March: it grows over its threshold, asks for more, and gets some of it.
    shop.charge("2027-03-10 12:00", "pick-pack", "220.00")
    request = deciding.ask_threshold(shop, "2027-03-11 12:00", "1000.00")
    deciding.approve_threshold(shop, "2027-03-12 12:00", request, "500.00")
    shop.charge("2027-03-15 12:00", "pick-pack", "450.00")
    shop.run_jobs("2027-04-01 00:00")
    assert shop.invoices()[2:] == [
        "2027-03-02 SUBSCRIPTION 69.00",  # 60 − 30 + 39
        "2027-03-10 THRESHOLD 220.00",
        "2027-04-01 SUBSCRIPTION 489.00",
    ]
    assert shop.statement("2027-02") == (True, {"FULFILMENT_CREDIT": (1, "-30.00")})
    assert shop.statement("2027-03") == (True, {"FULFILMENT": (2, "670.00")})

    # April: the threshold bill was never paid; a transfer comes for it, in two parts.
    march = deciding.invoice(shop, "2027-03-10")
    assert str(march.first_failed_on) == "2027-03-17"
    shop.run_jobs("2027-04-10 12:00")
    assert shop.frozen_by() == ["UNPAID_BILL"]
    for invoice, amount in ((march, "200.00"), (march, "20.00")):
        deciding.transfer(shop, "2027-04-10 13:00", invoice, amount)
    march.refresh_from_db()
    assert march.status == "PAID"
    for date in ("2027-01-01", "2027-01-31", "2027-03-02", "2027-04-01"):
        invoice = deciding.invoice(shop, date)
        deciding.transfer(shop, "2027-04-10 14:00", invoice, f"{invoice.total.amount:.2f}")
    assert shop.frozen_by() == []

    # The annual plan, from the next plan date, 1 May, on.
    deciding.change_plan(shop, "2027-04-20 12:00", "390.00", 365, "annual")

    # May: a bill with a wrong charge is voided, credited, and comes again with the cycle.
    shop.charge("2027-05-03 12:00", "packaging", "600.00", "W-1")
    wrong = deciding.invoice(shop, "2027-05-03")
    deciding.void(shop, "2027-05-04 12:00", wrong)
    assert shop.figures() == ("600.00", "0.00")
    deciding.grant(shop, "2027-05-04 13:00", "540.00", "credit-pick-pack", "W-1")
    assert shop.figures() == ("60.00", "0.00")
    shop.run_jobs("2027-06-01 00:00")
    assert shop.invoices()[5:] == [
        "2027-05-01 SUBSCRIPTION 390.00",
        "2027-05-03 THRESHOLD 600.00",
        "2027-05-31 CYCLE 60.00",  # day 150
    ]
    assert shop.statement("2027-05") == (
        True,
        {"FULFILMENT": (1, "600.00"), "FULFILMENT_CREDIT": (1, "-540.00")},
    )

    # Summer and autumn: nothing, then a label whose message was lost for two months.
    shop.run_jobs("2027-11-15 12:00")
    deciding.priced_late(shop, "2027-09-15 12:00", "2027-11-15 12:00", "shipping-label")
    shop.charge("2027-12-30 12:00", "transaction-fee", "5.00")
    shop.run_jobs("2028-01-01 00:00")
    assert shop.invoices()[8:] == ["2027-11-27 CYCLE 4.26"]  # day 330
    assert shop.statement("2027-11") == (True, {"SHIPPING": (1, "4.26")})
    assert [shop.statement(f"2027-{month:02}") for month in (4, 6, 7, 8, 9, 10, 12)] == [None] * 7
    assert shop.figures() == ("5.00", "0.00")

    statuses = shop.account.invoices.order_by("pk").values_list("number", "status")
    assert list(statuses) == [
        ("2027-000001", "PAID"),
        ("2027-000002", "PAID"),
        ("2027-000003", "PAID"),
        ("2027-000004", "PAID"),
        ("2027-000005", "PAID"),
        ("2027-000006", "OPEN"),
        ("2027-000007", "VOID"),
        ("2027-000008", "OPEN"),
        ("2027-000009", "OPEN"),
    ]
    # All that was ever charged is on a bill that counts, or outstanding.
    charged = sum((charge.amount for charge in shop.account.charges.all()), usd(0))
    invoices = shop.account.invoices.exclude(status="VOID")
    billed = sum((invoice.total for invoice in invoices), usd(0))
    assert charged == billed + shop.account.outstanding
