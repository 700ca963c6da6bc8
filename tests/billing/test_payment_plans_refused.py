"""What no payment plan can be is refused, and nothing changes."""

from datetime import date
from typing import Any

import pytest
from moneyed import Money

from billing.operations import payment_plans
from billing.operations.invoice_decisions import InvoiceNotOpen
from billing.operations.payments import PaymentUnderWay
from billing.operations.plan_parts import UnderAPlan
from billing.providers.registry import Answer
from lib.refusals import CurrencyMismatch, Invalid
from tests.billing.by_hand import (
    TEXTS,
    assert_audited,
    cancel,
    move,
    pause,
    plan,
)
from tests.billing.paying import (
    Told,
    give_up,
    invoice,
    manual,
    told_shop,
    transfer,
    void,
)
from tests.billing.plans import AT
from tests.unchanged import nothing_changes
from tests.whole import some

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]


@pytest.mark.parametrize(
    ("parts", "why"),
    some(
        [
            ((("2026-11-10", "39.00"),), "from 2 to 12"),
            ([(f"2026-11-{day}", "3.00") for day in range(10, 23)], "from 2 to 12"),
            ((("2026-11-10", "19.00"), ("2026-11-10", "20.00")), "later day"),
            ((("2026-11-20", "19.00"), ("2026-11-10", "20.00")), "later day"),
            ((("2026-11-01", "19.00"), ("2026-11-10", "20.00")), "from tomorrow"),
            ((("2026-11-10", "19.00"), ("2027-11-02", "20.00")), "to 2027-11-01"),
            ((("2026-11-10", "19.00"), ("2026-11-20", "19.99")), r"come to 38\.99, and 39\.00"),
            ((("2026-11-10", "19.00"), ("2026-11-20", "20.01")), r"come to 39\.01, and 39\.00"),
            ((("2026-11-10", "39.00"), ("2026-11-20", "0.00")), r"0\.01 at least"),
            ((("2026-11-10", "38.999"), ("2026-11-20", "0.001")), "amount"),
        ],
        4,
    ),
)
def test_what_no_plan_can_be_is_refused(parts: Any, why: str) -> None:
    shop = manual()
    with nothing_changes(), pytest.raises(Invalid, match=why):
        plan(shop, AT, parts)


def test_a_part_below_the_providers_minimum_is_refused(provider: Told) -> None:
    shop = told_shop()
    with nothing_changes(), pytest.raises(Invalid, match=r"0\.50 at least; 2026-11-20 is 0\.49"):
        plan(shop, AT, (("2026-11-10", "38.51"), ("2026-11-20", "0.49")))
    plan(shop, AT, (("2026-11-10", "38.50"), ("2026-11-20", "0.50")))


@pytest.mark.full  # some months in test_payment_plans.py
def test_it_may_last_twelve_months() -> None:
    shop = manual()
    plan(shop, AT, (("2026-11-10", "19.00"), ("2027-11-01", "20.00")))
    assert_audited(shop, AT)


@pytest.mark.full  # what no plan can be is refused above
def test_one_plan_of_a_bill_at_a_time_and_only_while_it_is_unpaid() -> None:
    shop = manual()
    for name in ("reason", "told"):
        with nothing_changes(), pytest.raises(Invalid):
            plan(shop, **{name: " "})
    with nothing_changes(), pytest.raises(CurrencyMismatch):
        payment_plans.make(
            invoice_id=invoice().pk,
            parts=[(date(2026, 11, 10), Money("39.00", "THB"))] * 2,
            now=shop.at(AT),
            **TEXTS,
        )
    plan(shop)
    with nothing_changes():
        with pytest.raises(UnderAPlan):
            plan(shop)
        with pytest.raises(UnderAPlan):
            pause(shop, AT, "2026-11-10")
        with pytest.raises(UnderAPlan):
            move(shop, AT, "2026-11-20")
        assert void(shop, AT) == give_up(shop, AT) == "under_a_plan"
    cancel(shop, AT)
    plan(shop)
    transfer(shop, "2026-11-02 12:00", "39.00")
    with nothing_changes(), pytest.raises(InvoiceNotOpen):
        plan(shop, "2026-11-02 12:00")
    assert_audited(shop, "2026-11-02 12:00")


def test_a_bill_with_an_undecided_payment_waits(provider: Told) -> None:
    shop = told_shop()
    provider.answers = [Answer.undecided("pi-1")]
    shop.run_jobs("2026-11-01 11:00")
    with nothing_changes(), pytest.raises(PaymentUnderWay):
        plan(shop)
