"""In a browser, without a mouse: Tab reaches all that can be used, and shows where it is."""

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests import routes
from tests.e2e.signing_in import go_on
from tests.factories import browser_of, member

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Numbers what can be used; of radio buttons with one name, Tab stops at one.
NUMBER_THEM = """() => {
  const radios = new Set();
  return [...document.querySelectorAll("a[href], button, input, select, textarea, summary,"
      + " [tabindex='0']")]
    .filter((one) => !one.disabled && one.type !== "hidden" && one.checkVisibility())
    .filter((one) => one.type !== "radio" || (!radios.has(one.name) && radios.add(one.name)))
    .map((one, number) => {
      one.dataset.tab = one.type === "radio" ? one.name : number;
      return one.outerHTML.slice(0, 160);
    });
}"""
# Tab goes on from what had the focus last, even if that has lost it.
TO_THE_START = """() => {
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
}"""
WHERE_IT_IS = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one);
  const hasOutline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  const place = one.getBoundingClientRect();
  return {
    key: one.type === "radio" ? one.name : one.dataset.tab,
    html: one.outerHTML.slice(0, 160),
    isShown: hasOutline || style.boxShadow !== "none",
    isOnScreen: place.bottom > 0 && place.top < innerHeight && place.right > 0,
  };
}"""


def walked(page: Page) -> list[str]:
    """What is wrong with the way that Tab takes through the page."""
    wanted = page.evaluate(NUMBER_THEM)
    page.evaluate(TO_THE_START)
    problems, reached = [], set()
    dates = page.locator("input[type=date]").count()  # day, month, year and calendar each
    for _turn in range(len(wanted) + 5 + 3 * dates):
        page.keyboard.press("Tab")
        at = page.evaluate(WHERE_IT_IS)
        if at is None:
            break
        reached.add(at["key"])
        if not at["isShown"]:
            problems.append(f"does not show its focus: {at['html']}")
        if not at["isOnScreen"]:
            problems.append(f"is not on the screen when focused: {at['html']}")
    if len(reached) < len(wanted):
        missed = page.evaluate(
            "(reached) => [...document.querySelectorAll('[data-tab]')]"
            ".filter((one) => !reached.includes(one.dataset.tab))"
            ".map((one) => one.outerHTML.slice(0, 160))",
            sorted(key for key in reached if key),
        )
        problems += [f"is not reached: {html}" for html in missed]
    return problems


@pytest.mark.full  # where Tab stops first is below
@pytest.mark.parametrize("every", [48, 1])
def test_tab_reaches_everything_on_every_page(
    browser: Browser, live_server: LiveServer, every: int
) -> None:
    """On the pages of every 48th address, and on all."""
    shop = routes.full_shop()
    client = browser_of(member(shop))
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    problems = []
    for address in routes.PAGES_BEFORE_THE_SIGN_IN:
        page.goto(live_server.url + address)
        problems += [f"{address} {problem}" for problem in walked(page)]
    go_on(context, client, live_server)
    for address in routes.pages(shop, client, every):
        page.goto(live_server.url + address)
        problems += [f"{address} {problem}" for problem in walked(page)]
    assert problems == []


@pytest.fixture
def telephone(browser: Browser, live_server: LiveServer) -> Page:
    """The start page of a shop's owner, on a screen of 360 × 740."""
    shop = routes.full_shop()
    context = browser.new_context(viewport={"width": 360, "height": 740})
    go_on(context, browser_of(member(shop)), live_server)
    page = context.new_page()
    page.goto(f"{live_server.url}/m/rosewood/")
    return page


def test_the_first_stop_skips_the_navigation(telephone: Page) -> None:
    telephone.keyboard.press("Tab")
    skip = telephone.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    telephone.keyboard.press("Enter")
    expect(telephone.locator("#content")).to_be_focused()
    telephone.keyboard.press("Tab")
    assert telephone.evaluate("document.activeElement.closest('main') !== null")


@pytest.mark.full  # test_reading_the_books opens it
def test_the_menu_of_a_telephone_opens_and_is_walked_through(telephone: Page) -> None:
    assert walked(telephone) == []
    menu = telephone.locator(".menu > summary")
    menu.focus()
    telephone.keyboard.press("Enter")
    navigation = telephone.get_by_role("navigation", name="Main")
    expect(navigation).to_be_visible()
    assert walked(telephone) == []
    menu.focus()
    telephone.keyboard.press("Enter")
    expect(navigation).to_be_hidden()
