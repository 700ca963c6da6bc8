"""What a merchant reads of its unapplied money, and of bills that were paid without a provider."""

import pytest

from billing.operations import transfers_moved
from tests.billing import deciding
from tests.billing.documents import invoice_of
from tests.billing.pages import answers
from tests.billing.paying import SECOND, give_back, manual, receive, transfer
from tests.factories import browser_of, member
from tests.pdf_text import pages_of
from tests.shops import Shop
from tests.text import text_of
from tests.whole import some

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    """A shop that sent 150.00 for a bill of 100.00; 39.00 of the rest paid the next bill."""
    shop = manual(plan_price="100.00", billing_threshold="39.00")
    transfer(shop, "2026-11-03 12:00", "150.00")
    shop.charge("2026-11-04 12:00", "pick-pack", "39.00")
    return shop


def read(shop: Shop, page: str, language: str = "") -> str:
    """The text of the page in this language, as a viewer reads it."""
    browser = browser_of(member(shop, "VIEWER"))
    return text_of(
        browser.get(f"/m/rosewood/billing/{page}", headers={"accept-language": language or "en"})
    )


def test_the_page_tells_what_there_is_and_what_became_of_it(shop: Shop) -> None:
    give_back(shop, "2026-11-05 12:00", "1.00")
    page = read(shop, "unapplied/")
    assert "Unapplied money Money of yours that came without a bill to pay" in page
    assert "10.00 USD It pays your bills by itself" in page
    assert (
        "5 Nov 2026 12:00 Given back BACK-1 −1.00 USD 10.00 USD "
        f"4 Nov 2026 12:00 Used for a bill T-{SECOND} −39.00 USD 11.00 USD "
        "3 Nov 2026 12:00 Received BANK-1 50.00 USD 50.00 USD" in page
    )


def test_without_any_it_says_so_and_other_pages_say_nothing() -> None:
    shop = manual()
    assert "There has been none so far." in read(shop, "unapplied/")
    for page in ("invoices/", "settings/"):
        assert "Unapplied money" not in read(shop, page)


def test_bills_and_settings_tell_of_it(shop: Shop) -> None:
    assert "11.00 USD of your money is not applied to a bill yet" in read(shop, "invoices/")
    assert "Unapplied money 11.00 USD" in read(shop, "settings/")


@pytest.mark.full  # bills tell of it above
def test_a_bill_tells_what_was_more_and_by_what_it_was_paid(shop: Shop) -> None:
    first = read(shop, "invoices/2026-000001/")
    assert "3 Nov 2026 12:00 Payment Bank transfer Succeeded 100.00 USD" in first
    assert "3 Nov 2026 12:00 More than was to be paid Unapplied money (BANK-1) – 50.00 USD" in first
    second = read(shop, f"invoices/{SECOND}/")
    assert "4 Nov 2026 12:00 Payment Unapplied money Succeeded 39.00 USD" in second
    (paper,) = pages_of(invoice_of(shop))
    assert "Amount 1 4 Nov 2026 12:00 Unapplied money Succeeded 39.00 USD" in paper


@pytest.mark.full  # bills tell of it above
def test_a_bill_tells_of_a_transfer_that_came_when_it_was_paid_already() -> None:
    shop = manual()
    transfer(shop, "2026-11-02 12:00", "39.00", "BANK-1")
    transfer(shop, "2026-11-03 12:00", "39.00", "BANK-2")
    said = read(shop, "invoices/2026-000001/")
    assert "3 Nov 2026 12:00 More than was to be paid Unapplied money (BANK-2) – 39.00 USD" in said
    transfers_moved.move(
        transfer_id=shop.account.transfers.get(reference="BANK-2").pk,
        to="",
        actor="otto@tael.example",
        reason="The bank's slip.",
        told="It was recorded twice.",
        now=shop.at("2026-11-04 12:00"),
    )
    said = read(shop, "invoices/2026-000001/")
    assert "Transfer never came It was recorded twice. – 39.00 USD" in said


@pytest.mark.full  # bills tell of it above
def test_a_bill_that_credit_paid_says_so() -> None:
    shop = manual()
    deciding.grant(shop, "2026-11-02 12:00", "50.00", "credit-account")
    deciding.close(shop, "2026-11-03 12:00")
    assert "Payment Account credit Succeeded 39.00 USD" in read(shop, "invoices/2026-000001/")
    (paper,) = pages_of(invoice_of(shop))
    assert "1 3 Nov 2026 12:00 Account credit Succeeded 39.00 USD" in paper


@pytest.mark.parametrize(
    ("language", "word"), some([("zh-hans", "未核销款项"), ("th", "เงินรับที่ยังไม่ได้ตัดชำระ")], 2)
)
def test_in_other_languages(shop: Shop, language: str, word: str) -> None:
    assert word in read(shop, "unapplied/", language)
    assert word in read(shop, f"invoices/{SECOND}/", language)


@pytest.mark.full  # each page is asked in test_authorisation.py
def test_everybody_of_the_merchant_sees_it_and_nobody_else() -> None:
    shop = manual(plan_price="0")
    receive(shop, "2026-11-02 12:00", "20.00")
    assert answers(shop, "unapplied/") == {
        "OWNER": 200, "FINANCE": 200, "VIEWER": 200,
        "stranger": 404, "operator": 404, "nobody": 302,
    }  # fmt: skip
