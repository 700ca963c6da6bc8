"""Too much overdue freezes a line by itself, and as soon as that ends the line is free again."""

from typing import Any

import pytest

from credit.models import Freeze
from tests import shops

pytestmark = pytest.mark.django_db


def overdue_shop(*, overdue: str, limit: str, **terms: Any) -> shops.Shop:
    """A shop with one order, delivered on 5 November 2026 and due the same day."""
    shop = shops.join("2026-11-01 10:00", credit_limit=limit, payment_days=0, **terms)
    shop.place("2026-11-02 10:00", "A", overdue)
    shop.deliver("2026-11-05 10:00", "A")
    return shop


@pytest.mark.parametrize(
    ("limit", "overdue", "frozen_by"),
    [
        ("5000.00", "1000.00", ["OVERDUE"]),  # exactly 20 %
        ("5000.00", "999.99", []),
        ("10000.00", "1999.00", []),  # 19.99 %
        ("5000.05", "1000.01", ["OVERDUE"]),
        ("5000.06", "1000.01", []),  # a fifth of it is 1,000.012
    ],
)
def test_a_fifth_of_the_limit_overdue_freezes(
    limit: str, overdue: str, frozen_by: list[str]
) -> None:
    shop = overdue_shop(overdue=overdue, limit=limit)
    shop.run_jobs("2026-11-06 00:00")
    assert shop.frozen_by() == frozen_by


def test_the_due_day_itself_is_not_overdue() -> None:
    shop = overdue_shop(overdue="1000.00", limit="1000.00")
    shop.run_jobs("2026-11-05 23:59:59")
    assert shop.frozen_by() == []
    shop.run_jobs("2026-11-06 00:00")
    assert shop.frozen_by() == ["OVERDUE"]
    freeze = Freeze.objects.get()
    assert (freeze.placed_at, freeze.placed_by) == (shops.instant("2026-11-06"), "day-end")


def test_only_the_parts_past_their_due_date_count() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="1000.00", payment_days=0)
    shop.place("2026-11-02 10:00", "A", "300.00", instalments=3)  # due 5 Nov, 5 Dec, 4 Jan
    shop.deliver("2026-11-05 10:00", "A")
    shop.run_jobs("2026-12-05 00:00")
    assert shop.frozen_by() == []  # 100 of 1,000
    shop.run_jobs("2026-12-06 00:00")
    assert shop.frozen_by() == ["OVERDUE"]  # 200 of 1,000


def test_several_orders_add_up() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="1000.00", payment_days=0)
    for reference, delivered in (("A", "2026-11-05 10:00"), ("B", "2026-11-07 10:00")):
        shop.place("2026-11-02 10:00", reference, "100.00")
        shop.deliver(delivered, reference)
    shop.run_jobs("2026-11-07 23:00")
    assert shop.frozen_by() == []
    shop.run_jobs("2026-11-08 00:00")
    assert shop.frozen_by() == ["OVERDUE"]


def test_a_frozen_line_declines_new_orders_while_open_ones_go_on() -> None:
    shop = overdue_shop(overdue="1000.00", limit="5000.00")
    shop.place("2026-11-05 10:00", "B", "500.00")
    assert shop.place("2026-11-06 10:00", "C", "1.00") == "declined line_frozen"
    assert shop.ship("2026-11-06 10:00", "B") == "applied"
    assert shop.deliver("2026-11-06 11:00", "B") == "applied"
    assert shop.pay("2026-11-06 12:00", "B", "500.00") == "applied"
    assert shop.frozen_by() == ["OVERDUE"]


def test_the_payment_that_brings_it_under_a_fifth_lifts_the_freeze() -> None:
    shop = overdue_shop(overdue="1500.00", limit="5000.00")
    shop.run_jobs("2026-11-06 00:00")
    shop.pay("2026-11-06 10:00", "A", "500.00")
    assert shop.frozen_by() == ["OVERDUE"]  # 1,000 is a fifth of it still
    shop.pay("2026-11-06 11:00", "A", "0.01")
    assert shop.frozen_by() == []
    freeze = Freeze.objects.get()
    assert (freeze.lifted_at, freeze.lifted_by) == (
        shops.instant("2026-11-06 11:00"),
        "platform",
    )
    assert shop.place("2026-11-06 12:00", "B", "1.00") == "applied"


def test_cash_that_could_not_be_applied_lifts_nothing() -> None:
    shop = overdue_shop(overdue="1000.00", limit="5000.00")
    shop.run_jobs("2026-11-06 00:00")
    assert shop.pay("2026-11-06 10:00", "A", "1000.01") == "rejected overpayment"
    assert shop.frozen_by() == ["OVERDUE"]


def test_a_cancelled_order_is_no_cause_any_more_at_the_next_day_start() -> None:
    shop = overdue_shop(overdue="1000.00", limit="5000.00")
    shop.run_jobs("2026-11-06 00:00")
    shop.cancel("2026-11-06 10:00", "A")
    assert shop.frozen_by() == ["OVERDUE"]  # lifted by payments, refunds and day starts
    shop.run_jobs("2026-11-07 00:00")
    assert shop.frozen_by() == []
    assert Freeze.objects.get().lifted_at == shops.instant("2026-11-07")


def test_a_line_can_be_frozen_again_and_keeps_the_history() -> None:
    shop = overdue_shop(overdue="1000.00", limit="5000.00")
    shop.pay("2026-11-06 10:00", "A", "1000.00")
    shop.place("2026-11-06 11:00", "B", "1000.00")
    shop.deliver("2026-11-06 11:00", "B")
    shop.run_jobs("2026-11-07 00:00")
    assert shop.frozen_by() == ["OVERDUE"]
    placed = Freeze.objects.order_by("pk").values_list("placed_at", flat=True)
    assert list(placed) == [shops.instant("2026-11-06"), shops.instant("2026-11-07")]


def test_a_standing_freeze_is_not_placed_twice() -> None:
    shop = overdue_shop(overdue="1000.00", limit="5000.00")
    shop.run_jobs("2026-11-20 00:00")
    assert Freeze.objects.count() == 1
    assert shop.line.freezes_in_force == 1


@pytest.mark.full  # a fifth of a limit, above
def test_with_a_limit_of_nothing_any_overdue_amount_freezes() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="50.00", payment_days=0)
    shop.place("2026-11-02 10:00", "A", "49.99")
    shop.place("2026-11-02 10:00", "B", "0.01")
    shop.deliver("2026-11-02 10:00", "A")
    shop.run_jobs("2027-01-31 00:00")  # A is written off
    assert shop.limit() == ("0.01", "0.01", "0.00")
    shop.deliver("2027-01-31 10:00", "B")
    shop.run_jobs("2027-02-01 00:00")
    assert shop.frozen_by() == ["OVERDUE"]
