"""An operator's morning in a browser: what waits, decided one by one, and a merchant who calls."""

import re
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from django.conf import LazySettings
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from credit.models import Withdrawal
from tests.amounts import usd
from tests.backoffice.shops_with_work import NOW, operator, rosewood
from tests.billing import deciding
from tests.credit.pages import set_clock
from tests.e2e.signing_in import by_form, by_session, sends
from tests.factories import CardFactory
from tests.shops import Shop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OLGA, OTTO = "olga@tael.example", "otto@tael.example"


@pytest.fixture
def shop(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop with a bill of 225.50 that was not paid when due, and a card since."""
    settings.TAEL_SANDBOX = True
    set_clock(monkeypatch)(NOW)
    shop = rosewood(settings)
    CardFactory.create(shop=shop, at="2026-12-01 11:55", token="t")
    return shop


@pytest.fixture
def sign_in(browser: Browser, live_server: LiveServer) -> Iterator[Callable[..., Page]]:
    """Opens a browser of its own, in which this operator has signed in, and sees what waits."""
    contexts = []

    def open_for(email: str, *, with_form: bool = False) -> Page:
        person = operator(email=email)
        context = browser.new_context(viewport={"width": 1440, "height": 1000})
        contexts.append(context)
        page = context.new_page()
        if with_form:
            by_form(page, live_server, email, "/admin/")
        else:
            by_session(page, live_server, person, "/admin/")
        expect(page.get_by_role("heading", name="What waits")).to_be_visible()
        return page

    yield open_for
    for context in contexts:
        context.close()


def home(page: Page) -> None:
    """Go to the page of what waits."""
    page.get_by_role("link", name="What waits").first.click()
    expect(page.get_by_role("heading", name="What waits")).to_be_visible()


def open_first(page: Page, queue: str) -> None:
    """Go from the home page to the first row that waits in this queue."""
    home(page)
    first_of(page, queue)


def first_of(page: Page, queue: str) -> None:
    """Go to the first row that waits in this queue, from the home page, which is open."""
    page.get_by_role("link", name=queue).click()
    page.locator("#result_list tbody th a, #result_list td.field-__str__ a").first.click()


def decide(page: Page, button: str, **said: str) -> None:
    """Take the decision of this name, with these values in its form."""
    page.get_by_role("link", name=button, exact=True).first.click()
    for name, value in said.items():
        page.locator(f"[name={name}]").fill(value)
    sends(page, button)


def says(page: Page, words: str) -> None:
    """Check that the page says these words."""
    expect(page.locator("body")).to_contain_text(words)


def test_what_waits_first_is_decided(shop: Shop, sign_in: Callable[..., Page]) -> None:
    """The beginning of the morning below."""
    olga = sign_in(OLGA, with_form=True)
    says(olga, "Withdrawals to approve")
    first_of(olga, "Raises after a review")
    decide(olga, "Approve", reason="A good year.")
    says(olga, "The raise is approved.")
    assert shop.limit() == ("30000.00", "120.00", "29880.00")


@pytest.mark.full  # its beginning is above
def test_an_operators_morning(shop: Shop, sign_in: Callable[..., Page]) -> None:
    olga = sign_in(OLGA, with_form=True)
    says(olga, "Withdrawals to approve")

    open_first(olga, "Raises after a review")
    decide(olga, "Approve", reason="A good year.")
    says(olga, "The raise is approved.")
    assert shop.limit() == ("30000.00", "120.00", "29880.00")

    open_first(olga, "Withdrawals to approve")
    decide(olga, "Approve")
    says(olga, "The withdrawal is approved.")

    otto = sign_in(OTTO)
    home(otto)
    otto.get_by_role("link", name="Withdrawals to send").click()
    otto.get_by_role("link", name="File for the bank").first.click()
    otto.get_by_role("button", name="File for the bank").click()
    says(otto, "2 withdrawals are written and count as sent.")
    sent = Withdrawal.objects.order_by("pk").values_list("status", "approved_by", "sent_by")
    assert list(sent) == [("SENT", "", OTTO), ("SENT", OLGA, OTTO)]

    open_first(olga, "Higher thresholds asked for")
    decide(olga, "Approve", reason="Pays on time.", told="You pay on time.")
    says(olga, "The threshold is raised.")
    assert shop.account.threshold == usd(500)

    open_first(olga, "Credits asked for")
    decide(olga, "Reject", reason="Seen before.", told="The photograph shows both dresses.")
    says(olga, "The credit is rejected.")
    credit = shop.account.credits.get()
    assert (credit.status, credit.reason) == ("REJECTED", "The photograph shows both dresses.")

    open_first(olga, "Bills that were not paid when due")
    decide(olga, "Record a transfer", amount="100.00", reference="KBANK-77")
    says(olga, "The transfer is recorded; 125.50 USD of the bill is left to pay, and 0.00 USD")
    decide(olga, "Collect now")
    says(olga, "of 125.50 USD: Succeeded.")
    invoice = deciding.invoice(shop, "2026-11-03")
    assert (invoice.status, invoice.left_to_pay) == ("PAID", usd(0))


@pytest.mark.full  # backoffice/test_find has the search, and the morning the pages
def test_a_merchant_calls_about_an_order(shop: Shop, sign_in: Callable[[str], Page]) -> None:
    page = sign_in(OLGA)
    page.get_by_label("Any reference").fill("A-1")
    page.get_by_role("button", name="Find").click()
    expect(page).to_have_url(re.compile(r"/admin/credit/order/\d+/change/$"))
    says(page, "120.00 USD")

    page.get_by_role("link", name="Rosewood Dresses").first.click()
    expect(page).to_have_url(re.compile(r"/admin/merchant/rosewood/$"))
    says(page, "14,880.00 USD")
    says(page, "12,000.00 USD")
    says(page, "Asked: A higher limit")

    page.get_by_role("link", name="Change limit").click()
    says(page, "The limit is 15,000.00 USD, of which 120.00 USD is used.")


@pytest.mark.full  # the merchants' pages are looked at in test_every_page
@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (360, "light"),
        (360, "dark"),
        (1440, "light"),
        (1440, "dark"),
    ],
)
def test_axe_finds_nothing_serious_in_what_is_ours(
    shop: Shop, sign_in: Callable[[str], Page], live_server: LiveServer, width: int, scheme: str
) -> None:
    page = sign_in(OLGA)
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    line = shop.line.pk
    found = []
    for address in (
        "/admin/",
        "/admin/merchant/rosewood/",
        "/admin/find/?q=A",
        f"/admin/credit/creditline/{line}/decide/limit/",
    ):
        page.goto(live_server.url + address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        result = Axe().run(page, context="#content").response["violations"]
        found += [
            f"{address} {one['id']}: {one['nodes'][0]['html']}"
            for one in result
            if one["impact"] in ("serious", "critical")
        ]
    assert found == []
