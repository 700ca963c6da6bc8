"""What orders and bills tell a merchant's people, and when."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from moneyed import Money
from pytest_django import Settings

from billing.models import Invoice
from credit.models import Order
from credit.operations import limits, orders
from notices import letters
from tests import shops
from tests.credit import reviewing
from tests.factories import CardFactory
from tests.shops import Shop
from tests.whole import some

pytestmark = pytest.mark.django_db

NOW = "2026-11-02 10:00"


def told(shop: Shop) -> list[tuple[str, str]]:
    """Kind and cause of all notices to the shop."""
    return list(shop.merchant.notices.order_by("pk").values_list("kind", "cause"))


def sentences(shop: Shop) -> list[str]:
    """The sentences of the merchant's notices, oldest first, with plain spaces."""
    found = shop.merchant.notices.order_by("pk")
    return [letters.sentence(notice).replace("\N{NO-BREAK SPACE}", " ") for notice in found]


def test_a_declined_order_is_told_once_with_its_reason() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="5000.00")
    shop.place(NOW, "A", "5000.01")
    shop.place(NOW, "A", "5000.01")
    assert told(shop) == [("ORDER_DECLINED", "A")]
    assert sentences(shop) == ["Order A for 5,000.01 USD was declined: the limit was not enough."]


@pytest.mark.parametrize(
    ("before", "amount", "kinds"),
    [
        ("10.00", "69.99", []),
        ("10.00", "70.00", ["LIMIT_80"]),
        ("79.99", "0.01", ["LIMIT_80"]),
        ("10.00", "89.99", ["LIMIT_80"]),
        ("10.00", "90.00", ["LIMIT_100"]),
    ],
)
def test_an_order_that_takes_the_line_to_80_or_100_percent(
    before: str, amount: str, kinds: list[str]
) -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="100.00")
    shop.place(NOW, "A", before)
    shop.place(NOW, "B", amount)
    assert told(shop) == [(kind, "2026-11-02") for kind in kinds]


def test_80_percent_is_told_when_it_is_crossed_upwards_and_once_a_local_day() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="100.00", timezone="Asia/Bangkok")
    shop.place("2026-11-02 10:00", "A", "80.00")
    shop.place("2026-11-02 11:00", "B", "10.00")  # above already
    shop.pay("2026-11-02 12:00", "A", "80.00")
    shop.place("2026-11-02 13:00", "C", "70.00")  # crossed again, the same day
    assert told(shop) == [("LIMIT_80", "2026-11-02")]
    shop.pay("2026-11-02 14:00", "C", "70.00")
    shop.place("2026-11-03 00:30", "D", "75.00")
    assert told(shop) == [("LIMIT_80", "2026-11-02"), ("LIMIT_80", "2026-11-03")]
    assert sentences(shop) == [
        "Open orders hold 80.00 USD of your limit of 100.00 USD.",
        "Open orders hold 85.00 USD of your limit of 100.00 USD.",
    ]


def test_80_percent_is_told_again_only_after_less_than_70_were_used() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="100.00")
    shop.place("2026-11-02 10:00", "A", "80.00")
    shop.pay("2026-11-03 10:00", "A", "10.00")  # 70.00: not below
    shop.place("2026-11-03 11:00", "B", "15.00")
    assert told(shop) == [("LIMIT_80", "2026-11-02")]
    shop.pay("2026-11-04 10:00", "A", "15.01")  # 69.99
    shop.place("2026-11-05 10:00", "C", "10.01")
    assert told(shop) == [("LIMIT_80", "2026-11-02"), ("LIMIT_80", "2026-11-05")]


def test_100_percent_is_told_after_80_and_again_only_after_less_than_70_were_used() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="100.00")
    shop.place("2026-11-02 10:00", "A", "80.00")
    shop.place("2026-11-02 11:00", "B", "20.00")
    first = [("LIMIT_80", "2026-11-02"), ("LIMIT_100", "2026-11-02")]
    assert told(shop) == first
    shop.pay("2026-11-03 10:00", "A", "10.00")
    shop.place("2026-11-03 11:00", "C", "10.00")  # reached anew on another day
    shop.pay("2026-11-04 10:00", "A", "30.00")  # 70.00: not below
    shop.place("2026-11-04 11:00", "D", "30.00")
    assert told(shop) == first
    shop.pay("2026-11-05 10:00", "A", "30.01")  # 69.99
    shop.place("2026-11-05 11:00", "E", "30.01")
    assert told(shop) == [*first, ("LIMIT_100", "2026-11-05")]


@pytest.mark.parametrize(
    ("used", "limit", "kinds"),
    some(
        [
            ("60.00", "75.01", []),
            ("60.00", "75.00", ["LIMIT_80"]),
            ("60.00", "60.00", ["LIMIT_100"]),
            ("60.00", "10.00", ["LIMIT_100"]),
            ("60.00", "110.00", []),
            ("85.00", "100.01", []),  # told by the order already, as any cut to where it is above
            ("0.01", "0.00", ["LIMIT_100"]),
        ],
        4,
    ),
)
def test_a_cut_of_the_limit_that_leaves_80_or_100_percent_used(
    used: str, limit: str, kinds: list[str]
) -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="101.00")
    shop.place(NOW, "A", used)
    before = len(told(shop))
    limits.set_limit(
        merchant_id=shop.line.pk,
        limit=Money(limit, "USD"),
        actor="olga@tael.example",
        reason="as agreed",
        now=shop.at("2026-11-02 12:00"),
    )
    assert [kind for kind, _ in told(shop)[before:]] == kinds


def test_a_review_that_cuts_the_limit_tells_that_it_fills_up() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="4000.00")
    shop.place(NOW, "A", "2400.00")
    reviewing.metrics(shop, NOW, "4.0", "0", "0", "0")
    shop.run_jobs("2026-12-01 00:00")
    assert shop.limit() == ("3000.00", "2400.00", "600.00")
    assert [kind for kind, _ in told(shop)] == ["REVIEW", "LIMIT_80"]


def place(shop: Shop, reference: str, amount: str) -> Order:
    """Place an order by the operation."""
    order, _ = orders.place(
        merchant_id=shop.merchant.pk,
        reference=reference,
        buyer="Somchai",
        amount=Money(amount, "USD"),
        now=shop.at(NOW),
    )
    return order


def test_an_order_that_crosses_nothing_costs_no_query_more() -> None:
    shop = shops.join("2026-11-02 09:00", credit_limit="100.00")
    with CaptureQueriesContext(connection) as of_one:
        place(shop, "A", "10.00")
    asked = [query["sql"].split()[0] for query in of_one]
    # Which merchant (the test asks that), then the lock on its line, then all that is written.
    assert asked == ["SELECT", "SAVEPOINT", "SELECT", "WITH", "RELEASE"]


def test_a_freeze_by_overdue_orders_is_told_and_so_is_its_end() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="5000.00")
    shop.place(NOW, "A", "1000.00")
    shop.deliver(NOW, "A")  # due on 12 November
    shop.run_jobs("2026-11-13 00:00")
    shop.pay("2026-11-13 09:00", "A", "1000.00")
    assert [kind for kind, _ in told(shop)] == ["FREEZE_PLACED", "ORDER_OVERDUE", "FREEZE_LIFTED"]
    assert sentences(shop) == [
        "Your credit line was frozen because of overdue payments. New orders are declined; open"
        " orders go on.",
        "A payment for order A was due on 12 Nov 2026; 1,000.00 USD was due by then and is not paid"
        " yet.",
        "The freeze of your credit line because of overdue payments was lifted.",
    ]


def test_a_closed_statement_and_an_issued_bill_are_told_at_their_own_instant() -> None:
    shop = shops.join("2026-11-01 10:00", timezone="Asia/Bangkok", billing_threshold="200.00")
    shop.charge("2026-11-12 15:00", "shipping-label", "210.00")
    shop.run_jobs("2026-12-01 09:00")  # late
    shop.run_jobs("2026-12-01 09:00")
    number = Invoice.objects.get().number
    assert told(shop) == [
        ("BILL_ISSUED", number),
        ("PAYMENT_FAILED", number),  # it was to be paid within 7 days
        ("STATEMENT_CLOSED", "2026-11"),
    ]
    assert sentences(shop) == [
        f"Bill T-{number} over 210.00 USD was issued on 12 Nov 2026. Please pay it by bank transfer"
        f" by 19 Nov 2026, with the reference T-{number}.",
        f"210.00 USD of bill T-{number} was due on 19 Nov 2026 and has not arrived. If the bill"
        " stays unpaid, your credit line is frozen on 17 Dec 2026 and takes no new orders.",
        "All charges of November 2026 are in, and the statement can be exported.",
    ]
    assert [notice.at for notice in shop.merchant.notices.order_by("pk")] == [
        shop.at("2026-11-13 00:00"),
        shop.at("2026-11-19 00:00"),
        shop.at("2026-12-01 00:00"),
    ]


@pytest.mark.full  # a bill is told above
def test_a_failed_payment_is_told_once_however_often_it_is_tried(settings: Settings) -> None:
    settings.TAEL_SANDBOX = True
    shop = shops.join("2026-11-01 10:00", currency="JPY", billing_threshold="20000")
    CardFactory.create(shop=shop, at=NOW, last_four="9995")
    shop.charge(NOW, "pick-pack", "21000")
    shop.run_jobs("2026-11-02 11:00")
    shop.run_jobs("2026-11-03 12:00")
    invoice = Invoice.objects.get()
    assert [payment.status for payment in invoice.payments.all()] == ["FAILED", "FAILED"]
    assert told(shop) == [("BILL_ISSUED", invoice.number), ("PAYMENT_FAILED", invoice.number)]
    assert sentences(shop)[0] == (
        f"Bill T-{invoice.number} over 21,000 JPY was issued on 2 Nov 2026. It is due on 2 Nov"
        " 2026, and collected from your payment method on that day."
    )
    assert sentences(shop)[1] == (
        f"We could not collect 21,000 JPY for bill T-{invoice.number}: the card did not"
        " have enough"
        " funds."
        " We try again on 3 Nov 2026. If the bill stays unpaid, your credit line is frozen on"
        " 30 Nov 2026 and takes no new orders."
    )
