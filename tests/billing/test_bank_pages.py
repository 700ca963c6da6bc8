"""The operators' pages of bank statements: uploading, deciding, and what a merchant sees of it."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from billing.models import BankFile, BankLine, BankStatement
from billing.operations import bank_statements
from tests.bank_files import Paid, camt
from tests.billing import banking
from tests.billing.banking import billed, joined, match, of_bank, paying
from tests.credit.pages import set_clock
from tests.factories import browser_of, member, operator
from tests.gateway.asking import Caller
from tests.processes import until
from tests.text import text_of
from tests.threads import is_waited_for
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

UPLOAD = "/admin/billing/bankfile/decide/upload/"


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the pages' clock, which stands at 5 Nov 2026, 22:00 UTC; there is an issuer with a bank
    account.
    """
    banking.issuer_with_references()
    moved = set_clock(monkeypatch)
    moved("2026-11-05 22:00")
    return moved


def upload(browser: Client, content: bytes, name: str = "nov.xml") -> str:
    """What the page says after uploading this file."""
    answer = browser.post(UPLOAD, {"file": SimpleUploadedFile(name, content)})
    assert answer.status_code == 200
    return text_of(answer)


def line_page(number: int, name: str = "") -> str:
    """The admin's page of the bank's line with this number, or of a decision about it."""
    line = BankLine.objects.get(number=number)
    if name:
        return reverse("admin:billing_bankline_decide", args=[line.pk, name])
    return reverse("admin:billing_bankline_change", args=[line.pk])


def test_a_billing_officer_uploads_a_statement_and_decides_about_its_lines() -> None:
    shop = joined()
    invoice = billed(shop)
    olga = browser_of(operator("Billing officer", email="olga@tael.example"))
    content = camt(
        paying(invoice, "200.00", text="Bill of November"),
        Paid("7.00", text="thank you"),
        Paid("3.50", text="fee", is_credit=False),
    )
    with nothing_changes():
        assert "file: the file is no whole XML" in upload(olga, content[:-9])
    assert "1 statement(s) of this file are here" in upload(olga, content)
    assert "1 statement(s) of this file are here" in upload(olga, content)
    match()
    home = text_of(olga.get("/admin/"))
    assert "Lines of bank statements to decide 2" in home
    said = text_of(olga.get(line_page(1)))
    assert "Its reference is the bill's, but it is not what is left to pay." in said
    asked = text_of(olga.get(line_page(1, "confirm")))
    assert "200.00 USD from Rosewood GmbH on 05 November 2026. “Bill of November”" in asked
    assert "It is booked for bill DE-2026-000001 of Rosewood Dresses" in asked
    assert olga.post(line_page(1, "confirm")).status_code == 302
    assert of_bank(invoice) == "OPEN 200.00/210.00"
    olga.post(line_page(2, "place"), {"merchant": "rosewood", "number": "DE-2026-000001"})
    assert of_bank(invoice) == "OPEN 207.00/210.00"
    statement = BankStatement.objects.get()
    page = olga.get(reverse("admin:billing_bankstatement_change", args=[statement.pk]))
    said = text_of(page)
    assert "From 0.00 USD to 203.50 USD." in said
    assert "in the journal, since the first statement: 207.00 USD" in said
    assert "−3.50 USD that is no merchant’s" in said
    rows = "/admin/billing/bankline/?q=S-1"
    assert rows in page.content.decode()
    assert "3 lines" in said
    assert "Bill of November" in text_of(olga.get(rows))
    # The merchant reads of it as of any transfer.
    owner = browser_of(member(shop))
    told = text_of(owner.get("/m/rosewood/billing/invoices/DE-2026-000001/"))
    assert "207.00" in told
    assert "RF71 TDE2 0260 0000 1" in told
    gap = upload(olga, camt(Paid("1.00"), name="S-3", opening="9.00", on="2026-11-06"))
    assert "These do not follow, and wait for you" in gap
    assert "Gap: it begins with 9.00 USD" in gap
    assert "Bank statements that do not follow 1" in text_of(olga.get("/admin/"))


@pytest.mark.full  # each role is asked in test_admin_roles.py
def test_others_look_or_do_not() -> None:
    shop = joined()
    banking.matched(Paid("7.00"))
    content = {"file": SimpleUploadedFile("a.xml", camt(Paid("1.00"), name="S-2"))}
    pages = ["/admin/billing/bankfile/", "/admin/billing/bankstatement/", line_page(1)]
    for role, may_look in (("Auditor", 200), ("Credit officer", 200), ("Administrator", 200)):
        browser = browser_of(operator(role))
        assert {browser.get(page).status_code for page in pages} == {may_look}
        with nothing_changes():
            assert browser.post(UPLOAD, content).status_code == 403
            assert browser.post(line_page(1, "set-aside"), {"reason": "x"}).status_code == 403
    for stranger in (browser_of(member(shop)), Client()):
        assert {stranger.get(page).status_code for page in pages} == {302}
    assert BankFile.objects.count() == 1


@pytest.mark.full  # stale pages in test_stale_pages.py
def test_a_proposal_that_changed_since_its_page_was_opened_is_shown_again() -> None:
    shop = joined()
    invoice = billed(shop)
    banking.matched(paying(invoice, "15.00"))
    olga = browser_of(operator("Billing officer", email="olga@tael.example"))
    page = line_page(1, "confirm")
    showed = {"page_showed": olga.get(page).context["showed"]}
    banking.matched(
        paying(invoice, "210.00"), name="S-2", opening="15.00", on="2026-11-06",
        now="2026-11-05 22:30",
    )  # fmt: skip
    assert of_bank(invoice) == "PAID 210.00/210.00"
    line = BankLine.objects.get(statement__name="S-1")
    page = reverse("admin:billing_bankline_decide", args=[line.pk, "confirm"])
    with nothing_changes():
        answer = olga.post(page, showed)
    assert "0.00 USD left to pay" in text_of(answer)
    assert olga.post(page).status_code == 302  # with open eyes it becomes unapplied money
    assert f"{shop.account.unapplied.amount:.2f}" == "15.00"


@pytest.mark.full  # two at once in test_bank_matching.py
@pytest.mark.django_db(transaction=True)
def test_a_decision_about_a_statement_waits_for_whoever_takes_a_file() -> None:
    banking.take(Paid("1.00"))
    banking.take(Paid("1.00"), name="S-3", opening="2.00", on="2026-11-06")
    olga = browser_of(operator("Billing officer", email="olga@tael.example"))
    waiting = BankStatement.objects.get(name="S-3")
    page = reverse("admin:billing_bankstatement_decide", args=[waiting.pk, "set-aside"])

    def press() -> str:
        try:
            return text_of(olga.post(page, {"reason": "not ours"}))
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            bank_statements.wait_turn()
            pressed = pool.submit(press)
            until(is_waited_for)
            banking.take(Paid("1.00"), name="S-2", opening="1.00", on="2026-11-06")
        said = pressed.result()
    assert "S-3: Taken" in said  # and nothing was set aside
    assert banking.statements() == ["S-1 TAKEN -", "S-3 TAKEN S-2", "S-2 TAKEN S-1"]


def test_the_api_tells_a_bills_reference() -> None:
    shop = joined()
    billed(shop)
    answer = Caller().get("/merchants/rosewood/invoices/DE-2026-000001")
    assert json.loads(answer.content)["payment_reference"] == "RF71TDE2026000001"
