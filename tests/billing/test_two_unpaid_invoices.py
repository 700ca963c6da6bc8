"""Each of several unpaid bills has its own day for the freeze, and all of them must be paid to
lift it.
"""

import pytest

from billing.providers.registry import Answer
from tests import shops
from tests.billing.paying import (
    FIRST,
    SECOND,
    Told,
    billed,
    choose,
    first_failure,
    pay_now,
    transfer,
)
from tests.billing.test_unpaid_bill_freeze import lift, placed
from tests.whole import full

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]


def two_invoices(provider: Told) -> shops.Shop:
    """A shop with two bills: 39.00 first failed on 1 November, 200.00 on the 11th."""
    shop = billed()
    choose(shop, "2026-11-01 10:00", "stripe")
    provider.answers = [Answer.failed("card_declined", is_hard=True)] * 2
    shop.run_jobs("2026-11-01 11:00")
    shop.charge("2026-11-11 10:30", "pick-pack", "200.00")
    shop.run_jobs("2026-11-11 11:00")
    assert (first_failure(shop), first_failure(shop, SECOND)) == (
        "2026-11-01 11:00",
        "2026-11-11 11:00",
    )
    return shop


@pytest.mark.parametrize("first", [FIRST, *full(SECOND)])
def test_of_two_bills_both_must_be_paid(provider: Told, first: str) -> None:
    shop = two_invoices(provider)
    shop.run_jobs("2026-12-10 00:00")
    assert placed(shop) == [("2026-11-29T00:00Z", "day-end", True)]
    last = SECOND if first == FIRST else FIRST
    assert pay_now(shop, "2026-12-10 12:00", first) == "SUCCEEDED"
    assert shop.frozen_by() == ["UNPAID_BILL"]
    assert pay_now(shop, "2026-12-10 13:00", last) == "SUCCEEDED"
    assert shop.frozen_by() == []
    # Nobody of ours lifted it, and none of its people either.
    assert shop.line.freezes.get().lifted_by == "payments"


def test_when_the_first_is_paid_the_days_of_the_second_count(provider: Told) -> None:
    shop = two_invoices(provider)
    assert pay_now(shop, "2026-11-20 12:00") == "SUCCEEDED"
    assert shop.place("2026-12-08 23:59:59", "eve", "10.00") == "applied"
    assert shop.place("2026-12-09 00:00:00", "day", "10.00") == "declined line_frozen"


@pytest.mark.full  # the other way round, above
def test_when_the_second_is_paid_the_days_of_the_first_count(provider: Told) -> None:
    shop = two_invoices(provider)
    assert transfer(shop, "2026-11-20 12:00", "200.00", number=SECOND) == "new"
    shop.run_jobs("2026-12-01 00:00")
    assert placed(shop) == [("2026-11-29T00:00Z", "day-end", True)]


def test_an_operators_lifting_does_not_hold_for_another_bill(provider: Told) -> None:
    shop = two_invoices(provider)
    shop.run_jobs("2026-11-29 00:00")
    lift(shop, "2026-11-30 12:00")
    assert shop.place("2026-12-08 23:59:59", "eve", "10.00") == "applied"
    assert shop.place("2026-12-09 00:00:00", "day", "10.00") == "declined line_frozen"
    assert [at for at, _, _ in placed(shop)] == ["2026-11-29T00:00Z", "2026-12-09T00:00Z"]


@pytest.mark.full  # nor by the lifting, above
def test_nor_is_the_other_bill_forgotten_when_the_first_is_paid_after_the_lifting(
    provider: Told,
) -> None:
    shop = two_invoices(provider)
    shop.run_jobs("2026-11-29 00:00")
    lift(shop, "2026-11-30 12:00")
    assert pay_now(shop, "2026-12-01 12:00") == "SUCCEEDED"
    shop.run_jobs("2026-12-09 00:00")
    assert shop.frozen_by() == ["UNPAID_BILL"]
