"""Bills and credit notes as e-invoices by EN 16931: what they say, and who gets them."""

import io
import re
import zipfile
from datetime import date
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client
from pypdf import PdfReader

from billing.documents import note_pdf, pdf, year_zip
from billing.documents.einvoices import content, files
from billing.models import CreditNote, Invoice
from billing.operations import closing, invoice_decisions, issuers, tax_rates
from tests import shops
from tests.billing.taxing import BY, EARLY, FRENCH, billed, figures, german, issued_by, rate
from tests.billing.test_reopening import reopen
from tests.credit.pages import set_clock
from tests.en16931 import assert_valid, broken
from tests.factories import (
    DetailsFactory,
    GrantedCreditFactory,
    IssuerFactory,
    TransferFactory,
    browser_of,
    member,
    operator,
)
from tests.gateway.asking import Caller
from tests.gateway.asking import said as told_by
from tests.pdf_text import pages_of
from tests.shops import Shop
from tests.text import text_of
from tests.two_people import policy_by_two
from tests.unchanged import nothing_changes
from tests.whole import some

pytestmark = pytest.mark.django_db

RAM = "{urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100}"
PAGE = "/m/rosewood/billing/invoices/DE-2026-000001/"
GERMAN = issuers.Entity(
    "Tael GmbH",
    "Am Kai 1\nHaus B\nc/o Lager 7\n20457 Hamburg",
    "DE",
    "DE136695976",
    "HRB 1",
)
COMMERZBANK = "EUR; DE89 3704 0044 0532 0130 00; COBADEFFXXX; Commerzbank"


def checked(document: Invoice | CreditNote) -> ElementTree.Element:
    """The document in the syntax of its PDF; both syntaxes keep all the rules."""
    of_document: Any = files.of_note if isinstance(document, CreditNote) else files.of_invoice
    found = {syntax: of_document(document, syntax) for syntax in files.SYNTAXES}
    for syntax, file in found.items():
        assert_valid(file, syntax)
    return ElementTree.fromstring(found["factur-x"])


def texts(element: ElementTree.Element, *names: str) -> list[str]:
    """What stands in the elements of these names, in the order of the file."""
    tags = {f"{RAM}{name}" for name in names}
    return [str(one.text) for one in element.iter() if one.tag in tags]


def groups(document: Invoice | CreditNote) -> list[str]:
    """Category, rate, base, tax and reason of each tax of the document."""
    settled = checked(document).iter(f"{RAM}ApplicableHeaderTradeSettlement")
    names = ("CategoryCode", "RateApplicablePercent", "BasisAmount", "CalculatedAmount")
    found = []
    for tax in next(settled).findall(f"{RAM}ApplicableTradeTax"):
        parts = [tax.findtext(f"{RAM}{name}") for name in (*names, "ExemptionReason")]
        found.append(" ".join(part for part in parts if part))
    return found


def amounts(document: Invoice | CreditNote) -> list[str]:
    """The amounts of the lines, and the totals: without tax, tax, with tax, and what is due."""
    return texts(
        checked(document),
        *("LineTotalAmount", "TaxTotalAmount", "GrandTotalAmount", "DuePayableAmount"),
    )


@pytest.mark.full  # one country is below
def test_bills_of_three_countries_keep_all_rules() -> None:
    shop = german()
    DetailsFactory.create(shop=shop, at="2026-11-01 10:00")
    classes = {
        "receiving": "REDUCED",
        "packaging": "EXEMPT",
        "app-usage": "OUTSIDE",
        "non-compliance": "ZERO",
    }
    for fee, tax_class in classes.items():
        tax_rates.classify(
            fee=fee, tax_class=tax_class, starts_on=date(2026, 10, 15), now=EARLY, **BY
        )
    rate("7", tax_class="REDUCED")
    rate("0", tax_class="EXEMPT", sentence="Steuerfrei nach § 4 UStG.")
    for fee in (*classes, "pick-pack"):
        shop.charge("2026-11-02 10:00", fee, "100.05", fee)
    invoice = billed(shop, "2026-11-02 11:00")
    # Beside others, what is outside the scope of tax is exempt with its own words.
    assert groups(invoice) == [
        "S 19 100.05 19.01",
        "S 7 100.05 7.00",
        "E 0 200.10 0.00 Steuerfrei nach § 4 UStG. Outside the scope of tax.",
        "Z 0 100.05 0.00",
    ]
    assert amounts(invoice) == [*["100.05"] * 5, "500.25", "26.01", "526.26", "526.26"]
    thai = shops.join("2026-11-01 09:00", "lotus", billing_currency="THB", plan_price="0")
    IssuerFactory.create()
    rate("7", country="TH")
    issued_by(thai, "TH", "2026-11-01 09:30")
    DetailsFactory.create(
        shop=thai, at="2026-11-01 10:00", country="TH", tax_number="1234545678781"
    )
    thai.charge("2026-11-02 10:00", "pick-pack", "100.05", "a")
    bought = billed(thai, "2026-11-02 11:00")
    assert groups(bought) == ["S 7 100.05 7.00"]
    file = checked(bought)
    # Numbers of countries without letters in front are no numbers for VAT.
    assert [(one.text, one.attrib) for one in file.iter(f"{RAM}ID") if one.attrib] == [
        ("1234545678781", {"schemeID": "FC"})
    ]
    assert texts(file, "TypeCode")[0] == "380"
    assert texts(file, "ProprietaryID", "IBANID", "BICID") == ["012-3-45678-9", "BKKBTHBK"]
    japanese = shops.join("2026-11-01 09:00", "sakura", billing_currency="JPY", plan_price="0")
    IssuerFactory.create(prefix="JP", country="JP", tax_number="7000012050002", bank_accounts=())
    rate("10", country="JP")
    issued_by(japanese, "JP", "2026-11-01 09:30")
    DetailsFactory.create(shop=japanese, at="2026-11-01 10:00", country="JP", tax_number="")
    japanese.charge("2026-11-02 10:00", "pick-pack", "105", "a")
    yen = billed(japanese, "2026-11-02 11:00")
    assert (groups(yen), amounts(yen)) == (
        ["S 10 105 11"],
        ["105", "105", "11", "116", "116"],
    )


@pytest.mark.full  # a taxed one in a note, below
def test_a_reversed_charge_and_what_is_outside_the_scope_of_tax_say_why() -> None:
    shop, outside = german(), shops.join("2026-11-01 09:00", "lotus", billing_currency="EUR")
    issued_by(outside, "DE", "2026-11-01 09:30")
    DetailsFactory.create(shop=shop, at="2026-11-01 10:00", **FRENCH)
    DetailsFactory.create(shop=outside, at="2026-11-01 10:00", country="TH", tax_number="")
    for one in (shop, outside):
        one.charge("2026-11-02 10:00", "pick-pack", "40.00", "a")
    reversed_, abroad = billed(shop, "2026-11-02 11:00"), billed(outside, "2026-11-02 11:00")
    assert groups(reversed_) == [
        "AE 0 40.00 0.00 Reverse charge: the recipient of the service owes the tax."
    ]
    assert texts(checked(reversed_), "ExemptionReasonCode") == ["VATEX-EU-AE"]
    numbers = [one.text for one in checked(reversed_).iter(f"{RAM}ID") if one.attrib]
    assert numbers == ["DE136695976", "FR40303265045"]
    ubl = files.of_invoice(reversed_, "ubl") or b""
    assert b"urn:fdc:peppol.eu:2017:poacc:billing:3.0" in ubl
    assert b'<cbc:EndpointID schemeID="9957">FR40303265045</cbc:EndpointID>' in ubl
    # Alone it keeps its category, without a rate or a number for VAT.
    assert groups(abroad) == ["O 40.00 0.00 Outside the scope of tax."]
    assert b"peppol" not in (files.of_invoice(abroad, "ubl") or b"")


@pytest.mark.full  # a credit note is below
def test_corrections_are_lines_below_0_that_name_the_bill_that_they_correct() -> None:
    shop = german()
    DetailsFactory.create(shop=shop, at="2026-11-01 10:00")
    for reference in "abc":
        shop.charge("2026-11-02 10:00", "pick-pack", "0.13", reference)
    billed(shop, "2026-11-02 11:00")
    GrantedCreditFactory.create(
        shop=shop, at="2026-11-03 10:00", charge="a", fee="credit-pick-pack", amount="0.13"
    )
    shop.charge("2026-11-03 10:30", "receiving", "10.00", "r")
    invoice = billed(shop, "2026-11-03 11:00")
    assert groups(invoice) == ["S 19 9.87 1.88"]
    file = checked(invoice)
    assert amounts(invoice)[-4:] == ["9.87", "1.88", "11.75", "11.75"]
    lines = dict(zip(texts(file, "LineTotalAmount"), texts(file, "BilledQuantity"), strict=False))
    assert lines["-0.13"] == "-1"
    assert "0.13" in texts(file, "ChargeAmount")
    (before,) = file.iter(f"{RAM}InvoiceReferencedDocument")
    assert texts(before, "IssuerAssignedID") == ["T-DE-2026-000001"]


@pytest.mark.full  # a taxed one in a note, below
def test_what_settles_earlier_bills_is_exempt_beside_what_is_taxed() -> None:
    shop = german()
    DetailsFactory.create(shop=shop, at="2026-11-01 10:00")
    shop.charge("2026-11-02 10:00", "pick-pack", "100.00", "a")
    billed(shop, "2026-11-02 11:00")
    closing.close(merchant_id=shop.merchant.pk, now=shop.at("2026-11-03 09:00"), **BY)
    TransferFactory.create(shop=shop, at="2026-11-03 10:00", amount="119.00")
    GrantedCreditFactory.create(
        shop=shop, at="2026-11-04 09:00", charge="a", fee="credit-pick-pack", amount="60.00"
    )
    reopen(shop, "2026-11-05 09:00")
    shop.charge("2026-11-05 10:00", "pick-pack", "200.00", "b")
    invoice = billed(shop, "2026-11-05 11:00")
    assert figures(invoice) == ("128.60", "38.00", "166.60")
    assert groups(invoice) == [
        "S 19 200.00 38.00",
        "E 0 -71.40 0.00 Outside the scope of tax.",
    ]


def test_a_credit_note_mirrors_its_bill_and_both_are_in_their_pdfs_to_the_byte(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_clock(monkeypatch)("2026-11-05 10:00")
    shop = german()
    issuer = shop.account.issuer
    assert issuer
    issuers.change(issuer_id=issuer.pk, entity=GERMAN, now=shop.at("2026-11-01 10:00"), **BY)
    policy_by_two(
        issuers.change_banks,
        issuer_id=issuer.pk,
        banks=COMMERZBANK,
        reason="opened",
        now=shop.at("2026-11-01 10:00"),
    )
    DetailsFactory.create(shop=shop, at="2026-11-01 10:00")
    shop.charge("2026-11-02 10:00", "pick-pack", "100.05", "a")
    invoice = billed(shop, "2026-11-02 11:00")
    served = {syntax: files.of_invoice(invoice, syntax) for syntax in files.SYNTAXES}
    file = checked(invoice)
    assert texts(file, "IBANID", "BICID") == ["DE89370400440532013000", "COBADEFFXXX"]
    assert texts(file, "LineThree") == ["c/o Lager 7, 20457 Hamburg"]
    # What becomes of either side later is in no file.
    other = issuers.Entity("Tael SE", "Am Kai 2", "DE", "DE136695976")
    issuers.change(issuer_id=issuer.pk, entity=other, now=shop.at("2026-11-03 08:00"), **BY)
    DetailsFactory.create(shop=shop, at="2026-11-03 08:00", legal_name="Rosewood SE")
    invoice_decisions.void(invoice_id=invoice.pk, now=shop.at("2026-11-03 09:00"), **BY)
    invoice = Invoice.objects.get(pk=invoice.pk)
    assert {syntax: files.of_invoice(invoice, syntax) for syntax in files.SYNTAXES} == served
    note = CreditNote.objects.get()
    assert (groups(note), amounts(note)[-4:]) == (
        ["S 19 100.05 19.01"],
        ["100.05", "19.01", "119.06", "119.06"],
    )
    taken_back = checked(note)
    assert texts(taken_back, "TypeCode")[0] == "381"
    assert texts(taken_back, "IssuerAssignedID")[-1] == "T-DE-2026-000001"
    papers = {
        pdf.invoice_pdf(invoice, now=invoice.issued_at): (invoice, served["factur-x"]),
        note_pdf.credit_note_pdf(note): (note, files.of_note(note)),
    }
    for paper, (_document, embedded) in papers.items():
        _assert_factur_x(paper, embedded)
    assert "Tael GmbH" in pages_of(pdf.invoice_pdf(invoice, now=invoice.issued_at))[0]
    again = note_pdf.credit_note_pdf(note)
    assert again in papers
    archive = zipfile.ZipFile(
        io.BytesIO(b"".join(year_zip.blocks(shop.account, 2026, now=shop.at("2026-11-05 10:00"))))
    )
    folder = "rosewood-2026/bills"
    assert archive.read(f"{folder}/bill-T-DE-2026-000001.ubl.xml") == served["ubl"]
    assert archive.read(f"{folder}/credit-note-T-DE-CN-2026-000001.factur-x.xml") == files.of_note(
        note
    )
    _assert_served(shop, served, note)


def _assert_factur_x(paper: bytes, embedded: bytes | None) -> None:
    """The PDF is a PDF/A-3 that says of itself that it is an e-invoice, and has this file."""
    reader = PdfReader(io.BytesIO(paper))
    root: Any = reader.trailer["/Root"]
    (attached,) = (one.get_object() for one in root["/AF"])
    assert (attached["/UF"], attached["/AFRelationship"]) == ("factur-x.xml", "/Alternative")
    assert attached["/EF"]["/F"].get_object()["/Subtype"] == "/text/xml"
    assert reader.attachments == {"factur-x.xml": [embedded]}
    metadata = ElementTree.fromstring(root["/Metadata"].get_object().get_data())
    said = {one.tag.rpartition("}")[2]: one.text for one in metadata.iter()}
    assert (said["part"], said["conformance"]) == ("3", "B")
    fx = "{urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#}"
    found = {one.tag: one.text for one in metadata.iter() if one.tag.startswith(fx)}
    assert found == {
        f"{fx}DocumentType": "INVOICE",
        f"{fx}DocumentFileName": "factur-x.xml",
        f"{fx}Version": "1.0",
        f"{fx}ConformanceLevel": "EN 16931",
    }


def _assert_served(shop: Shop, served: dict[Any, Any], note: CreditNote) -> None:
    """Check that whoever may export gets the files from the bill's page and the API."""
    owner = browser_of(member(shop))
    page = text_of(owner.get(PAGE))
    assert "The PDF of this bill is an e-invoice, too" in page
    for syntax in files.SYNTAXES:
        answer = owner.get(f"{PAGE}{syntax}.xml")
        assert (answer.content, answer["Content-Type"]) == (served[syntax], "application/xml")
        of_note = owner.get(f"{PAGE}credit-note/{syntax}.xml").content
        assert of_note == files.of_note(note, syntax)
        address = f"/merchants/rosewood/invoices/DE-2026-000001/{syntax}.xml"
        assert Caller("read").get(address).content == served[syntax]
        address = f"/merchants/rosewood/invoices/DE-2026-000001/credit-note/{syntax}.xml"
        assert Caller("read").get(address).content == of_note
    stranger = browser_of(member(shops.join("2026-11-01 09:00", "plain")))
    viewer = browser_of(member(shop, "VIEWER"))
    for path in ("factur-x.xml", "credit-note/ubl.xml"):
        assert stranger.get(PAGE + path).status_code == 404
        assert Client().get(PAGE + path).status_code == 302
        assert viewer.get(PAGE + path).status_code == viewer.get(f"{PAGE[:-1]}.pdf").status_code
    officer = browser_of(operator("Billing officer"))
    take = f"/admin/billing/invoice/{note.invoice_id}/download/xml-ubl/"
    with nothing_changes():
        assert "This field is required" in text_of(officer.post(take, {"reason": ""}))
    assert officer.post(take, {"reason": "asked for"}).content == served["ubl"]
    take = f"/admin/billing/creditnote/{note.pk}/download/xml-factur-x/"
    assert officer.post(take, {"reason": "asked for"}).content == files.of_note(note)


def test_a_bill_that_lacks_something_says_what_in_plain_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_clock(monkeypatch)("2026-11-04 10:00")
    shop = german()
    shop.charge("2026-11-02 10:00", "pick-pack", "100.05", "a")
    invoice = billed(shop, "2026-11-02 11:00")
    owner = browser_of(member(shop))
    page = text_of(owner.get(PAGE))
    assert (
        "This bill cannot be had as an e-invoice: Your billing details were not confirmed" in page
    )
    assert "factur-x" not in owner.get(PAGE).content.decode().lower()
    assert owner.get(f"{PAGE}ubl.xml").status_code == 404
    paper = pdf.invoice_pdf(invoice, now=invoice.issued_at)
    root: Any = PdfReader(io.BytesIO(paper)).trailer["/Root"]
    assert "/AF" not in root
    answer = told_by(Caller("read").get("/merchants/rosewood/invoices/DE-2026-000001/ubl.xml"))
    assert answer["code"] == "not_found"
    assert "is no e-invoice. Your billing details were not confirmed" in answer["detail"]
    officer = browser_of(operator("Billing officer"))
    with nothing_changes():
        taken = officer.post(
            f"/admin/billing/invoice/{invoice.pk}/download/xml-ubl/", {"reason": "asked for"}
        )
    assert taken.status_code == 404
    dinars = shops.join("2026-11-01 09:00", "dunes", billing_currency="KWD", plan_price="0")
    IssuerFactory.create(prefix="KW", country="KW", tax_number="", bank_accounts=())
    rate("5", country="KW")
    issued_by(dinars, "KW", "2026-11-01 09:30")
    DetailsFactory.create(shop=dinars, at="2026-11-01 10:00", country="KW", tax_number="")
    dinars.charge("2026-11-02 10:00", "pick-pack", "0.010", "a")
    lacking = [str(one) for one in content.lacks(billed(dinars, "2026-11-02 11:00"))]
    assert lacking == [
        "E-invoices have amounts of two decimals, and this currency has three.",
        "The issuer had no tax number when the bill was issued.",
    ]


def test_a_bill_without_tax_is_no_e_invoice() -> None:
    shop = shops.join("2026-11-01 09:00", billing_threshold="100.00")
    shop.charge("2026-11-02 10:00", "pick-pack", "100.00", "a")
    invoice = shop.account.invoices.get()
    assert (content.is_one(invoice), files.of_invoice(invoice)) == (False, None)
    owner = browser_of(member(shop))
    page = text_of(owner.get("/m/rosewood/billing/invoices/2026-000001/"))
    assert "e-invoice" not in page.lower()
    assert owner.get("/m/rosewood/billing/invoices/2026-000001/ubl.xml").status_code == 404


def test_what_breaks_a_rule_would_be_found() -> None:
    shop = german()
    DetailsFactory.create(shop=shop, at="2026-11-01 10:00")
    shop.charge("2026-11-02 10:00", "pick-pack", "100.05", "a")
    invoice = billed(shop, "2026-11-02 11:00")
    for syntax in files.SYNTAXES:
        file = (files.of_invoice(invoice, syntax) or b"").replace(b"119.06", b"119.07")
        assert any("BR-CO-15" in rule for rule in broken(file, syntax))


@pytest.mark.parametrize(
    ("language", "said"),
    some([("en", "Without tax 100.05"), ("zh-hans", "不含税"), ("th", "พ.ย. 2026")], 3),
)
def test_the_file_is_the_same_in_each_language_of_its_pdf(language: str, said: str) -> None:
    shop = german()
    DetailsFactory.create(shop=shop, at="2026-11-01 10:00")
    shop.charge("2026-11-02 10:00", "pick-pack", "100.05", "a")
    invoice = billed(shop, "2026-11-02 11:00")
    in_english = files.of_invoice(invoice)
    invoice.language = language
    paper = pdf.invoice_pdf(invoice, now=invoice.issued_at)
    assert said in pages_of(paper)[0]
    _assert_factur_x(paper, in_english)


def test_what_xml_cannot_say_is_replaced_and_the_file_stays_one() -> None:
    shop = german()
    DetailsFactory.create(
        shop=shop, at="2026-11-01 10:00", legal_name="Rosen\uffffholz GmbH", address="Kai 1\ufffe"
    )
    shop.charge("2026-11-02 10:00", "pick-pack", "100.05", "a")
    file = checked(billed(shop, "2026-11-02 11:00"))
    assert "Rosen\ufffdholz GmbH" in texts(file, "Name")
    assert "Kai 1\ufffd" in texts(file, "LineOne")


@pytest.mark.full  # both syntaxes of a note, above
def test_what_a_transfer_names_stands_in_both_syntaxes() -> None:
    terms = {"billing_currency": "EUR", "billing_threshold": "100000", "plan_price": "0"}
    shop = shops.join("2026-11-01 09:00", **terms)
    issuer = IssuerFactory.create(
        prefix="DE",
        country="DE",
        tax_number="DE136695976",
        bank_accounts=(
            issuers.BankAccount("EUR", "DE89 3704 0044 0532 0130 00", "COBADEFFXXX", "Commerzbank"),
        ),
    )
    rate("19")
    issued_by(shop, "DE", "2026-11-01 09:30")
    DetailsFactory.create(shop=shop, at="2026-11-01 10:00")
    named = []
    for day in (2, 3):  # before the issuer's bills carry references, and since
        shop.charge(f"2026-11-0{day} 10:00", "pick-pack", "100.00", f"c-{day}")
        invoice = billed(shop, f"2026-11-0{day} 11:00")
        ubl = (files.of_invoice(invoice, "ubl") or b"").decode()
        (in_ubl,) = re.findall("<cbc:PaymentID>(.*?)</cbc:PaymentID>", ubl)
        assert texts(checked(invoice), "PaymentReference") == [in_ubl]
        named.append(in_ubl)
        issuers.take_statements(
            issuer_id=issuer.pk, is_on=not named[1:], now=shop.at(f"2026-11-0{day} 12:00"), **BY
        )
    assert named == ["T-DE-2026-000001", "RF44TDE2026000002"]
    # A credit note asks for no transfer: it names itself.
    invoice_decisions.void(invoice_id=invoice.pk, now=shop.at("2026-11-04 10:00"), **BY)
    note = CreditNote.objects.get()
    assert texts(checked(note), "PaymentReference") == ["T-DE-CN-2026-000001"]
    assert b"PaymentID" not in (files.of_note(note, "ubl") or b"")
