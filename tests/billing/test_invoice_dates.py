"""Plan fees in advance, the 30-day cycle between them, and what each bill covers."""

from typing import Any

import pytest

from billing.models import Charge, Invoice
from merchants.models import Merchant
from tests import shops
from tests.amounts import usd
from tests.unchanged import nothing_changes
from tests.whole import some

pytestmark = pytest.mark.django_db


def plan(interval: int, joined: str = "2026-11-01 10:00", **terms: Any) -> shops.Shop:
    """A shop whose plan is billed each so many days."""
    terms = {"billing_threshold": "100000.00", "plan_price": "39.00"} | terms
    return shops.join(joined, plan_interval_days=interval, **terms)


def test_a_plan_of_30_days_is_billed_every_30_days_and_there_is_no_cycle_of_its_own() -> None:
    dresses = plan(30)
    dresses.charge("2026-11-10 12:00", "pick-pack", "10.00")
    dresses.run_jobs("2026-12-31 00:00")
    assert dresses.invoices() == [
        "2026-11-01 SUBSCRIPTION 39.00",
        "2026-12-01 SUBSCRIPTION 49.00",
        "2026-12-31 SUBSCRIPTION 39.00",
    ]


def test_a_plan_of_45_days_has_cycle_bills_on_the_other_thirtieth_days() -> None:
    dresses = plan(45)
    for day in ("2026-11-05", "2026-12-05", "2026-12-20", "2027-01-05", "2027-02-10"):
        dresses.charge(f"{day} 12:00", "pick-pack", "10.00")
    dresses.run_jobs("2027-03-01 00:00")
    assert dresses.invoices() == [
        "2026-11-01 SUBSCRIPTION 39.00",
        "2026-12-01 CYCLE 10.00",  # day 30
        "2026-12-16 SUBSCRIPTION 49.00",  # day 45
        "2026-12-31 CYCLE 10.00",  # day 60
        "2027-01-30 SUBSCRIPTION 49.00",  # day 90 is both, and one bill
        "2027-03-01 CYCLE 10.00",  # day 120
    ]


def test_an_annual_plan_comes_back_on_day_365() -> None:
    dresses = plan(365, "2027-02-28 10:00")
    dresses.run_jobs("2028-02-28 00:00")
    assert dresses.invoices() == ["2027-02-28 SUBSCRIPTION 39.00", "2028-02-28 SUBSCRIPTION 39.00"]
    fees = Charge.objects.filter(fee="plan").order_by("at").values_list("reference", flat=True)
    assert list(fees) == ["tael:plan:2027-02-28", "tael:plan:2028-02-28"]


def test_a_bill_takes_what_posted_before_its_date_and_not_what_posts_on_it() -> None:
    dresses = plan(30)
    dresses.charge("2026-11-30 23:59:59", "shipping-label", "10.00")
    dresses.charge("2026-12-01 00:00", "pick-pack", "7.00")
    dresses.run_jobs("2026-12-01 01:00")
    assert dresses.invoices()[1:] == ["2026-12-01 SUBSCRIPTION 49.00"]
    assert dresses.figures() == ("7.00", "0.00")


def test_a_date_with_nothing_to_bill_makes_no_bill() -> None:
    dresses = plan(365, plan_price="0")
    dresses.run_jobs("2026-12-31 00:00")
    assert dresses.invoices() == []
    dresses.charge("2027-01-05 12:00", "pick-pack", "10.00")
    dresses.run_jobs("2027-01-30 00:00")
    assert dresses.invoices() == ["2027-01-30 CYCLE 10.00"]


def test_periods_hold_their_lines_and_may_share_days() -> None:
    dresses = plan(30, billing_threshold="200.00")
    dresses.charge("2026-11-12 12:00", "pick-pack", "200.00")
    dresses.charge("2026-11-12 13:00", "pick-pack", "300.00")
    dresses.run_jobs("2026-12-01 00:00")
    periods = Invoice.objects.order_by("pk").values_list("kind", "period_start", "period_end")
    assert [(kind, str(start), str(end)) for kind, start, end in periods] == [
        ("SUBSCRIPTION", "2026-11-01", "2026-11-30"),
        ("THRESHOLD", "2026-11-01", "2026-11-12"),
        ("THRESHOLD", "2026-11-12", "2026-11-12"),
        ("SUBSCRIPTION", "2026-12-01", "2026-12-30"),
    ]


def test_the_bill_is_a_frozen_copy() -> None:
    dresses = plan(30, name="Rosewood Dresses", language="th")
    Merchant.objects.update(name="Rosewood & Daughters", language="en")
    invoice = Invoice.objects.get()
    assert (invoice.merchant_name, invoice.merchant_reference, invoice.language) == (
        "Rosewood Dresses",
        dresses.reference,
        "th",
    )
    assert str(invoice.due_on) == "2026-11-08"  # paid by hand: 7 days
    line = invoice.lines.get()
    assert (line.fee_code, line.category, line.charge_count, line.amount) == (
        "plan",
        "SUBSCRIPTION",
        1,
        usd(39),
    )


@pytest.mark.parametrize(
    "terms",
    some(
        [
            {"plan_interval_days": 29},
            {"plan_interval_days": 0},
            {"plan_interval_days": -30},
            {"plan_interval_days": "30"},
            {"plan_price": "-1.00"},
            {"plan_price": "39.001"},
            {"billing_threshold": "-0.01"},
            {"billing_threshold": "200.001"},
            {"credit_limit": "-1.00"},
            {"credit_limit": "5000.001"},
            {"settlement_days": 8},
            {"payment_days": -1},
            {"timezone": "Asia/Chiang_Mai"},
            {"timezone": "../../etc/passwd"},
            {"language": "fr"},
            {"currency": "XXX"},
            {"billing_currency": "XTS"},
            {"payment_method": "cash"},
            {"name": ""},
        ],
        5,
    ),
)
def test_terms_that_no_merchant_can_have_leave_nothing_behind(terms: dict[str, Any]) -> None:
    shop = shops.Shop("rosewood", **terms)
    assert shop.join("2026-11-01T10:00Z") == "rejected invalid"
    assert not Merchant.objects.exists()
    assert not Invoice.objects.exists()
    assert shops.join("2026-11-01 11:00").invoices() == []  # the name is still free


def test_joining_again_is_a_duplicate_and_with_other_terms_a_conflict() -> None:
    dresses = plan(30)
    with nothing_changes():
        assert dresses.join("2026-11-01 12:00") == "duplicate"
        other = shops.Shop(dresses.reference, **{**dresses.terms, "credit_limit": "9000.00"})
        assert other.join("2026-11-01 12:00") == "rejected conflict"
