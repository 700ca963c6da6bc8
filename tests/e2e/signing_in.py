"""How a test's browser comes to be signed in: by the form, or by the session that it leaves.

The form is what tests fill in that tell of signing in, or of a whole day. To come in by it costs
two pages more, which others spare.
"""

from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from merchants.models import User
from tests.factories import PASSWORD, browser_of

SHOP = "/m/rosewood/"


def by_form(page: Page, server: LiveServer, email: str, path: str = SHOP) -> None:
    """Ask for a page, which asks to sign in first, and do so."""
    page.goto(f"{server.url}{path}")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    sends(page, "Sign in")


def sends(page: Page, button: str) -> None:
    """Send the form of this button, and wait for the page that answers it: what the form did is in
    the database by then, and the next page may be asked for.
    """
    with page.expect_navigation():
        page.get_by_role("button", name=button, exact=True).click()


def by_session(page: Page, server: LiveServer, person: User, path: str = "") -> None:
    """Let the page's browser go on in a session of the person, and open a page if one is named."""
    go_on(page.context, browser_of(person), server)
    if path:
        page.goto(f"{server.url}{path}")


def go_on(context: BrowserContext, client: Client, server: LiveServer) -> None:
    """Let the browser go on in the client's session."""
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": server.url}])
