"""The operators' pages of the journal: entries, trial balance, tax by rate, and files."""

from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.operations import invoice_decisions
from tests import journals
from tests.billing import paying
from tests.billing.taxing import BY, billed, german
from tests.credit.pages import set_clock
from tests.factories import browser_of, member, operator
from tests.kept import kept
from tests.shops import Shop
from tests.text import text_of
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

NOVEMBER = {"start": "2026-11-01", "end": "2026-11-30"}


@kept()
def written_down() -> Shop:
    """Bills with tax, of which one was voided, and a transfer for another merchant's bill."""
    shop = german()
    shop.charge("2026-11-02 10:00", "pick-pack", "100.00", "a")
    first = billed(shop, "2026-11-02 11:00")
    invoice_decisions.void(invoice_id=first.pk, now=shop.at("2026-11-03 10:00"), **BY)
    shop.charge("2026-11-03 11:00", "pick-pack", "50.00", "b")
    billed(shop, "2026-11-04 10:00")
    paying.transfer(paying.manual("oak"), "2026-11-05 10:00", "50.00")
    return shop


@pytest.fixture
def officer(written_down: Shop, monkeypatch: pytest.MonkeyPatch) -> Client:
    """The browser of an auditor, on 1 Dec 2026."""
    set_clock(monkeypatch)("2026-12-01 14:00")
    return browser_of(operator("Auditor"))


def page(client: Client, name: str, **asked: Any) -> Any:
    """The answer of the journal's admin page with this name, asked about November."""
    answer = client.get(reverse(f"admin:billing_journallock_{name}"), NOVEMBER | asked)
    assert answer.status_code == 200
    return answer


@pytest.mark.full  # a trial balance leads to entries
def test_entries_lead_to_their_documents(officer: Client, written_down: Shop) -> None:
    found = page(officer, "entries", currency="EUR")
    text = text_of(found)
    assert (
        "2026-11-03 rosewood credit note DE-CN-2026-000001 of bill DE-2026-000001"
        " 1100 Receivable from merchants 119.00 EUR 1110 Posted and not billed 100.00 EUR"
        " 2200-DE-19 Tax DE 19 19.00 EUR"
    ) in text
    assert "transfer BANK-1" not in text  # of oak, in dollars
    assert "transfer BANK-1" in text_of(page(officer, "entries", merchant="oak"))
    invoice = written_down.account.invoices.latest("pk")
    assert reverse("admin:billing_invoice_change", args=[invoice.pk]) in found.content.decode()
    unapplied = text_of(page(officer, "entries", account="unapplied"))
    assert "2026-11-05 oak transfer BANK-1" in unapplied
    assert "DE-2026" not in unapplied
    assert "There is no merchant with this reference." in text_of(
        page(officer, "entries", merchant="elm")
    )
    assert "before the first day" in text_of(page(officer, "entries", end="2026-10-01"))
    assert "Enter a day between 1970 and 2999." in text_of(
        page(officer, "entries", start="0001-01-01", end="0001-01-31")
    )


def test_a_trial_balance_opens_to_entries(officer: Client) -> None:
    text = text_of(page(officer, "balances", start="2026-11-04"))
    assert "1100 Receivable from merchants 0.00 EUR 178.50 EUR 0.00 EUR 178.50 EUR" in text
    assert "2200-DE-19 Tax DE 19 0.00 EUR 0.00 EUR 28.50 EUR −28.50 EUR" in text
    assert "All, EUR 178.50 EUR 178.50 EUR" in text
    long_ago = page(officer, "entries", start="0001-01-01", end="0001-12-31")
    assert "Enter a day between 1970 and 2999." in text_of(long_ago)
    of_one = text_of(page(officer, "balances", start="2026-11-04", account="tax.DE.19"))
    assert "2200-DE-19 Tax DE 19 0.00 EUR 0.00 EUR 28.50 EUR −28.50 EUR" in of_one
    assert "All, EUR 0.00 EUR 28.50 EUR" in of_one
    assert "1100 Receivable from merchants 0.00" not in of_one
    assert "account=tax.DE.19" in unescape(page(officer, "balances").content.decode())


@pytest.mark.full  # a trial balance, above
def test_receivables_by_age_are_what_the_journal_has_of_them(officer: Client) -> None:
    report = officer.get("/admin/reports/receivables-by-age/", {"currency": "EUR"})
    assert "1–30 days Open 1 178.50 EUR" in text_of(report)
    balances = text_of(page(officer, "balances", end="2026-12-01"))
    assert "1100 Receivable from merchants 0.00 EUR 297.50 EUR 119.00 EUR 178.50 EUR" in balances


@pytest.mark.full  # a trial balance, above
def test_tax_by_rate_opens_to_bills_and_notes(officer: Client) -> None:
    text = text_of(page(officer, "taxes"))
    assert "DE Tax 19 % 3 150.00 EUR 28.50 EUR" in text
    documents = text_of(
        page(officer, "tax_documents", country="DE", category="S", percent="19", currency="EUR")
    )
    for row in (
        "bill DE-2026-000001 2026-11-02 rosewood 100.00 EUR 19.00 EUR",
        "credit note DE-CN-2026-000001 of bill DE-2026-000001 2026-11-03 rosewood"
        " −100.00 EUR −19.00 EUR",
        "bill DE-2026-000002 2026-11-04 rosewood 150.00 EUR 28.50 EUR",
    ):
        assert row in documents
    assert "No bill of these days has tax." in text_of(page(officer, "taxes", end="2026-11-01"))
    for odd in ("NaN", "x", "1e-99999", "1e99999"):
        address = reverse("admin:billing_journallock_tax_documents")
        assert officer.get(address, {"percent": odd}).status_code == 404


def test_files_are_taken_as_asked_and_that_is_on_the_trail(officer: Client) -> None:
    address = reverse("admin:billing_journallock_file", args=["beancount"])
    answer = officer.get(address, NOVEMBER | {"merchant": "oak"})
    assert b"".join(answer).decode().count('* "oak"') == 5
    assert answer["Content-Disposition"].endswith(
        'filename="journal-oak-2026-11-01-2026-11-30.beancount"'
    )
    entry = TrailEntry.objects.latest("pk")
    assert (entry.after["format"], entry.after["merchant"]) == ("beancount", "oak")
    assert officer.get(address.replace("beancount", "pdf")).status_code == 404


def test_where_it_is_off_nobody_sees_it(officer: Client, settings: Any) -> None:
    assert "Chart of accounts" in officer.get("/admin/").content.decode()
    settings.TAEL_JOURNAL = False
    assert "Chart of accounts" not in officer.get("/admin/").content.decode()
    for name in ("entries", "balances", "taxes", "changelist"):
        assert officer.get(reverse(f"admin:billing_journallock_{name}")).status_code == 403


def test_merchants_people_and_strangers_see_none_of_it(written_down: Shop) -> None:
    address = reverse("admin:billing_journallock_entries")
    for client in (Client(), browser_of(member(written_down))):
        assert client.get(address).status_code in (302, 403)


def test_a_billing_officer_locks_a_month_by_its_page(
    written_down: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(monkeypatch)("2026-12-01 14:00")
    officer = browser_of(operator("Billing officer"))
    address = reverse("admin:billing_journallock_decide_list", args=["lock"])
    form = officer.get(address).content.decode()
    assert 'value="2026-11"' in form
    answer = officer.post(address, {"month": "2026-12", "reason": "for Ann"}, follow=True)
    assert "2026-12 is not over everywhere" in answer.content.decode()
    answer = officer.post(address, {"month": "9999-12", "reason": "for Ann"})
    assert "This is no month that could be over." in text_of(answer)
    officer.post(address, {"month": "2026-11", "reason": "for Ann"})
    assert "2026-11" in text_of(officer.get(reverse("admin:billing_journallock_changelist")))
    assert journals.prove() > 0


def test_an_account_that_is_called_so_already_is_said_to_be(written_down: Shop) -> None:
    client = browser_of(operator("Administrator", email="adam@tael.example"))
    page = reverse("admin:billing_chartaccount_decide_list", args=["choose"])
    said = {"key": "cash.manual", "code": "1010", "name": "Bangkok Bank", "reason": "Our own."}
    answer = client.post(page, said, follow=True)
    assert "The account is chosen." in text_of(answer)
    with nothing_changes():
        answer = client.post(page, said, follow=True)
    assert answer.redirect_chain == [("/admin/billing/chartaccount/", 302)]
    assert "It was so already: nothing has changed." in text_of(answer)
    assert "The account is chosen." not in text_of(answer)
