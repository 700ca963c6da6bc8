"""A bill that stays unpaid for 28 days after it first failed freezes the line."""

import time
from collections.abc import Callable

import pytest

from billing.operations import terms
from credit.models import Freeze
from credit.operations import freezes
from tests import shops
from tests.billing.paying import (
    GOOD,
    OPERATOR,
    SECOND,
    SHORT,
    add_card,
    attempts,
    billed,
    choose,
    first_failure,
    give_up,
    invoice,
    manual,
    pay_now,
    state,
    transfer,
    void,
)
from tests.credit.withdrawing import sell
from tests.factories import FreezeFactory
from tests.threads import at_once, every_order
from tests.whole import full

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]


def failed(**terms: str) -> shops.Shop:
    """A shop whose bill of 39.00 first failed on 1 November at 11:00."""
    shop = billed(card=SHORT, **terms)
    shop.run_jobs("2026-11-01 11:00")
    assert first_failure(shop) == "2026-11-01 11:00"
    return shop


def frozen(**terms: str) -> shops.Shop:
    """A shop that is frozen for an unpaid bill since 29 Nov 2026."""
    shop = failed(**terms)
    shop.run_jobs("2026-11-29 00:00")
    assert shop.frozen_by() == ["UNPAID_BILL"]
    return shop


def placed(shop: shops.Shop) -> list[tuple[str, str, bool]]:
    """When each freeze of the line was placed (local time), by whom, and whether it is in force."""
    zone = shop.at("2026-11-01").tzinfo
    return [
        (
            f"{freeze.placed_at.astimezone(zone):%Y-%m-%dT%H:%M}Z",
            freeze.placed_by,
            not freeze.lifted_at,
        )
        for freeze in Freeze.objects.filter(line=shop.line).order_by("pk")
    ]


@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ("UTC", "2026-11-29T00:00Z"),
        ("Pacific/Kiritimati", "2026-11-28T10:00Z"),
        ("Pacific/Pago_Pago", "2026-11-29T11:00Z"),
        ("America/New_York", "2026-11-29T05:00Z"),  # over the end of its summer time
    ],
)
def test_orders_are_declined_from_the_start_of_the_28th_day_whoever_comes_first(
    zone: str, start: str
) -> None:
    shop = failed(timezone=zone)
    assert shop.place("2026-11-28 23:59:59", "eve", "10.00") == "applied"
    assert shop.place("2026-11-29 00:00:00", "day", "10.00") == "declined line_frozen"
    assert (shop.order("eve")[0], shop.order("day")[0]) == ("OPEN", "DECLINED")
    assert placed(shop) == [(start, "day-end", True)]


def test_where_the_28th_day_has_no_midnight_it_starts_at_the_jump() -> None:
    shop = shops.join(  # 15 October 2017 starts at 01:00 in São Paulo, which is 03:00 UTC
        "2017-09-17 10:00",
        timezone="America/Sao_Paulo",
        plan_price="39.00",
        plan_interval_days=365,
        payment_method="sandbox",
    )
    add_card(shop, "2017-09-17 10:00", SHORT)
    shop.run_jobs("2017-09-17 11:00")
    assert shop.place("2017-10-15T02:59:59Z", "eve", "10.00") == "applied"
    assert shop.place("2017-10-15T03:00:00Z", "day", "10.00") == "declined line_frozen"


def test_a_late_failure_in_the_evening_counts_for_its_local_day() -> None:
    shop = billed(card=SHORT, timezone="Pacific/Pago_Pago")
    shop.run_jobs("2026-11-01 23:59:59")
    shop.run_jobs("2026-11-28 23:59:59")
    assert shop.frozen_by() == []
    shop.run_jobs("2026-11-29 00:00")
    assert shop.frozen_by() == ["UNPAID_BILL"]


def test_people_are_told_once() -> None:
    shop = frozen()
    shop.run_jobs("2026-12-05 00:00")
    notices = shop.merchant.notices.filter(kind="FREEZE_PLACED")
    assert [(notice.details["reason"], notice.at) for notice in notices] == [
        ("UNPAID_BILL", shop.at("2026-11-29 00:00"))
    ]


def test_a_manual_bill_freezes_28_days_after_its_due_day() -> None:
    shop = manual()
    shop.run_jobs("2026-11-08 00:00")
    assert shop.place("2026-12-05 23:59:59", "eve", "10.00") == "applied"
    assert shop.place("2026-12-06 00:00:00", "day", "10.00") == "declined line_frozen"


def test_after_an_outage_of_billing_and_credit_jobs_the_freeze_is_the_same() -> None:
    shop = manual()
    shop.run_jobs("2026-12-20 13:00")  # nothing ran since the join
    assert placed(shop) == [("2026-12-06T00:00Z", "day-end", True)]


def test_a_bill_paid_on_the_eve_never_freezes() -> None:
    shop = failed()
    assert transfer(shop, "2026-11-28 23:59:59", "39.00") == "new"
    shop.run_jobs("2026-11-29 00:00")
    shop.run_jobs("2026-12-29 00:00")
    assert placed(shop) == []


def test_a_bill_paid_as_the_day_starts_freezes_for_no_time() -> None:
    shop = failed()
    assert transfer(shop, "2026-11-29 00:00", "39.00") == "new"
    assert placed(shop) == [("2026-11-29T00:00Z", "day-end", False)]
    assert shop.line.freezes_in_force == 0


@pytest.mark.parametrize("way", ["transfer", *full("voiding", "pay now", "a new card", "proceeds")])
def test_it_is_lifted_when_the_bill_is_dealt_with(way: str) -> None:
    shop = failed()
    assert shop.place("2026-11-20 12:00", "old", "39.00") == "applied"
    shop.run_jobs("2026-11-29 00:00")
    assert shop.frozen_by() == ["UNPAID_BILL"]
    if way == "transfer":
        assert transfer(shop, "2026-11-30 12:00", "38.99") == "new"
        assert shop.frozen_by() == ["UNPAID_BILL"]
        assert transfer(shop, "2026-11-30 12:30", "0.01", "BANK-2") == "new"
    elif way == "voiding":
        assert void(shop, "2026-11-30 12:30") == "VOID"
    elif way == "proceeds":
        assert shop.pay("2026-11-30 09:00", "old", "39.00") == "applied"
        assert choose(shop, "2026-11-30 12:00", "proceeds") == "proceeds"
        assert pay_now(shop, "2026-11-30 12:30") == "FAILED not_enough_proceeds"
        shop.run_jobs("2026-12-07 00:00")  # the sale has matured: the new method pays at once
        assert state() == "PAID 39.00/39.00"
    else:
        add_card(shop, "2026-11-30 12:00", GOOD)
        if way == "pay now":
            assert pay_now(shop, "2026-11-30 12:30") == "SUCCEEDED"
        else:
            shop.run_jobs("2026-11-30 13:00")
    assert shop.frozen_by() == []
    assert shop.place("2026-12-07 13:00", "after", "10.00") == "applied"
    assert shop.merchant.notices.filter(kind="FREEZE_LIFTED").count() == 1
    shop.run_jobs("2027-02-01 00:00")
    assert shop.frozen_by() == []


def lift(shop: shops.Shop, at: str) -> None:
    """Lift the freeze in force, by an operator."""
    freeze = Freeze.objects.get(line=shop.line, lifted_at=None)
    freezes.lift(freeze_id=freeze.pk, actor=OPERATOR, note="they promised", now=shop.at(at))


def test_an_operators_lifting_stays_for_the_same_bill() -> None:
    shop = frozen()
    lift(shop, "2026-11-30 12:00")
    shop.run_jobs("2026-12-25 00:00")
    assert transfer(shop, "2026-12-25 12:00", "1.00") == "new"  # still unpaid
    shop.run_jobs("2027-01-10 00:00")
    assert len(placed(shop)) == 1
    assert shop.frozen_by() == []


def test_giving_up_keeps_the_freeze_and_a_payment_lifts_it() -> None:
    shop = frozen()
    assert give_up(shop, "2026-12-01 12:00") == "UNCOLLECTIBLE"
    assert shop.frozen_by() == ["UNPAID_BILL"]
    shop.run_jobs("2027-01-01 00:00")
    assert shop.frozen_by() == ["UNPAID_BILL"]
    assert transfer(shop, "2027-01-01 12:00", "39.00") == "new"
    assert shop.frozen_by() == []


def test_giving_up_before_the_28th_day_does_not_save_from_the_freeze() -> None:
    shop = failed()
    assert give_up(shop, "2026-11-10 12:00") == "UNCOLLECTIBLE"
    shop.run_jobs("2026-11-29 00:00")
    assert shop.frozen_by() == ["UNPAID_BILL"]


@pytest.mark.full  # both must be paid in test_two_unpaid_invoices.py
def test_a_bill_issued_meanwhile_keeps_the_freeze_until_it_is_paid_too() -> None:
    shop = frozen()
    shop.charge("2026-11-30 10:10", "pick-pack", "200.00")
    assert transfer(shop, "2026-11-30 10:20", "39.00") == "new"
    assert shop.frozen_by() == ["UNPAID_BILL"]
    add_card(shop, "2026-11-30 10:30", GOOD)
    shop.run_jobs("2026-11-30 11:00")
    assert (state(SECOND), shop.frozen_by()) == ("PAID 200.00/200.00", [])


def test_a_draft_keeps_no_freeze() -> None:
    shop = frozen()
    terms.review_invoices(
        merchant_id=shop.merchant.pk,
        wanted=True,
        actor=OPERATOR,
        reason="late payer",
        now=shop.at("2026-11-30 10:00"),
    )
    shop.charge("2026-11-30 10:10", "pick-pack", "200.00")
    assert transfer(shop, "2026-11-30 10:20", "39.00") == "new"
    assert shop.frozen_by() == []


def test_only_its_own_freeze_is_lifted() -> None:
    shop = frozen()
    FreezeFactory.create(shop=shop, at="2026-11-30 10:00", actor=OPERATOR)
    assert transfer(shop, "2026-11-30 10:20", "39.00") == "new"
    assert shop.frozen_by() == ["MANUAL"]
    assert shop.line.freezes_in_force == 1


def test_a_line_without_unpaid_bills_is_let_alone() -> None:
    shop = billed()
    shop.run_jobs("2026-11-01 11:00")
    sell(shop, "2026-11-02 10:00", "100.00")
    shop.run_jobs("2027-01-10 00:00")
    assert (placed(shop), len(attempts(shop)), invoice().first_failed_at) == ([], 1, None)


def once_decided(record: Callable[[], str]) -> str:
    """The transfer's outcome, told again for as long as a job waits for the card's answer."""
    while (said := record()) == "payment_under_way":
        time.sleep(0.01)
    return said


@every_order
@pytest.mark.django_db(transaction=True)
def test_jobs_payments_and_orders_at_the_same_instant_leave_one_freeze_and_lift_it() -> None:
    shop = failed()
    shop.charge("2026-11-01 12:00", "pick-pack", "200.00")

    def work(number: int) -> str:
        """Run the jobs, pay, or place an order, by number."""
        at = "2026-11-29 00:00"
        if number < 2:
            shop.run_jobs(at)
            return "worked"
        if number < 4:
            return once_decided(lambda: transfer(shop, at, "39.00"))
        if number < 6:
            return once_decided(lambda: transfer(shop, at, "200.00", "BANK-2", number=SECOND))
        return shop.place(at, f"order-{number}", "1.00").split()[0]

    said = at_once(work, threads=8)
    assert (said["worked"], said["new"], said["known"]) == (2, 2, 2)
    assert said["applied"] + said["declined"] == 2
    assert placed(shop) == [("2026-11-29T00:00Z", "day-end", False)]
    assert (shop.frozen_by(), shop.line.freezes_in_force) == ([], 0)
    assert (state(), state(SECOND)) == ("PAID 39.00/39.00", "PAID 200.00/200.00")
