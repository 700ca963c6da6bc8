"""A billing officer blocks a card: nothing is collected from it any more (rule 16.20)."""

from typing import Any

import pytest
from django.core import mail
from django.db import DatabaseError, transaction
from django.urls import reverse

from billing.models import AccountChange, Card
from billing.operations import cards_blocked, payment_methods
from billing.operations.payment_methods import CardBlocked, UnknownCard
from lib import audit, clock
from lib.refusals import AlreadyDecided, Invalid
from notices import letters
from notices.models import Notice
from notices.operations import mails
from tests import shops
from tests.billing import deciding
from tests.factories import CardFactory, PaymentFactory, browser_of, member, operator
from tests.factories.people import showed
from tests.shops import Shop
from tests.text import text_of
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

NOW = "2026-11-05 10:00"
OURS, THEIRS = "The bank says that it was stolen.", "Its bank has told us not to use it."
WHY: dict[str, Any] = {"actor": "otto@tael.example", "reason": OURS, "told": THEIRS}


@pytest.fixture
def shop(settings: Any) -> Shop:
    """A shop with a card at the sandbox."""
    settings.TAEL_SANDBOX = True
    shop = shops.join("2026-11-01 10:00", billing_threshold="100.00")
    CardFactory.create(shop=shop, at="2026-11-02 10:00")
    return shop


def card() -> Card:
    return Card.objects.order_by("pk").first()  # type: ignore[return-value]


def block(shop: Shop, at: str = NOW) -> Card:
    """Block the card, in an operator's name."""
    return cards_blocked.block(card_id=card().pk, now=shop.at(at), **WHY)


def test_its_bills_wait_for_a_transfer_or_another_method(shop: Shop) -> None:
    block(shop)
    assert (shop.account.payment_method, shop.account.card) == ("manual", None)
    shop.charge("2026-11-06 10:00", "pick-pack", "120.00")
    shop.run_jobs("2026-11-06 11:00")
    invoice = deciding.invoice(shop, "2026-11-06")
    assert (invoice.status, invoice.payments.count(), str(invoice.due_on)) == (
        "OPEN", 0, "2026-11-13"
    )  # fmt: skip
    change = AccountChange.objects.latest("pk")
    assert (change.what, change.before, change.after, change.actor) == (
        "PAYMENT_METHOD", "sandbox Visa ···· 4242", "manual", "otto@tael.example"
    )  # fmt: skip
    CardFactory.create(shop=shop, at="2026-11-07 10:00", last_four="1111")
    shop.run_jobs("2026-11-13 11:00")
    assert deciding.invoice(shop, "2026-11-06").status == "PAID"
    findings = audit.run(audit.registered(), now=clock.now())
    assert [one.check.name for one in findings if one.violations] == []


@pytest.mark.full  # its bills are not collected above
def test_it_is_not_chosen_nor_added_again(shop: Shop) -> None:
    block(shop)
    with nothing_changes(), pytest.raises(UnknownCard):
        payment_methods.choose(
            merchant_id=shop.merchant.pk, method="sandbox", card_id=card().pk, actor="o@x.example",
            now=shop.at(NOW),
        )  # fmt: skip
    with nothing_changes(), pytest.raises(CardBlocked):
        CardFactory.create(shop=shop, at=NOW, token="another-token")
    # Another merchant's card with the same digits is another card.
    other = shops.join("2026-11-01 10:00", "other")
    assert CardFactory.create(shop=other, at=NOW).last_four == "4242"


def test_one_that_nothing_is_collected_from_changes_no_method(shop: Shop) -> None:
    payment_methods.choose(
        merchant_id=shop.merchant.pk, method="proceeds", actor="o@x.example", now=shop.at(NOW)
    )
    changes = AccountChange.objects.count()
    block(shop)
    assert shop.account.payment_method == "proceeds"
    assert AccountChange.objects.count() == changes


@pytest.mark.full  # what waits for a transfer does above
def test_what_its_provider_was_asked_for_goes_on(shop: Shop) -> None:
    CardFactory.create(shop=shop, at="2026-11-02 11:00", last_four="0119")  # stays silent
    shop.charge("2026-11-03 10:00", "pick-pack", "120.00")
    invoice = deciding.invoice(shop, "2026-11-03")
    attempt = PaymentFactory.create(shop=shop, at="2026-11-03 11:00", invoice=invoice)
    assert attempt.status == "UNKNOWN"
    silent = Card.objects.get(last_four="0119")
    cards_blocked.block(card_id=silent.pk, now=shop.at(NOW), **WHY)
    attempt.refresh_from_db()
    assert attempt.status == "UNKNOWN"
    shop.run_jobs("2026-11-05 11:00")
    assert deciding.invoice(shop, "2026-11-03").status == "PAID"


@pytest.mark.full  # blocked once, above
def test_blocked_twice_is_refused_and_it_stays_blocked(shop: Shop) -> None:
    block(shop)
    with nothing_changes(), pytest.raises(AlreadyDecided):
        block(shop)
    for change in ({"blocked_at": None}, {"removed_at": None}, {"blocked_reason": "x"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Card.objects.update(**change)


@pytest.mark.parametrize("missing", ["reason", "told"])
def test_both_texts_are_needed(shop: Shop, missing: str) -> None:
    with nothing_changes(), pytest.raises(Invalid, match=missing):
        cards_blocked.block(card_id=card().pk, now=shop.at(NOW), **WHY | {missing: " "})


def test_owners_are_told_whatever_they_muted(shop: Shop) -> None:
    owner = member(shop, email="owner@rosewood.example")
    owner.memberships.update(muted=["CARD_BLOCKED"])
    block(shop)
    notice = Notice.objects.get(kind="CARD_BLOCKED")
    assert letters.sentence(notice).replace("\N{NO-BREAK SPACE}", " ") == (
        "Nothing is collected from Visa ···· 4242 any more. Choose another method under Billing"
        " settings if your bills were collected from it. Reason: Its bank has told us not to use"
        " it."
    )
    mails.send([notice.pk], now=shop.at(NOW))
    assert [letter.to for letter in mail.outbox] == [["owner@rosewood.example"]]
    row = TrailEntry.objects.get(action="CARD_BLOCKED")
    assert (row.subject, row.reason) == ("Visa ···· 4242", OURS)


@pytest.mark.full  # each role is asked in test_admin_roles.py
def test_a_billing_officer_blocks_it_in_the_admin_and_nobody_else(shop: Shop) -> None:
    page = reverse("admin:billing_card_decide", args=[card().pk, "block"])
    said = {"reason": OURS, "told": THEIRS}
    others = [browser_of(operator(role)) for role in ("Credit officer", "Auditor", "Administrator")]
    owner, officer = browser_of(member(shop)), browser_of(operator("Billing officer"))
    with nothing_changes():
        assert [one.post(page, said).status_code for one in (*others, owner)] == [403] * 3 + [302]
    answer = officer.post(page, said | showed(officer, page), follow=True)
    assert "The card is blocked." in text_of(answer)
    assert card().is_blocked
