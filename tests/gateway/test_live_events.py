"""Events that arrive live, later than what they tell of: each counts at its arrival.

Due dates, maturity and days of service follow what was said, and both instants are kept.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from billing.models import Charge
from credit.models import LimitReview, ShopMetrics
from gateway.events import apply_all
from lib import events
from tests import books, factories, shops
from tests.shops import Shop

pytestmark = pytest.mark.django_db


class Live(Shop):
    """A shop whose events arrive at `arrival`, whatever they say."""

    def __init__(self, reference: str = "rosewood", **terms: Any) -> None:
        super().__init__(reference, sender=self._arrive, **terms)
        self.arrival = ""

    def _arrive(self, event: dict[str, Any]) -> str:
        """Apply the event as it arrives: at the instant that was set, or when it happened."""
        return shops.apply(event, arriving=self.at(self.arrival) if self.arrival else None)

    def arriving(self, at: str) -> "Live":
        """The shop, whose events arrive at this instant from now on."""
        self.arrival = at
        return self


@pytest.fixture
def shop() -> Live:
    """A shop, whose events arrive on 1 Nov 2026 unless it is told otherwise."""
    shop = Live()
    assert shop.arriving("2026-11-01 10:00").join("2026-11-01 10:00") == "applied"
    return shop


def a_charge(shop: Live) -> Charge:
    """The shop's charge that is not the plan's."""
    return shop.account.charges.exclude(fee="plan").get()


def test_a_merchant_joins_on_the_day_on_which_we_hear_of_it() -> None:
    shop = Live(plan_price="39.00", plan_interval_days=30)
    assert shop.arriving("2026-11-05 10:00").join("2026-10-20 10:00") == "applied"
    assert shop.merchant.joined_at == shop.at("2026-11-05 10:00")
    assert shop.merchant.joined_said_at == shop.at("2026-10-20 10:00")
    assert str(shop.account.joined_on) == str(shop.line.open_on) == "2026-11-05"
    assert shop.invoices() == ["2026-11-05 SUBSCRIPTION 39.00"]


def test_a_charge_told_after_midnight_keeps_its_day_of_service_and_posts_on_arrival(
    shop: Live,
) -> None:
    told = shop.arriving("2026-11-11 00:20")
    assert told.charge("2026-11-10 23:50", "shipping-label", "210.00") == "applied"
    charge = a_charge(shop)
    assert (charge.at, charge.arrived_at) == (
        shop.at("2026-11-10 23:50"),
        shop.at("2026-11-11 00:20"),
    )
    assert (str(charge.service_on), charge.is_late) == ("2026-11-10", False)
    assert shop.figures() == ("0.00", "210.00")
    shop.run_jobs("2026-11-12 00:00")
    assert shop.invoices() == ["2026-11-11 THRESHOLD 210.00"]
    books.assert_clean()


@pytest.mark.full  # in test_late_and_odd.py, too
def test_a_charge_told_after_its_month_has_closed_is_late(shop: Live) -> None:
    shop.arriving("2026-11-20 10:00").charge("2026-11-20 09:00", "pick-pack", "5.00")
    told = shop.arriving("2026-12-02 09:00")
    assert told.charge("2026-11-30 22:00", "pick-pack", "7.00", "late") == "applied"
    charge = shop.account.charges.get(reference="late")
    assert (str(charge.service_on), charge.is_late) == ("2026-11-30", True)
    assert shop.statement("2026-11") == (True, {"FULFILMENT": (1, "5.00")})
    assert shop.statement("2026-12") == (False, {"FULFILMENT": (1, "7.00")})
    books.assert_clean()


@pytest.mark.full  # steps are in test_steps_before_their_order.py
def test_a_charge_ahead_of_its_arrival_is_forgiven_five_minutes(shop: Live) -> None:
    late = shop.arriving("2026-11-10 23:58")
    assert late.charge("2026-11-11 00:03:00.000001", "pick-pack", "1.00") == "rejected invalid"
    assert not shop.account.charges.exclude(fee="plan").exists()
    assert late.charge("2026-11-11 00:03", "shipping-label", "1.00", "ahead") == "applied"
    charge = a_charge(shop)
    assert charge.at == shop.at("2026-11-11 00:03")  # as it was said
    assert str(charge.service_on) == "2026-11-10"  # as if it were its arrival
    again = shop.arriving("2026-11-09 10:00")  # a repeat is one, whenever it comes
    assert again.charge("2026-11-12 00:03", "shipping-label", "1.00", "ahead") == "duplicate"
    books.assert_clean()


def test_metrics_count_from_their_arrival_and_the_latest_measured_wins(shop: Live) -> None:
    def measure(at: str, rating: str) -> str:
        marks = {"listing_quality": 80, "profile_completeness": 80, "after_sales": 80}
        return shop.send("shop.metrics", at, rating=rating, **marks)

    shop.arriving("2026-11-20 10:00")
    assert measure("2026-11-19 10:00", "4.4") == "applied"
    shop.arriving("2026-11-21 10:00")
    assert measure("2026-11-15 10:00", "4.8") == "applied"  # measured before, told after
    assert measure("2026-11-21 10:05:01", "4.9") == "rejected invalid"
    assert measure("2026-11-21 10:05", "4.5") == "applied"
    shop.arriving("2026-12-01 00:00:01")
    assert measure("2026-11-30 10:00", "4.7") == "applied"  # too late for December's review
    shop.run_jobs("2026-12-01 01:00")
    assert LimitReview.objects.get().rating == Decimal("4.5")
    shop.run_jobs("2027-01-01 01:00")
    assert LimitReview.objects.latest("on").rating == Decimal("4.7")
    told = ShopMetrics.objects.get(at=shop.at("2026-11-15 10:00"))
    assert told.arrived_at == shop.at("2026-11-21 10:00")


def test_a_join_ahead_of_its_arrival_is_invalid() -> None:
    shop = Live()
    assert shop.arriving("2026-11-01 10:00").join("2026-11-01 10:05:01") == "rejected invalid"
    assert shop.arriving("2026-11-01 10:00").join("2026-11-01 10:05") == "applied"
    assert str(shop.line.open_on) == "2026-11-01"


def test_a_batch_is_applied_in_the_order_of_at_and_answered_as_listed(shop: Live) -> None:
    said: list[dict[str, Any]] = []
    teller = Shop("rosewood", sender=lambda event: said.append(event) or "")  # type: ignore[func-returns-value]
    teller.pay("2026-11-02 12:00", "A", "10.00", "P")
    teller.deliver("2026-11-02 11:00", "A")
    teller.charge("2026-11-02 10:30", "pick-pack", "1.00", "C")
    teller.place("2026-11-02 10:00", "A", "10.00")
    teller.place("2026-11-02 10:00", "A", "11.00")  # of one instant: as listed
    batch = [events.from_object(event) for event in said]
    outcomes = apply_all(batch, now=shop.at("2026-11-03 09:00"))
    assert [f"{outcome.status} {outcome.code}".strip() for outcome in outcomes] == [
        *("applied", "applied", "applied", "applied"),
        "rejected conflict",
    ]
    assert shop.order("A") == ("PAID", "0.00")
    assert shop.line.orders.get().placed_at == shop.at("2026-11-03 09:00")
    books.assert_clean()


def test_a_delivery_told_late_falls_due_by_its_own_day(shop: Live) -> None:
    shop.arriving("2026-11-02 10:00").place("2026-11-02 10:00", "A", "1000.00")
    told = shop.arriving("2026-11-08 09:00")
    assert told.deliver("2026-11-05 15:00", "A") == "applied"
    assert str(shop.line.orders.get().due_on) == "2026-11-15"  # ten days after the 5th


def test_cash_told_late_matures_by_the_day_on_which_it_was_paid(shop: Live) -> None:
    shop.arriving("2026-11-02 10:00").place("2026-11-02 10:00", "A", "1000.00")
    assert shop.arriving("2026-11-06 09:00").pay("2026-11-03 09:00", "A", "1000.00") == "applied"
    sale = shop.line.proceeds_entries.get()
    assert (str(sale.matures_on), sale.at) == ("2026-11-10", shop.at("2026-11-06 09:00"))


def test_the_charge_page_shows_both_instants(shop: Live, client: Client) -> None:
    shop.arriving("2026-11-11 00:20").charge("2026-11-10 23:50", "pick-pack", "1.00", "C")
    client.force_login(factories.member(shop))
    page = client.get("/m/rosewood/billing/credits/new/?charge=C").content.decode()
    assert "2026-11-10T23:50:00" in page
    assert "2026-11-11T00:20:00" in page
    assert timedelta(minutes=30) == a_charge(shop).arrived_at - a_charge(shop).at
