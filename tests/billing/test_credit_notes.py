"""What takes back a bill of an issuer that is voided."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from jsonschema import Draft202012Validator

from billing.documents import note_pdf
from billing.models import CreditNote, Invoice
from billing.operations import invoice_decisions, invoices_on_request, tax_treatments
from billing.queries import books
from tests import shops
from tests.billing.taxing import BY, billed, german, issued_by
from tests.books import assert_clean
from tests.credit.pages import set_clock
from tests.factories import DetailsFactory, IssuerFactory, browser_of, member
from tests.gateway.asking import Caller
from tests.gateway.asking import said as told_by
from tests.pdf_text import pages_of
from tests.shops import Shop
from tests.text import text_of

pytestmark = pytest.mark.django_db

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/books.schema.json").read_text())
PAGE = "/m/rosewood/billing/invoices/DE-2026-000001/"


def voided(shop: Shop, invoice: Invoice, at: str) -> CreditNote:
    """The credit note of the bill, which is voided for it."""
    invoice_decisions.void(invoice_id=invoice.pk, now=shop.at(at), **BY)
    return CreditNote.objects.get(invoice=invoice)


def test_a_void_bill_is_taken_back_by_a_note_that_mirrors_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = german()
    set_clock(monkeypatch)("2026-11-04 10:00")
    DetailsFactory.create(shop=shop, at="2026-11-01 10:00")
    shop.charge("2026-11-02 10:00", "pick-pack", "100.05", "a")
    tax_treatments.decide(
        merchant_id=shop.merchant.pk,
        treatment="DOMESTIC",
        starts_on=date(2026, 11, 1),
        now=shop.at("2026-11-02 10:30"),
        **BY,
    )
    invoice = billed(shop, "2026-11-02 11:00")
    owner = browser_of(member(shop))
    assert owner.get(f"{PAGE}credit-note.pdf").status_code == 404
    note = voided(shop, invoice, "2026-11-03 09:00")
    # What becomes of either side later is not on it.
    DetailsFactory.create(shop=shop, at="2026-11-03 10:00", legal_name="Rosewood SE")
    note = CreditNote.objects.get(pk=note.pk)
    (page,) = pages_of(note_pdf.credit_note_pdf(note))
    for said in (
        "Credit note",
        "-119.06 EUR taken back",
        "Number of the note T-DE-CN-2026-000001",
        "Takes back bill T-DE-2026-000001 Date of the bill 2 Nov 2026",
        "Billed to Rosewood GmbH",
        "Pick and pack 2 Nov 2026 19% 1 -100.05 EUR",
        "Without tax -100.05 EUR Tax 19% on -100.05 -19.01 EUR Total -119.06 EUR",
    ):
        assert said in page.replace("\N{MINUS SIGN}", "-")
    shown = text_of(owner.get(PAGE))
    assert "Taken back by credit note T-DE-CN-2026-000001 of 3 Nov 2026." in shown
    assert owner.get(f"{PAGE}credit-note.pdf").content.startswith(b"%PDF")
    stranger = browser_of(member(shops.join("2026-11-01 09:00", "lotus")))
    assert stranger.get(f"{PAGE}credit-note.pdf").status_code == 404
    assert Client().get(f"{PAGE}credit-note.pdf").status_code == 302
    answer = told_by(Caller("read").get("/merchants/rosewood/invoices/DE-2026-000001"))
    assert answer["credit_note"] == {
        "number": "DE-CN-2026-000001",
        "issued_on": "2026-11-03",
        "total": "-119.06",
        "tax": "-19.01",
        "clearance": None,
    }
    address = "/merchants/rosewood/invoices/DE-2026-000001/credit-note.pdf"
    assert Caller("read").get(address).content.startswith(b"%PDF")
    (told,) = books.of([shop.merchant.pk])[shop.merchant.pk]["credit_notes"]
    assert (told["number"], told["invoice"]) == ("DE-CN-2026-000001", "DE-2026-000001")
    document = {"$ref": "#/$defs/billing", "$defs": SCHEMA["$defs"]}
    told_in_books = books.of([shop.merchant.pk])[shop.merchant.pk]
    wrong = Draft202012Validator(document).iter_errors(told_in_books)
    assert [f"{one.json_path}: {one.message}" for one in wrong] == []
    for sql in ("UPDATE billing_creditnote SET tax = 0", "DELETE FROM billing_creditnote"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    assert_clean()


@pytest.mark.full  # bills are in test_parties.py
def test_notes_are_numbered_by_their_issuer_without_a_gap() -> None:
    rosewood, lotus = german(), shops.join("2026-11-01 09:00", "lotus")
    IssuerFactory.create()
    issued_by(lotus, "TH", "2026-11-01 10:00")
    numbers = []
    for day, shop in ((2, rosewood), (3, lotus), (4, rosewood)):
        shop.charge(f"2026-11-0{day} 10:00", "pick-pack", "10.00")
        invoice = billed(shop, f"2026-11-0{day} 11:00")
        numbers.append(voided(shop, invoice, f"2026-11-0{day} 12:00").number)
    assert numbers == ["DE-CN-2026-000001", "TH-CN-2026-000001", "DE-CN-2026-000002"]
    assert_clean()


def test_a_bill_without_an_issuer_gets_no_note() -> None:
    shop = shops.join("2026-11-01 09:00")
    shop.charge("2026-11-02 10:00", "pick-pack", "10.00")
    now: dict[str, Any] = {"now": shop.at("2026-11-02 11:00"), **BY}
    invoice = invoices_on_request.draw_up(merchant_id=shop.merchant.pk, **now)
    invoice_decisions.void(invoice_id=invoice.pk, **now)
    assert not CreditNote.objects.exists()
    assert "credit_notes" not in books.of([shop.merchant.pk])[shop.merchant.pk]
