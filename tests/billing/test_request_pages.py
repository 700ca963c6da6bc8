"""What fulfilment requests cost, in a list and one by one."""

import csv
import io
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from billing.models import InvoiceLine
from billing.queries import requests
from lib import figures, paging
from tests import shops
from tests.billing import deciding
from tests.factories import GrantedCreditFactory, browser_of, member
from tests.kept import kept
from tests.shops import Shop
from tests.text import text_of
from tests.whole import some

pytestmark = pytest.mark.django_db

PAGES = ["requests/", "requests/FR-7/"]


@kept()
def shop() -> Shop:
    """A shop with request FR-7, which cost 5.00 and 12.00 and got 1.50 back, FR-8, which cost 2.00,
    and a charge without a request.
    """
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
    """The text of this page, as somebody in this role reads it."""
    address = f"/m/{shop.reference}/billing/{page}"
    return text_of(browser_of(member(shop, role)).get(address))


def asking(shop: Shop, **params: str) -> Any:
    """The context of the list of fulfilment requests, asked so."""
    address = f"/m/{shop.reference}/billing/requests/?{urlencode(params)}"
    return browser_of(member(shop)).get(address).context


def listed(shop: Shop, **params: str) -> list[str]:
    """The references of the requests that the list shows."""
    return [request.reference for request in asking(shop, **params)["page"].rows]


def exported(shop: Shop, asked: str) -> list[dict[str, str]]:
    """The rows of the CSV file of requests, asked so."""
    file = browser_of(member(shop)).get(f"/m/{shop.reference}/billing/requests.csv?{asked}")
    return list(csv.DictReader(io.StringIO(b"".join(file).decode("utf-8-sig"))))


def test_requests_are_listed_newest_first_with_what_they_cost(shop: Shop) -> None:
    page = read(shop, "requests/")
    assert (
        "Request First service Fees Bill Charges Cost "
        "FR-8 4 Oct 2026 10:00 Packaging 2.00 T-2026-000001 1 2.00 USD "
        "FR-7 3 Oct 2026 10:00 Pick and pack 5.00 Shipping label 12.00 "
        "Pick and pack credit −1.50 T-2026-000001 5.00 USD T-2026-000002 12.00 USD "
        "−1.50 USD not billed yet 3 15.50 USD" in page
    )


def test_the_navigation_leads_there(shop: Shop) -> None:
    page = browser_of(member(shop)).get("/m/rosewood/").content.decode()
    assert '<a href="/m/rosewood/billing/requests/">Fulfilment costs</a>' in page


def test_a_request_shows_every_charge_with_its_bill_and_credits(shop: Shop) -> None:
    page = read(shop, "requests/FR-7/")
    assert (
        "Partly billed Cost 15.50 USD Pick and pack 5.00 USD Shipping label 12.00 USD "
        "Charged 17.00 USD Credited −1.50 USD Cost 15.50 USD" in page
    )
    assert (
        "Details Bill T-2026-000001 5.00 USD Bill T-2026-000002 12.00 USD Not billed yet −1.50 USD "
        "First service 3 Oct 2026 10:00 Charges 3" in page
    )
    assert (
        "Pick and pack Taking an order's articles from the shelves and packing them into a parcel. "
        "3 Oct 2026 10:00 – T-2026-000001 2.5 5.00 USD" in page
    )
    assert "7 Oct 2026 10:00 c-1 not billed yet 1 −1.50 USD" in page
    # Each bill's number leads to the very line, above and beside the charge.
    line = InvoiceLine.objects.get(invoice__number="2026-000002")
    source = browser_of(member(shop)).get("/m/rosewood/billing/requests/FR-7/").content.decode()
    assert source.count(f"/billing/invoices/2026-000002/lines/{line.pk}/") == 2


def test_a_fee_says_what_it_is_for_without_a_text_and_which_share_of_a_sale_it_is() -> None:
    shop = shops.join("2026-10-01 09:00", "willow", billing_threshold="900.00")
    deciding.price("non-compliance", "15.00", "2026-10-02")
    shop.place("2026-10-02 09:00", "FR-9", "121.30")
    deciding.priced(shop, "2026-10-03 10:00", "non-compliance", 8, request="FR-9")
    shop.charge("2026-10-03 10:00", "transaction-fee", "0.97", request="FR-9")
    page = read(shop, "requests/FR-9/", "FINANCE")
    assert (
        "Non-compliance Extra work on goods that arrived without the agreed labels, counts or "
        "papers. 8 units at 15.00 USD each. 3 Oct 2026 10:00 not billed yet 8 15.00 120.00 USD"
        in page
    )
    assert "a day's sales are charged together. It is 0.8% of the order of 121.30 USD." in page
    assert "Description" not in page  # nobody told one
    assert "Amount Dispute" in page  # the heading of the links
    assert "Not billed yet 120.97 USD Order FR-9" in page


def test_a_statement_leads_to_requests_and_bills(shop: Shop) -> None:
    page = browser_of(member(shop)).get("/m/rosewood/billing/statements/2026-10/").content.decode()
    assert 'href="/m/rosewood/billing/requests/FR-7/">FR-7</a>' in page
    assert 'href="/m/rosewood/billing/invoices/2026-000001/">T-2026-000001</a>' in page


def test_a_request_without_credits_says_nothing_of_them(shop: Shop) -> None:
    page = read(shop, "requests/FR-8/")
    assert (
        "Billed Cost 2.00 USD Packaging 2.00 USD Charged 2.00 USD Credited 0.00 USD Cost 2.00"
        in page
    )
    assert "Not billed yet" not in page


@pytest.mark.parametrize(
    ("part", "found"),
    some(
        [
            ("FR-", ["FR-8", "FR-7"]),
            ("fr-7", ["FR-7"]),
            ("-7", ["FR-7"]),
            ("%", []),
            ("F_", []),
            ("FR\x00", []),
        ],
        3,
    ),
)
def test_they_are_found_by_any_part_of_their_reference_in_the_order_that_was_asked_for(
    shop: Shop, part: str, found: list[str]
) -> None:
    assert listed(shop, reference=part) == found
    assert listed(shop, reference=part, by="first_at") == found[::-1]


BY_COST = """
SELECT request, sum(amount) FROM billing_charge WHERE request <> '' GROUP BY request
ORDER BY sum(amount), request
"""
CHARGED = """
SELECT string_agg(DISTINCT charge.request, ' ' ORDER BY charge.request) FROM billing_charge charge
JOIN billing_invoiceitem item ON item.id = charge.item_id
LEFT JOIN billing_invoice invoice ON invoice.id = item.invoice_id
WHERE charge.request <> '' AND
"""


@pytest.mark.full  # pages/test_every_sort sorts every other list
def test_they_are_sorted_by_cost_page_by_page(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, amount in enumerate(("3.00", "2.00", "15.50", "0.00")):
        shop.charge("2026-10-08 10:00", "packaging", amount, request=f"G-{number}")
    with connection.cursor() as cursor:
        cursor.execute(BY_COST)
        costs = dict(cursor.fetchall())
    monkeypatch.setitem(paging.page.__kwdefaults__ or {}, "size", 2)
    for by, sign in (("cost", 1), ("-cost", -1)):
        met, asked = [], {"by": by}
        while asked:
            page = asking(shop, **asked)["page"]
            met += [(row.reference, row.cost) for row in page.rows]
            asked = {"by": by, "after": page.after} if page.after else {}
        assert dict(met) == costs
        assert len(met) == 6
        assert [sign * cost for _, cost in met] == sorted(sign * cost for cost in costs.values())
    back = asking(shop, by="cost", before=asking(shop, by="cost", after=page.before)["page"].before)
    assert all(row.cost <= 2 for row in back["page"].rows)


@pytest.mark.full  # pages/test_every_filter asks for some of it
def test_they_are_asked_for_by_fee_bill_and_credit(shop: Shop) -> None:
    shop.charge("2026-10-08 10:00", "packaging", "1.00", request="FR-9")
    conditions = {
        "fee=packaging": "charge.fee_id = 'packaging'",
        "fee=shipping-label": "charge.fee_id = 'shipping-label'",
        "credited=yes": "charge.amount < 0",
    }
    for asked, condition in conditions.items():
        with connection.cursor() as cursor:
            cursor.execute(f"{CHARGED} {condition}")
            ((names,),) = cursor.fetchall()
        assert sorted(listed(shop, **dict([asked.split("=")]))) == names.split()
    assert listed(shop, credited="no") == ["FR-9", "FR-8"]
    assert listed(shop, billed="BILLED") == ["FR-8"]
    assert listed(shop, billed="PART") == ["FR-7"]
    assert listed(shop, billed="NOT_BILLED") == ["FR-9"]
    assert listed(shop, billed="PART", credited="no") == []
    # Of a fee, all amounts are those of its charges alone.
    shop.charge("2026-10-08 10:00", "packaging", "9.00", request="FR-7")
    page = read(shop, "requests/?fee=packaging")
    assert "3 results Total 12.00 USD" in page
    assert "Cost of this fee FR-9 8 Oct 2026 10:00 Packaging 1.00 not billed yet 1 1.00" in page
    assert "T-2026-000002 12.00 USD 7.50 USD not billed yet 4 9.00 USD" in page  # FR-7
    assert listed(shop, fee="packaging", by="cost") == ["FR-9", "FR-8", "FR-7"]
    # What makes no sense finds nothing, in this order, too.
    assert listed(shop, fee="no-such-fee", by="cost") == []
    assert exported(shop, "fee=no-such-fee&by=-cost") == []
    # Only fees of which a request has a charge are offered; a link may ask for another, though.
    client = browser_of(member(shop))
    shop.charge("2026-10-08 11:00", "storage", "3.00", request="")
    for asked, also in (("", []), ("storage", ["storage"]), ("no-fee", [])):
        filter = client.get("/m/rosewood/billing/requests/", {"fee": asked}).context["filter"]
        assert [code for code, _ in filter.fields["fee"].choices] == [
            *("", "packaging", "pick-pack", "shipping-label", "credit-pick-pack", *also),
        ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT fee_id FROM billing_charge WHERE request <> '' ORDER BY 1")
        asked_for = ["credit-pick-pack", "packaging", "pick-pack", "shipping-label"]
        assert [fee for (fee,) in cursor] == asked_for
    file = client.get("/m/rosewood/billing/requests.csv?fee=packaging&credited=no&days=month")
    today = timezone.localdate()
    until = f"-to-{today}" if today.day > 1 else ""
    assert f"rosewood-{today:%Y-%m}-01{until}-packaging-no.csv" in file["Content-Disposition"]
    assert listed(shop, fee="packaging", most="2.00") == ["FR-9", "FR-8"]
    assert "3 results Total 12.00 USD" in read(shop, "requests/?fee=packaging&figures=all")


@pytest.mark.full  # few are looked for above
def test_of_too_many_none_is_looked_for_by_its_charges(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "MOST", 1)
    hint = "More than 1 requests are not searched or sorted by cost, fee, bill or credit."
    assert listed(shop, by="-cost") == ["FR-8", "FR-7"]
    assert hint in read(shop, "requests/?by=-cost")
    for asked in ("fee=packaging", "least=1", "billed=BILLED", "credited=no"):
        page = read(shop, f"requests/?{asked}")
        assert (page.count(hint), "FR-8" in page) == (1, False), asked
    assert listed(shop, by="-cost", until="2026-10-03") == ["FR-7"]
    assert [row["Request"] for row in exported(shop, "fee=packaging")] == ["FR-8"]


def test_the_file_has_order_fees_and_bills_and_is_named_by_its_days() -> None:
    shop = shops.join("2026-10-01 09:00", "willow", timezone="Asia/Bangkok", billing_threshold="12")
    shop.place("2026-10-02 09:00", "FR-7", "50.00")
    shop.charge("2026-10-03 10:00", "pick-pack", "5.00", "c-1", request="FR-7")
    shop.charge("2026-10-03 10:00", "packaging", "9.00", request="FR-7")
    shop.charge("2026-10-04 10:00", "packaging", "2.00", request="FR-7")
    shop.charge("2026-10-05 10:00", "packaging", "1.00", request="FR-8")
    of_fees = {fee.label: "0.00" for fee in requests.fees()}
    number = f"T-{shop.account.invoices.get(total='14.00').number}"
    assert exported(shop, "by=first_at") == [
        {
            "Request": "FR-7", "Order": "FR-7",
            "First service (Asia/Bangkok)": "2026-10-03 10:00:00",
            "First service (UTC)": "2026-10-03T03:00:00Z", "Charges": "3",
            "Fees": "Packaging 11.00; Pick and pack 5.00",
            **of_fees, "Packaging": "11.00", "Pick and pack": "5.00", "Charged": "16.00",
            "Credited": "0.00",
            "Cost": "16.00", "Billed": "14.00", "Not billed yet": "2.00", "Bill #": number,
            "Currency": "USD",
        },
        {
            "Request": "FR-8", "Order": "", "First service (Asia/Bangkok)": "2026-10-05 10:00:00",
            "First service (UTC)": "2026-10-05T03:00:00Z", "Charges": "1",
            "Fees": "Packaging 1.00", **of_fees, "Packaging": "1.00",
            "Charged": "1.00",
            "Credited": "0.00", "Cost": "1.00", "Billed": "0.00",
            "Not billed yet": "1.00", "Bill #": "",
            "Currency": "USD",
        },
    ]  # fmt: skip
    names = {
        "since=2026-10-01&until=2026-10-31": "2026-10-01-to-2026-10-31",
        "since=2026-10-03&until=2026-10-03": "2026-10-03",
        "until=2026-10-04": "until-2026-10-04",
    }
    for asked, days in names.items():
        file = browser_of(member(shop)).get(f"/m/{shop.reference}/billing/requests.csv?{asked}")
        assert file["Content-Disposition"].endswith(f'"fulfilment-costs-willow-{days}.csv"')


@pytest.mark.full  # a view leads back in test_saved_views.py
def test_the_page_of_a_request_leads_back_to_the_list_as_it_was_asked_for(shop: Shop) -> None:
    client = browser_of(member(shop))
    asked = "fee=packaging&by=-cost"
    page = client.get(f"/m/rosewood/billing/requests/?{asked}").content.decode()
    (link,) = re.findall(r'href="(/m/rosewood/billing/requests/FR-8/[^"]*)"', page)
    request = client.get(link.replace("&amp;", "&")).content.decode()
    assert f'href="/m/rosewood/billing/requests/?{asked.replace("&", "&amp;")}"' in request
    sort = re.findall(r'<a href="(\?by=-at[^"]*)', request)[0].replace("&amp;", "&").split("#")[0]
    sorted_ = client.get(f"/m/rosewood/billing/requests/FR-8/{sort}").content.decode()
    assert f'href="/m/rosewood/billing/requests/?{asked.replace("&", "&amp;")}"' in sorted_
    # Another list's question is not this one's, and no address gets in that way.
    for back in ("credit:orders?standing=OPEN", "//evil.example", "billing:requests?"):
        other = client.get("/m/rosewood/billing/requests/FR-8/", {"back": back}).content.decode()
        assert '<p class="up"><a href="/m/rosewood/billing/requests/">' in other


@pytest.mark.full  # others are found by reference
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
    assert "Nothing matches. Try a shorter part of the reference" in read(
        shop, "requests/?reference=Z"
    )
    newcomer = shops.join("2026-10-01 09:00", "new-shop")
    assert "No fulfilment requests yet." in read(newcomer, "requests/")


@pytest.mark.full  # another's is not found in test_access_to_pages.py
def test_the_same_reference_at_two_merchants_is_two_requests(shop: Shop) -> None:
    other = shops.join("2026-10-01 09:00", "other-shop", currency="JPY", billing_threshold="9000")
    other.charge("2026-10-02 10:00", "packaging", "70", request="FR-7")
    assert "FR-7 2 Oct 2026 10:00 Packaging 70 not billed yet 1 70 JPY" in read(other, "requests/")
    assert "Cost 70 JPY Packaging 70 JPY Charged 70 JPY" in read(other, "requests/FR-7/")
    assert "−1.50 USD not billed yet 3 15.50 USD" in read(shop, "requests/")
    assert "JPY" not in read(shop, "requests/FR-7/")
    assert browser_of(member(other)).get("/m/other-shop/billing/requests/FR-8/").status_code == 404


@pytest.mark.parametrize("reference", some(["a/b", "..", "~2F", "naïve 包裹", "a?b#c"], 5))
def test_any_reference_has_a_page(shop: Shop, reference: str) -> None:
    shop.charge("2026-10-08 10:00", "packaging", "1.00", request=reference)
    client = browser_of(member(shop))
    response = client.get("/m/rosewood/billing/requests/")
    address = response.content.decode().split('<a class="reference" href="')[1].split('"')[0]
    assert client.get(address).context["found"].reference == reference


@pytest.mark.full  # each page is asked in test_authorisation.py
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


@pytest.mark.full  # pages/test_page_queries has some pages
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
    assert "1–50 of 63" in text_of(page)
    mark = urlencode({"after": page.context["page"].after})
    assert "51–63 of 63" in text_of(client.get(f"/m/rosewood/billing/requests/?{mark}"))
    with django_assert_max_num_queries(12):
        page = client.get("/m/rosewood/billing/requests/H/")
    assert len(page.context["page"].rows) == 50
    assert "60.00" in page.content.decode()
    assert "after=" in page.content.decode()
