"""A merchant pauses new orders, caps a single one, and caps what one buyer may owe."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from moneyed import Money

from credit.operations import own_rules
from credit.queries import attention, declined
from lib.refusals import CurrencyMismatch, Invalid, Refused
from notices.models import Notice
from tests import shops
from tests.factories import FreezeFactory
from tests.shops import Shop
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

OWNER = "olive@rosewood.example"
NOON = "2026-11-02 12:00"


def join(**terms: Any) -> Shop:
    """A shop that has just joined, on these terms."""
    shop = shops.join("2026-11-02 09:00", credit_limit="5000.00", **terms)
    return shop


def by(shop: Shop, at: str = "2026-11-02 10:00") -> dict[str, Any]:
    """The line, who acts, and when: what operations are given."""
    return {"merchant_id": shop.line.pk, "actor": OWNER, "now": shop.at(at)}


def cap(shop: Shop, order: str | None = None, buyer: str | None = None) -> None:
    """Set the merchant's own caps: for an order, for a buyer."""
    own_rules.set_caps(
        order=Money(order, shop.currency) if order else None,
        buyer=Money(buyer, shop.currency) if buyer else None,
        **by(shop),
    )


def test_a_pause_declines_new_orders_and_open_ones_go_on() -> None:
    shop = join()
    shop.place("2026-11-02 09:30", "A", "100.00")
    own_rules.pause(**by(shop))
    assert shop.place(NOON, "B", "1.00") == "declined paused_by_merchant"
    assert shop.pay(NOON, "A", "100.00") == "applied"
    own_rules.resume(**by(shop, "2026-11-02 13:00"))
    assert shop.place("2026-11-02 13:01", "B", "1.00") == "duplicate"  # a declined one stays so
    assert shop.place("2026-11-02 13:02", "C", "1.00") == "applied"
    assert [entry.action for entry in TrailEntry.objects.order_by("pk")] == [
        "ORDERS_PAUSED",
        "ORDERS_RESUMED",
    ]


def test_pausing_twice_is_pausing_once() -> None:
    shop = join()
    own_rules.pause(**by(shop))
    since = shop.line.paused_at
    own_rules.pause(**by(shop, NOON))
    assert shop.line.paused_at == since
    assert TrailEntry.objects.count() == 1


def test_as_much_as_a_cap_is_fine() -> None:
    shop = join()
    cap(shop, order="100.00")
    assert shop.place(NOON, "A", "100.00") == "applied"
    assert shop.place(NOON, "B", "100.01") == "declined above_own_cap"
    cap(shop)
    assert shop.place(NOON, "C", "100.01") == "applied"


def test_a_buyer_owes_open_orders_and_what_was_written_off_and_not_recovered() -> None:
    shop = join(payment_days=0)
    shop.place("2026-11-02 09:10", "LOST", "100.00")
    shop.deliver("2026-11-02 09:20", "LOST")
    shop.run_jobs("2027-02-01 00:00")  # 91 days later
    assert shop.order("LOST") == ("WRITTEN_OFF", "0.00")
    shop.pay("2027-02-01 10:00", "LOST", "30.00")  # 70.00 are not recovered
    shop.refund("2027-02-01 10:00", "LOST", "20.00")  # 50.00 of them nobody owes but the buyer
    cap_from = {"merchant_id": shop.line.pk, "actor": OWNER, "now": shop.at("2027-02-01 11:00")}
    own_rules.set_caps(order=None, buyer=Money("150", "USD"), **cap_from)
    assert shop.place("2027-02-01 12:00", "A", "60.00") == "applied"
    assert shop.place("2027-02-01 12:00", "B", "40.01") == "declined above_own_cap"
    assert shop.place("2027-02-01 12:00", "C", "40.00") == "applied"
    assert shop.place("2027-02-01 12:00", "D", "0.01") == "declined above_own_cap"
    # Another buyer is another one, however alike the names are.
    assert shop.place("2027-02-01 12:00", "E", "150.00", buyer="somchai") == "applied"
    shop.pay("2027-02-01 13:00", "A", "60.00")
    assert shop.place("2027-02-01 14:00", "F", "60.00") == "applied"


def test_the_first_reason_counts() -> None:
    shop = join()
    cap(shop, order="10.00")
    assert shop.place(NOON, "A", "6000.00", buyer_risk=3) == "declined above_own_cap"
    own_rules.pause(**by(shop))
    assert shop.place(NOON, "B", "6000.00", buyer_risk=3) == "declined paused_by_merchant"
    FreezeFactory.create(shop=shop, at=NOON, actor="otto@tael.example")
    assert shop.place(NOON, "C", "6000.00", buyer_risk=3) == "declined line_frozen"


def test_own_declines_are_told_to_nobody_and_are_no_lost_value() -> None:
    shop = join()
    cap(shop, order="10.00")
    shop.place(NOON, "A", "20.00")
    own_rules.pause(**by(shop))
    shop.place(NOON, "B", "1.00")
    today = shop.line.open_on
    assert not Notice.objects.exists()
    assert declined.losses(shop.line, today=today) == []
    assert attention.of(shop.line, today=today).declined == 0
    found = declined.orders(shop.line, today=today)  # in no order
    assert sorted(order.reference for order in found) == ["A", "B"]


@pytest.mark.parametrize(
    ("caps", "refusal"),
    [
        ({"order": Money("0", "USD"), "buyer": None}, Invalid),
        ({"order": None, "buyer": Money("-1", "USD")}, Invalid),
        ({"order": Money("1.005", "USD"), "buyer": None}, Invalid),
        ({"order": Money("10", "THB"), "buyer": None}, CurrencyMismatch),
    ],
)
def test_a_cap_that_is_none_is_refused(caps: dict[str, Any], refusal: type[Refused]) -> None:
    shop = join()
    with pytest.raises(refusal):
        own_rules.set_caps(**caps, **by(shop))
    assert (shop.line.order_cap, shop.line.buyer_cap) == (None, None)
    assert not TrailEntry.objects.exists()


def test_placing_costs_more_only_where_buyers_are_capped() -> None:
    shop = join()
    shop.place(NOON, "A", "1.00")

    def queries(order: str) -> int:
        with CaptureQueriesContext(connection) as taken:
            shop.place(NOON, order, "1.00")
        return len(taken)

    before = queries("B")
    cap(shop, order="100.00")
    assert queries("C") == before
    cap(shop, order="100.00", buyer="100.00")
    # The merchant's key is looked up, and the line's lock is taken, under which what the buyer owes
    # is summed up.
    assert queries("D") == before + 5
