"""In a browser, every page: it fits its screen and its panels, axe finds nothing and the console is
silent.

`make test` looks at the page of every 96th address in Thai, whose words are the longest; `make
test-full` at all of them in every language, light and dark.
"""

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from merchants.models import User
from tests import routes, shops
from tests.e2e.signing_in import go_on
from tests.factories import MembershipFactory, browser_of, member

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


SOME, ALL = 96, 1
WIDTHS = (320, 375, 768, 1280, 1920)
TELEPHONE = 375
LOOKED_AT_BY_AXE = (TELEPHONE, 768, 1280)
LOOKS = [
    pytest.param(scheme, language, ALL, LOOKED_AT_BY_AXE, marks=pytest.mark.full)
    for scheme in ("light", "dark")
    for language in ("en", "zh-hans", "th")
]

# What does not fit, as sentences. What scrolls by itself (.scroll) may be wider than its panel.
MISFITS = """(telephone) => {
  const found = [];
  const shown = (one) => one.checkVisibility({visibilityProperty: true}) && !one.closest(".unseen");
  const name = (one) => one.outerHTML.replace(/\\s+/g, " ").slice(0, 120);
  const root = document.documentElement;
  if (root.scrollWidth > innerWidth) found.push(`is ${root.scrollWidth} pixels wide`);
  for (const panel of document.querySelectorAll(".panel, .card, main > form")) {
    const edge = panel.getBoundingClientRect();
    for (const one of panel.querySelectorAll("*")) {
      if (!shown(one) || one.parentElement.closest(".scroll, svg, [popover]")) continue;
      const place = one.getBoundingClientRect();
      if (getComputedStyle(one).clipPath !== "none" || !place.width) continue;
      if (place.right > edge.right + 1 || place.left < edge.left - 1)
        found.push(`leaves its panel: ${name(one)}`);
    }
  }
  for (const one of document.querySelectorAll(".reference")) {
    const lines = one.getBoundingClientRect().height / parseFloat(getComputedStyle(one).lineHeight);
    if (shown(one) && one.textContent.length <= 24 && lines > 1.5)
      found.push(`a reference is broken: ${name(one)}`);
  }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const masked = texts.currentNode.data.match(/····.\\S+/);
    if (!masked || !shown(texts.currentNode.parentElement)) continue;
    const range = document.createRange();
    range.setStart(texts.currentNode, masked.index);
    range.setEnd(texts.currentNode, masked.index + masked[0].length);
    const tops = [...range.getClientRects()].map((one) => one.top);
    if (Math.max(...tops) - Math.min(...tops) > 5) found.push(`is broken: ${masked[0]}`);
  }
  if (innerWidth <= telephone)
    for (const one of document.querySelectorAll("input, select, textarea"))
      if (shown(one) && parseFloat(getComputedStyle(one).fontSize) < 16)
        found.push(`is smaller than 16 pixels: ${name(one)}`);
  return [...new Set(found)];
}"""


@pytest.mark.parametrize(
    ("scheme", "language", "every", "axe_at"), [("light", "th", SOME, (TELEPHONE,)), *LOOKS]
)
def test_it_fits_its_screen_and_axe_finds_nothing(
    browser: Browser,
    live_server: LiveServer,
    scheme: str,
    language: str,
    every: int,
    axe_at: tuple[int, ...],
) -> None:
    shop = routes.full_shop()
    owner = member(shop)
    User.objects.filter(pk=owner.pk).update(language=language)
    MembershipFactory.create(
        user=owner, merchant=shops.join("2026-10-01 09:00", "second-shop").merchant
    )
    client = browser_of(owner)
    context = browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light",
        locale={"zh-hans": "zh-CN", "th": "th-TH"}.get(language, "en-US"),
    )
    found = looked_through(context, live_server, routes.PAGES_BEFORE_THE_SIGN_IN, axe_at)
    go_on(context, client, live_server)
    found += looked_through(context, live_server, routes.pages(shop, client, every), axe_at)
    assert found == []


def looked_through(
    context: BrowserContext,
    server: LiveServer,
    addresses: list[str] | tuple[str, ...],
    axe_at: tuple[int, ...],
) -> list[str]:
    """What is wrong with these pages, each loaded once and seen at every width."""
    page = context.new_page()
    problems: list[str] = []
    where = ""
    page.on("console", lambda said: problems.append(f"{where}: {said.type} {said.text}"))
    page.on("pageerror", lambda error: problems.append(f"{where}: {error}"))
    for where in addresses:
        response = page.goto(server.url + where)
        if response is None or response.status != 200:
            problems.append(f"{where}: {response and response.status}")
        if "/login/" in page.url and "/login/" not in where:
            problems.append(f"{where}: led to {page.url}")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            found = page.evaluate(MISFITS, TELEPHONE)
            found += violations(page) if width in axe_at else []
            problems += [f"{where} at {width}: {problem}" for problem in found]
    page.close()
    return [problem for problem in problems if ": verbose " not in problem]


def violations(page: Page) -> list[str]:
    """What axe finds wrong with the page: each rule, with the first element."""
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {rule['nodes'][0]['html']}" for rule in found]
