"""A day of each role at its desk, in a browser: what it sees, decides, proposes and confirms, on a
small screen and on a large one. No page is wider than its screen. `make test` has one operator's
morning, in test_operators_morning.
"""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from django.conf import LazySettings
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from billing.models import Charge, Invoice
from credit.models import Order
from merchants.models import Note, Proposal
from tests.amounts import usd
from tests.backoffice.shops_with_work import NOW, rosewood
from tests.credit.pages import set_clock
from tests.e2e.signing_in import by_session, sends
from tests.factories import operator
from tests.shops import Shop
from trail.models import TrailEntry

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.full]
SMALL, LARGE = (1280, 800), (1920, 1080)
OLGA, OTTO = "olga@tael.example", "otto@tael.example"
SignIn = Callable[..., "Desk"]


class Desk:
    """An operator's browser, signed in."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url

    def go(self, path: str) -> None:
        """Open a page of the admin, which has to fit the screen."""
        self.page.goto(f"{self.url}/admin/{path}")
        self.fits()

    def press(self, link: str) -> None:
        """Follow the link, to a page that has to fit the screen."""
        with self.page.expect_navigation():
            self.page.get_by_role("link", name=link, exact=True).first.click()
        self.fits()

    def decide(self, button: str, menu: str = "", **said: str) -> None:
        """On a row's page, open the decision (of this menu, if it has one), fill in its form and
        send it. The page that follows has to fit the screen.
        """
        if menu:
            self.page.locator("a, button", has_text=re.compile(rf"^\s*{menu}\b")).first.click()
        self.press(button)
        for name, value in said.items():
            field = self.page.locator(f"[name={name}]")
            if field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)
        sends(self.page, button)
        self.fits()

    def says(self, words: str) -> None:
        """Check that the page says these words."""
        expect(self.page.locator("body")).to_contain_text(words)

    def fits(self) -> None:
        """Check that the page is not wider than its screen."""
        width = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert width <= 0, f"{self.page.url} is {width} pixels too wide"


@pytest.fixture
def shop(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop with work for operators, at NOW."""
    settings.TAEL_SANDBOX = True
    set_clock(monkeypatch)(NOW)
    return rosewood(settings)


@pytest.fixture
def sign_in(browser: Browser, live_server: LiveServer) -> Iterator[SignIn]:
    """Opens the admin for somebody new in a role, on a screen of this size."""
    contexts = []

    def open_for(role: str, screen: tuple[int, int], email: str = OLGA) -> Desk:
        person = operator(role, email=email)
        context = browser.new_context(viewport={"width": screen[0], "height": screen[1]})
        contexts.append(context)
        page = context.new_page()
        by_session(page, live_server, person, "/admin/")
        expect(page.get_by_role("heading", name="What waits")).to_be_visible()
        return Desk(page, live_server.url)

    yield open_for
    for context in contexts:
        context.close()


def test_a_credit_officers_day(shop: Shop, sign_in: SignIn) -> None:
    olga = sign_in("Credit officer", SMALL)
    olga.says("Withdrawals to approve")
    olga.go("merchant/rosewood/")
    olga.says("14,880.00 USD")
    olga.decide("Write a note", text="Asks for winter goods each November.")
    assert Note.objects.get().written_by == OLGA

    olga.go(f"credit/creditline/{shop.line.pk}/change/")
    olga.decide("Change limit", limit="40000", reason="A good year.", told="A good year.")
    olga.says("this takes a second person")
    olga.go(f"credit/order/{Order.objects.get(reference='A-1').pk}/change/")
    olga.decide("Refund", amount="20.00", reference="R-77", reason="Ticket 812.")
    assert shop.order("A-1") == ("OPEN", "100.00")

    otto = sign_in("Credit officer", LARGE, OTTO)
    otto.go(f"merchants/proposal/{Proposal.objects.get().pk}/change/")
    otto.decide("Confirm")
    assert shop.limit()[0] == "40000.00"

    olga.go("reports/declined-orders/?start=2026-11-01&end=2026-11-30")
    olga.says("90,000.00 USD")
    olga.page.get_by_role("link", name="90,000.00 USD").first.click()
    olga.says("A-2")


def test_a_billing_officers_day(shop: Shop, sign_in: SignIn) -> None:
    olga = sign_in("Billing officer", LARGE)
    olga.says("Bills that were not paid when due")
    olga.go(f"billing/billingaccount/{shop.account.pk}/change/")
    olga.decide(
        "Charge by hand", fee="manual-account", description="Pallets", service_on="2026-12-01",
        quantity="1", amount="12.00", reason="Ticket 9.", told="Pallets that you ordered.",
    )  # fmt: skip
    assert Charge.objects.get(fee="manual-account").amount == usd("12.00")

    (unpaid,) = Invoice.objects.filter(status="OPEN")
    assert unpaid.left_to_pay == usd("225.50")
    olga.go(f"billing/invoice/{unpaid.pk}/change/")
    olga.decide(
        "Waive", "Collecting", amount="25.50", reason="Our mistake.", told="We counted twice."
    )
    parts = "2026-12-10 100.00\n2026-12-20 100.00"
    olga.decide(
        "Make a payment plan", "Collecting", parts=parts, reason="They asked.", told="As agreed."
    )
    olga.says("2026-12-20")
    plan = unpaid.payment_plans.get()
    assert [part.amount.amount for part in plan.parts.order_by("due_on")] == [Decimal(100)] * 2

    olga.go("reports/receivables-by-age/")
    olga.says("200.00 USD")
    olga.go("billing/charge/?q=C-1")
    olga.says("15.50")


def test_an_auditors_day(shop: Shop, sign_in: SignIn) -> None:
    olga = sign_in("Auditor", SMALL)
    for path in ("merchant/rosewood/", f"credit/creditline/{shop.line.pk}/change/",
                 f"billing/billingaccount/{shop.account.pk}/change/", "trail/trailentry/",
                 "reports/", "lists/"):  # fmt: skip
        olga.go(path)
        for button in ("Change limit", "Freeze", "Charge by hand"):
            expect(olga.page.get_by_role("link", name=button, exact=True)).to_have_count(0)
    olga.go("merchant/rosewood/")
    olga.decide("See its pages", reason="The yearly audit.")
    assert TrailEntry.objects.filter(reason="The yearly audit.", actor=OLGA).exists()


def test_an_administrators_day(shop: Shop, sign_in: SignIn) -> None:
    operator("Administrator", email=OTTO)  # who will confirm
    olga = sign_in("Administrator", LARGE)
    olga.go("merchants/user/")
    olga.press("Add an operator")
    olga.page.get_by_label("Auditor").check()
    olga.page.locator("[name=email]").fill("new@tael.example")
    olga.page.locator("[name=reason]").fill("Starts today.")
    sends(olga.page, "Add an operator")
    olga.says("waits for another administrator's confirmation")
    olga.go("merchants/operatorpolicy/")
    expect(olga.page.get_by_role("link", name="New version", exact=True).first).to_be_visible()
    olga.go("jobs/jobrun/")
    olga.go("merchant/rosewood/")
    expect(olga.page.get_by_role("link", name="Change limit", exact=True)).to_have_count(0)
