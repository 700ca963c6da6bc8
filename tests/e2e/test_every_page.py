"""In a browser, every page: it fits its screen, axe finds nothing and the console is silent.

`make test` looks at the page of every 32nd address on a telephone, `make test-full` at all of them
at every width, in every language, light and dark.
"""

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from merchants.models import User
from tests import routes, shops
from tests.factories import MembershipFactory, browser_of, member

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


SOME, ALL = 32, 1
LOOKS = [
    pytest.param(width, scheme, language, ALL, marks=pytest.mark.full)
    for width in (360, 768, 1440)
    for scheme in ("light", "dark")
    for language in ("en", "zh-hans", "th")
]


@pytest.mark.parametrize(
    ("width", "scheme", "language", "every"), [(360, "light", "en", SOME), *LOOKS]
)
def test_it_fits_its_screen_and_axe_finds_nothing(
    browser: Browser, live_server: LiveServer, width: int, scheme: str, language: str, every: int
) -> None:
    shop = routes.full_shop()
    owner = member(shop)
    User.objects.filter(pk=owner.pk).update(language=language)
    MembershipFactory.create(
        user=owner, merchant=shops.join("2026-10-01 09:00", "second-shop").merchant
    )
    client = browser_of(owner)
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
        locale={"zh-hans": "zh-CN", "th": "th-TH"}.get(language, "en-US"),
    )
    found = looked_through(context, live_server, routes.PAGES_BEFORE_THE_SIGN_IN)
    sign_in(context, client, live_server)
    found += looked_through(context, live_server, routes.pages(shop, client, every))
    assert found == []


def looked_through(
    context: BrowserContext, server: LiveServer, addresses: list[str] | tuple[str, ...]
) -> list[str]:
    """What is wrong with these pages."""
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
        problems += [f"{where}: {problem}" for problem in (*too_wide(page), *violations(page))]
    page.close()
    return [problem for problem in problems if ": verbose " not in problem]


def too_wide(page: Page) -> list[str]:
    size = page.viewport_size
    assert size is not None
    width = page.evaluate("document.documentElement.scrollWidth")
    return [] if width <= size["width"] else [f"is {width} pixels wide"]


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {rule['nodes'][0]['html']}" for rule in found]


def sign_in(context: BrowserContext, client: Client, server: LiveServer) -> None:
    """Let the browser go on in the client's session."""
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": server.url}])
