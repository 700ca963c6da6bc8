"""The admin's search: whatever it is called, among all merchants."""

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client

from billing.models import Payment
from lib import words
from merchants.models import Merchant, User
from merchants.models.people import NAMED_BY
from tests import shops
from tests.backoffice.shops_with_work import NOW, in_trouble, operator
from tests.credit.pages import set_clock
from tests.factories import UserFactory, browser_of, member
from tests.kept import kept
from tests.shops import Shop
from tests.text import text_of

pytestmark = pytest.mark.django_db


@kept()
def written() -> Shop:
    """The rows that these tests start from: a shop in trouble, with an owner."""
    shop = in_trouble()
    member(shop, email="rose@rosewood.example")
    return shop


@pytest.fixture
def shop(written: Shop, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """That shop, at NOW, with withdrawals sent by hand."""
    settings.TAEL_SANDBOX, settings.TAEL_PAYOUT_PROVIDER = True, "manual"
    set_clock(monkeypatch)(NOW)
    return written


@pytest.fixture
def client() -> Client:
    """An operator's browser, with all roles."""
    return browser_of(operator())


def led_to(client: Client, asked: str) -> str:
    """The address that the search leads to at once, or, where there is a choice, the text of its
    page.
    """
    response = client.get("/admin/find/", {"q": asked})
    return response.headers.get("Location", "") or text_of(response)


def test_a_merchant_whose_reference_has_blanks_is_no_row_of_another_one(
    shop: Shop, client: Client
) -> None:
    ann, bee = (shops.join("2026-11-01 10:00", reference) for reference in ("ann", "ann bee"))
    ann.place("2026-11-02 10:00", "bee-1", "10.00")
    bee.place("2026-11-02 10:00", "B-1", "20.00")
    assert led_to(client, "ann bee") == "/admin/merchant/ann%20bee/"
    orders = text_of(client.get("/admin/credit/order/?q=ann+bee"))
    assert "B-1" in orders
    assert "bee-1" not in orders
    assert "bee-1" in text_of(client.get("/admin/credit/order/?q=ann+be"))


@pytest.mark.full  # by a reference, above; by the beginning of any word of its name, below
def test_a_merchant_is_found_by_its_reference_and_the_start_of_its_name(
    shop: Shop, client: Client
) -> None:
    shops.join("2026-11-01 10:00", "rosewood-2", name="Rosewood Shoes")
    assert led_to(client, "rosewood") == "/admin/merchant/rosewood/"
    assert led_to(client, "rosewood-2") == "/admin/merchant/rosewood-2/"
    assert led_to(client, "rosewood shoes") == "/admin/merchant/rosewood-2/"
    choice = led_to(client, "Rosew")
    assert "Merchant rosewood Rosewood Dresses Merchant rosewood-2 Rosewood Shoes" in choice


def test_what_is_unique_among_all_leads_there_at_once(shop: Shop, client: Client) -> None:
    invoice = shop.account.invoices.get()
    large = shop.line.withdrawals.earliest("pk")
    payment = Payment.objects.earliest("pk")
    person = shop.merchant.members.get()
    kept = shop.account.unapplied_entries.get()
    expected = {
        str(invoice.number): f"/admin/billing/invoice/{invoice.pk}/change/",
        large.reference: f"/admin/credit/withdrawal/{large.pk}/change/",
        payment.idempotency_key: f"/admin/billing/payment/{payment.pk}/change/",
        "rose@rosewood.example": f"/admin/merchants/user/{person.pk}/change/",
        "ROSE@rosewood": f"/admin/merchants/user/{person.pk}/change/",
        "BANK-7": f"/admin/billing/unappliedentry/{kept.pk}/change/",
    }
    assert {asked: led_to(client, asked) for asked in expected} == expected


@pytest.mark.full  # what is unique among all, above
def test_what_is_named_within_a_merchant_is_found_among_all(shop: Shop, client: Client) -> None:
    order = shop.line.orders.get(reference="A-1")
    charge = shop.account.charges.get(reference="C-1")
    request = shop.account.requests.get(reference="FR-1")
    assert led_to(client, "A-1") == f"/admin/credit/order/{order.pk}/change/"
    assert led_to(client, "C-1") == f"/admin/billing/charge/{charge.pk}/change/"
    assert led_to(client, "FR-1") == f"/admin/billing/fulfilmentrequest/{request.pk}/change/"


def test_one_reference_of_two_merchants_is_a_choice_and_the_merchant_decides(
    shop: Shop, client: Client
) -> None:
    other = shops.join("2026-11-01 10:00", "other", name="Other Shop")
    other.place("2026-11-02 11:00", "A-1", "77.00")
    assert "Order A-1 Rosewood Dresses Order A-1 Other Shop" in led_to(client, "A-1")
    order = other.line.orders.get()
    assert led_to(client, "other A-1") == f"/admin/credit/order/{order.pk}/change/"


def test_cash_that_was_refused_is_found(shop: Shop, client: Client) -> None:
    assert shop.pay("2026-11-02 12:00", "Z-9", "5.00", "X-9") == "rejected unknown_order"
    refused = shop.line.refused_cash.get(reference="X-9")
    for asked in ("X-9", "rosewood X-9"):
        assert led_to(client, asked) == f"/admin/credit/refusedcash/{refused.pk}/change/"


@pytest.mark.full  # one of two merchants is, above
def test_a_reference_that_was_refused_twice_is_a_choice(shop: Shop, client: Client) -> None:
    shop.pay("2026-11-02 12:00", "Z-9", "5.00", "X-9")
    shop.refund("2026-11-02 12:00", "Z-9", "5.00", "X-9")
    assert "Refused cash Payment X-9" in led_to(client, "X-9")
    assert "Refused cash Refund X-9" in led_to(client, "X-9")


def test_a_statement_is_found_by_merchant_and_month(shop: Shop, client: Client) -> None:
    statement = shop.account.statements.get(month="2026-11-01")
    assert led_to(client, "rosewood 2026-11") == f"/admin/billing/statement/{statement.pk}/change/"


def test_what_is_not_there_is_not_found(shop: Shop, client: Client) -> None:
    for asked in ("nothing-like-it", "rosewood A-99", "x" * 300, "a\0b", "2026-13"):
        assert "Nothing has this name." in led_to(client, asked), asked


def test_without_a_question_it_says_what_can_be_found(client: Client) -> None:
    assert "a merchant, by its reference or the start of its name" in led_to(client, "")


def test_what_one_may_not_look_at_is_not_found(shop: Shop) -> None:
    clerk = UserFactory.create(is_staff=True)
    assert "Nothing has this name." in led_to(browser_of(clerk), "A-1")
    clerk.user_permissions.add(Permission.objects.get(codename="view_order"))
    assert "/credit/order/" in led_to(browser_of(clerk), "A-1")
    assert "Nothing has this name." in led_to(browser_of(clerk), "C-1")


def test_a_merchant_is_found_by_the_beginning_of_any_word_in_any_case(client: Client) -> None:
    expected = {
        "shoes": "rosewood-2",  # any word of a name
        "SHO": "rosewood-2",
        "sho ros": "rosewood-2",  # in any order
        "ROSEWOOD-2": "rosewood-2",
        "élan": "elan",
        "ÉLAN café": "elan",
        "ดอกไม้": "flowers",
        "flower's": "flowers",
    }
    shops.join("2026-11-01 10:00", "rosewood-2", name="Rosewood Shoes")
    shops.join("2026-11-01 10:00", "elan", name="Café Élan")
    shops.join("2026-11-01 10:00", "flowers", name="Flower's ดอกไม้ (Bangkok)")
    for asked, leads_to in expected.items():
        assert led_to(client, asked) == f"/admin/merchant/{leads_to}/", asked


@pytest.mark.full  # the beginning of a word, above
def test_the_middle_of_a_word_and_what_is_no_word_find_nothing(client: Client) -> None:
    shops.join("2026-11-01 10:00", "rosewood-2", name="Rosewood Shoes")
    for asked in ("oes", "shoe rose x", "'", "&|!:*", "-- ()", "hoes\\"):
        assert "Nothing has this name." in led_to(client, asked), asked


@pytest.mark.full  # names are, above
def test_references_and_numbers_are_found_by_their_beginning_in_any_case(
    shop: Shop, client: Client
) -> None:
    order = shop.line.orders.get(reference="A-1")
    assert led_to(client, "a-1") == f"/admin/credit/order/{order.pk}/change/"
    large = shop.line.withdrawals.earliest("pk")
    assert led_to(client, large.reference.lower()[:-1]) == (
        f"/admin/credit/withdrawal/{large.pk}/change/"
    )
    both = led_to(client, "c-")
    assert "Charge C-1" in both
    assert "Charge C-2" in both
    within = led_to(client, "ROSEWOOD a-")
    assert "Order A-1" in within
    assert "Order A-2" in within
    assert "Nothing has this name." in led_to(client, "A%")
    assert "Nothing has this name." in led_to(client, "_-1")


@pytest.mark.full  # a merchant in any case, above
def test_a_person_is_found_by_the_address_in_any_case(shop: Shop, client: Client) -> None:
    person = shop.merchant.members.get()
    for asked in ("ROSE", "Rose@", "rose@rosewood.ex"):
        assert (
            f"/admin/merchants/user/{person.pk}/change/"
            in client.get("/admin/merchants/user/", {"q": asked}).content.decode()
        )


def test_lists_are_searched_by_the_merchants_name_and_the_rows_reference(
    shop: Shop, client: Client
) -> None:
    other = shops.join("2026-11-01 10:00", "other", name="Other Shop")
    other.place("2026-11-02 11:00", "B-1", "77.00")

    def found(asked: str) -> list[str]:
        page = client.get("/admin/credit/order/", {"q": asked})
        return sorted(order.reference for order in page.context["cl"].result_list)

    assert found("SHOP oth") == ["B-1"]
    assert found("other") == ["B-1"]
    assert found("b-1") == ["B-1"]
    assert found("rosewood a-") == ["A-1", "A-2"]
    assert found("nobody at-all") == []


def test_both_searches_by_words_have_their_index(shop: Shop) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for model, names in ((Merchant, Merchant.NAMED_BY), (User, NAMED_BY)):
            rows = model.objects.filter(words.begin("rose", *names))
            assert "by_words" in rows.explain()
