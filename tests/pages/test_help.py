"""The help page answers with the merchant's own terms and figures, and the search finds entries."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing.models import BillingQuestion
from billing.operations import payment_methods, questions
from credit.operations import corrections, limits, terms
from lib.help import BOOKS
from lib.refusals import AlreadyDecided
from pages import navigation
from tests import shops
from tests.amounts import usd
from tests.billing import deciding
from tests.credit.pages import set_clock
from tests.factories import (
    BillingQuestionFactory,
    CreditPolicyFactory,
    FreezeFactory,
    browser_of,
    member,
)
from tests.kept import kept
from tests.shops import Shop
from tests.text import text_of
from tests.unchanged import nothing_changes
from tests.whole import some

pytestmark = pytest.mark.django_db

clock = pytest.fixture(set_clock)
HELP, PAGE = "/m/rosewood/help/", "/m/rosewood/billing/questions/"
ASK = f"{PAGE}ask/"


@kept()
def written() -> Shop:
    """A shop with a limit of 5,000.00, of which an order holds 120.00, a plan of 39.00 every 30
    days, a threshold of 200.00, and 15.50 outstanding beside the plan's bill.
    """
    shop = shops.join("2026-10-01 09:00", credit_limit="5000.00", plan_price="39.00")
    shop.place("2026-10-02 10:00", "A-1", "120.00")
    shop.charge("2026-10-02 10:00", "pick-pack", "15.50", "C-1")
    return shop


@pytest.fixture
def shop(written: Shop, clock: Callable[[str], None]) -> Shop:
    """The shop of these tests, on 3 Oct 2026, 10:00 UTC."""
    clock("2026-10-03 10:00")
    return written


def helped(shop: Shop, language: str = "en") -> str:
    """The help page, in this language."""
    client = browser_of(member(shop, "VIEWER"))
    client.cookies["django_language"] = language
    return text_of(client.get(HELP))


def test_answers_have_the_merchants_own_terms_and_figures(shop: Shop) -> None:
    said = helped(shop)
    assert "Your limit of 5,000.00 USD is what unpaid orders" in said
    assert "120.00 USD of your 5,000.00 USD is held now." in said
    assert "reach 200.00 USD, a bill comes the same day" in said
    assert "15.50 USD is outstanding now." in said
    assert "Your plan costs 39.00 USD every 30 days, in advance." in said
    assert "On 31 Oct 2026, with your plan fee of 39.00 USD" in said
    assert "this month's closes at the end of 31 Oct 2026" in said
    assert "Yours is not frozen." in said
    assert "By bank transfer, within 7 days." in said
    assert "Shipping: Shipping label" in said
    assert "Pick and pack credit" in said


@pytest.mark.parametrize(
    ("language", "asked", "said"),
    [
        ("en", "When does a withdrawal arrive?", "When does a withdrawal arrive?"),
        ("en", "freeze", "Why is my limit frozen"),
        ("zh-hans", "到账", "提现"),
        ("th", "ถอนเงิน", "ถอน"),
    ],
)
def test_its_own_search_shows_the_answers_first(
    shop: Shop, language: str, asked: str, said: str
) -> None:
    client = browser_of(member(shop, "VIEWER", language=language))
    response = client.get(HELP, {"q": asked})
    assert response.context["answers"]
    found = response.content.decode().split('id="found"')[1].split("</section>")[0]
    assert said in found
    assert 'href="/m/rosewood/search/?q=' in found


def test_a_search_of_the_help_that_finds_nothing_says_what_to_do(shop: Shop) -> None:
    said = text_of(browser_of(member(shop)).get(HELP, {"q": "zzz"}))
    assert "Nothing here answers this. Try one word of it, look through the topics below" in said
    assert "Nothing here answers this" not in helped(shop)


def test_answers_follow_what_changes(shop: Shop) -> None:
    assert "7 days after the payment. 0.00 USD can be withdrawn now" in helped(shop)
    terms.change_days(
        merchant_id=shop.merchant.pk, payment_days=30, settlement_days=15,
        actor="olga@tael.example", reason="As agreed.", now=shop.at("2026-10-03 09:00"),
    )  # fmt: skip
    payment_methods.choose(
        merchant_id=shop.merchant.pk, method="proceeds", actor="mei@rosewood.example",
        now=shop.at("2026-10-03 09:00"),
    )  # fmt: skip
    FreezeFactory.create(shop=shop, at="2026-10-03 09:30", reason="MANUAL")
    said = helped(shop)
    assert "15 days after the payment. 0.00 USD can be withdrawn now" in said
    assert "30 days after the delivery." in said
    assert "Yours is frozen now: Decision of our team." in said
    assert "We try again 1, 3, 5 and 7 days after the first failure." in said
    assert "From your proceeds, as it is issued." in said


def test_the_next_bill_has_the_fee_of_the_plan_that_starts_with_it(shop: Shop) -> None:
    deciding.change_plan(shop, "2026-10-03 09:00", "59.00", 30)
    said = helped(shop)
    assert "On 31 Oct 2026, with your plan fee of 59.00 USD" in said
    assert "Your plan costs 39.00 USD every 30 days, in advance." in said


def test_a_closed_account_has_no_next_bill_and_no_plan(shop: Shop) -> None:
    deciding.close(shop, "2026-10-03 09:00")
    said = helped(shop)
    assert "Your account is closed, so no bill comes by date." in said
    assert "Your account is closed, so no plan is charged." in said
    assert "Your plan costs" not in said


def test_each_reason_of_freezes_is_named_once_and_with_no_limit_nothing_overdue_ends_one(
    shop: Shop,
) -> None:
    assert "ends by itself once less than 1,000.00 USD is overdue, one for a bill" in helped(shop)
    for at in ("09:10", "09:20"):
        FreezeFactory.create(shop=shop, at=f"2026-10-03 {at}", reason="MANUAL")
    limits.set_limit(
        merchant_id=shop.merchant.pk, limit=usd("0.00"), actor="olga@tael.example",
        reason="As agreed.", now=shop.at("2026-10-03 09:30"),
    )  # fmt: skip
    said = helped(shop)
    assert "Yours is frozen now: Decision of our team." in said
    assert "One for overdue payments ends by itself once nothing is overdue, one for a bill" in said


def test_proceeds_below_0_are_explained_by_whatever_can_have_taken_them(shop: Shop) -> None:
    assert (
        "Yours are not. They would be if, after you had withdrawn the money, a buyer got some"
        " back, our team corrected what was too much, or a withdrawal that was marked as failed had"
        " been paid after all; later sales would cover that first" in helped(shop)
    )
    corrections.correct(
        merchant_id=shop.merchant.pk, amount=usd("-30.00"), reason="Booked twice.",
        told="It was booked twice.", request_key="form-1", actor="olga@tael.example",
        now=shop.at("2026-10-03 09:30"),
    )  # fmt: skip
    assert (
        "More was taken from them than was there: a buyer got money back, our team corrected what"
        " was too much, or a withdrawal that was marked as failed had been paid after all; your"
        " entries say which. Later sales cover that first" in helped(shop)
    )


def test_figures_of_the_policy_are_not_rounded(shop: Shop) -> None:
    CreditPolicyFactory.create(
        starts_on=date(2026, 10, 1),
        withdrawal_fee_percent=Decimal("0.125"),
        b_from=Decimal("64.995"),
        d_factor=Decimal("0.8125"),
    )
    said = helped(shop)
    assert "A withdrawal costs 0.125% of its amount, on top." in said
    assert "it is grade A, from 64.995 B, from 50 C" in said
    assert "A multiplies the limit by 2, B by 1.5 and D by 0.8125; C leaves it as it is." in said


def test_of_a_withdrawal_that_the_bank_sent_back_the_fee_is_kept_as_help_says(shop: Shop) -> None:
    said = "amount and fee, or the amount alone if the bank had paid it and sent it back later."
    assert f"Back in your proceeds: {said}" in helped(shop)


def test_every_entry_is_there_once_under_its_anchor_in_every_language(shop: Shop) -> None:
    anchors = [entry.anchor for book in BOOKS for entry in book.entries]
    client = browser_of(member(shop, "VIEWER"))
    for language in ("en", "zh-hans", "th"):
        client.cookies["django_language"] = language
        page = client.get(HELP).content.decode()
        assert [anchor for anchor in anchors if page.count(f'<article id="{anchor}">') != 1] == []
        assert "%(" not in page
    assert len(anchors) == len(set(anchors)) == 36
    # What an entry leads to is a page, and one that the navigation has a name for.
    routes = {page.route for page in navigation.PAGES}
    assert {route for book in BOOKS for entry in book.entries for route in entry.pages} <= routes


@pytest.mark.parametrize(
    ("text", "anchor"),
    some(
        [
            ("two bills", "two-bills"),
            ("why frozen", "frozen"),
            ("刷单", "fake-orders"),
            ("รอบการเรียก", "two-bills"),
            ("disp", "wrong-charge"),
        ],
        5,
    ),
)
def test_the_search_finds_entries(shop: Shop, text: str, anchor: str) -> None:
    client = browser_of(member(shop, "VIEWER"))
    response = client.get("/m/rosewood/search/", {"q": text})
    assert f'href="{HELP}#{anchor}"' in response.content.decode()


def test_every_page_leads_to_help(shop: Shop) -> None:
    client = browser_of(member(shop, "VIEWER"))
    assert f'href="{HELP}"' in client.get("/m/rosewood/credit/orders/").content.decode()
    assert 'href="/help/"' in client.get("/accounts/password/change/").content.decode()
    assert client.get("/help/")["Location"] == HELP


def test_a_question_about_bills_is_asked_on_the_page_and_answered_there(shop: Shop) -> None:
    client = browser_of(member(shop, "FINANCE"))
    begun = client.get(PAGE, {"about": "Bill 2026-000001"})
    assert "Bill 2026-000001: </textarea>" in begun.content.decode()
    asked = {"message": "Why two bills?", "request_key": "form-1"}
    assert client.post(ASK, asked)["Location"] == PAGE
    client.post(ASK, asked)
    question = BillingQuestion.objects.get()
    assert (question.message, question.status) == ("Why two bills?", "PENDING")
    assert "Why two bills? 3 Oct 2026 10:00" in text_of(
        client.get("/m/rosewood/billing/questions/")
    )
    viewer = browser_of(member(shop, "VIEWER"))
    with nothing_changes():
        assert client.post(ASK, {"message": "", "request_key": "form-2"}).status_code == 422
        assert viewer.post(ASK, asked).status_code == 403


def test_an_answer_is_told_and_stands_on_the_page(shop: Shop) -> None:
    asked = BillingQuestionFactory.create(shop=shop, at="2026-10-03 09:00")
    given: dict[str, Any] = {
        "question_id": asked.pk, "actor": "olga@tael.example", "reason": "They read the help.",
        "told": "Bills come every 30 days.", "now": shop.at("2026-10-03 09:30"),
    }  # fmt: skip
    questions.answer(**given)
    said = text_of(browser_of(member(shop)).get(PAGE))
    assert "Answered Bills come every 30 days." in said
    assert "They read the help." not in said
    notices = text_of(browser_of(member(shop)).get("/m/rosewood/notices/"))
    assert "Our answer: Bills come every 30 days." in notices
    with nothing_changes(), pytest.raises(AlreadyDecided):
        questions.answer(**given)


WORDS_FROM_ELSEWHERE = (
    "账户管理 资金管理 支付宝 到账 退款 售后 信用等级 店铺资料 手续费 客服 大额订单 恶意刷单"
    " ใบเรียกเก็บเงิน ประวัติการเรียกเก็บเงิน การกำหนดราคา ค่าขนส่ง การขนส่ง รอบการเรียกเก็บเงิน ใบเสร็จ ช่วยเหลือ"
    " invoice statement payout dispute freeze fees"
)


def test_words_that_people_know_from_elsewhere_lead_to_one_page_each() -> None:
    words = WORDS_FROM_ELSEWHERE.split()
    exact = {
        word: [one.page.route for one in navigation.named(word) if one.is_exact] for word in words
    }
    assert {word: routes for word, routes in exact.items() if len(routes) != 1} == {}
    assert exact["客服"] == ["help"]
    assert exact["ใบเสร็จ"] == ["billing:invoices"]
