"""What a merchant sees of its bills."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from billing.models import InvoiceLine
from billing.operations import invoice_decisions
from merchants import installation
from tests import shops
from tests.credit.pages import set_clock
from tests.factories import TransferFactory, browser_of, member
from tests.kept import kept
from tests.shops import Shop
from tests.text import text_of

pytestmark = pytest.mark.django_db


@kept()
def shop() -> Shop:
    """A shop with a plan of 39.00 billed on joining, and a threshold bill of 225.00
    on 12 November.
    """
    shop = shops.join("2026-11-01 09:00", plan_price="39.00")
    shop.charge("2026-11-10 10:00", "app-usage", "15.00")
    shop.charge("2026-11-12 15:00", "shipping-label", "210.00")
    shop.run_jobs("2026-11-13 00:00")
    assert shop.invoices() == ["2026-11-01 SUBSCRIPTION 39.00", "2026-11-12 THRESHOLD 225.00"]
    return shop


def read(shop: Shop, page: str) -> str:
    """The text of the bill's page, as a viewer reads it."""
    return text_of(browser_of(member(shop, "VIEWER")).get(f"/m/rosewood/billing/invoices/{page}"))


def test_bills_are_listed_latest_first(shop: Shop) -> None:
    page = read(shop, "")
    assert (
        "T-2026-000002 12 Nov 2026 Threshold 1 Nov 2026 – 12 Nov 2026 To be paid 19 Nov 2026 "
        "225.00 USD T-2026-000001 1 Nov 2026 Subscription 1 Nov 2026 – 30 Nov 2026 "
        "Past due freezes your line on 6 Dec 2026 8 Nov 2026 39.00 USD" in page
    )


@pytest.mark.usefixtures("nothing_kept")
def test_a_merchant_without_bills_reads_when_they_are_made() -> None:
    shop = shops.join("2026-11-01 09:00")
    assert "No bills yet. They are made on your bill dates" in read(shop, "")


def test_a_bill_shows_its_lines_by_category(shop: Shop) -> None:
    page = read(shop, "2026-000002/")
    assert (
        "225.00 USD For Rosewood Dresses Kind Threshold Reason Threshold of 200.00 USD "
        "reached on 12 Nov 2026 Issued 12 Nov 2026" in page
    )
    assert (
        "Shipping 1 210.00 USD Shipping label 12 Nov 2026 1 210.00 USD "
        "Apps 1 15.00 USD App usage 10 Nov 2026 1 15.00 USD Total 2 225.00 USD" in page
    )
    assert "Outcome Amount 13 Nov 2026 00:00 Issued at the end of 12 Nov 2026 – 225.00 USD" in page


@pytest.mark.usefixtures("nothing_kept")
def test_a_collected_bill_shows_the_payment(settings: Settings) -> None:
    settings.TAEL_SANDBOX = True
    shop = shops.join("2026-11-01 09:00", plan_price="39.00", payment_method="sandbox")
    shop.run_jobs("2026-11-01 10:00")
    page = read(shop, "2026-000001/")
    assert "Bill T-2026-000001 Collected" in page
    assert "1 Nov 2026 10:00 Payment 1 Sandbox Succeeded 39.00 USD" in page
    assert "1 Nov 2026 10:00 Paid – 39.00 USD" in page
    assert "Pay it by bank transfer" not in page


def line_of(number: str, fee: str) -> str:
    """Where the line of this fee has its page."""
    line = InvoiceLine.objects.get(invoice__number=number, fee_code=fee)
    return f"{number}/lines/{line.pk}/"


def decide(shop: Shop, number: str, at: str, *, uncollectible: bool = False) -> None:
    """Void the bill, or mark it as uncollectible."""
    decision = invoice_decisions.mark_uncollectible if uncollectible else invoice_decisions.void
    decision(
        invoice_id=shop.account.invoices.get(number=number).pk,
        actor="billing@tael.example",
        reason="known to be a fraud",
        now=shop.at(at),
    )


def test_a_line_opens_to_its_charges_and_their_requests(shop: Shop) -> None:
    label = line_of("2026-000002", "shipping-label")
    client = browser_of(member(shop, "VIEWER"))
    invoice = client.get("/m/rosewood/billing/invoices/2026-000002/").content.decode()
    assert f'<a href="/m/rosewood/billing/invoices/{label}">Shipping label</a>' in invoice
    response = client.get(f"/m/rosewood/billing/invoices/{label}")
    facts = "Shipping label Shipping 210.00 USD Posted 12 Nov 2026 Charges 1 Charges"
    assert facts in text_of(response)
    assert "Shipping label 12 Nov 2026 15:00 FR-1 1 210.00 USD" in text_of(response)
    assert 'href="/m/rosewood/billing/requests/FR-1/">FR-1</a>' in response.content.decode()
    # Its charges are asked by a bar, as those of a day.
    for asked, found in {
        "reference=FR-1&by=-at": 1,
        "reference=FR-9": 0,
        "least=210.01": 0,
    }.items():
        listed = client.get(f"/m/rosewood/billing/invoices/{label}?{asked}")
        assert len(listed.context["page"].rows) == found, asked


@pytest.mark.parametrize(
    "page", ["2026-000001/lines/{}/", "2026-000002/lines/99999999999999999999/"]
)
def test_a_line_is_found_under_its_own_bill_only(shop: Shop, page: str) -> None:
    line = InvoiceLine.objects.get(invoice__number="2026-000002", fee_code="app-usage")
    address = f"/m/rosewood/billing/invoices/{page.format(line.pk)}"
    assert browser_of(member(shop)).get(address).status_code == 404


@pytest.mark.full  # each page is asked in test_authorisation.py
@pytest.mark.parametrize("role", ["OWNER", "FINANCE", "VIEWER"])
def test_everybody_of_the_merchant_sees_a_line(shop: Shop, role: str) -> None:
    address = f"/m/rosewood/billing/invoices/{line_of('2026-000002', 'app-usage')}"
    assert "15.00 USD" in text_of(browser_of(member(shop, role)).get(address))


def test_a_stranger_finds_no_line_and_who_is_not_signed_in_is_sent_to_do_so(shop: Shop) -> None:
    page = f"billing/invoices/{line_of('2026-000002', 'app-usage')}"
    stranger = browser_of(member(shops.join("2026-11-01 09:00", "other-shop")))
    assert stranger.get(f"/m/rosewood/{page}").status_code == 404
    assert stranger.get(f"/m/other-shop/{page}").status_code == 404
    location = Client().get(f"/m/rosewood/{page}")["Location"]
    assert location == f"/accounts/login/?next=/m/rosewood/{page}"


@pytest.mark.full  # a collected one says so above
def test_a_void_bill_says_so_and_its_lines_where_their_charges_went(shop: Shop) -> None:
    decide(shop, "2026-000002", "2026-11-14 10:00")
    page = read(shop, "2026-000002/")
    assert "Bill T-2026-000002 Void" in page
    assert "14 Nov 2026 10:00 Voided" in page
    assert "Nothing is to be paid for this bill." in page
    assert "fraud" not in page
    assert "Left to pay" not in page
    assert "Due" not in page
    label = line_of("2026-000002", "shipping-label")
    assert (
        "Shipping Void 210.00 USD Posted 12 Nov 2026 Charges 1 Now on bill not billed yet"
        in read(shop, label)
    )
    shop.charge("2026-11-15 10:00", "pick-pack", "1.00")
    page = read(shop, label)
    assert "Now on bill T-2026-000003" in page
    assert "12 Nov 2026 15:00 FR-1 1 210.00 USD" in page


@pytest.mark.full  # a collected one says so above
def test_an_uncollectible_bill_says_so_and_what_is_left(shop: Shop) -> None:
    shop.run_jobs("2026-11-19 00:00")
    TransferFactory.create(
        shop=shop,
        at="2026-11-19 10:00",
        invoice=shop.account.invoices.get(number="2026-000002"),
        amount="25.00",
        reference="T-1",
        actor="billing@tael.example",
    )
    decide(shop, "2026-000002", "2026-11-20 10:00", uncollectible=True)
    page = read(shop, "2026-000002/")
    assert "Bill T-2026-000002 Uncollectible" in page
    assert "Left to pay 200.00 USD" in page
    assert "Not paid since 19 Nov 2026" in page
    assert "19 Nov 2026 00:00 Not paid it was not paid by its due date" in page
    assert "19 Nov 2026 10:00 Payment Bank transfer Succeeded 25.00 USD" in page
    assert "20 Nov 2026 10:00 Marked uncollectible" in page
    assert "fraud" not in page


@pytest.mark.full  # test_paying_page.py reads a failure
@pytest.mark.usefixtures("nothing_kept")
def test_a_failed_payment_tells_why_and_when_it_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = set_clock(monkeypatch)
    at("2026-11-01 12:00")
    shop = shops.join("2026-11-01 09:00", plan_price="39.00")
    type(shop.account).objects.update(payment_method="proceeds")
    shop.charge("2026-11-01 10:00", "pick-pack", "200.00")
    shop.run_jobs("2026-11-01 11:00")
    page = read(shop, "2026-000002/")
    assert "Failed there were not enough available proceeds 200.00 USD" in page
    assert (
        "Left to pay 200.00 USD Not paid since 1 Nov 2026 Last try 1 Nov 2026 11:00 there were not "
        "enough available proceeds Next try 2 Nov 2026 11:00 Freezes your credit line on "
        "29 Nov 2026" in page
    )
    at("2026-11-02 11:30")  # and the hourly run has not come to it
    assert "Next try within the hour Freezes" in read(shop, "2026-000002/")


@pytest.mark.usefixtures("nothing_kept")
def test_a_draft_is_not_shown() -> None:
    shop = shops.join("2026-11-01 09:00")
    type(shop.account).objects.update(reviews_bills=True)
    shop.charge("2026-11-01 10:00", "pick-pack", "200.00")
    assert shop.account.invoices.get().status == "DRAFT"
    assert "No bills yet." in read(shop, "")
    client = browser_of(member(shop))
    statement = client.get("/m/rosewood/billing/statements/2026-11/")
    assert "Under review 1 200.00 USD" in text_of(statement)
    assert client.get("/m/rosewood/billing/invoices/None/").status_code == 404


def test_only_who_may_export_is_offered_the_file(shop: Shop) -> None:
    link = "/m/rosewood/billing/invoices/2026-000002.csv"
    for role, offered in (("OWNER", True), ("FINANCE", True), ("VIEWER", False)):
        page = browser_of(member(shop, role)).get("/m/rosewood/billing/invoices/2026-000002/")
        assert (link in page.content.decode()) == offered


@pytest.mark.full  # pages/test_page_queries has some
def test_pages_take_few_queries_however_many_lines_there_are(
    shop: Shop, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for day in range(13, 30):
        shop.charge(f"2026-11-{day} 10:00", "pick-pack", "11.00")
    shop.run_jobs("2026-12-02 00:00")
    client = browser_of(member(shop))
    installation.current()  # written down once
    with django_assert_max_num_queries(13):
        client.get("/m/rosewood/billing/invoices/")
    with django_assert_max_num_queries(13):
        page = client.get("/m/rosewood/billing/invoices/2026-000003/")
    assert page.context["lines"].charge_count == 18


@pytest.mark.full  # one of a few, above
def test_a_line_of_many_charges_is_shown_in_pages(
    shop: Shop, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for minute in range(51):
        shop.charge(f"2026-11-13 10:{minute:02}", "packaging", "4.00", f"c-{minute}")
    assert shop.invoices()[2] == "2026-11-13 THRESHOLD 200.00"
    address = f"/m/rosewood/billing/invoices/{line_of('2026-000003', 'packaging')}"
    client = browser_of(member(shop))
    with django_assert_max_num_queries(13):
        page = client.get(address)
    assert [charge.reference for charge in page.context["page"].rows][:2] == ["c-0", "c-1"]
    assert len(page.context["page"].rows) == 50
    assert page.context["page"].after == ""
    decide(shop, "2026-000003", "2026-11-14 10:00")
    assert len(client.get(address).context["page"].rows) == 50
