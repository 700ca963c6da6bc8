"""What operators are told when a decision about billing can't be, and what came of an attempt."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.db.models import Model
from pytest_django import Settings

from backoffice import decision_pages
from billing.models import Invoice
from billing.operations import ended_payments
from tests.amounts import usd
from tests.billing import operator_decisions as deciding
from tests.billing.operator_decisions import DECIDED_AT, WHY, operator, reread
from tests.credit.deciding import address, text
from tests.factories import TransferFactory, browser_of
from tests.shops import Shop
from tests.unchanged import nothing_changes
from tests.whole import some

pytestmark = pytest.mark.django_db
ANSWER = WHY | {"told": "We give it back."}


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """The sandbox is on, and the clock of the decisions' pages stands at DECIDED_AT."""
    settings.TAEL_SANDBOX = True
    monkeypatch.setattr(decision_pages, "clock", SimpleNamespace(now=lambda: DECIDED_AT))


@pytest.fixture
def shop() -> Shop:
    """The shop of all decisions about billing (operator_decisions.join)."""
    return deciding.join()


def post(row: Model, name: str, **said: str) -> Any:
    """The answer to this decision about the row, by an operator who may take it."""
    browser = browser_of(operator(row._meta.model_name or ""))
    return browser.post(address(row, "decide", name), said, follow=True)


def refusal(row: Model, name: str, **said: str) -> str:
    """The page that refuses this decision about the row; nothing changes in the database."""
    browser = browser_of(operator(row._meta.model_name or ""))
    with nothing_changes():
        return text(browser.post(address(row, "decide", name), said, follow=True))


def pay_a_part(invoice: Invoice) -> None:
    """Have half of the bill's 240.00 be paid."""
    shop = Shop(invoice.account.merchant.reference)
    TransferFactory.create(
        shop=shop, at=deciding.BEFORE, invoice=invoice, amount="120.00", reference="B-1"
    )


def test_a_bill_with_a_payment_is_not_voided(shop: Shop) -> None:
    invoice = deciding.invoice(shop)
    pay_a_part(invoice)
    assert "2026-000001 has payments" in refusal(invoice, "void", **WHY)


def test_the_rest_of_a_bill_is_offered_and_what_is_more_is_unapplied(shop: Shop) -> None:
    invoice = deciding.invoice(shop)
    pay_a_part(invoice)
    browser = browser_of(operator("invoice"))
    page = browser.get(address(invoice, "decide", "transfer"))
    assert str(page.context["form"]["amount"].value()) == "120.00"
    with nothing_changes():
        said = {"amount": "1.00", "reference": "B-1"}
        response = browser.post(address(invoice, "decide", "transfer"), said)
    assert "is known with another amount" in text(response)
    said = {"amount": "20.00", "reference": "B-2"}
    response = browser.post(address(invoice, "decide", "transfer"), said, follow=True)
    assert "100.00\N{NO-BREAK SPACE}USD of the bill is left to pay" in text(response)
    said = {"amount": "100.01", "reference": "B-3"}
    response = browser.post(address(invoice, "decide", "transfer"), said, follow=True)
    assert "0.00\N{NO-BREAK SPACE}USD of the bill is left to pay, and 0.01" in text(response)
    assert (reread(invoice).status, reread(invoice).amount_paid) == ("PAID", usd(240))
    assert reread(shop.account).unapplied == usd("0.01")


def test_a_bill_that_is_paid_by_transfer_is_not_collected(shop: Shop) -> None:
    assert "bills are paid by bank transfer" in refusal(deciding.invoice(shop), "pay")


@pytest.mark.full  # a bill paid by transfer is not collected, above
def test_what_came_of_collecting_is_said(shop: Shop) -> None:
    invoice = deciding.invoice(shop)
    deciding.card(shop, "9995")
    said = text(post(invoice, "pay"))
    assert "Payment T-2026-000001-1 of 240.00\N{NO-BREAK SPACE}USD: Failed." in said
    assert "the card did not have enough funds" in said
    assert reread(invoice).status == "OPEN"


@pytest.mark.full  # a bill with a payment is refused, above
def test_a_payment_under_way_is_waited_for(shop: Shop) -> None:
    payment = deciding.of_silent_card(shop)
    invoice = payment.invoice
    browser = browser_of(operator("invoice"))
    said = {"amount": "240.00", "reference": "B-1"}
    with nothing_changes():
        response = browser.post(address(invoice, "decide", "transfer"), said)
        assert "is being checked" in text(response)
        response = browser.post(address(invoice, "decide", "void"), WHY)
        assert "one that is being checked" in text(response)


def test_a_payment_of_which_nothing_strange_is_said_is_not_ended(shop: Shop) -> None:
    payment = deciding.of_silent_card(shop)
    with nothing_changes(), pytest.raises(ended_payments.NothingStrange):
        ended_payments.end(
            payment_id=payment.pk,
            arrived=usd(0),
            reference="",
            actor=deciding.DECIDER,
            reason="It has been silent for a week.",
            now=DECIDED_AT,
        )


@pytest.mark.full  # nor is one for a transfer, above
def test_a_provider_that_is_not_ready_is_not_asked(shop: Shop, settings: Settings) -> None:
    payment = deciding.of_silent_card(shop)
    settings.TAEL_SANDBOX = False
    assert "sandbox payments need TAEL_SANDBOX=1" in refusal(payment, "ask")


@pytest.mark.full  # a closed one has no terms, below
def test_an_open_account_has_no_rest(shop: Shop) -> None:
    assert "it is open, or has nothing outstanding" in refusal(shop.account, "bill-rest", **WHY)
    browser = browser_of(operator("billingaccount", email="o@tael.example"))
    with nothing_changes():
        said = {"reference": "B-1", **WHY}
        response = browser.post(address(shop.account, "decide", "pay-out"), said)
    assert "account: it is open" in text(response)


def test_a_closed_account_has_no_terms_to_change(shop: Shop) -> None:
    account = deciding.closed_in_credit(shop)
    browser = browser_of(operator("billingaccount"))
    shown = text(browser.get(address(account, "change")))
    for gone in ("plan", "threshold", "close", "bill-rest"):
        assert address(account, "decide", gone) not in shown
    with nothing_changes():
        said = {"plan": "grand", "price": "9.00", "interval_days": "30", **WHY}
        response = browser.post(address(account, "decide", "plan"), said)
    assert "it was closed on 2026-11-03" in text(response)


@pytest.mark.full  # decisions about other figures in test_stale_pages.py
def test_a_grants_form_sent_with_other_figures_is_refused(shop: Shop) -> None:
    browser = browser_of(operator("charge"))
    page = address(deciding.charge(shop), "decide", "credit")
    form = browser.get(page).context["form"]
    said = {"fee": "credit-pick-pack", "request_key": form["request_key"].value(), **ANSWER}
    assert browser.post(page, {"amount": "5.00", **said}).status_code == 302
    with nothing_changes():
        response = browser.post(page, {"amount": "6.00", **said})
    assert "asked for by this form, with other content" in text(response)
    again = browser.get(page).context["form"]
    assert again["request_key"].value() != said["request_key"]


@pytest.mark.full  # operations refuse it in test_billing_credits.py
def test_a_charge_is_credited_for_reasons_of_its_kind_and_a_credit_not_at_all(shop: Shop) -> None:
    browser = browser_of(operator("charge"))
    charge = deciding.charge(shop)
    form = browser.get(address(charge, "decide", "credit")).context["form"]
    assert [code for code, _ in form.fields["fee"].choices] == [
        "credit-pick-pack",
        "credit-sourcing",
        "credit-special-project",
        "credit-storage",
    ]
    deciding.closed_in_credit(shop)
    made = shop.account.charges.get(fee="credit-account")
    assert address(made, "decide", "credit") not in text(browser.get(address(made, "change")))
    with nothing_changes():
        said = {"fee": "credit-account", "amount": "1", "request_key": "k", **ANSWER}
        assert browser.post(address(made, "decide", "credit"), said).status_code == 200


@pytest.mark.full  # operations refuse it in test_payment_methods.py
def test_an_account_chooses_among_its_own_cards(shop: Shop) -> None:
    kept = deciding.card(shop, "4242")
    browser = browser_of(operator("billingaccount"))
    form = browser.get(address(shop.account, "decide", "method")).context["form"]
    assert form.initial["method"] == f"sandbox:{kept.pk}"
    assert [key for key, _ in form.fields["method"].choices] == [
        "manual",
        "proceeds",
        "sandbox",
        f"sandbox:{kept.pk}",
    ]


@pytest.mark.full  # each list is searched in test_every_list.py
@pytest.mark.parametrize(
    ("asked", "found"),
    some([("2026-000001", 1), ("rosewood", 1), ("2026-000002", 0), ("rose", 1), ("ros x", 0)], 5),
)
def test_a_bill_is_found_by_its_number_or_its_merchant(shop: Shop, asked: str, found: int) -> None:
    deciding.invoice(shop)
    page = browser_of(operator("invoice")).get("/admin/billing/invoice/", {"q": asked})
    assert len(page.context["cl"].result_list) == found
