"""Whatever tells of a bill tells its tax: PDFs, pages, files, the API, the books, the forecast."""

import csv
import io
from datetime import date

import pytest

from billing.admin import by_hand, closing
from billing.documents import pdf
from billing.documents.invoice_csv import Export
from billing.models import Invoice
from billing.queries import books, forecast
from tests import shops
from tests.billing.taxing import FRENCH, billed, german
from tests.credit.pages import set_clock
from tests.factories import DetailsFactory, browser_of, member
from tests.gateway.asking import Caller
from tests.gateway.asking import said as told_by
from tests.pdf_text import pages_of
from tests.shops import Shop
from tests.text import text_of

pytestmark = pytest.mark.django_db


def test_what_operators_read_before_a_bill_is_drawn_up_says_that_tax_is_added() -> None:
    shop = german()
    shop.charge("2026-11-02 10:00", "pick-pack", "100.00", "a")
    billed(shop, "2026-11-02 11:00")
    shop.charge("2026-11-03 10:00", "pick-pack", "10.00", "b")
    assert "A bill over 10.00\N{NO-BREAK SPACE}EUR and its tax is issued" in (
        by_hand._draw_up_effect(shop.account)
    )
    assert "A final bill over 11.90\N{NO-BREAK SPACE}EUR is issued" in (
        closing._close_effect(shop.account)
    )


def test_a_bill_with_tax_says_so_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    set_clock(monkeypatch)("2026-11-04 10:00")
    shop = german()
    DetailsFactory.create(shop=shop, at="2026-11-01 10:00")
    shop.charge("2026-11-02 10:00", "pick-pack", "100.05", "a")
    DetailsFactory.create(shop=shop, at="2026-11-03 08:00", **FRENCH)
    shop.charge("2026-11-03 10:00", "pick-pack", "40.00", "b")
    invoice = billed(shop, "2026-11-03 11:00")
    invoice = Invoice.objects.get(pk=invoice.pk)
    paper = "\n".join(pages_of(pdf.invoice_pdf(invoice, now=invoice.issued_at))).replace(" EUR", "")
    for said in (
        "Fee Tax rate Number Amount",
        "Pick and pack 19% 1 100.05",
        "Pick and pack Reverse charge 1 40.00",
        "Without tax 140.05 Tax 19% on 100.05 19.01 Reverse charge on 40.00 0.00 Total 159.06",
        "Reverse charge: the recipient of the service owes the tax.",
    ):
        assert said in paper
    page = text_of(browser_of(member(shop)).get("/m/rosewood/billing/invoices/DE-2026-000001/"))
    for said in ("Tax in it 19.01", "Without tax 140.05", "Tax 19% on 100.05", "Total 2 159.06"):
        assert said in page.replace("€", "").replace("EUR", "")
    rows = list(csv.DictReader(io.StringIO(b"".join(Export(invoice).blocks()).decode())))
    assert [
        (row["Charge category"], row["Amount"], row["Tax category"], row["Tax rate"])
        for row in rows
    ] == [
        ("Fulfilment", "100.05", "S", "19"),
        ("Fulfilment", "40.00", "AE", "0"),
        ("Tax", "19.01", "S", "19"),
        ("Tax", "0.00", "AE", "0"),
    ]
    statement = browser_of(member(shop)).get("/m/rosewood/billing/statements/2026-11/")
    assert "Total 2 140.05" in text_of(statement).replace("€", "").replace("EUR ", "")
    without = "Amounts are without tax, which is added on your bills."
    assert without in text_of(statement)
    shop.run_jobs("2026-12-01 00:00")
    (page_1, *_) = pages_of(pdf.statement_pdf(shop.account.statements.get()))
    assert f"from 1 Nov 2026 to 30 Nov 2026. {without}" in page_1
    assert [row["Tax"] for row in statement_rows(shop)] == ["not in the amount, added on bills"] * 2
    months = browser_of(member(shop)).get("/m/rosewood/billing/statements.csv").getvalue()
    assert "not in the amount, added on bills" in months.decode()
    of_list = browser_of(member(shop)).get("/m/rosewood/billing/invoices.csv").getvalue().decode()
    (row,) = csv.DictReader(io.StringIO(of_list.removeprefix("\ufeff")))
    assert (row["Total"], row["Tax"]) == ("159.06", "19.01")
    (told,) = books.of([shop.merchant.pk])[shop.merchant.pk]["invoices"]
    assert (told["total"], told["tax"], [one["tax"] for one in told["taxes"]]) == (
        *("159.06", "19.01"),
        ["19.01", "0.00"],
    )
    assert [line["tax_percent"] for line in told["lines"]] == ["19", "0"]
    answer = told_by(Caller("read").get("/merchants/rosewood/invoices/DE-2026-000001"))
    assert (answer["invoice"]["total"], answer["invoice"]["tax"]) == ("159.06", "19.01")
    assert answer["taxes"] == [
        {"category": "S", "percent": "19", "base": "100.05", "tax": "19.01"},
        {"category": "AE", "percent": "0", "base": "40.00", "tax": "0.00"},
    ]
    assert (answer["issuer"]["country"], answer["billed_to"]["tax_number"]) == (
        *("DE", "FR40303265045"),
    )


@pytest.mark.full  # one with tax, above
def test_a_bill_without_tax_says_nothing_of_it() -> None:
    shop = shops.join("2026-11-01 09:00", billing_threshold="100.00")
    shop.charge("2026-11-02 10:00", "pick-pack", "100.00", "a")
    invoice = shop.account.invoices.get()
    assert "Tax" not in "".join(pages_of(pdf.invoice_pdf(invoice, now=invoice.issued_at)))
    assert b"Tax" not in b"".join(Export(invoice).blocks())
    assert "tax" not in str(books.of([shop.merchant.pk])[shop.merchant.pk])
    browser = browser_of(member(shop))
    for address in ("invoices/2026-000001/", "statements/2026-11/"):
        page = text_of(browser.get(f"/m/rosewood/billing/{address}"))
        assert "tax" not in page.lower()
    shop.run_jobs("2026-12-01 00:00")
    rows = statement_rows(shop)
    assert len(rows) == 1
    assert "Tax" not in rows[0]
    assert "tax" not in "".join(pages_of(pdf.statement_pdf(shop.account.statements.get()))).lower()


def statement_rows(shop: Shop) -> list[dict[str, str]]:
    """The rows of November's statement as CSV, by heading."""
    content = browser_of(member(shop)).get("/m/rosewood/billing/statements/2026-11.csv").getvalue()
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_coming_bills_are_forecast_with_tax(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = german(plan_price="39.00")
    (coming, *_) = forecast.forecast(shop.account, today=date(2026, 11, 2)).coming
    assert (str(coming.net.amount), str(coming.tax.amount), str(coming.total.amount)) == (
        *("39.00", "7.41", "46.41"),
    )
    set_clock(monkeypatch)("2026-11-02 10:00")
    page = text_of(browser_of(member(shop)).get("/m/rosewood/billing/outlook/"))
    assert "with tax: 7.41" in page.replace("€", "").replace("EUR ", "")
    assert "46.41" in page
