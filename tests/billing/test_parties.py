"""Who bills whom: issuers, whom bills are made out to, and what a bill keeps of both."""

import base64
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from billing import tax_numbers
from billing.documents import pdf
from billing.models import (
    BillingDetails,
    Invoice,
    Issuer,
    IssuerVersion,
    NumberSeries,
    Statement,
)
from billing.operations import billing_details, invoice_decisions, issuers, terms
from lib.refusals import AlreadyDecided, ChangedMeanwhile, Invalid
from merchants.models import Proposal
from merchants.operations.two_people import TakesTwoPeople
from tests import shops, two_people
from tests.credit.pages import set_clock
from tests.factories import DetailsFactory, IssuerFactory, browser_of, member, operator
from tests.pdf_text import pages_of
from tests.shops import Shop
from tests.text import text_of
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

BY: dict[str, Any] = {"actor": "olga@tael.example", "reason": "as agreed"}
LOGO = base64.b64decode(  # one pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SIAM = issuers.Entity("Tael Siam", "1 Silom Road", "TH")
PAGE = "/m/rosewood/billing/settings/details/"
SAID = {
    "legal_name": "Rosewood GmbH",
    "address": "Hauptstr. 5\n10115 Berlin",
    "country": "DE",
    "tax_number": "de 136 695 976",
    "purchase_order": "PO-7",
}


def joined(reference: str = "rosewood", **terms: str) -> Shop:
    """A shop that has just joined, on these terms."""
    return shops.join("2026-11-01 09:00", reference, plan_price="0.00", **terms)


def choose(shop: Shop, prefix: str, at: str) -> None:
    """Have the shop's bills be issued by the issuer with this prefix."""
    issuers.choose(merchant_id=shop.merchant.pk, prefix=prefix, now=shop.at(at), **BY)


def billed(shop: Shop, at: str, reference: str) -> Invoice:
    """The bill of a charge that reaches the threshold by itself."""
    shop.charge(at, "pick-pack", "210.00", reference)
    return shop.account.invoices.latest("pk")


def paper(invoice: Invoice) -> str:
    """The text on the first page of the bill's PDF."""
    invoice = Invoice.objects.get(pk=invoice.pk)
    return pages_of(pdf.invoice_pdf(invoice, now=invoice.issued_at))[0]


def test_bills_are_numbered_by_their_issuer_without_a_gap() -> None:
    IssuerFactory.create()
    IssuerFactory.create(prefix="DE", country="DE", tax_number="DE136695976")
    rosewood, lotus = joined(), joined("lotus")
    numbers = [billed(rosewood, "2026-11-02 10:00", "a").number]
    choose(rosewood, "TH", "2026-11-02 11:00")
    choose(lotus, "DE", "2026-11-02 11:00")
    numbers += [
        billed(rosewood, "2026-11-03 10:00", "b").number,
        billed(lotus, "2026-11-03 10:00", "a").number,
        billed(lotus, "2026-11-04 10:00", "b").number,
    ]
    terms.review_invoices(
        merchant_id=rosewood.merchant.pk, wanted=True, now=rosewood.at("2026-11-05 09:00"), **BY
    )
    draft = billed(rosewood, "2026-11-05 10:00", "c")
    choose(rosewood, "", "2026-11-05 11:00")
    issued = invoice_decisions.issue_draft(
        invoice_id=draft.pk, now=rosewood.at("2026-11-06 09:00"), **BY
    )
    numbers += [issued.number, billed(lotus, "2026-11-07 10:00", "c").number]
    assert numbers == [
        *("2026-000001", "TH-2026-000001", "DE-2026-000001", "DE-2026-000002"),
        *("TH-2026-000002", "DE-2026-000003"),
    ]
    assert set(NumberSeries.objects.values_list("series", "last")) == {
        ("", 1),
        ("TH", 2),
        ("DE", 3),
    }


def test_a_bill_keeps_both_sides_as_they_were_at_its_issue() -> None:
    issuer = IssuerFactory.create(logo=LOGO)
    shop = joined(billing_currency="THB", billing_threshold="200.00")
    choose(shop, "TH", "2026-11-01 10:00")
    details = DetailsFactory.create(shop=shop, at="2026-11-01 11:00")
    first = billed(shop, "2026-11-02 10:00", "a")
    before = paper(first)
    assert "Tael (Thailand) Co., Ltd. 99 Rama IV Road Bangkok 10500 Thailand" in before
    assert "Tax number 1234545678781" in before
    assert (
        "Billed to Rosewood GmbH Hauptstr. 5 10115 Berlin Germany Tax number DE136695976"
        " Purchase order PO-7 Rosewood Dresses rosewood" in before
    )
    assert "Bangkok Bank 012-3-45678-9 BKKBTHBK" in before
    page = browser_of(member(shop)).get("/m/rosewood/billing/invoices/TH-2026-000001/")
    shown = text_of(page)
    assert "Where to transfer to Bangkok Bank 012-3-45678-9 BKKBTHBK" in shown
    assert "Issued by Legal name Tael (Thailand) Co., Ltd. Postal address 99 Rama IV Road" in shown
    assert "Billed to Legal name Rosewood GmbH Postal address Hauptstr. 5 10115 Berlin" in shown
    issuers.change(issuer_id=issuer.pk, entity=SIAM, now=shop.at("2026-11-02 11:00"), **BY)
    DetailsFactory.create(shop=shop, at="2026-11-02 11:00", legal_name="Rosewood SE")
    second = billed(shop, "2026-11-03 10:00", "b")
    assert paper(first) == before
    after = paper(second)
    assert "Tael Siam 1 Silom Road Thailand" in after
    assert "Billed to Rosewood SE Hauptstr. 5" in after
    assert "Bangkok Bank" in after  # its accounts change by themselves
    assert (first.details, Invoice.objects.get(pk=second.pk).details_id) == (
        details,
        shop.account.details_id,
    )
    shop.run_jobs("2026-12-01 00:00")
    statement = Statement.objects.get(account=shop.account)
    assert (statement.issuer_name, statement.issuer_address) == ("Tael Siam", "1 Silom Road")


def test_a_bill_of_a_day_worked_off_late_has_the_issuer_of_that_day() -> None:
    issuer = IssuerFactory.create()
    shop = joined()
    choose(shop, "TH", "2026-11-01 10:00")
    shop.charge("2026-11-02 10:00", "shipping-label", "250.00")
    issuers.change(issuer_id=issuer.pk, entity=SIAM, now=shop.at("2026-11-03 08:00"), **BY)
    shop.run_jobs("2026-11-03 09:00")
    assert shop.account.invoices.get().issuer_name == "Tael (Thailand) Co., Ltd."


@pytest.mark.full  # nor a tax number, below
def test_what_cannot_be_an_issuer_is_refused() -> None:
    issuer = IssuerFactory.create()
    now = issuer.versions.get().at
    entity = issuers.Entity("Tael", "1 Harbour Road", "HK")
    wrong: list[tuple[str, issuers.Entity]] = [
        ("TH", entity),  # taken
        ("T", entity),  # the installation's own
        ("th", entity),
        ("LONGERTHAN8", entity),
        ("HK", issuers.Entity("", "1 Harbour Road", "HK")),
        ("HK", issuers.Entity("Tael", "1 Harbour Road", "XX")),
        ("HK", issuers.Entity("Tael", "Am Kai 1", "DE", "DE136695977")),
        ("HK", issuers.Entity("Tael", "x", "HK", logo=b"GIF89a")),
        ("HK", issuers.Entity("Tael", "x", "HK", bank_accounts=[issuers.BankAccount("XXX", "1")])),
        (
            "HK",
            issuers.Entity("Tael", "x", "HK", bank_accounts=[issuers.BankAccount("HKD", "1")] * 2),
        ),
    ]
    for prefix, one in wrong:
        with nothing_changes(), pytest.raises((Invalid, issuers.IssuerKnown)):
            issuers.add(prefix=prefix, entity=one, now=now, **BY)
    shop = joined()
    with nothing_changes(), pytest.raises(issuers.UnknownIssuer):
        choose(shop, "XX", "2026-11-01 10:00")
    for statement in (
        "UPDATE billing_issuerversion SET name = 'Somebody'",
        "DELETE FROM billing_issuerversion",
        "UPDATE billing_issuer SET prefix = 'XX'",
        "DELETE FROM billing_issuer",
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            connection.cursor().execute(statement)


@pytest.mark.parametrize(
    ("country", "typed", "kept"),
    [
        ("DE", "de 136,695 976", "DE136695976"),
        ("GR", "094259216", "EL094259216"),
        ("CN", "9111 0000 6000 3716 7P", None),
        ("TH", "1-2345-45678-78-1", "1234545678781"),
        ("TH", "1-2345-45678-78-2", None),
        ("JP", "7000 0120 50002", "7000012050002"),
        ("US", "04-2103594", "042103594"),
        ("KW", "anything", "anything"),
        ("DE", "", ""),
    ],
)
def test_a_tax_number_is_checked_by_its_country(country: str, typed: str, kept: str | None) -> None:
    if kept is None:
        with pytest.raises(tax_numbers.WrongTaxNumber):
            tax_numbers.checked(country, typed)
    else:
        assert tax_numbers.checked(country, typed) == kept


def test_owners_say_and_operators_confirm_whom_bills_are_made_out_to() -> None:
    shop = joined()
    owner = browser_of(member(shop, email="mei@rosewood.example"))
    assert "Only your name, Rosewood Dresses" in text_of(owner.get(PAGE))
    with nothing_changes():
        wrong = owner.post(PAGE, SAID | {"tax_number": "DE136695977"})
    assert "This is not a tax number of this country" in text_of(wrong)
    assert owner.post(PAGE, SAID).status_code == 302
    said = BillingDetails.objects.get()
    assert (said.tax_number, said.status) == ("DE136695976", "WAITING")
    assert billed(shop, "2026-11-02 10:00", "a").details is None
    with nothing_changes():
        assert owner.post(PAGE, SAID).status_code == 422  # the same again
    officer = browser_of(operator("Billing officer"))
    page = f"/admin/billing/billingdetails/{said.pk}/decide/"
    assert officer.post(page + "confirm/", {"reason": "as in the register"}).status_code == 302
    assert "On your next bill Legal name Rosewood GmbH" in text_of(owner.get(PAGE))
    owner.post(PAGE, SAID | {"legal_name": "Rosewood SE"})
    owner.post(PAGE, SAID | {"legal_name": "Rosewood AG"})
    last = BillingDetails.objects.latest("pk")
    told = {"reason": "no such company", "told": "We cannot find this company."}
    page = f"/admin/billing/billingdetails/{last.pk}/decide/reject/"
    assert officer.post(page, told).status_code == 302
    shown = text_of(owner.get(PAGE))
    assert "We cannot find this company." in shown
    assert "no such company" not in shown
    assert "On your next bill Legal name Rosewood GmbH" in shown
    states = BillingDetails.objects.order_by("pk").values_list("version", "status")
    assert list(states) == [(1, "CONFIRMED"), (2, "REPLACED"), (3, "REJECTED")]
    with nothing_changes(), pytest.raises(AlreadyDecided):
        billing_details.confirm(details_id=last.pk, now=shop.at("2026-12-01 09:00"), **BY)


def test_an_old_page_does_not_replace_details_that_were_said_meanwhile() -> None:
    shop = joined()
    owner = browser_of(member(shop, email="mei@rosewood.example"))
    assert 'name="version" value="0"' in owner.get(PAGE).content.decode()
    assert owner.post(PAGE, SAID | {"version": "0"}).status_code == 302
    assert 'name="version" value="1"' in owner.get(PAGE).content.decode()
    typed = SAID | {"legal_name": "Rosewood AG", "country": "FR", "tax_number": ""}
    with nothing_changes():
        answer = owner.post(PAGE, typed | {"version": "0"})
    assert answer.status_code == 422
    page = text_of(answer)
    assert "The billing details were changed while you were typing." in page
    assert page.count("Saved now: Rosewood GmbH") == page.count("Saved now: Germany") == 1
    assert page.count("Saved now:") == 3  # the tax number, too, and not the address
    assert 'value="Rosewood AG"' in answer.content.decode()
    # Saved again, it takes their place.
    assert 'name="version" value="1"' in answer.content.decode()
    assert owner.post(PAGE, typed | {"version": "1"}).status_code == 302
    assert BillingDetails.objects.get(version=2).legal_name == "Rosewood AG"


@pytest.mark.full  # each form is sent in test_authorisation.py
def test_only_owners_say_whom_bills_are_made_out_to() -> None:
    shop = joined()
    for role in ("FINANCE", "VIEWER"):
        browser = browser_of(member(shop, role))
        assert browser.get(PAGE).status_code == 200
        with nothing_changes():
            assert browser.post(PAGE, SAID).status_code == 403
    other = joined("other")
    stranger = browser_of(member(other))
    with nothing_changes():
        assert stranger.post(PAGE, SAID).status_code == 404
        assert Client().post(PAGE, SAID).status_code == 302


@pytest.mark.full  # whom it is made out to, above
def test_administrators_add_issuers_and_officers_choose_them() -> None:
    shop = joined()
    form = {
        "number_prefix": "DE",
        "name": "Tael GmbH",
        "address": "Am Kai 1",
        "country": "DE",
        "tax_number": "DE136695976",
        "registration_number": "HRB 1",
        "reason": "opened in Germany",
    }
    add = "/admin/billing/issuer/decide/add/"
    officer = browser_of(operator("Billing officer"))
    with nothing_changes():
        assert officer.post(add, form).status_code == 403
    admin = browser_of(operator("Administrator", email="ada@tael.example"))
    with nothing_changes():
        assert "capitals and digits" in text_of(admin.post(add, form | {"number_prefix": "de"}))
    assert admin.post(add, form).status_code == 302
    issuer = Issuer.objects.get()
    assert issuer.present is not None
    assert issuer.present.bank_accounts == []
    choose_page = f"/admin/billing/billingaccount/{shop.merchant.pk}/decide/issuer/"
    assert "DE: Tael GmbH" in text_of(officer.get(choose_page))
    assert officer.post(choose_page, {"issuer": "DE", "reason": "moved"}).status_code == 302
    assert shop.account.issuer == issuer
    assert "Tael GmbH" in text_of(admin.get(f"/admin/billing/issuer/{issuer.pk}/change/"))


@pytest.mark.full  # test_two_people has such proposals
def test_where_merchants_pay_to_changes_once_another_administrator_confirms_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_clock(monkeypatch)("2026-11-03 09:00")
    issuer = IssuerFactory.create()
    shop = joined(billing_currency="THB")
    choose(shop, "TH", "2026-11-01 10:00")
    first = billed(shop, "2026-11-02 10:00", "a")
    page = f"/admin/billing/issuer/{issuer.pk}/decide/banks/"
    ada, otto = (
        operator("Administrator", email=f"{name}@tael.example") for name in ("ada", "otto")
    )
    said = {"banks": "THB; 999-9; BKKBTHBK; Siam Bank", "reason": "they moved"}
    browser, officer = browser_of(ada), browser_of(operator("Billing officer"))
    with nothing_changes():
        assert officer.post(page, said).status_code == 403
        shown = text_of(browser.post(page, said | {"banks": "THB"}))
        assert "separated by semicolons" in shown
    with nothing_changes(but=two_people.WAITS):
        assert "takes a second person" in text_of(browser.post(page, said, follow=True))
    proposal = Proposal.objects.get()
    assert (proposal.kind, proposal.after) == (
        "ISSUER_BANKS",
        {"bank accounts": "THB; 999-9; BKKBTHBK; Siam Bank"},
    )
    confirm = f"/admin/merchants/proposal/{proposal.pk}/decide/confirm/"
    with nothing_changes():
        assert "somebody else has to confirm it" in text_of(
            browser.post(confirm, {"reason": "yes"})
        )
        assert officer.post(confirm, {"reason": "yes"}).status_code == 403
    assert "Issuers’ bank accounts to confirm" in text_of(browser_of(otto).get("/admin/"))
    second = browser_of(otto)
    assert "Bangkok Bank" in text_of(second.get(confirm))
    # What else changes of the issuer meanwhile is not undone by it.
    issuers.change(issuer_id=issuer.pk, entity=SIAM, now=shop.at("2026-11-03 08:00"), **BY)
    assert second.post(confirm, {"reason": "I have rung the bank"}).status_code == 302
    present = Issuer.objects.get(pk=issuer.pk).present
    assert present
    assert (present.name, present.bank_lines("THB"), present.actor) == (
        "Tael Siam",
        ["Siam Bank", "999-9", "BKKBTHBK"],
        "otto@tael.example",
    )
    assert "Bangkok Bank" in paper(first)  # bills keep the account that they were written with
    assert "Siam Bank" in paper(billed(shop, "2026-11-03 10:00", "b"))
    with nothing_changes(), pytest.raises(TakesTwoPeople):
        issuers.change_banks(issuer_id=issuer.pk, banks="", now=shop.at("2026-11-04 09:00"), **BY)


def test_accounts_that_changed_since_they_were_proposed_are_not_confirmed() -> None:
    issuer = IssuerFactory.create()
    admins = [operator("Administrator", email=f"{name}@tael.example") for name in ("ada", "otto")]
    now = shops.instant("2026-11-02 09:00")
    said: dict[str, Any] = {"issuer_id": issuer.pk, "reason": "they moved"}
    proposal = two_people.propose(
        issuers.change_banks, now=now, by=admins[0], banks="THB; 1", **said
    )
    present = Issuer.objects.get().present
    assert present
    IssuerVersion.objects.create(
        issuer=issuer,
        version=2,
        name=present.name,
        address=present.address,
        country="TH",
        at=now,
        actor="x",
        reason="x",
    )
    Issuer.objects.update(present=IssuerVersion.objects.latest("pk"))
    with nothing_changes(), pytest.raises(ChangedMeanwhile):
        two_people.confirm(proposal, now=now, by=admins[1])
