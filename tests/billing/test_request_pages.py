"""What fulfilment requests cost, in a list and one by one."""

from urllib.parse import urlencode

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests import shops
from tests.factories import GrantedCreditFactory, browser_of, member
from tests.kept import kept
from tests.shops import Shop
from tests.text import text_of

pytestmark = pytest.mark.django_db

PAGES = ["requests/", "requests/FR-7/"]


@kept()
def shop() -> Shop:
    """FR-7 cost 5.00 and 12.00 and got 1.50 back; FR-8 cost 2.00; one charge has no request."""
    shop = shops.join("2026-10-01 09:00", billing_threshold="12.00")
    shop.charge("2026-10-03 10:00", "pick-pack", "5.00", "c-1", request="FR-7", quantity="2.5")
    shop.charge("2026-10-04 10:00", "packaging", "2.00", request="FR-8")
    shop.charge("2026-10-05 10:00", "packaging", "9.00", request="")
    shop.charge("2026-10-06 15:00", "shipping-label", "12.00", request="FR-7")
    GrantedCreditFactory.create(
        shop=shop, at="2026-10-07 10:00", charge="c-1", fee="credit-pick-pack", amount="1.50"
    )
    assert shop.invoices() == ["2026-10-05 THRESHOLD 16.00", "2026-10-06 THRESHOLD 12.00"]
    return shop


def read(shop: Shop, page: str, role: str = "VIEWER") -> str:
    address = f"/m/{shop.reference}/billing/{page}"
    return text_of(browser_of(member(shop, role)).get(address))


def listed(shop: Shop, **params: str) -> list[str]:
    address = f"/m/{shop.reference}/billing/requests/?{urlencode(params)}"
    response = browser_of(member(shop)).get(address)
    return [request.reference for request in response.context["page"].rows]


def test_requests_are_listed_newest_first_with_what_they_cost(shop: Shop) -> None:
    page = read(shop, "requests/")
    assert (
        "Request First service Charges Cost "
        "FR-8 4 Oct 2026 10:00 1 2.00 USD "
        "FR-7 3 Oct 2026 10:00 3 15.50 USD" in page
    )


def test_the_navigation_leads_there(shop: Shop) -> None:
    page = browser_of(member(shop)).get("/m/rosewood/").content.decode()
    assert '<a href="/m/rosewood/billing/requests/">Fulfilment costs</a>' in page


def test_a_request_shows_every_charge_with_its_bill_and_credits(shop: Shop) -> None:
    page = read(shop, "requests/FR-7/")
    assert (
        "15.50 USD First service 3 Oct 2026 10:00 Charges 3 "
        "Charged 17.00 USD Credited −1.50 USD" in page
    )
    assert (
        "Pick and pack 3 Oct 2026 10:00 – 2026-000001 2.5 – 5.00 USD "
        "Shipping label 6 Oct 2026 15:00 – 2026-000002 1 – 12.00 USD "
        "Pick and pack credit 7 Oct 2026 10:00 c-1 not billed yet 1 – −1.50 USD" in page
    )


def test_a_statement_leads_to_requests_and_bills(shop: Shop) -> None:
    page = browser_of(member(shop)).get("/m/rosewood/billing/statements/2026-10/").content.decode()
    assert 'href="/m/rosewood/billing/requests/FR-7/">FR-7</a>' in page
    assert 'href="/m/rosewood/billing/invoices/2026-000001/">2026-000001</a>' in page


def test_a_request_without_credits_says_nothing_of_them(shop: Shop) -> None:
    page = read(shop, "requests/FR-8/")
    assert "2.00 USD First service 4 Oct 2026 10:00 Charges 1 Charges" in page
    assert "Credited" not in page


@pytest.mark.parametrize(
    ("start", "found"),
    [
        ("FR-", ["FR-7", "FR-8"]),
        ("FR-7", ["FR-7"]),
        ("fr-7", []),
        ("-7", []),
        ("%", []),
        ("F_", []),
        ("FR\x00", ["FR-8", "FR-7"]),
    ],
)
def test_they_are_found_by_how_their_reference_starts(
    shop: Shop, start: str, found: list[str]
) -> None:
    assert listed(shop, reference=start) == found


def test_dear_ones_are_found_by_what_they_cost_with_credits_taken_off(shop: Shop) -> None:
    assert listed(shop, least="15.50") == ["FR-7"]
    assert listed(shop, least="15.51") == []
    assert listed(shop, most="15.49") == ["FR-8"]
    assert listed(shop, least="2", most="15.5", by="first_at") == ["FR-7", "FR-8"]
    assert "Total 15.50 USD" in read(shop, "requests/?least=10")
    assert "Total 17.50 USD" in read(shop, "requests/?least=1&figures=all")
    file = browser_of(member(shop, "FINANCE")).get("/m/rosewood/billing/requests.csv?most=10")
    rows = b"".join(file.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert [row.split(",")[0] for row in rows[1:]] == ["FR-8"]


def test_an_empty_list_says_why(shop: Shop) -> None:
    assert "Nothing matches. Try a shorter part of the reference" in read(shop, "requests/?reference=Z")
    newcomer = shops.join("2026-10-01 09:00", "new-shop")
    assert "No fulfilment requests yet." in read(newcomer, "requests/")


def test_the_same_reference_at_two_merchants_is_two_requests(shop: Shop) -> None:
    other = shops.join("2026-10-01 09:00", "other-shop", currency="JPY", billing_threshold="9000")
    other.charge("2026-10-02 10:00", "packaging", "70", request="FR-7")
    assert "FR-7 2 Oct 2026 10:00 1 70 JPY" in read(other, "requests/")
    assert "70 JPY First service 2 Oct 2026 10:00 Charges 1" in read(other, "requests/FR-7/")
    assert "FR-7 3 Oct 2026 10:00 3 15.50 USD" in read(shop, "requests/")
    assert "JPY" not in read(shop, "requests/FR-7/")
    assert browser_of(member(other)).get("/m/other-shop/billing/requests/FR-8/").status_code == 404


@pytest.mark.parametrize("reference", ["a/b", "..", "~2F", "naïve 包裹", "a?b#c"])
def test_any_reference_has_a_page(shop: Shop, reference: str) -> None:
    shop.charge("2026-10-08 10:00", "packaging", "1.00", request=reference)
    client = browser_of(member(shop))
    response = client.get("/m/rosewood/billing/requests/")
    address = response.content.decode().split('<a class="reference" href="')[1].split('"')[0]
    assert client.get(address).context["found"].reference == reference


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("role", ["OWNER", "FINANCE", "VIEWER"])
def test_everybody_of_the_merchant_sees_them(shop: Shop, role: str, page: str) -> None:
    assert "Rosewood Dresses" in read(shop, page, role)
    assert "15.50 USD" in read(shop, page, role)


@pytest.mark.parametrize("page", PAGES)
def test_a_stranger_finds_nothing(shop: Shop, page: str) -> None:
    stranger = member(shops.join("2026-10-01 09:00", "other-shop"))
    response = browser_of(stranger).get(f"/m/rosewood/billing/{page}")
    assert response.status_code == 404
    assert "FR-7" not in response.content.decode().replace(page, "")


@pytest.mark.parametrize("page", PAGES)
def test_who_is_not_signed_in_is_sent_to_do_so(shop: Shop, page: str) -> None:
    address = f"/m/rosewood/billing/{page}"
    assert Client().get(address)["Location"] == f"/accounts/login/?next={address}"


def test_pages_take_few_queries_however_much_there_is(
    shop: Shop, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(60):
        shop.charge("2026-10-08 10:00", "packaging", "1.00", request=f"G-{number:02}")
        shop.charge("2026-10-08 10:00", "packaging", "1.00", request="H")
    client = browser_of(member(shop))
    with django_assert_max_num_queries(12):
        page = client.get("/m/rosewood/billing/requests/")
    assert len(page.context["page"].rows) == 50
    with django_assert_max_num_queries(12):
        page = client.get("/m/rosewood/billing/requests/H/")
    assert len(page.context["page"].rows) == 50
    assert "60.00" in page.content.decode()
    assert "after=" in page.content.decode()
