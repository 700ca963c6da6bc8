"""Two billing officers open a closed account again in the admin (rule 19.10)."""

import pytest
from django.test import Client
from django.urls import reverse

from merchants.models import Proposal
from tests import shops
from tests.billing import deciding
from tests.credit.pages import set_clock
from tests.factories import browser_of, member, operator
from tests.factories.people import showed
from tests.shops import Shop
from tests.text import text_of
from tests.unchanged import nothing_changes
from tests.whole import some

pytestmark = pytest.mark.django_db

OURS, THEIRS = "They paid all that was open.", "Welcome back."


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop that was closed on 10 Nov 2026, seen on 5 Jan 2027."""
    set_clock(monkeypatch)("2027-01-05 09:00")
    shop = shops.join("2026-11-01 10:00", plan_price="39.00", billing_threshold="1000.00")
    deciding.close(shop, "2026-11-10 12:00")
    shop.run_jobs("2027-01-05 00:00")
    return shop


def page(shop: Shop) -> str:
    """The address where the account is reopened."""
    return reverse("admin:billing_billingaccount_decide", args=[shop.merchant.pk, "reopen"])


def is_closed(shop: Shop) -> bool:
    return shop.account.is_closed


def send(browser: Client, shop: Shop) -> str:
    """The page after the form that reopens the account was sent."""
    said = {"reason": OURS, "told": THEIRS, **showed(browser, page(shop))}
    return text_of(browser.post(page(shop), said, follow=True))


@pytest.mark.full  # a stale page in test_stale_pages.py
def test_a_plan_date_that_passed_since_the_page_was_opened_is_shown_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_clock(monkeypatch)("2026-11-30 23:00")
    shop = shops.join("2026-11-01 10:00", plan_price="39.00", credit_limit="0")
    deciding.close(shop, "2026-11-10 12:00")
    browser = browser_of(operator("Billing officer"))
    assert "nothing is charged now" in text_of(browser.get(page(shop)))
    said = {"reason": OURS, **showed(browser, page(shop))}
    set_clock(monkeypatch)("2026-12-01 01:00")
    answer = text_of(browser.post(page(shop), said))
    assert "Plan starts anew: it was no when this page was opened, and is yes now." in answer
    assert "starts anew today" in answer
    assert (shop.account.is_closed, len(shop.invoices())) == (True, 1)


@pytest.mark.full  # one proposes and another confirms in test_reopening.py
def test_two_officers_open_an_account_again_in_the_admin(shop: Shop) -> None:
    first = browser_of(operator("Billing officer", email="one@tael.example"))
    shown = text_of(first.get(page(shop)))
    assert "The plan basic starts anew today: 39.00 USD every 30 days" in shown
    assert "Limit for new orders 0.00 USD 5,000.00 USD" in shown
    assert "Plan fee of today 0.00 USD 39.00 USD" in shown
    assert "Nothing has changed yet: this takes a second person." in send(first, shop)
    assert is_closed(shop)
    proposal = Proposal.objects.get()
    confirm = reverse("admin:merchants_proposal_decide", args=[proposal.pk, "confirm"])
    with nothing_changes():
        assert "somebody else has to confirm it" in text_of(first.post(confirm, follow=True))
    second = browser_of(operator("Billing officer", email="two@tael.example"))
    read = text_of(second.get(confirm))
    assert OURS in read
    assert f"The merchant will read: {THEIRS}" in read
    second.post(confirm)
    assert not is_closed(shop)
    assert shop.invoices()[1:] == ["2027-01-05 SUBSCRIPTION 39.00"]
    owner = browser_of(member(shop))
    assert THEIRS in text_of(owner.get("/m/rosewood/notices/"))
    overview = text_of(second.get(reverse("backoffice:merchant", args=["rosewood"])))
    assert "is closed" not in overview


@pytest.mark.parametrize("role", some(["Credit officer", "Auditor", "Administrator"], 3))
def test_nobody_else_opens_it(shop: Shop, role: str) -> None:
    browser = browser_of(operator(role))
    with nothing_changes():
        assert browser.get(page(shop)).status_code == 403
        assert browser.post(page(shop), {"reason": OURS}).status_code == 403
