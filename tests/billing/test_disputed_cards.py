"""A card that was disputed is asked for nothing until its merchant chooses it anew."""

import pytest

from billing import document_letters
from billing.admin import invoice_decisions
from billing.documents import pdf
from billing.models import BillingAccount, Invoice
from billing.operations import (
    payment_methods,
    payments,
)
from billing.queries import due
from notices import letters
from notices.models import Notice
from tests import shops
from tests.billing import by_hand, deciding, reversing
from tests.billing.reversing import account, freezes, offended
from tests.factories import CardFactory, browser_of, member
from tests.pdf_text import pages_of
from tests.stripe_server import OddStripe, send_event
from tests.text import text_of
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

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
    told = disputed.merchant.notices.filter(kind="PAYMENT_FAILED").get()
    assert (
        "a payment from this card was disputed. Nothing is collected from it until you choose it"
        " again, or another method. If the bill stays unpaid" in letters.sentence(told)
    )
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


def test_the_notice_of_its_bill_does_not_say_that_it_is_collected(disputed: shops.Shop) -> None:
    deciding.review_invoices(disputed, "2026-11-05 14:00")
    disputed.charge("2026-11-05 15:00", "pick-pack", "400.00")
    deciding.issue(disputed, "2026-11-05 16:00", Invoice.objects.get(status="DRAFT"))
    told = Notice.objects.filter(kind="BILL_ISSUED").order_by("pk")
    assert [one.details["status"] for one in told] == [
        "DATED_COLLECTED",  # before the dispute
        "DATED_TO_PAY",
        "DATED_TO_PAY",  # a draft that was issued
    ]


def test_nor_do_the_money_calendar_and_its_page_say_so(disputed: shops.Shop) -> None:
    number = str(Invoice.objects.latest("pk"))
    by_hand.pause(disputed, "2026-11-05 14:00", "2026-11-12", number)
    (one,) = due.unpaid(account(disputed))
    assert (one.number, str(one.on), one.is_collected) == (number, "2026-11-05", False)
    page = browser_of(member(disputed)).get(f"/m/rosewood/billing/invoices/{number}/")
    assert "Next try" not in text_of(page)


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
