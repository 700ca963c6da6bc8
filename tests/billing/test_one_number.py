"""A bill has one number and one date, with one word each, wherever people read of it."""

import csv
import io

import pytest
from django.db import connection

from billing.documents import pdf
from billing.operations import issuers
from billing.queries import invoices
from notices import letters
from tests import shops
from tests.amounts import usd
from tests.billing import banking, paying
from tests.factories import browser_of, member, operator
from tests.kept import kept
from tests.pdf_text import pages_of
from tests.shops import Shop
from tests.text import text_of

pytestmark = pytest.mark.django_db

LIST = "/m/rosewood/billing/invoices/"
NUMBER, DAY = "T-2026-000002", "12 Nov 2026"


@kept()
def shop() -> Shop:
    """A shop with bills of 39.00, 225.00 and 210.00, of which the last is void and comes again with
    1.00.
    """
    shop = shops.join("2026-11-01 09:00", plan_price="39.00")
    shop.charge("2026-11-12 15:00", "pick-pack", "225.00")
    shop.charge("2026-11-13 15:00", "pick-pack", "210.00")
    assert paying.void(shop, "2026-11-13 16:00", "2026-000003") == "VOID"
    shop.charge("2026-11-14 10:00", "pick-pack", "1.00")
    shop.run_jobs("2026-11-15 00:00")
    return shop


def rows(shop: Shop, address: str) -> list[dict[str, str]]:
    """The rows of the CSV file at the address, by heading."""
    content = browser_of(member(shop)).get(f"/m/rosewood/billing/{address}").getvalue()
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_list_page_pdf_files_and_notice_call_a_bill_alike(shop: Shop) -> None:
    client, invoice = browser_of(member(shop)), shop.account.invoices.get(number="2026-000002")
    listed = text_of(client.get(LIST))
    assert "Bill Issued Kind Period Status Due Total T-2026-000004 14 Nov 2026" in listed
    assert f"{NUMBER} {DAY} Threshold" in listed
    for number in ("2026-000002", NUMBER):  # as an address has it, or as people read it
        page = text_of(client.get(f"{LIST}{number}/"))
        assert f"Bills Bill {NUMBER} " in page
        assert f"Issued {DAY}" in page
    (paper,) = pages_of(pdf.invoice_pdf(invoice, now=invoice.issued_at))
    assert f"Bill number {NUMBER} Issued {DAY} Due 19 Nov 2026" in paper
    (row,) = rows(shop, f"invoices.csv?number={NUMBER.lower()}")
    assert (row["Bill #"], row["Issued"], row["Due"]) == (NUMBER, "2026-11-12", "2026-11-19")
    assert {row["Bill #"] for row in rows(shop, "invoices/2026-000002.csv")} == {NUMBER}
    for end in ("csv", "pdf"):
        file = client.get(f"{LIST}2026-000002.{end}")
        assert f'filename="bill-rosewood-{NUMBER}.{end}"' in file["Content-Disposition"]
    told = shop.merchant.notices.get(kind="BILL_ISSUED", cause="2026-000002")
    assert letters.title(told) == f"Bill {NUMBER}: 225.00\N{NO-BREAK SPACE}USD"
    assert letters.sentence(told) == (
        f"Bill {NUMBER} over 225.00\N{NO-BREAK SPACE}USD was issued on {DAY}. Please pay it by bank"
        f" transfer by 19 Nov 2026, with the reference {NUMBER}."
    )
    told.details = {"number": "2026-000002", "total": "225", "currency": "USD", "status": "TO_PAY",
                    "due_on": "2026-11-19"}  # fmt: skip
    assert f"Bill {NUMBER} over" in letters.sentence(told)  # as the version before wrote it
    for asked in ("T-2026-0000", "t-2026", "2026-000002", "0002"):
        assert NUMBER in text_of(client.get(LIST, {"number": asked})), asked


COMES_TO = """
SELECT sum(total) FILTER (WHERE status <> 'VOID'),
       sum(total - amount_paid) FILTER (WHERE status IN ('OPEN', 'UNCOLLECTIBLE'))
FROM billing_invoice
"""


def test_the_list_sums_up_what_is_unpaid_and_leaves_void_bills_out(shop: Shop) -> None:
    paying.transfer(shop, "2026-11-15 10:00", "9.00", "BANK-1", "2026-000001")
    with connection.cursor() as cursor:
        cursor.execute(COMES_TO)
        assert cursor.fetchone() == (usd(475).amount, usd(466).amount)
    client = browser_of(member(shop))
    page = client.get(LIST)
    assert "4 results Left to pay 466.00 USD Total without void bills 475.00 USD" in text_of(page)
    assert "39.00 USD 30.00 USD left to pay" in text_of(page)
    for asked, numbers, comes_to in (
        ("UNPAID", [4, 2, 1], "3 results Left to pay 466.00 USD Total without void bills 475.00"),
        ("NOT_VOID", [4, 2, 1], "3 results Left to pay 466.00 USD Total without void bills 475.00"),
        ("VOID", [3], "1 result Left to pay 0.00 USD Total without void bills 0.00 USD"),
    ):
        found = client.get(LIST, {"standing": asked})
        assert [int(one.number[-1]) for one in found.context["page"].rows] == numbers
        assert comes_to in text_of(found)
        assert f"?standing={asked}" in page.content.decode() or asked == "VOID"
    columns = ("Kind", "Status", "Left to pay", "Status (code)")
    words = {
        row["Bill #"][-1]: tuple(row[column] for column in columns)
        for row in rows(shop, "invoices.csv")
    }
    assert words == {
        "4": ("Threshold", "To be paid", "211.00", "TO_PAY"),
        "3": ("Threshold", "Void", "0.00", "VOID"),
        "2": ("Threshold", "To be paid", "225.00", "TO_PAY"),
        "1": ("Subscription", "Past due", "30.00", "PAST_DUE"),
    }
    client.cookies["django_language"] = "zh-hans"
    assert (
        "T-2026-000004,2026-11-14,达到门槛出账,"
        in client.get("/m/rosewood/billing/invoices.csv").getvalue().decode()
    )


@pytest.mark.full  # one series is told above
@pytest.mark.usefixtures("nothing_kept")
def test_bills_of_two_series_are_told_apart_by_what_stands_in_front() -> None:
    banking.issuer_with_references()
    shop = shops.join("2026-11-01 09:00", plan_price="0.00", billing_threshold="1.00")
    shop.charge("2026-11-02 10:00", "pick-pack", "5.00")
    issuers.choose(merchant_id=shop.merchant.pk, prefix="DE", now=shop.at("2026-11-03 10:00"),
                   **banking.BY)  # fmt: skip
    shop.charge("2026-11-04 10:00", "pick-pack", "7.00")
    own, issuers_own = "2026-000001", "DE-2026-000001"
    for text, numbers in {
        **{own: [own, issuers_own], "000001": [own, issuers_own], "T-": [own, issuers_own]},
        **{f"T-{own}": [own], "t-2026": [own], "T 2026 000001": [own]},
        **{issuers_own: [issuers_own], f"T-{issuers_own}": [issuers_own], "DE-": [issuers_own]},
        **{"T-DE-2026-000002": [], "X-2026-000001": []},
    }.items():
        found = invoices.of_account(shop.account, number=text).order_by("pk")
        assert [one.number for one in found] == numbers, text
    client, admin = browser_of(member(shop)), browser_of(operator("Billing officer"))
    for text, number in {f"T-{own}": own, own: own, issuers_own: issuers_own}.items():
        answer = client.get("/m/rosewood/search/", {"q": text})
        assert answer["Location"] == f"{LIST}{number}/", text
        pk = shop.account.invoices.get(number=number).pk
        answer = admin.get("/admin/find/", {"q": text})
        assert answer["Location"] == f"/admin/billing/invoice/{pk}/change/", text
