"""Operators settle cash that no order could take: in parts, each once, and with a reason."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from moneyed import Money

from config import books
from credit.models import OrderPayment, ProceedsEntry, UnmatchedSettlement
from credit.operations import unmatched
from credit.queries import proceeds
from credit.queries.waiting import UNMATCHED
from lib.refusals import ChangedMeanwhile, Refused
from notices.models import Notice
from tests.amounts import usd
from tests.credit import reviewing
from tests.credit.unmatching import NOW, OPERATOR, cash, settle, shop_with_unmatched_cash
from tests.unchanged import nothing_changes
from tests.whole import some
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db


def test_it_is_settled_in_parts_until_nothing_is_left() -> None:
    shop = shop_with_unmatched_cash(settlement_days=7)
    settle(shop, "apply", "80.00")
    assert shop.order("B") == ("PAID", "0.00")
    assert shop.limit() == ("5000.00", "100.00", "4900.00")
    settle(shop, "release", "45.00")
    settle(shop, "return", "25.00")
    assert (cash(shop).settled, cash(shop).unsettled) == (usd(150), usd(0))
    entries = ProceedsEntry.objects.order_by("pk").values_list("kind", "amount", "matures_on")
    assert [(kind, f"{amount:.2f}", str(on)) for kind, amount, on in entries] == [
        ("SALE", "80.00", "2026-11-12"),
        ("RELEASED", "45.00", "None"),
    ]
    assert [entry.action for entry in TrailEntry.objects.order_by("pk")] == [
        "UNMATCHED_APPLIED",
        "UNMATCHED_RELEASED",
        "UNMATCHED_RETURNED",
    ]
    last = TrailEntry.objects.latest("pk")
    assert last.before == {"unsettled": "25.00 USD"}
    assert last.after == {"unsettled": "0.00 USD", "reference": "BANK-7"}
    assert last.reason == "as the buyer wrote"
    assert not Notice.objects.filter(kind__in=["LIMIT_80", "LIMIT_100"]).exists()


def test_the_books_are_told_of_what_settled_cash_at_the_instant_it_came() -> None:
    shop = shop_with_unmatched_cash()
    settle(shop, "apply", "30.00", "2026-11-03 10:00")
    orders = books.of_merchant(shop.reference)["credit"]["orders"]
    told = [(order["reference"], one) for order in orders for one in order["payments"]]
    assert [
        (order, one["reference"], one["amount"], one["settles_unmatched"]) for order, one in told
    ] == [("A", "P", "150.00", False), ("B", "P", "30.00", True)]


def test_what_is_released_can_be_withdrawn_at_once_and_is_no_part_of_paid() -> None:
    shop = shop_with_unmatched_cash()
    reviewing.metrics(shop, "2026-11-04 10:00", *reviewing.PERFECT)
    settle(shop, "release", "150.00")
    assert proceeds.withdrawable(shop.line, today=shop.line.open_on) == usd(150)
    shop.run_jobs("2026-12-01 00:00")
    assert reviewing.latest(shop).paid == usd(0)


def test_an_applied_part_is_a_payment_of_that_day_under_the_same_reference() -> None:
    shop = shop_with_unmatched_cash()
    settle(shop, "apply", "30.00")
    payment = shop.line.orders.get(reference="B").payments.get()
    assert (payment.reference, payment.status, payment.at) == ("P", "APPLIED", shop.at(NOW))
    assert shop.order("B") == ("OPEN", "50.00")
    # The reference is still the platform's, and known with what was sent under it.
    assert shop.pay("2026-11-06 10:00", "A", "150.00", "P") == "duplicate"
    assert shop.pay("2026-11-06 10:00", "B", "30.00", "P") == "rejected conflict"
    # A refund takes from the order's own sales.
    assert shop.refund("2026-11-06 11:00", "B", "80.00") == "applied"
    assert shop.proceeds() == "0.00"


@pytest.mark.parametrize(
    ("kind", "amount", "said", "code"),
    some(
        [
            ("release", "150.01", {}, "more_than_is_left"),
            ("return", "0.00", {}, "invalid"),
            ("return", "10.00", {"reference": " "}, "invalid"),
            ("release", "10.00", {"reason": " "}, "invalid"),
            ("release", "10.00", {"amount": Money("10", "THB")}, "currency_mismatch"),
            ("apply", "10.00", {"order": "Z"}, "unknown_order"),
            ("apply", "80.01", {}, "overpayment"),
            ("release", "10.00", {"settled": usd(5)}, "changed_meanwhile"),
        ],
        4,
    ),
)
def test_what_cannot_be_settled_so_is_refused(
    kind: str, amount: str, said: dict[str, Any], code: str
) -> None:
    shop = shop_with_unmatched_cash()
    shop.run_jobs(NOW)
    with nothing_changes(), pytest.raises(Refused) as refused:
        settle(shop, kind, amount, **said)
    assert refused.value.code == code
    assert not UnmatchedSettlement.objects.exists()
    assert cash(shop).settled == usd(0)
    assert not TrailEntry.objects.exists()


def test_a_form_that_is_sent_twice_settles_once() -> None:
    shop = shop_with_unmatched_cash()
    settle(shop, "release", "60.00")
    with pytest.raises(ChangedMeanwhile):
        settle(shop, "release", "60.00", settled=usd(0))
    assert shop.proceeds() == "60.00"


def test_only_unmatched_cash_is_settled() -> None:
    shop = shop_with_unmatched_cash()
    shop.pay("2026-11-04 10:00", "B", "80.00", "Q")
    taken = OrderPayment.objects.get(reference="Q")
    with nothing_changes(), pytest.raises(unmatched.NotUnmatched):
        settle(shop, "release", "10.00", payment_id=taken.pk)


def test_it_waits_in_the_queue_however_long_until_all_of_it_is_settled() -> None:
    shop = shop_with_unmatched_cash()
    later = shop.at(NOW) + timedelta(days=400)
    assert [row.unsettled for row in UNMATCHED.rows(later)] == [usd(150)]
    settle(shop, "return", "149.99")
    assert [row.unsettled for row in UNMATCHED.rows(later)] == [usd("0.01")]
    settle(shop, "release", "0.01")
    assert not UNMATCHED.rows(later).exists()


@pytest.mark.django_db(transaction=True)
def test_two_operators_at_once_settle_a_part_once() -> None:
    shop = shop_with_unmatched_cash()
    given: Any = {
        "payment_id": cash(shop).pk,
        "amount": Money("100", "USD"),
        "settled": usd(0),
    }

    def release(number: int) -> str:
        try:
            unmatched.release(reason="r", actor=OPERATOR, now=shop.at(NOW), **given)
        except Refused as refused:
            return refused.code
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(release, range(2)))
    assert outcomes == ["changed_meanwhile", "done"]
    assert shop.proceeds() == "100.00"
