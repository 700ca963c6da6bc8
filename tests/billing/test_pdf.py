"""Bills and closed statements as PDF: what they say."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from billing.documents import pdf, statement_csv
from billing.models import Invoice
from billing.operations import charges
from merchants import installation
from merchants.models import Merchant
from tests import shops
from tests.billing import by_hand, paying
from tests.billing.documents import billed, closed, invoice_of, statement_of
from tests.kept import kept
from tests.pdf_text import pages_of
from tests.shops import Shop
from tests.whole import full

pytestmark = pytest.mark.django_db

PARTS = (("2026-11-10", "14.00"), ("2026-11-20", "15.00"))


@kept()
def many_lines() -> Shop:
    """A shop with a bill of 87 lines over 1.00."""
    shop = shops.join("2026-11-01 09:00", "many-lines", billing_threshold="9000.00")
    for day in range(1, 30):
        for fee in ("pick-pack", "receiving", "packaging"):
            shop.charge(f"2026-11-{day:02} 10:00", fee, "1.00")
    shop.run_jobs("2026-12-01 00:00")
    assert shop.invoices() == ["2026-12-01 SUBSCRIPTION 87.00"]
    return shop


@kept()
def october() -> Shop:
    """A shop with three charges in October, which is closed."""
    return closed(reference="october")


@pytest.mark.usefixtures("nothing_kept")
def test_a_bill_says_who_owes_what_for_which_fees() -> None:
    (page,) = pages_of(invoice_of(billed()))
    assert page.startswith(
        "Bill Open Tael Bill number T-2026-000001 Issued 12 Nov 2026 "
        "Due 19 Nov 2026 Reason Threshold of 200.00 USD reached on 12 Nov 2026 "
        "Period 1 Nov 2026 – 12 Nov 2026 Billed to Rosewood Dresses rosewood "
        "225.00 USD to be paid by 19 Nov 2026 "
        "It has what was posted from 1 Nov 2026 to 12 Nov 2026."
    )
    assert (
        "Fee Posted Number Amount Shipping 1 210.00 USD Shipping label 12 Nov 2026 1 210.00 USD "
        "Apps 1 15.00 USD App usage 10 Nov 2026 1 15.00 USD "
        "Total 225.00 USD Paid so far 0.00 USD Left to pay 225.00 USD "
        "Payment by bank transfer Reference of the transfer T-2026-000001 Amount 225.00 USD "
        "Due 19 Nov 2026 Payments No payment so far." in page
    )
    assert page.endswith("Bill T-2026-000001, as of 20 Nov 2026 10:00 · UTC Page 1 of 1")


@pytest.mark.full  # an unpaid one, above
def test_a_paid_bill_says_when_it_was_paid(settings: Settings) -> None:
    settings.TAEL_SANDBOX = True
    shop = shops.join("2026-11-01 09:00", plan_price="39.00", payment_method="sandbox")
    shop.run_jobs("2026-11-01 10:00")
    (page,) = pages_of(invoice_of(shop))
    assert "Bill Paid Tael" in page
    assert "39.00 USD paid on 1 Nov 2026" in page
    assert "Paid so far 39.00 USD Left to pay 0.00 USD" in page
    assert (
        "Payments Attempt When Method Outcome Amount 1 1 Nov 2026 10:00 Sandbox Succeeded 39.00 USD"
        in page
    )


def test_documents_name_who_issues_them_and_a_bill_where_to_transfer_to(
    settings: Settings,
) -> None:
    settings.TAEL_ISSUER = ["Tael Ltd", "1 Harbour Road, Hong Kong"]
    settings.TAEL_BANK_DETAILS = ["Harbour Bank", "Account 012-345678-001"]
    issuer = "Tael Ltd 1 Harbour Road, Hong Kong"
    (invoice,) = pages_of(invoice_of(billed()))
    assert issuer in invoice
    assert "Due 19 Nov 2026 Harbour Bank Account 012-345678-001 Payments" in invoice
    (statement,) = pages_of(statement_of(closed(reference="second-shop")))
    assert issuer in statement
    assert "Harbour Bank" not in statement


@pytest.mark.full  # who issues it now is above
def test_an_old_bill_names_who_issued_it_then(settings: Settings) -> None:
    settings.TAEL_ISSUER = ["Tael Ltd", "1 Harbour Road", "Hong Kong"]
    old = billed()
    settings.TAEL_ISSUER = ["Tael Asia Ltd", "9 Silom Road, Bangkok"]
    new = billed(reference="second-shop")
    (of_before, of_now) = (pages_of(invoice_of(shop))[0] for shop in (old, new))
    assert of_before.startswith("Bill Open Tael Ltd 1 Harbour Road Hong Kong Bill number")
    assert of_now.startswith("Bill Open Tael Asia Ltd 9 Silom Road, Bangkok Bill number")
    invoice = old.account.invoices.get()
    assert (invoice.issuer_name, invoice.issuer_address) == (
        "Tael Ltd",
        "1 Harbour Road\nHong Kong",
    )


@pytest.mark.full  # a bill does, in test_parties
def test_a_closed_statement_says_for_ever_who_issued_it_to_whom(settings: Settings) -> None:
    """Neither another issuer nor the merchant's new name and language change a month of before."""
    settings.TAEL_ISSUER = ["Tael Ltd", "1 Harbour Road", "Hong Kong"]
    shop = closed()
    before = statement_of(shop)
    assert pages_of(before)[0].startswith("Statement Tael Ltd 1 Harbour Road Hong Kong Month ")
    assert "For Rosewood Dresses rosewood" in pages_of(before)[0]
    settings.TAEL_ISSUER = ["Tael Asia Ltd", "9 Silom Road, Bangkok"]
    Merchant.objects.filter(pk=shop.merchant.pk).update(name="Rosewood Asia", language="th")
    shop.charge("2026-11-05 15:00", "pick-pack", "1.00")
    assert statement_of(shop) == before
    file = b"".join(statement_csv.Export.of(shop.merchant, date(2026, 10, 1)).blocks()).decode()
    assert file.count("Rosewood Dresses") == 3
    assert "Rosewood Asia" not in file
    november = shop.account.statements.get(closed_at=None)
    assert (november.issuer_name, november.merchant_name, november.language) == ("", "", "")
    shop.run_jobs("2026-12-01 00:00")
    assert "9 Silom Road, Bangkok" in pages_of(statement_of(shop, "2026-11-01"))[0]
    assert "Rosewood Asia" in pages_of(statement_of(shop, "2026-11-01"))[0]


@pytest.mark.full  # a statement says its totals
def test_where_a_fee_has_several_lines_its_sum_comes_first(many_lines: Shop) -> None:
    """A month of three fees: their sums, how to pay, and then their days."""
    text = " ".join(pages_of(invoice_of(many_lines)))
    assert (
        "Fee Number Amount Fulfilment 87 87.00 USD Packaging 29 29.00 USD "
        "Pick and pack 29 29.00 USD Receiving 29 29.00 USD "
        "Subscription 2 0.00 USD Plan 2 0.00 USD Total 87.00 USD" in text
    )
    sums, lines = text.split(" Lines Fee Posted Number Amount ")
    assert "Payment by bank transfer" in sums
    assert "2026 1 1.00 USD" not in sums
    assert lines.startswith(
        "Fulfilment 87 87.00 USD Packaging 1 Nov 2026 1 1.00 USD Packaging 2 Nov 2026 1 1.00 USD"
    )


@pytest.mark.full  # bills say all that they are for above
def test_the_period_is_explained_in_one_line() -> None:
    shop = shops.join("2026-11-01 09:00", plan_price="39.00")
    assert (
        "paid by 8 Nov 2026 It has the plan fee from 1 Nov 2026 to 30 Nov 2026, charged in advance."
        in pages_of(invoice_of(shop))[0]
    )
    shop.charge("2026-11-20 10:00", "pick-pack", "20.00")
    shop.run_jobs("2026-12-01 00:00")
    assert (
        "It has what was posted from 1 Nov 2026 to 30 Nov 2026, and the plan fee from 1 Dec 2026"
        " to 30 Dec 2026." in pages_of(invoice_of(shop))[0]
    )


@pytest.mark.full  # a bill's page tells them
@pytest.mark.usefixtures("nothing_kept")
def test_failed_attempts_are_told_with_their_card_and_what_comes_next(settings: Settings) -> None:
    settings.TAEL_SANDBOX = True
    shop = paying.billed(card=paying.SHORT)
    shop.run_jobs("2026-11-01 12:00")
    (page,) = pages_of(invoice_of(shop))
    assert page.startswith("Bill Past due Tael")
    assert "Not paid since 1 Nov 2026" in page
    assert "39.00 USD was to be paid by 1 Nov 2026" in page
    assert "Payment Collected next 2 Nov 2026 12:00 Collected from Visa ···· 9995." in page
    short = "Visa ···· 9995 Failed the card did not have enough funds 39.00 USD"
    assert f"Amount 1 1 Nov 2026 12:00 {short} Bill T-2026-000001, as of" in page
    good = paying.add_card(shop, "2026-11-01 13:00", paying.GOOD)
    paying.choose(shop, "2026-11-01 13:00", "sandbox", good)
    shop.run_jobs("2026-11-01 14:00")
    (page,) = pages_of(invoice_of(shop))
    assert "39.00 USD paid on 1 Nov 2026" in page
    assert f"1 1 Nov 2026 12:00 {short} 2 1 Nov 2026 1" in page
    assert "Visa ···· 4242 Succeeded 39.00 USD" in page
    assert "Collected" not in page


@pytest.mark.full  # who owes what is, above
@pytest.mark.usefixtures("nothing_kept")
def test_a_payment_plan_and_unapplied_money_are_on_the_bill(settings: Settings) -> None:
    settings.TAEL_SANDBOX = True
    shop = paying.manual()
    paying.transfer(shop, "2026-11-03 12:00", "10.00")
    by_hand.plan(shop, "2026-11-03 13:00", PARTS)
    (page,) = pages_of(invoice_of(shop))
    assert "29.00 USD to be paid in parts, the next one by 10 Nov 2026" in page
    assert "Reference of the transfer T-2026-000001 Payment plan" in page
    assert (
        "Payment plan Due Amount Paid Left to pay 10 Nov 2026 14.00 USD 0.00 USD 14.00 USD "
        "20 Nov 2026 15.00 USD 0.00 USD 15.00 USD Payments" in page
    )
    other = paying.manual("other", billing_threshold="20.00")
    paying.transfer_to(
        other.account.invoices.get().pk, other, "2026-11-03 12:00", "60.00", "BANK-2"
    )
    other.charge("2026-11-04 12:00", "pick-pack", "20.00")
    (page,) = pages_of(invoice_of(other))
    assert "1 4 Nov 2026 12:00 Unapplied money Succeeded 20.00 USD" in page


@pytest.mark.full  # nor does a void one, below
def test_what_is_collected_or_paid_asks_for_no_transfer(settings: Settings) -> None:
    settings.TAEL_SANDBOX = True
    settings.TAEL_BANK_DETAILS = ["Harbour Bank"]
    shop = shops.join("2026-11-01 09:00", plan_price="39.00", payment_method="sandbox")
    assert "Harbour Bank" not in pages_of(invoice_of(shop))[0]
    other = billed(reference="second-shop")
    Invoice.objects.filter(account=other.account).update(status=Invoice.Status.VOID)
    assert "Harbour Bank" not in pages_of(invoice_of(other))[0]


def test_a_void_bill_is_stamped_on_each_page_and_asks_for_nothing(many_lines: Shop) -> None:
    Invoice.objects.update(status=Invoice.Status.VOID)
    pages = pages_of(invoice_of(many_lines))
    assert len(pages) == 3
    assert all("VOID" in page for page in pages)
    assert "Bill Void Tael" in pages[0]
    assert "87.00 USD nothing is to be paid" in pages[0]
    assert "Left to pay 0.00 USD" in pages[0]


@pytest.mark.full  # one is, above
def test_only_a_void_bill_is_stamped() -> None:
    assert "VOID" not in pages_of(invoice_of(billed()))[0]


@pytest.mark.full  # a void one has pages, above
def test_a_long_bill_repeats_the_head_of_its_table_on_numbered_pages(many_lines: Shop) -> None:
    pages = pages_of(invoice_of(many_lines))
    assert [page.count("Fee Posted Number Amount") for page in pages] == [1, 1, 1]
    assert [page[-11:] for page in pages] == ["Page 1 of 3", "Page 2 of 3", "Page 3 of 3"]
    assert " ".join(pages).count(" 1 1.00 USD") == 87


@pytest.mark.parametrize(
    ("currency", "amount", "shown"),
    [
        ("JPY", "1200", "1,200 JPY"),
        *full(
            ("KWD", "1200.205", "1,200.205 KWD"),
            ("USD", "1000000000000.00", "1,000,000,000,000.00 USD"),
        ),
    ],
)
def test_amounts_have_the_digits_of_their_currency(currency: str, amount: str, shown: str) -> None:
    shop = shops.join("2026-11-01 09:00", currency=currency, billing_threshold="900")
    shop.charge("2026-11-12 15:00", "pick-pack", amount)
    (page,) = pages_of(invoice_of(shop))
    assert f"{shown} to be paid by 19 Nov 2026" in page
    assert f"Pick and pack 12 Nov 2026 1 {shown}" in page


def test_the_same_bill_at_the_same_moment_is_the_same_file() -> None:
    shop = billed()
    assert invoice_of(shop) == invoice_of(shop)


@pytest.mark.full  # pages in test_page_queries.py
def test_a_bill_takes_as_many_queries_however_many_lines_it_has(many_lines: Shop) -> None:
    few = billed(reference="few")
    installation.current()  # written down once
    counts = []
    for shop in (few, many_lines):
        with CaptureQueriesContext(connection) as queries:
            invoice_of(shop)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 9


def test_a_statement_says_its_totals_and_each_charge(october: Shop) -> None:
    (page,) = pages_of(statement_of(october))
    assert "Month October 2026 Closed 1 Nov 2026 00:00" in page
    assert "18.50 USD 3 charges" in page
    assert (
        "Totals Fee Number Amount Fulfilment 2 6.50 USD Packaging 1 3.00 USD "
        "Pick and pack 1 3.50 USD Shipping 1 12.00 USD Shipping label 1 12.00 USD "
        "Total 3 18.50 USD" in page
    )
    assert "3 Oct 2026 Pick and pack c-1 Request FR-7 2.5 3.50 USD" in page
    assert "Shipping label Two dresses c-2 Request FR-1 1 12.00 USD" in page
    assert "the CSV has" not in page


def test_a_late_charge_is_marked_and_keeps_its_service_day(october: Shop) -> None:
    (page,) = pages_of(statement_of(october))
    assert "Late: reported after its own month had closed." in page
    assert "30 Sept 2026 Late Packaging" in page


def test_a_long_statement_lists_the_first_charges_and_points_to_the_csv(
    october: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "LISTED", 2)
    (page,) = pages_of(statement_of(october))
    assert "The first 2 charges are listed here; the CSV has all 3." in page
    assert "Total 3 18.50 USD" in page
    assert "c-1" in page
    assert "c-2" not in page


@pytest.mark.full  # one of a few, above
@pytest.mark.parametrize("many", [40, pytest.param(300, marks=pytest.mark.full)])
def test_a_statement_of_many_charges_is_set_in_pages(many: int) -> None:
    shop = shops.join("2026-10-01 09:00")
    charges.record_many(
        [
            charges.NewCharge(
                merchant_id=shop.merchant.pk,
                reference=f"many-{number}",
                fee="pick-pack",
                currency="USD",
                amount=Decimal("0.01"),
                quantity=Decimal(1),
                at=shop.at("2026-10-10 10:00"),
                now=shop.at("2026-10-31 13:00"),
                description="x" * 500,  # breaks where it must, and pushes no column off the page
            )
            for number in range(many)
        ]
    )
    shop.run_jobs("2026-11-01 00:00")
    pages = pages_of(statement_of(shop))
    assert len(pages) > many // 12
    assert pages[-1].endswith(f"Page {len(pages)} of {len(pages)}")
    assert all("Service Fee Reference Quantity Amount" in page for page in pages)
    assert " ".join(pages).count(" 0.01 USD") == many
