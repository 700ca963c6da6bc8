"""A card that was disputed is asked for nothing until its merchant chooses it anew."""

from datetime import date
from typing import Any

import pytest
from django.urls import reverse

from billing import document_letters
from billing.admin import collecting, invoice_decisions
from billing.documents import pdf
from billing.models import BillingAccount, Invoice, PaymentPlan
from billing.operations import invoice_decisions as drafts
from billing.operations import (
    payment_methods,
    payment_plans,
    payments,
    terms,
)
from billing.queries import due, standings
from notices import letters
from tests import shops
from tests.amounts import usd
from tests.billing import reversing
from tests.billing.reversing import account, freezes, offended
from tests.factories import CardFactory, browser_of, member, operator
from tests.pdf_text import pages_of
from tests.stripe_server import OddStripe, send_event
from tests.text import text_of
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

AT = "2026-11-05 13:20"
BY: dict[str, Any] = {"actor": "olga@tael.example", "reason": "as agreed"}
PARTS = [(date(2026, 11, 10), usd(100)), (date(2026, 11, 20), usd(200))]
paid = pytest.fixture(reversing.paid)


@pytest.fixture
def disputed(odd: OddStripe, paid: shops.Shop) -> shops.Shop:
    """A shop whose card's payment is disputed, and which has a bill of 300.00."""
    odd.take_back("disputes", "pi_1", 25000)
    send_event("charge.dispute.created", "du_1")
    assert account(paid).has_disputed_card
    assert paid.charge("2026-11-05 13:00", "pick-pack", "300.00") == "applied"
    odd.requests.clear()
    return paid


def last_attempts() -> list[str]:
    """Status and failure of each attempt for the latest bill."""
    payments = Invoice.objects.latest("pk").payments.order_by("attempt")
    return [f"{payment.status} {payment.failure}".strip() for payment in payments]


def test_a_disputed_card_is_not_asked_again(odd: OddStripe, disputed: shops.Shop) -> None:
    disputed.run_jobs("2026-11-05 14:00")
    disputed.run_jobs("2026-11-20 14:00")
    assert last_attempts() == ["FAILED card_disputed"]
    assert not any(request.startswith("POST") for request in odd.requests)
    assert freezes(disputed) == []  # an ordinary bill freezes the line after 28 days
    assert not offended()


def test_its_bill_says_how_to_transfer_and_not_that_it_is_collected(
    odd: OddStripe, disputed: shops.Shop
) -> None:
    invoice = Invoice.objects.latest("pk")
    (page,) = pages_of(pdf.invoice_pdf(invoice, now=disputed.at("2026-11-05 14:00")))
    assert "Collected" not in page
    assert f"Payment by bank transfer Reference of the transfer T-{invoice} Amount 300.00 USD" in (
        page
    )
    line = document_letters._said(invoice)
    assert line == (
        f"Bill T-{invoice}, issued on 5 Nov 2026: 300.00\N{NO-BREAK SPACE}USD, due on 5 Nov 2026,"
        f" reference of the transfer T-{invoice}"
    )
    said = text_of(
        browser_of(member(disputed)).get(f"/m/rosewood/billing/invoices/{invoice}/")
    )  # fmt: skip
    assert "Pay 300.00 USD now" not in said
    assert "Collected from Visa" not in said
    assert (
        "A payment from this card was disputed. Nothing is collected from it until you choose it"
        " again, or another method." in said
    )
    (pay,) = (one for one in invoice_decisions.DECISIONS if one.name == "pay")
    assert not pay.is_open(invoice)
    effect = invoice_decisions._issue_effect(invoice)
    assert effect == (
        "The bill over 300.00\N{NO-BREAK SPACE}USD gets its number and goes to the merchant; it is"
        " due at once, and nothing is collected, as a payment from its card was disputed."
    )
    BillingAccount.objects.filter(pk=invoice.account_id).update(card_disputed_at=None)
    invoice = Invoice.objects.get(pk=invoice.pk)
    (page,) = pages_of(pdf.invoice_pdf(invoice, now=disputed.at("2026-11-05 14:00")))
    assert "Collected from Visa ···· 4242." in page
    assert document_letters._said(invoice).endswith(", due on 5 Nov 2026")
    assert pay.is_open(invoice)
    assert invoice_decisions._issue_effect(invoice).endswith("; it is collected at once (Card).")


def test_whatever_tells_of_its_bill_says_that_it_is_not_collected(
    odd: OddStripe, disputed: shops.Shop
) -> None:
    invoice = Invoice.objects.latest("pk")
    told = disputed.merchant.notices.get(kind="BILL_ISSUED", cause=str(invoice))
    assert told.details["status"] == "DATED_NOT_COLLECTED"
    assert letters.sentence(told).replace("\N{NO-BREAK SPACE}", " ") == (
        f"Bill T-{invoice} over 300.00 USD was issued on 5 Nov 2026, and is due on 5 Nov 2026. It"
        " is not collected, as a payment from your card was disputed: choose how you pay under"
        f" Billing settings, or pay it by bank transfer, with the reference T-{invoice}."
    )
    # So it is of a draft that an operator issues.
    terms.review_invoices(
        merchant_id=invoice.account_id, wanted=True, now=disputed.at(AT), **BY
    )  # fmt: skip
    assert disputed.charge("2026-11-05 13:30", "pick-pack", "310.00") == "applied"
    draft = Invoice.objects.latest("pk")
    issued = drafts.issue_draft(invoice_id=draft.pk, now=disputed.at("2026-11-05 13:40"), **BY)
    told = disputed.merchant.notices.get(kind="BILL_ISSUED", cause=str(issued))
    assert told.details["status"] == "DATED_NOT_COLLECTED"
    account = BillingAccount.objects.get(pk=invoice.account_id)
    assert [(str(one.on), one.amount, one.is_collected) for one in due.unpaid(account)] == [
        ("2026-11-05", usd(300), False), ("2026-11-05", usd(310), False)
    ]  # fmt: skip
    placed = standings.placed(account.invoices.filter(status="OPEN"))
    assert {str(standings.of(one)) for one in placed} == {"TO_PAY"}
    browser = browser_of(member(disputed))
    overview = text_of(browser.get("/m/rosewood/"))
    assert "is being collected" not in overview
    assert f"Bill T-{invoice} is to be paid" in overview
    said = text_of(browser.get("/m/rosewood/help/"))
    assert "A payment from your card was disputed, so nothing is collected from it." in said
    assert "Nothing tries it again by itself: a payment from your card was disputed." in said
    assert "We try again" not in said
    assert "From your card, as it is issued." not in said
    plan = collecting._plan_effect(Invoice.objects.get(pk=invoice.pk))
    assert (
        "each on its day: nothing is collected, as a payment from its card was disputed, so a"
        " transfer has to come before that day starts" in plan
    )
    payment_plans.make(
        invoice_id=invoice.pk, parts=PARTS, told="In two.", now=disputed.at(AT), **BY
    )
    said = text_of(browser.get(f"/m/rosewood/billing/invoices/{invoice}/"))
    assert "A payment from your card was disputed, so no part is collected from it." in said
    assert "Each part is collected as its day starts." not in said
    assert "Next part is collected" not in said
    visited = text_of(
        browser_of(operator("Billing officer")).get(
            reverse("backoffice:merchant", args=["rosewood"])
        )
    )
    assert "from which nothing is collected, as a payment from it was disputed" in visited
    BillingAccount.objects.filter(pk=account.pk).update(card_disputed_at=None)
    said = text_of(browser.get(f"/m/rosewood/billing/invoices/{invoice}/"))
    assert "Each part is collected as its day starts." in said
    assert "Next part is collected" in said


def test_a_part_of_a_plan_that_its_card_is_not_asked_for_ends_the_plan_as_its_day_starts(
    odd: OddStripe, disputed: shops.Shop
) -> None:
    """So a transfer has to come before."""
    invoice = Invoice.objects.latest("pk")
    payment_plans.make(
        invoice_id=invoice.pk, parts=PARTS, told="In two.", now=disputed.at(AT), **BY
    )
    disputed.run_jobs("2026-11-09 23:00")
    assert PaymentPlan.objects.get().status == "IN_FORCE"
    disputed.run_jobs("2026-11-10 00:00")
    assert PaymentPlan.objects.get().status == "BROKEN"
    assert last_attempts() == ["FAILED card_disputed"]


@pytest.mark.full  # nor is it asked by itself, above
def test_nor_may_somebody_pay_with_it_now(odd: OddStripe, disputed: shops.Shop) -> None:
    with nothing_changes(), pytest.raises(payments.CardDisputed):
        payments.pay_now(
            invoice_id=Invoice.objects.latest("pk").pk,
            actor="mei@rosewood.example",
            now=disputed.at("2026-11-05 14:00"),
        )
    assert odd.requests == []


@pytest.mark.full  # it is not before, above
def test_it_is_asked_again_once_its_merchant_has_chosen_it_anew(
    odd: OddStripe, disputed: shops.Shop
) -> None:
    disputed.run_jobs("2026-11-05 14:00")
    before = account(disputed)
    payment_methods.choose(
        merchant_id=before.pk, method="stripe", card_id=before.card_id,
        actor="mei@rosewood.example", now=disputed.at("2026-11-06 09:00"),
    )  # fmt: skip
    assert not account(disputed).has_disputed_card
    disputed.run_jobs("2026-11-06 10:00")
    assert last_attempts() == ["FAILED card_disputed", "SUCCEEDED"]
    row = TrailEntry.objects.filter(action="METHOD_CHANGED").latest("pk")
    assert (row.before, row.after) == (
        {"payment_method": "stripe Visa ···· 4242, disputed"},
        {"payment_method": "stripe Visa ···· 4242"},
    )
    assert not offended()


@pytest.mark.full  # one of the same does, above
def test_a_dispute_of_another_card_stops_nothing(odd: OddStripe, paid: shops.Shop) -> None:
    CardFactory.create(
        shop=paid,
        at="2026-11-03 09:00",
        provider="stripe",
        customer="cus_1",
        brand="visa",
        last_four="1881",
    )
    odd.take_back("disputes", "pi_1", 25000)
    send_event("charge.dispute.created", "du_1")
    assert not account(paid).has_disputed_card
