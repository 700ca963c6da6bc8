import pytest
from django.contrib.auth import get_user_model
from django.test import Client

pytestmark = pytest.mark.django_db

SIGN_IN = "/accounts/login/"
SET_UP = "/accounts/2fa/totp/activate/"


def sign_in(client: Client, email: str, password: str) -> int:
    return client.post(SIGN_IN, {"login": email, "password": password}).status_code


def test_a_person_signs_in_by_email_address(client: Client) -> None:
    get_user_model().objects.create_user("mei@shop.example", "a long one indeed")
    assert sign_in(client, "mei@shop.example", "a long one indeed") == 302
    assert "_auth_user_id" in client.session


def test_nobody_signs_up_without_an_invitation(client: Client) -> None:
    form = {"email": "stranger@shop.example", "password1": "a long one indeed"}
    client.post("/accounts/signup/", form | {"password2": form["password1"]})
    assert not get_user_model().objects.exists()


def test_asking_for_a_new_password_does_not_tell_who_has_an_account(client: Client) -> None:
    get_user_model().objects.create_user("mei@shop.example", "a long one indeed")
    answers = {
        client.post("/accounts/password/reset/", {"email": email}).headers["Location"]
        for email in ("mei@shop.example", "nobody@shop.example")
    }
    assert len(answers) == 1


def test_guessing_a_password_is_stopped_even_when_the_guess_is_right(client: Client) -> None:
    get_user_model().objects.create_user("mei@shop.example", "a long one indeed")
    for guess in range(10):
        sign_in(client, "mei@shop.example", f"guess {guess}")

    assert sign_in(client, "mei@shop.example", "a long one indeed") != 302
    assert "_auth_user_id" not in client.session


def test_a_second_factor_is_set_up_only_after_the_password_was_given_again(client: Client) -> None:
    get_user_model().objects.create_user("mei@shop.example", "a long one indeed")
    sign_in(client, "mei@shop.example", "a long one indeed")
    client.get("/accounts/email/")  # the address is on file from here on, unverified
    assert "/reauthenticate/" in client.get(SET_UP).headers["Location"]

    client.post("/accounts/reauthenticate/", {"password": "a long one indeed"})

    assert client.get(SET_UP).status_code == 200


def test_the_admin_is_entered_through_the_same_door(client: Client) -> None:
    answer = client.get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0].startswith(SIGN_IN)


def test_pages_may_load_only_what_we_serve_and_nothing_inline(client: Client) -> None:
    policy = client.get(SIGN_IN).headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_only_the_admin_may_do_what_its_theme_needs(client: Client) -> None:
    get_user_model().objects.create_superuser("root@tael.example", "a long one indeed")
    assert sign_in(client, "root@tael.example", "a long one indeed") == 302
    policy = client.get("/admin/").headers["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-eval'" in policy
    assert "script-src 'self' 'unsafe-inline'" not in policy
