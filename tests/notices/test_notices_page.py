"""The page with all that a merchant's people were told."""

import pytest
from django.test import Client

from notices import kinds
from notices.operations import notices
from tests import shops
from tests.factories import browser_of, member
from tests.shops import Shop
from tests.text import text_of

pytestmark = pytest.mark.django_db

NOTICES = "/m/rosewood/notices/"


@pytest.fixture
def shop() -> Shop:
    """A shop in Bangkok that has just joined."""
    return shops.join("2026-10-01 09:00", timezone="Asia/Bangkok")


def notify(shop: Shop, kind: str, cause: str, **details: str) -> None:
    """Write a notice of this kind, on 2 Nov 2026, 20:00 UTC."""
    declared = kinds.get(kind)
    assert declared is not None
    notices.write(
        merchant_id=shop.merchant.pk,
        kind=declared,
        cause=cause,
        at=shops.instant("2026-11-02 20:00"),
        **details,
    )


@pytest.mark.parametrize("role", ["OWNER", "FINANCE", "VIEWER"])
def test_everybody_of_the_merchant_reads_the_newest_first(shop: Shop, role: str) -> None:
    notify(shop, "STATEMENT_CLOSED", "2026-10", month="2026-10")
    notify(shop, "ORDER_DECLINED", "A-1", order="A-1", amount="12.50", currency="USD", code="x")
    page = text_of(browser_of(member(shop, role)).get(NOTICES))
    assert page.index("Order A-1 was declined") < page.index("statement of October 2026 is closed")
    assert "3 Nov 2026 03:00" in page  # in Bangkok


def test_each_leads_to_what_it_is_about(shop: Shop) -> None:
    notify(shop, "STATEMENT_CLOSED", "2026-10", month="2026-10")
    notify(
        shop,
        "ORDER_OVERDUE",
        "1",
        order="a/1",
        outstanding="1",
        currency="USD",
        due_on="2026-11-01",
    )
    notify(shop, "BILL_ISSUED", "1", number="2026-000001", total="1", currency="USD")
    notify(shop, "FREEZE_PLACED", "1", reason="OVERDUE")
    notify(
        shop,
        "WITHDRAWAL_DONE",
        "1",
        reference="W",
        amount="1",
        currency="USD",
        destination="ALIPAY",
        masked="mei***@qq.com",
        last_four="ilin",
    )
    page = browser_of(member(shop)).get(NOTICES).content.decode()
    for address in (
        "billing/statements/2026-10/",
        "credit/orders/a~2F1/",
        "billing/invoices/2026-000001/",
    ):
        assert f'<h2><a href="/m/rosewood/{address}"' in page
    assert '<h2><a href="/m/rosewood/credit/freezes/">Your credit line is frozen' in page


def test_details_of_another_version_lead_nowhere_and_break_nothing(shop: Shop) -> None:
    notify(shop, "STATEMENT_CLOSED", "1", month="soon")
    notify(shop, "BILL_ISSUED", "1")
    response = browser_of(member(shop)).get(NOTICES)
    assert response.status_code == 200
    assert "<h2>A bill was issued " in response.content.decode()


def test_what_a_buyer_may_have_called_an_order_is_only_text(shop: Shop) -> None:
    notify(shop, "ORDER_DECLINED", "1", order="<b>x", amount="1", currency="USD", code="buyer_risk")
    page = browser_of(member(shop)).get(NOTICES).content.decode()
    assert "<b>x" not in page
    assert "&lt;b&gt;x" in page


@pytest.mark.full  # each page in test_page_queries.py
def test_a_long_list_has_pages_and_costs_as_little_as_a_short_one(
    shop: Shop, django_assert_max_num_queries: type
) -> None:
    for number in range(60):
        notify(shop, "FREEZE_LIFTED", str(number), reason="OVERDUE")
    client = browser_of(member(shop))
    with django_assert_max_num_queries(8):
        first = client.get(NOTICES)
    assert (
        first.content.decode().count("<h2>")
        - client.get(NOTICES, {"after": first.context["page"].after}).content.decode().count("<h2>")
        == 40
    )


def test_nothing_yet_says_what_will_come(shop: Shop) -> None:
    assert "There is nothing to tell yet" in text_of(browser_of(member(shop)).get(NOTICES))


def test_strangers_find_nothing(shop: Shop) -> None:
    notify(shop, "STATEMENT_CLOSED", "2026-10", month="2026-10")
    other = browser_of(member(shops.join("2026-10-01 09:00", "other")))
    assert other.get(NOTICES).status_code == 404
    assert "October" not in text_of(other.get("/m/other/notices/"))
    assert Client().get(NOTICES)["Location"] == f"/accounts/login/?next={NOTICES}"
