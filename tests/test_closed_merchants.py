"""What is closed offers and takes no decision without effect, and forecasts nothing: rule 19.11."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import FeePrice, ThresholdRequest
from billing.operations import closing, prices, terms, thresholds
from billing.operations.accounts import Plan
from billing.queries import forecast
from credit.models import Freeze, LimitRequest
from credit.operations import freezes, limits, own_rules, requests
from lib.refusals import Refused
from merchants import roles
from notices import letters
from notices.models import Notice
from tests import shops
from tests.amounts import usd
from tests.billing import deciding
from tests.credit import withdrawing
from tests.credit.pages import set_clock
from tests.factories import ThresholdRequestFactory, browser_of, member, operator, proved
from tests.shops import Shop
from tests.text import text_of
from tests.unchanged import nothing_changes
from tests.whole import some

pytestmark = pytest.mark.django_db

NOW = "2026-11-10 12:00"
WHY = {"actor": "olga@tael.example", "reason": "asked for"}


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop with proceeds, an open order and an unpaid bill, closed on 10 November."""
    set_clock(monkeypatch)(NOW)
    shop = withdrawing.shop_with("300.00", plan_price="39.00", billing_threshold="1000.00")
    shop.place("2026-11-05 10:00", "A", "100.00")
    shop.charge("2026-11-09 12:00", "pick-pack", "20.00", "C-1")
    deciding.close(shop, "2026-11-10 10:00")
    return shop


def offered(browser: Client, page: str) -> set[str]:
    """The decisions for which a page of the admin has a button."""
    content = browser.get(page).content.decode()
    return {part.split("/")[0] for part in content.split("/decide/")[1:]}


def everything() -> Client:
    """The browser of an operator with all roles."""
    return browser_of(operator(*roles.names()))


def test_the_admin_offers_what_still_does_something(shop: Shop) -> None:
    browser = everything()
    account = reverse("admin:billing_billingaccount_change", args=[shop.merchant.pk])
    assert offered(browser, account) == {
        "credit", "time-zone", "method", "review", "transfer", "reopen", "issuer", "tax",
    }  # fmt: skip
    line = reverse("admin:credit_creditline_change", args=[shop.merchant.pk])
    assert offered(browser, line) == {"correct", "freeze", "days"}


PLAN = Plan("grand", usd(99), 90)
REFUSED: dict[str, Callable[..., Any]] = {
    "threshold": lambda shop, **by: thresholds.change(
        merchant_id=shop.merchant.pk, threshold=usd(500), **by
    ),
    "plan": lambda shop, **by: terms.change_plan(merchant_id=shop.merchant.pk, plan=PLAN, **by),
    "close": lambda shop, **by: closing.close(merchant_id=shop.merchant.pk, **by),
    "own price": lambda shop, **by: prices.introduce(
        fee="storage", currency="USD", unit_price=Decimal(1), from_on=date(2026, 12, 1),
        merchant_id=shop.merchant.pk, **by,
    ),
    "limit": lambda shop, **by: limits.set_limit(
        merchant_id=shop.merchant.pk, limit=usd(10), **by
    ),
    "manual freeze": lambda shop, actor, reason, now: freezes.place(
        merchant_id=shop.merchant.pk, reason=Freeze.Reason.MANUAL, note=reason, actor=actor, now=now
    ),
    "raise asked for": lambda shop, actor, reason, now: requests.ask_raise(
        merchant_id=shop.merchant.pk, limit_wanted=usd(999_999), message=reason, actor=actor,
        now=now,
    ),
    "threshold asked for": lambda shop, actor, reason, now: thresholds.ask(
        merchant_id=shop.merchant.pk, threshold=usd(9_999), message=reason, request_key="f-1",
        actor=actor, now=now,
    ),
    "pause": lambda shop, actor, reason, now: own_rules.pause(
        merchant_id=shop.merchant.pk, actor=actor, now=now
    ),
    "caps": lambda shop, actor, reason, now: own_rules.set_caps(
        merchant_id=shop.merchant.pk, order=usd(10), buyer=None, actor=actor, now=now
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", some(REFUSED, 5))
def test_what_would_do_nothing_is_refused(shop: Shop, what: str) -> None:
    with nothing_changes(), pytest.raises(Refused) as refused:
        REFUSED[what](shop, now=shop.at(NOW), **WHY)
    assert refused.value.code == "account_closed"
    assert "closed" in str(refused.value)
    assert not FeePrice.objects.exists()


def test_what_still_does_something_is_taken(shop: Shop) -> None:
    withdrawing.withdraw(shop, "100.00", NOW)
    assert shop.pay(NOW, "A", "100.00") == "applied"
    freezes.place(
        merchant_id=shop.merchant.pk, reason=Freeze.Reason.SUSPECTED_FRAUD, note="Odd.",
        actor=WHY["actor"], now=shop.at(NOW),
    )  # fmt: skip
    requests.ask_question(
        merchant_id=shop.merchant.pk, message="Why?", actor="o@x.example", now=shop.at(NOW)
    )
    deciding.grant(shop, NOW, "5.00", "credit-account")
    assert LimitRequest.objects.get().status == "PENDING"


def test_a_threshold_that_was_asked_for_is_rejected_as_it_closes() -> None:
    shop = shops.join("2026-11-01 10:00", language="zh-hans")
    request = ThresholdRequestFactory.create(shop=shop, at="2026-11-05 10:00")
    deciding.close(shop, NOW)
    request = ThresholdRequest.objects.get(pk=request.pk)
    assert (request.status, request.answer) == ("REJECTED", "您的账户已关闭。")
    told = Notice.objects.get(kind="THRESHOLD_ANSWERED")
    assert "Your billing threshold stays at 200.00" in letters.sentence(told).replace("\xa0", " ")


PAGES = ["", "billing/outlook/", "billing/settings/", "billing/charges/", "billing/pricing/",
         "billing/invoices/", "credit/limit/", "credit/raise/", "credit/check/",
         "credit/proceeds/"]  # fmt: skip
FORECASTS = ["Next bill", "Next plan fee", "Likely", "Left to the threshold", "at this pace",
             "your next review", "Next review"]  # fmt: skip


@pytest.mark.full  # nor is a form offered
def test_nothing_is_forecast(shop: Shop) -> None:
    owner = proved(member(shop))
    for path in PAGES:
        page = text_of(owner.get(f"/m/rosewood/{path}"))
        assert [words for words in FORECASTS if words.lower() in page.lower()] == [], path
    seen = forecast.forecast(shop.account, today=date(2026, 11, 10))
    assert (seen.threshold_on, seen.next_invoice_on, seen.next_invoice) == (None, None, None)
    assert seen.coming == []
    browser = everything()
    overview = text_of(browser.get(reverse("backoffice:merchant", args=["rosewood"])))
    assert "Next bill none" in overview
    assert "at this pace" not in overview
    record = text_of(
        browser.get(reverse("admin:billing_billingaccount_change", args=[shop.merchant.pk]))
    )
    assert "plan on" not in record
    assert "1 Dec" not in record


def test_the_merchants_pages_offer_no_form_without_effect(shop: Shop) -> None:
    owner = proved(member(shop))
    pages = {
        path: owner.get(f"/m/rosewood/{path}").content.decode()
        for path in ("billing/settings/", "credit/raise/", "credit/limit/", "credit/orders/")
    }
    words = ("ask_raise", "raise/ask", 'threshold/"', "pause", "caps")
    forms = {path: [word for word in words if word in page] for path, page in pages.items()}
    assert forms == {path: [] for path in forms}


@pytest.mark.parametrize(
    ("path", "said"),
    some([
        ("credit/raise/ask/", {"limit_wanted": "999999", "message": "More.", "request_key": "f"}),
        ("billing/settings/threshold/",
         {"threshold": "9999", "message": "More.", "request_key": "f"}),
        ("credit/limit/pause/", {"paused": "yes"}),
        ("credit/limit/caps/", {"order_cap": "10"}),
    ], 4),
)  # fmt: skip
def test_a_form_that_is_sent_all_the_same_is_refused(
    shop: Shop, path: str, said: dict[str, str]
) -> None:
    owner = proved(member(shop))
    with nothing_changes():
        page = owner.post(f"/m/rosewood/{path}", said, follow=True)
    assert "Your account was closed" in text_of(page) or "Your account is closed" in text_of(page)
