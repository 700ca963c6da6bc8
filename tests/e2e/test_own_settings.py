"""In a browser: settings and the own account, and a passkey under our Content-Security-Policy."""

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from merchants.models import User
from tests import shops
from tests.e2e.signing_in import by_form, sends
from tests.e2e.test_every_page import violations
from tests.factories import PASSWORD, member

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = [
    "/m/rosewood/notices/",
    "/m/rosewood/settings/team/",
    "/m/rosewood/settings/team/invite/",
    "/m/rosewood/settings/notifications/",
    "/m/rosewood/settings/profile/",
    "/accounts/email/",
    "/accounts/sessions/",
    "/accounts/2fa/webauthn/",
    "/accounts/2fa/totp/activate/",
]


@pytest.fixture
def owner() -> User:
    """The owner of a new shop."""
    user = member(shops.join("2026-10-01 09:00"))
    return user


def confirm_password(page: Page, server: LiveServer) -> None:
    """Type the password once more, as the page asks."""
    page.goto(f"{server.url}/accounts/reauthenticate/")
    page.get_by_label("Password").fill(PASSWORD)
    sends(page, "Confirm")


@pytest.mark.full  # other pages are looked at in test_every_page
@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1440, "light")])
def test_the_settings_fit_their_screen_and_axe_finds_nothing(
    owner: User, browser: Browser, live_server: LiveServer, width: int, scheme: str
) -> None:
    page = browser.new_page(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    problems: list[str] = []
    page.on("console", lambda message: problems.append(f"{message.type}: {message.text}"))
    by_form(page, live_server, owner.email)
    confirm_password(page, live_server)
    for path in PAGES:
        page.goto(f"{live_server.url}{path}")
        assert page.url == f"{live_server.url}{path}"
        assert page.evaluate("document.documentElement.scrollWidth") == width, path
        assert violations(page) == [], path
    assert [problem for problem in problems if not problem.startswith("verbose")] == []


@pytest.mark.full  # merchants/test_own_factors sets up others
def test_somebody_adds_a_passkey_and_signs_in_with_it(
    owner: User, page: Page, live_server: LiveServer
) -> None:
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    by_form(page, live_server, owner.email)
    confirm_password(page, live_server)
    page.goto(f"{live_server.url}/accounts/2fa/webauthn/add/")
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    sends(page, "Sign out")
    page.goto(f"{live_server.url}/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
