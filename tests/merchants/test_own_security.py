"""What people do about their own account: address, password, second factors, sessions."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from merchants.models import User
from tests import codes
from tests.factories import PASSWORD, UserFactory, browser_of
from tests.text import text_of

pytestmark = pytest.mark.django_db

ADDRESS = "/accounts/email/"
SESSIONS = "/accounts/sessions/"
TOTP = "/accounts/2fa/totp/activate/"


@pytest.fixture
def user() -> User:
    """A person with an account."""
    return UserFactory.create(email="mei@shop.example")


def signed_in(email: str = "mei@shop.example", password: str = PASSWORD) -> Client:
    """A client that signed in by the form, and gave the password once more, as the pages below
    require.
    """
    client = Client(headers={"User-Agent": f"Browser of {email}"})
    client.post("/accounts/login/", {"login": email, "password": password})
    client.post("/accounts/reauthenticate/", {"password": password})
    return client


def test_a_new_address_counts_once_its_link_was_followed(user: User) -> None:
    client = signed_in()
    client.post(ADDRESS, {"action_add": "", "email": "new@shop.example"})
    assert "It changes to new@shop.example as soon as" in text_of(client.get(ADDRESS))
    assert User.objects.get().email == "mei@shop.example"
    link = re.search(r"/accounts/confirm-email/\S+/", str(mail.outbox[-1].body))
    assert link
    client.post(link[0])
    assert User.objects.get().email == "new@shop.example"


@pytest.mark.parametrize(
    "form", [{"action_add": ""}, {"action_remove": ""}, {"action_primary": ""}]
)
def test_an_account_is_never_left_without_its_address(form: dict[str, str]) -> None:
    """Even if somebody got in with an address that nobody has proved."""
    client = browser_of(UserFactory.create(email="mei@shop.example", proved=False))
    client.get(ADDRESS)
    for email in ("new@shop.example", "mei@shop.example"):
        client.post(ADDRESS, form | {"email": email})
    assert User.objects.get().email == "mei@shop.example"
    assert "do not know yet whether this address is yours" in text_of(client.get(ADDRESS))


def test_sessions_elsewhere_are_ended(user: User) -> None:
    here, elsewhere = signed_in(), signed_in()
    assert text_of(here.get(SESSIONS)).count("Browser of mei@shop.example") == 2
    here.post(SESSIONS)
    assert here.get(SESSIONS).status_code == 200
    assert elsewhere.get(SESSIONS).status_code == 302


def test_nobody_sees_or_ends_the_sessions_of_others(user: User) -> None:
    UserFactory.create(email="eve@shop.example")
    here, eve = signed_in(), signed_in("eve@shop.example")
    assert "mei@" not in text_of(eve.get(SESSIONS))
    eve.post(SESSIONS)
    assert here.get(SESSIONS).status_code == 200


def test_a_second_factor_is_asked_for_at_the_next_sign_in(
    user: User,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = signed_in()
    page = client.get(TOTP)
    secret = page.context["form"].secret
    assert secret in page.content.decode()
    assert "data:image/svg+xml" in page.content.decode()
    codes.hold(monkeypatch, timezone.now())
    code = codes.code_of(secret)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(TOTP, {"code": code})
    client.post("/accounts/2fa/reauthenticate/", {"code": code})
    assert client.get("/accounts/2fa/recovery-codes/").status_code == 200
    again = Client()
    again.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert "_auth_user_id" not in again.session


@pytest.mark.full  # by mail in test_lock_out.py
def test_a_new_password_takes_the_old_ones_place(user: User) -> None:
    client, elsewhere = signed_in(), signed_in()
    new = {"password1": "a long one indeed", "password2": "a long one indeed"}
    client.post("/accounts/password/change/", {"oldpassword": PASSWORD, **new})
    assert client.get(SESSIONS).status_code == 200
    assert elsewhere.get(SESSIONS).status_code == 302
    old = Client()
    old.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert "_auth_user_id" not in old.session
    assert "_auth_user_id" in signed_in(password="a long one indeed").session
