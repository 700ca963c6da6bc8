"""Guessing is stopped, and no answer tells who has an account."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from pytest_django import Settings

from merchants.models import User
from tests.factories import PASSWORD, UserFactory
from tests.text import text_of

pytestmark = pytest.mark.django_db

SIGN_IN = "/accounts/login/"
RESET = "/accounts/password/reset/"


@pytest.fixture(autouse=True)
def mei() -> User:
    """A person with an account."""
    return UserFactory.create(email="mei@shop.example")


def sign_in(email: str, password: str, ip: str = "10.0.0.1", **headers: str) -> bool:
    """Whether this person comes in with this password, from this address."""
    client = Client(REMOTE_ADDR=ip, headers=headers)
    client.post(SIGN_IN, {"login": email, "password": password})
    return "_auth_user_id" in client.session


def test_after_five_wrong_passwords_the_right_one_is_refused_too() -> None:
    UserFactory.create(email="ann@shop.example")
    for guess in range(5):
        assert not sign_in("mei@shop.example", f"guess {guess}")
    assert not sign_in("mei@shop.example", PASSWORD)
    assert not sign_in("MEI@shop.example", PASSWORD, ip="10.0.0.2")  # the address is locked
    assert sign_in("ann@shop.example", PASSWORD, ip="10.0.0.2")  # and no other


def test_four_wrong_passwords_lock_nobody_out() -> None:
    for guess in range(4):
        sign_in("mei@shop.example", f"guess {guess}")
    assert sign_in("mei@shop.example", PASSWORD)


def test_trying_one_password_at_many_addresses_locks_where_that_comes_from() -> None:
    for number in range(20):
        sign_in(f"person{number}@shop.example", "password1")
    assert not sign_in("mei@shop.example", PASSWORD)
    assert sign_in("mei@shop.example", PASSWORD, ip="10.0.0.2")


@pytest.mark.full  # behind one, below
def test_without_a_proxy_nobody_names_another_address_as_their_own() -> None:
    for number in range(20):
        forged = {"X-Forwarded-For": f"192.0.2.{number}"}
        sign_in(f"person{number}@shop.example", "password1", **forged)
    assert not sign_in("mei@shop.example", PASSWORD, **{"X-Forwarded-For": "192.0.2.99"})


def test_behind_a_proxy_the_last_address_is_the_clients(settings: Settings) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    for number in range(20):
        chain = {"X-Forwarded-For": f"192.0.2.{number}, 198.51.100.7"}
        sign_in(f"person{number}@shop.example", "password1", **chain)
    assert not sign_in("mei@shop.example", PASSWORD, **{"X-Forwarded-For": "198.51.100.7"})
    assert sign_in("mei@shop.example", PASSWORD, **{"X-Forwarded-For": "198.51.100.8"})


def test_a_wrong_password_and_an_unknown_address_get_one_answer() -> None:
    pages = [
        Client().post(SIGN_IN, {"login": email, "password": "wrong one"})
        for email in ("mei@shop.example", "nobody@shop.example")
    ]
    assert {page.status_code for page in pages} == {200}
    mine, nobodys = map(text_of, pages)
    assert mine.replace("mei@shop", "") == nobodys.replace("nobody@shop", "")


def test_an_unknown_address_costs_a_password_hash_as_a_known_one_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hashed: list[str] = []
    monkeypatch.setattr(User, "set_password", lambda self, password: hashed.append(password))
    sign_in("nobody@shop.example", "wrong one")
    assert hashed == ["wrong one"]


def test_asking_for_a_new_password_tells_nobody_who_has_an_account() -> None:
    answers = [
        Client().post(RESET, {"email": email})
        for email in ("mei@shop.example", "nobody@shop.example")
    ]
    assert len({(answer.status_code, answer.headers["Location"]) for answer in answers}) == 1
    assert [one.to for one in mail.outbox] == [["mei@shop.example"], ["nobody@shop.example"]]
    assert "/accounts/signup/" not in str(mail.outbox[1].body)


def test_a_new_password_by_mail_ends_all_sessions_and_proves_the_address() -> None:
    user = UserFactory.create(email="olga@tael.example", proved=False)
    here = Client()
    here.force_login(user)
    Client().post(RESET, {"email": user.email})
    link = re.search(r"http://\S+(/accounts/password/reset/key/\S+)", str(mail.outbox[0].body))
    assert link
    reader = Client()
    form = reader.get(link[1]).headers["Location"]
    new = "a long one indeed"
    assert reader.post(form, {"password1": new, "password2": new}).status_code == 302
    assert here.get("/accounts/2fa/").status_code == 302  # to sign in
    assert EmailAddress.objects.get(user=user).verified
    assert sign_in(user.email, new)
    assert "Location" not in Client().get(link[1]).headers  # it works once


def test_nobody_signs_in_with_an_address_that_is_not_proved() -> None:
    User.objects.create_superuser("root@tael.example", PASSWORD)
    assert not sign_in("root@tael.example", PASSWORD)
    (letter,) = mail.outbox
    assert letter.to == ["root@tael.example"]
    link = re.search(r"/accounts/confirm-email/\S+/", str(letter.body))
    assert link
    Client().post(link[0])
    assert sign_in("root@tael.example", PASSWORD)


def test_a_session_lasts_a_working_day_and_is_for_this_host(settings: Settings) -> None:
    client = Client()
    form = {"login": "mei@shop.example", "password": PASSWORD, "remember": "on"}
    client.post(SIGN_IN, form)
    cookie = client.cookies["sessionid"]
    assert cookie["max-age"] == 12 * 60 * 60
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert cookie["domain"] == ""
