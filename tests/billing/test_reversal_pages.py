"""What a merchant reads of payments that were taken back, and of a card that was disputed."""

import pytest
from pytest_django import Settings

from billing.models import BillingAccount, Card, Reversal
from billing.operations import reversals
from tests import shops
from tests.billing import operator_decisions as deciding
from tests.billing.pages import answers
from tests.factories import browser_of, member, proved
from tests.kept import kept
from tests.shops import Shop
from tests.text import text_of
from tests.whole import some

pytestmark = pytest.mark.django_db


@kept(TAEL_SANDBOX=True)
def written() -> Shop:
    """A shop whose only payment, of 240.00, was disputed on 3 November; the dispute is lost."""
    shop = deciding.join()
    deciding.reversed_payment(shop)
    return shop


@pytest.fixture
def shop(written: Shop, settings: Settings) -> Shop:
    """The shop of these tests, with the sandbox switched on."""
    settings.TAEL_SANDBOX = True
    return written


def read(shop: Shop, page: str, language: str = "en") -> str:
    """The text of the page in this language, as a viewer reads it."""
    browser = browser_of(member(shop, "VIEWER"))
    return text_of(browser.get(f"/m/rosewood/{page}", headers={"accept-language": language}))


def decide(how: str) -> None:
    """Decide about the reversal, by the operation of this name."""
    reversal = Reversal.objects.get()
    getattr(reversals, how)(
        reversal_id=reversal.pk,
        seen=reversal.seen,
        message="Your bank has decided so.",
        actor=deciding.DECIDER,
        now=deciding.DECIDED_AT,
        **deciding.WHY,
    )


INVOICE = "billing/invoices/2026-000001/"


@pytest.mark.parametrize(
    ("language", "taken", "charged"),
    some(
        [
            ("en", "Payment taken back Dispute", "Charged again Your bank has decided so."),
            ("zh-hans", "付款被收回 争议", "重新收取 Your bank has decided so."),
            ("th", "การชำระเงินถูกเรียกคืน การโต้แย้ง", "เรียกเก็บอีกครั้ง Your bank has decided so."),
        ],
        3,
    ),
)
def test_the_bill_stays_paid_and_its_history_tells(
    shop: Shop, language: str, taken: str, charged: str
) -> None:
    assert taken in read(shop, INVOICE, language)
    decide("charge")
    page = read(shop, INVOICE, language)
    assert taken in page
    assert charged in page
    assert deciding.WHY["reason"] not in page  # that is for colleagues
    assert (
        'data-status="COLLECTED"'
        in browser_of(member(shop)).get(f"/m/rosewood/{INVOICE}").content.decode()
    )


@pytest.mark.full  # what is charged again is told
def test_what_is_not_charged_again_is_told_with_its_reason(shop: Shop) -> None:
    waits = "was taken back by the bank. The bill stays paid while we look into it"
    assert waits in read(shop, INVOICE)
    decide("accept")
    assert waits not in read(shop, INVOICE)
    assert "Not charged again Your bank has decided so. – 240.00 USD" in read(shop, INVOICE)


@pytest.mark.full  # its history tells above
def test_the_new_bill_names_what_is_charged_again(shop: Shop) -> None:
    decide("charge")
    assert "Payment taken back" in read(shop, "billing/invoices/2026-000002/")


def test_the_notice_leads_to_the_bill(shop: Shop) -> None:
    page = browser_of(member(shop)).get("/m/rosewood/notices/").content.decode()
    assert "A payment of bill T-2026-000001 was taken back" in page
    assert f'href="/m/rosewood/{INVOICE}"' in page


@pytest.mark.full  # each page is asked in test_authorisation.py
def test_only_the_merchants_own_people_see_it(shop: Shop) -> None:
    assert answers(shop, "invoices/2026-000001/") == {
        "OWNER": 200, "FINANCE": 200, "VIEWER": 200, "stranger": 404, "operator": 404,
        "nobody": 302,
    }  # fmt: skip


def disputed_card(shop: Shop) -> Card:
    """A card that the provider has a dispute about."""
    card = deciding.card(shop, "4242")
    BillingAccount.objects.update(card_disputed_at=shops.instant(deciding.BEFORE))
    return card


@pytest.mark.full  # test_disputed_cards has it, too
def test_a_disputed_card_is_not_in_use_until_it_is_chosen_again(shop: Shop) -> None:
    card = disputed_card(shop)
    page = read(shop, "billing/settings/")
    assert "A payment from this card was disputed. Nothing is collected from it until" in page
    owner = proved(member(shop))
    owner.post("/m/rosewood/billing/settings/method/", {"method": "sandbox", "card": str(card.pk)})
    assert not shop.account.has_disputed_card
    assert "A payment from this card was disputed" not in read(shop, "billing/settings/")
