"""What a merchant sees of its orders."""

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from credit.models import Order
from credit.operations import refunds
from tests import shops
from tests.amounts import usd
from tests.credit.pages import set_clock
from tests.factories import browser_of, member
from tests.kept import kept
from tests.shops import Shop
from tests.text import text_of
from tests.whole import some

pytestmark = pytest.mark.django_db

clock = pytest.fixture(set_clock)


@kept()
def written() -> Shop:
    """A shop on 15 October: A-1 is overdue since the 12th, A-2 paid, B-1 open, B-2 declined."""
    shop = shops.join("2026-10-01 09:00", credit_limit="1000.00")
    shop.place("2026-10-01 10:00", "A-1", "100.00")
    shop.ship("2026-10-01 11:00", "A-1")
    shop.deliver("2026-10-01 12:00", "A-1")
    shop.place("2026-10-02 10:00", "A-2", "50.00")
    shop.pay("2026-10-03 10:00", "A-2", "50.00")
    shop.place("2026-10-04 10:00", "B-1", "60.00", instalments=3, buyer="Malee")
    shop.place("2026-10-05 10:00", "B-2", "900.00")
    return shop


@pytest.fixture
def shop(written: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """The shop of these tests, on 15 Oct 2026, 12:00 UTC."""
    monkeypatch.setattr(timezone, "now", lambda: shops.instant("2026-10-15 12:00"))
    return written


def listed(shop: Shop, **params: str) -> list[str]:
    """The references of the orders that the list shows."""
    response = browser_of(member(shop)).get(f"/m/rosewood/credit/orders/?{urlencode(params)}")
    return [order.reference for order in response.context["page"].rows]


def order_page(shop: Shop, reference: str) -> str:
    """The text of the order's page."""
    return text_of(browser_of(member(shop)).get(f"/m/rosewood/credit/orders/{reference}/"))


def test_orders_are_listed_newest_first(shop: Shop) -> None:
    assert listed(shop) == ["B-2", "B-1", "A-2", "A-1"]


@pytest.mark.parametrize(
    ("standing", "orders"),
    [
        ("OPEN", ["B-1", "A-1"]),
        ("OVERDUE", ["A-1"]),
        ("PAID", ["A-2"]),
        ("DECLINED", ["B-2"]),
        ("CANCELLED", []),
        ("SOLD", ["B-1", "A-2", "A-1"]),
        ("NONSENSE", []),
    ],
)
def test_they_are_filtered_by_status(shop: Shop, standing: str, orders: list[str]) -> None:
    assert listed(shop, standing=standing) == orders


@pytest.mark.parametrize(
    ("part", "orders"),
    some(
        [
            ("a-", ["A-2", "A-1"]),
            ("B-2", ["B-2"]),
            ("-1", ["B-1", "A-1"]),
            ("%", []),
            ("a\x00", []),
        ],
        5,
    ),
)
def test_they_are_found_by_any_part_of_their_reference(
    shop: Shop, part: str, orders: list[str]
) -> None:
    assert listed(shop, reference=part) == orders
    assert listed(shop, reference=part, by="placed_at") == orders[::-1]


def test_filter_and_search_go_together(shop: Shop) -> None:
    assert listed(shop, standing="OPEN", reference="A") == ["A-1"]


def test_the_list_tells_status_due_date_and_why_an_order_was_declined(shop: Shop) -> None:
    page = text_of(browser_of(member(shop)).get("/m/rosewood/credit/orders/"))
    assert "Somchai Declined The limit was not enough – 0.00 USD 900.00 USD" in page
    assert "Malee Open Not shipped yet – 60.00 USD 60.00 USD" in page
    assert "Somchai Overdue 11 Oct 2026 4 days late 100.00 USD 100.00 USD" in page


def test_an_empty_list_says_what_to_do_next(shop: Shop) -> None:
    client = browser_of(member(shop))
    assert "Nothing matches. Try a shorter part of the reference" in text_of(
        client.get("/m/rosewood/credit/orders/?reference=Z")
    )
    shops.join("2026-10-01 09:00", "new-shop")
    newcomer = browser_of(member(Shop("new-shop")))
    assert "No orders yet" in text_of(newcomer.get("/m/new-shop/credit/orders/"))


def test_links_to_further_pages_keep_the_filter(shop: Shop) -> None:
    for number in range(51):
        shop.place("2026-10-06 10:00", f"C-{number:02}", "1.00")
    page = browser_of(member(shop)).get("/m/rosewood/credit/orders/?standing=OPEN&reference=C")
    assert len(page.context["page"].rows) == 50
    assert 'href="?standing=OPEN&amp;reference=C&amp;after=' in page.content.decode()


def test_an_order_shows_its_instalments(shop: Shop) -> None:
    shop.deliver("2026-10-06 10:00", "B-1")
    shop.pay("2026-10-07 10:00", "B-1", "25.00")
    page = order_page(shop, "B-1")
    assert "1 16 Oct 2026 20.00 USD 0.00 USD" in page
    assert "2 15 Nov 2026 20.00 USD 15.00 USD" in page
    assert "3 15 Dec 2026 20.00 USD 20.00 USD" in page


def test_an_order_tells_its_history(shop: Shop) -> None:
    shop.pay("2026-10-14 09:30", "A-1", "40.00")
    page = order_page(shop, "A-1")
    assert (
        "1 Oct 2026 10:00 Order placed 100.00 USD +100.00 USD "
        "1 Oct 2026 11:00 Shipped – – "
        "1 Oct 2026 12:00 Delivered – – "
        "14 Oct 2026 09:30 Order paid 40.00 USD −40.00 USD" in page
    )
    assert "Outstanding 60.00 USD Of this, overdue 60.00 USD Paid 40.00 USD" in page


def test_an_open_order_says_how_far_it_has_come_and_when_its_proceeds_come(
    shop: Shop, clock: Callable[[str], None]
) -> None:
    shop.place("2026-10-06 09:00", "C-1", "20.00")
    clock("2026-10-07 12:00")
    assert "Open Not shipped yet" in order_page(shop, "C-1")
    assert "What your buyer pays can be withdrawn 7 days after the payment." in order_page(
        shop, "C-1"
    )
    shop.deliver("2026-10-06 10:00", "C-1")
    page = order_page(shop, "C-1")
    assert "Open Delivered due in 9 days" in page
    assert "Due 16 Oct 2026 due in 9 days" in page
    assert "If your buyer pays on the due day, you can withdraw it from 23 Oct 2026." in page
    clock("2026-10-16 12:00")
    assert "Open Delivered due today" in order_page(shop, "C-1")
    clock("2026-10-17 12:00")
    page = order_page(shop, "C-1")
    assert "Overdue Delivered 20.00 USD should have been paid 1 day ago" in page
    assert "20.00 USD of this order is overdue. Remind your buyer" in page
    assert "Net, if the rest is paid 20.00 USD" in page
    assert "If your buyer pays today, you can withdraw it from 24 Oct 2026." in page
    shop.pay("2026-10-17 12:00", "C-1", "8.00")
    shop.refund("2026-10-17 12:00", "C-1", "15.00", "R-9")
    page = order_page(shop, "C-1")
    # A refund takes what is outstanding first, and then out of the proceeds.
    assert "Ordered 20.00 USD Refunded −15.00 USD Net 5.00 USD" in page
    assert "Part of the order refunded" in page
    assert "Proceeds of this order 5.00 USD Can be withdrawn from 24 Oct 2026 5.00 USD" in page


def test_a_refund_of_what_was_paid_is_in_its_history(shop: Shop) -> None:
    shop.send(
        *("order.refunded", "2026-10-08 10:00"),
        **{"order": "A-2", "refund": "R-1", "amount": "20.00", "currency": "USD"},
    )
    assert "8 Oct 2026 10:00 Refunded out of your proceeds 20.00 USD –" in order_page(shop, "A-2")


def test_an_order_marks_which_part_is_overdue(shop: Shop) -> None:
    # By the marketplace's terms, 10 days after delivery, and each 30 days later.
    undelivered = order_page(shop, "B-1")
    for days in (10, 40, 70):
        assert f"{days} days after delivery 20.00 USD 20.00 USD" in undelivered
    shop.deliver("2026-10-04 12:00", "B-1")
    said = order_page(shop, "B-1")
    assert "Of this order 20.00 USD is overdue, the other parts are not due yet." in said
    assert "Outstanding 60.00 USD Of this, overdue 20.00 USD" in said
    assert (
        "Part 1, if paid today: can be withdrawn from 22 Oct 2026 20.00 USD "
        "Part 2, if paid on 13 Nov 2026: can be withdrawn from 20 Nov 2026 20.00 USD "
        "Part 3, if paid on 13 Dec 2026: can be withdrawn from 20 Dec 2026 20.00 USD" in said
    )
    assert "If your buyer pays" not in said
    assert "1 14 Oct 2026 Overdue 20.00 USD" in said
    assert "2 13 Nov 2026 20.00 USD" in said


def test_a_declined_order_tells_why(shop: Shop) -> None:
    page = order_page(shop, "B-2")
    assert "Declined The limit was not enough" in page
    assert "remind who is overdue, or ask for a higher limit." in page
    assert "Instalments" not in page
    # What cannot come any more is not listed, and whether it could be taken now is one step away.
    assert "900.00 USD ordered Details" in page
    assert "Shipped" not in page
    client = browser_of(member(shop))
    address = "/m/rosewood/credit/check/?amount=900.00"
    assert f'href="{address}"' in client.get("/m/rosewood/credit/orders/B-2/").content.decode()
    assert "No: 900.00 USD" in text_of(client.get(address))


def test_cash_that_an_order_could_not_take_is_in_its_history(shop: Shop) -> None:
    assert shop.pay("2026-10-08 10:00", "A-2", "5.00") == "rejected order_not_open"
    assert "8 Oct 2026 10:00 Could not be applied 5.00 USD –" in order_page(shop, "A-2")


def test_pages_take_few_queries_however_many_orders_there_are(
    shop: Shop, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(60):
        shop.place("2026-10-06 10:00", f"C-{number:02}", "1.00")
    client = browser_of(member(shop))
    assert Order.objects.count() == 64
    with django_assert_max_num_queries(12):
        client.get("/m/rosewood/credit/orders/")
    with django_assert_max_num_queries(16):
        client.get("/m/rosewood/credit/orders/A-1/")


def test_a_refund_that_was_told_late_names_both_instants(shop: Shop) -> None:
    refunds.give(
        merchant_id=shop.line.pk,
        order="A-1",
        reference="R-9",
        amount=usd("30.00"),
        at=shop.at("2026-10-06 10:00"),
        now=shop.at("2026-10-15 11:00"),
    )
    assert (
        "15 Oct 2026 11:00 Part of the order refunded happened at 6 Oct 2026 10:00, as reported "
        "30.00 USD −30.00 USD" in order_page(shop, "A-1")
    )
    listed = text_of(browser_of(member(shop)).get("/m/rosewood/credit/after-sales/"))
    assert "A-1 15 Oct 2026 11:00 happened at 6 Oct 2026 10:00, as reported Somchai" in listed
