"""How people sign in, and what pages may load."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from tests.factories import UserFactory, browser_of, operator

pytestmark = pytest.mark.django_db

SIGN_IN = "/accounts/login/"
GOOD = "a long one indeed"
SET_UP = "/accounts/2fa/totp/activate/"


def sign_in(client: Client, email: str, password: str) -> int:
    """The status of the answer to signing in."""
    return client.post(SIGN_IN, {"login": email, "password": password}).status_code


def test_a_person_signs_in_by_email_address(client: Client) -> None:
    UserFactory.create(email="mei@shop.example", password=GOOD)
    assert sign_in(client, "mei@shop.example", GOOD) == 302
    assert "_auth_user_id" in client.session


def test_nobody_signs_up_without_an_invitation(client: Client) -> None:
    form = {"email": "stranger@shop.example", "password1": GOOD}
    client.post("/accounts/signup/", form | {"password2": form["password1"]})
    assert not get_user_model().objects.exists()
    for page in ("signup", "password/reset"):  # neither is the end of the way
        assert '<a href="/accounts/login/">Sign in</a>' in client.get(f"/accounts/{page}/").text


def test_a_second_factor_is_set_up_only_after_the_password_was_given_again(client: Client) -> None:
    UserFactory.create(email="mei@shop.example", password=GOOD)
    sign_in(client, "mei@shop.example", GOOD)
    assert "/reauthenticate/" in client.get(SET_UP).headers["Location"]

    client.post("/accounts/reauthenticate/", {"password": GOOD})

    assert client.get(SET_UP).status_code == 200


def test_the_admin_is_entered_through_the_same_door(client: Client) -> None:
    answer = client.get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0].startswith(SIGN_IN)


def test_pages_may_load_only_what_we_serve_and_nothing_inline(client: Client) -> None:
    policy = client.get(SIGN_IN).headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_only_the_admin_may_do_what_its_theme_needs() -> None:
    policy = browser_of(operator("Auditor")).get("/admin/").headers["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-eval'" in policy
    assert "script-src 'self' 'unsafe-inline'" not in policy
