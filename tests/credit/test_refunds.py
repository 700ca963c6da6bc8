"""Giving buyers money back: from what is outstanding, what was written off, or the proceeds."""

import pytest

from credit.models import LimitEntry, OrderRefund, ProceedsEntry
from lib import money
from tests import books, shops
from tests.amounts import usd
from tests.threads import at_once, every_order
from tests.unchanged import nothing_changes
from tests.whole import some

AT = "2026-11-05 10:00"


def shop_with_order(paid: str = "", instalments: int = 1) -> shops.Shop:
    """A shop with an order A of 300.00, placed on 2 November and paid so far on the 3rd."""
    shop = shops.join("2026-11-01 10:00")
    shop.place("2026-11-02 10:00", "A", "300.00", instalments=instalments)
    if paid:
        assert shop.pay("2026-11-03 10:00", "A", paid) == "applied"
    return shop


def refund(
    shop: shops.Shop, amount: str, order: str = "A", reference: str = "R", at: str = AT, **data: str
) -> str:
    """The outcome of an event that refunds so much of the order."""
    content = {"order": order, "refund": reference, "amount": amount, "currency": "USD"} | data
    return shop.send("order.refunded", at, **content)


def split(reference: str = "R") -> tuple[str, str, str]:
    """How much of the refund came from outstanding, what was written off, and proceeds."""
    found = OrderRefund.objects.get(reference=reference)
    parts = (found.from_outstanding, found.from_written_off, found.from_proceeds)
    return tuple(money.text(part) for part in parts)  # type: ignore[return-value]


@pytest.mark.django_db
def test_what_is_outstanding_is_refunded_first_and_frees_the_limit() -> None:
    shop = shop_with_order(paid="100.00")
    assert refund(shop, "150.00") == "applied"
    assert split() == ("150.00", "0.00", "0.00")
    assert shop.order("A") == ("OPEN", "50.00")
    assert (shop.limit(), shop.proceeds()) == (("5000.00", "50.00", "4950.00"), "100.00")
    entry = LimitEntry.objects.get(kind="REFUND")
    figures = (entry.used_change, entry.used_after, entry.limit_change)
    assert figures == (usd(-150), usd(50), usd(0))


@pytest.mark.django_db
def test_the_rest_comes_out_of_proceeds() -> None:
    shop = shop_with_order(paid="100.00")
    assert refund(shop, "250.00") == "applied"
    assert split() == ("200.00", "0.00", "50.00")
    assert shop.order("A") == ("PAID", "0.00")
    assert (shop.limit()[1], shop.proceeds()) == ("0.00", "50.00")
    assert refund(shop, "50.00", reference="R2") == "applied"
    assert shop.order("A") == ("REFUNDED", "0.00")
    assert shop.proceeds() == "0.00"


@pytest.mark.django_db
def test_the_newest_part_is_refunded_first() -> None:
    shop = shop_with_order(instalments=3)
    shop.deliver("2026-11-02 11:00", "A")
    refund(shop, "150.00")
    parts = [money.text(part.outstanding) for part in shop.line.orders.get().parts()]
    assert parts == ["100.00", "50.00", "0.00"]
    assert str(shop.line.orders.get().due_on) == "2026-11-12"


@pytest.mark.django_db
def test_what_was_written_off_is_forgiven_before_recoveries_are_given_back() -> None:
    shop = shop_with_order(paid="100.00")
    shop.deliver("2026-11-02 11:00", "A")
    shop.run_jobs("2027-02-10 00:00")  # 12 November + 90 days
    assert shop.limit() == ("4800.00", "0.00", "4800.00")
    assert shop.pay("2027-02-11 10:00", "A", "50.00") == "applied"
    assert refund(shop, "180.00", at="2027-02-12 10:00") == "applied"
    assert split() == ("0.00", "150.00", "30.00")
    assert shop.order("A") == ("WRITTEN_OFF", "0.00")
    assert (shop.limit(), shop.proceeds()) == (("4800.00", "0.00", "4800.00"), "120.00")
    # Nothing of what was written off is left to recover.
    assert shop.pay("2027-02-13 10:00", "A", "0.01") == "rejected overpayment"
    assert refund(shop, "120.00", reference="R2", at="2027-02-14 10:00") == "applied"
    assert (shop.order("A"), shop.proceeds()) == (("REFUNDED", "0.00"), "0.00")


@pytest.mark.django_db
def test_it_takes_from_the_orders_own_sales_in_whatever_bucket_they_are() -> None:
    shop = shop_with_order(paid="100.00")  # matures on 10 November
    shop.pay("2026-11-09 10:00", "A", "200.00")  # on the 16th
    refund(shop, "150.00", at="2026-11-11 10:00")
    taken = ProceedsEntry.objects.filter(kind="REFUND").order_by("pk")
    assert [(f"{entry.amount.amount:.2f}", str(entry.matures_on)) for entry in taken] == [
        ("-100.00", "2026-11-10"),
        ("-50.00", "2026-11-16"),
    ]
    found = books.proceeds(shop.line)
    assert (found["matured"], found["maturing"]) == ("0.00", "150.00")


@pytest.mark.django_db
def test_a_refund_that_ends_the_cause_lifts_the_overdue_freeze() -> None:
    shop = shops.join("2026-11-01 10:00", payment_days=0)
    shop.place("2026-11-02 10:00", "A", "1000.00")
    shop.deliver("2026-11-02 10:00", "A")
    shop.run_jobs("2026-11-03 00:00")
    assert shop.frozen_by() == ["OVERDUE"]
    refund(shop, "0.01")
    assert shop.frozen_by() == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("data", "outcome"),
    some(
        [
            ({"amount": "300.01"}, "rejected overpayment"),
            ({"amount": "0"}, "rejected invalid"),
            ({"amount": "-1"}, "rejected invalid"),
            ({"amount": "1.001"}, "rejected invalid"),
            ({"amount": "1", "currency": "EUR"}, "rejected currency_mismatch"),
            ({"amount": "1", "order": "unknown"}, "rejected unknown_order"),
            ({"amount": "1", "order": "cancelled"}, "rejected order_not_open"),
            ({"amount": "1", "order": "declined"}, "rejected order_not_open"),
            ({"amount": "1", "order": "elsewhere"}, "rejected unknown_order"),
            ({"amount": "1", "reference": ""}, "rejected invalid"),
        ],
        4,
    ),
)
def test_a_refund_that_cannot_be_is_refused(data: dict[str, str], outcome: str) -> None:
    shop = shop_with_order(paid="300.00")
    shop.place(AT, "cancelled", "5.00")
    shop.cancel(AT, "cancelled")
    shop.place(AT, "declined", "9000.00")
    shops.join(AT, "other").place(AT, "elsewhere", "10.00")
    is_kept = outcome in ("rejected currency_mismatch", "rejected unknown_order")
    with nothing_changes(but=["credit_refusedcash"] if is_kept else []):
        assert refund(shop, **data) == outcome
    assert shop.line.refused_cash.count() == int(is_kept)
    assert not OrderRefund.objects.exists()


@pytest.mark.django_db
def test_several_refunds_never_exceed_the_amount_and_none_comes_after_the_whole() -> None:
    shop = shop_with_order(paid="300.00")
    refund(shop, "200.00", reference="R1")
    with nothing_changes():
        assert refund(shop, "100.01", reference="R2") == "rejected overpayment"
    assert refund(shop, "100.00", reference="R2") == "applied"
    with nothing_changes():
        assert refund(shop, "0.01", reference="R3") == "rejected order_not_open"


@pytest.mark.django_db
def test_sent_again_it_is_one_refund_and_with_other_content_a_conflict() -> None:
    shop = shop_with_order(paid="300.00")
    shop.place(AT, "B", "20.00")
    assert refund(shop, "20.00") == "applied"
    with nothing_changes():
        assert refund(shop, "20.00", at="2026-11-05 11:00") == "duplicate"
        assert refund(shop, "20.01") == "rejected conflict"
        assert refund(shop, "20.00", order="B") == "rejected conflict"
    assert OrderRefund.objects.count() == 1


@every_order
@pytest.mark.django_db(transaction=True)
def test_a_refund_and_a_payment_at_once_add_up_in_either_order() -> None:
    shop = shop_with_order()
    for number in range(4):
        order = f"order-{number}"
        shop.place(AT, order, "300.00")
        outcomes = at_once(
            lambda thread, order=order: (  # type: ignore[misc]
                shop.pay(AT, order, "300.00")
                if thread
                else refund(shop, "100.00", order, f"R-{order}")
            ),
            threads=2,
        )
        # Paid first, the refund comes from proceeds; refunded first, 300.00 is too much.
        paid_first = outcomes == {"applied": 2}
        assert paid_first or outcomes == {"applied": 1, "rejected overpayment": 1}
        expected = ("PAID", "0.00") if paid_first else ("OPEN", "200.00")
        assert shop.order(order) == expected
        assert split(f"R-{order}")[0 if not paid_first else 2] == "100.00"
        if not paid_first:
            assert shop.pay(AT, order, "200.00") == "applied"


@pytest.mark.full  # written off and paid in test_write_offs_by_hand.py
@every_order
@pytest.mark.django_db(transaction=True)
def test_a_payment_and_the_write_off_at_once_are_cash_or_recovery_but_not_both() -> None:
    due = "2027-02-10 00:00"
    dresses = [shops.join("2026-11-01 10:00", f"shop-{number}") for number in range(4)]
    for shop in dresses:
        shop.place("2026-11-02 10:00", "A", "300.00")
        shop.deliver("2026-11-02 10:00", "A")

    def work(thread: int) -> str:
        """Work days off or pay, by number."""
        if thread:
            shops.run_jobs(shops.instant(due))
            return "worked off"
        return " ".join(shop.pay("2027-02-09 23:59", "A", "300.00", "P") for shop in dresses)

    at_once(work, threads=2)
    for shop in dresses:
        status = shop.order("A")[0]
        payment = shop.line.payments.get()
        assert (status, payment.status) in (("PAID", "APPLIED"), ("WRITTEN_OFF", "RECOVERY"))
        limit = "5000.00" if status == "PAID" else "4700.00"
        assert (shop.limit(), shop.proceeds()) == ((limit, "0.00", limit), "300.00")
