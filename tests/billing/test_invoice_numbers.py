"""Bills are numbered 1, 2, 3 … in each year of their local dates, without a gap."""

import pytest
from django.db import transaction

from billing.models import Invoice
from tests import shops

pytestmark = pytest.mark.django_db


def numbers() -> list[str]:
    """The numbers of all bills, in their order."""
    return [str(invoice) for invoice in Invoice.objects.order_by("number")]


def test_the_year_is_that_of_the_merchants_own_calendar() -> None:
    for number, zone in enumerate(("Pacific/Kiritimati", "UTC", "Pacific/Pago_Pago")):
        shops.join("2026-12-31T12:00:00Z", f"shop-{number}", timezone=zone, plan_price="39.00")
    assert numbers() == ["2026-000001", "2026-000002", "2027-000001"]
    assert Invoice.objects.get(number="2027-000001").merchant_reference == "shop-0"


def test_there_is_no_gap_from_one_year_into_the_next() -> None:
    joined = [
        shops.join("2026-11-01 10:00", f"shop-{number}", plan_price="39.00") for number in range(5)
    ]
    joined[2].charge("2026-11-15 12:00", "pick-pack", "200.00")
    shops.run_jobs(shops.instant("2027-02-01"))  # bills of 1 and 31 December, 30 January
    assert numbers() == [f"2026-{place:06}" for place in range(1, 17)] + [
        f"2027-{place:06}" for place in range(1, 6)
    ]


def test_numbers_rise_with_the_order_of_issue_of_a_merchants_bills() -> None:
    dresses = shops.join("2026-11-01 10:00", plan_price="39.00", billing_threshold="10.00")
    for amount in ("10.00", "20.00", "30.00"):
        dresses.charge("2026-11-05 12:00", "pick-pack", amount)
    dresses.run_jobs("2026-12-01 00:00")
    totals = Invoice.objects.order_by("number").values_list("total", flat=True)
    assert list(totals) == [39, 10, 20, 30, 39]


def test_a_bill_that_was_not_written_after_all_takes_no_number() -> None:
    dresses = shops.join("2026-11-01 10:00", plan_price="39.00", billing_threshold="10.00")
    with transaction.atomic():
        dresses.charge("2026-11-05 12:00", "pick-pack", "10.00")
        assert numbers() == ["2026-000001", "2026-000002"]
        transaction.set_rollback(True)
    dresses.charge("2026-11-05 12:00", "pick-pack", "20.00")
    assert numbers() == ["2026-000001", "2026-000002"]
