"""In a browser: all is withdrawn with one click, and the figures follow what is typed."""

from collections.abc import Callable, Collection

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from django.conf import LazySettings
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from credit.models import Withdrawal
from tests.credit.withdrawing import NOW, fees, shop_with
from tests.e2e.signing_in import by_session, sends
from tests.factories import member

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NEW = "/m/rosewood/credit/withdrawals/new/"
ALL = (375, 768, 1280)
SPEND = ["296.53 USD", "3.47 USD", "300.00 USD", "0.00 USD"]


def fits_and_axe_finds_nothing(page: Page, widths: Collection[int]) -> None:
    """Check that the page fits each width, and that axe finds nothing wrong with it, also in the
    dark; not so without a width.
    """
    if not widths:
        return
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        assert Axe().run(page).response["violations"] == [], width
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.emulate_media(color_scheme="dark")
    assert Axe().run(page).response["violations"] == []
    page.emulate_media(color_scheme="light")


@pytest.mark.full  # credit/test_withdrawal_pages withdraws, and pages/test_live follows
@pytest.mark.parametrize("widths", [(), ALL])
def test_all_is_filled_in_and_what_it_costs_follows_what_is_typed(
    page: Page,
    live_server: LiveServer,
    settings: LazySettings,
    clock: Callable[[str], None],
    widths: tuple[int, ...],
) -> None:
    settings.TAEL_SANDBOX = True  # a demonstration asks for no second factor
    fees(percent="1", fixed="0.50")
    shop = shop_with("300.00")
    clock(NOW)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    by_session(page, live_server, member(shop), NEW)
    figures = page.locator("#figures dd")
    amount = page.get_by_label("Amount in USD")
    page.get_by_role("link", name="Withdraw all").click()
    expect(amount).to_have_value("296.53")
    expect(figures).to_have_text(SPEND)
    amount.fill("100")
    expect(figures).to_have_text(["100.00 USD", "1.50 USD", "101.50 USD", "198.50 USD"])
    amount.fill("300")
    expect(page.locator("#figures")).to_have_text(
        "Amount and fee are more than you can withdraw now."
    )
    page.get_by_role("link", name="Withdraw all").click()
    expect(figures).to_have_text(SPEND)
    fits_and_axe_finds_nothing(page, widths)
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("main dd").nth(2)).to_have_text("0.00 USD")
    sends(page, "Confirm the withdrawal")
    withdrawal = Withdrawal.objects.get()
    assert f"{withdrawal.amount.amount:.2f}" == "296.53"
    fits_and_axe_finds_nothing(page, widths)
    page.get_by_role("button", name=f"Copy {withdrawal.reference}").click()
    expect(page.locator(".titled [aria-live]")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == withdrawal.reference
    page.get_by_role("link", name="the sales that it pays out").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    fits_and_axe_finds_nothing(page, widths)
