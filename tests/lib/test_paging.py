"""Pages of a list by a mark, without a gap or a repeat."""

import pytest

from credit.models import Order
from lib import paging
from lib.paging import Page
from tests import shops
from tests.shops import Shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    """A shop with orders A-1 to A-5 a minute apart, A-3 and A-4 in the same one."""
    shop = shops.join("2026-10-01 09:00")
    for minute, order in ((1, "A-1"), (2, "A-2"), (3, "A-3"), (3, "A-4"), (4, "A-5")):
        shop.place(f"2026-10-02 10:0{minute}", order, "10.00")
    return shop


def page(**params: str) -> Page[Order]:
    """The page of orders that these parameters ask for, of two rows."""
    return paging.page(Order.objects.all(), by="-placed_at", params=params, size=2)


def names(page: Page[Order]) -> list[str]:
    """The references on the page."""
    return [order.reference for order in page.rows]


def test_pages_follow_each_other_without_a_gap_or_a_repeat(shop: Shop) -> None:
    first = page()
    second = page(after=first.after)
    third = page(after=second.after)
    assert [names(first), names(second), names(third)] == [["A-5", "A-4"], ["A-3", "A-2"], ["A-1"]]
    assert (first.before, third.after) == ("", "")


def test_and_lead_back_the_same_way(shop: Shop) -> None:
    second = page(after=page().after)
    third = page(after=second.after)
    assert names(page(before=third.before)) == ["A-3", "A-2"]
    first = page(before=second.before)
    assert names(first) == ["A-5", "A-4"]
    assert first.before == ""
    assert first.after != ""


def test_an_empty_mark_is_none(shop: Shop) -> None:
    first = page()
    assert names(page(before="", after=first.after)) == ["A-3", "A-2"]
    assert names(page(before=page(after=first.after).before, after="")) == ["A-5", "A-4"]
    assert page(before="", after="") == first


def test_a_row_that_arrives_meanwhile_shifts_nothing(shop: Shop) -> None:
    first = page()
    shop.place("2026-10-02 11:00", "A-6", "10.00")
    assert names(page(after=first.after)) == ["A-3", "A-2"]


def test_oldest_first_works_alike(shop: Shop) -> None:
    first = paging.page(Order.objects.all(), by="placed_at", params={}, size=3)
    assert names(first) == ["A-1", "A-2", "A-3"]
    second = paging.page(Order.objects.all(), by="placed_at", params={"after": first.after}, size=3)
    assert names(second) == ["A-4", "A-5"]
    assert names(
        paging.page(Order.objects.all(), by="placed_at", params={"before": second.before}, size=3)
    ) == ["A-1", "A-2", "A-3"]


@pytest.mark.parametrize(
    "mark",
    ["", "x", "~", "2026-10-02~", "nonsense~1", "2026-99-99~1", "\x00~1", f"2026-10-02~{10**30}"],
)
def test_a_mark_that_makes_no_sense_gives_the_first_page(shop: Shop, mark: str) -> None:
    assert names(page(after=mark)) == ["A-5", "A-4"]
    assert names(page(before=mark)) == ["A-5", "A-4"]
