"""No operator gets into the admin by a password alone."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from credit.models import CreditLine
from merchants.models import User
from tests import codes
from tests.backoffice.admin_roles import DECIDED
from tests.codes import code_of
from tests.factories import PASSWORD, AuthenticatorFactory, browser_of, operator, signed_in
from tests.routes import full_shop

pytestmark = pytest.mark.django_db

PAGES = ("/admin/", "/admin/credit/creditline/", "/admin/merchants/user/add/", "/admin/jsi18n/")
SET_UP = "/accounts/2fa/"
CONFIRM = "/accounts/2fa/reauthenticate/"


@pytest.fixture(autouse=True)
def no_code_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Codes of authenticators stay valid during the test."""
    codes.hold(monkeypatch, timezone.now())


def with_totp(user: User) -> str:
    """The secret of an authenticator that the person now has."""
    secret = str(generate_totp_secret())
    TOTP.activate(user, secret)  # which encrypts it, as setting one up does
    return secret


@pytest.mark.parametrize("page", PAGES)
def test_who_has_no_second_factor_is_sent_to_set_one_up(page: str) -> None:
    client = signed_in(operator("Administrator"))
    for answer in (client.get(page), client.post(page)):
        assert (answer.status_code, answer.headers["Location"]) == (302, SET_UP)
    assert "Operators need a second factor" in client.get(SET_UP).text


def test_a_passkey_and_recovery_codes_count_for_what_they_are() -> None:
    user = operator("Auditor")
    AuthenticatorFactory.create(user=user, type="recovery_codes")
    assert signed_in(user).get("/admin/").headers["Location"] == SET_UP
    AuthenticatorFactory.create(user=user, type="webauthn")
    assert signed_in(user).get("/admin/").headers["Location"].startswith(CONFIRM)


def test_who_has_one_and_gave_only_a_password_confirms_it_and_goes_on() -> None:
    user = operator("Auditor")
    secret, client = with_totp(user), signed_in(user)
    asked = client.get("/admin/credit/order/?status=OPEN").headers["Location"]
    assert asked == f"{CONFIRM}?next=%2Fadmin%2Fcredit%2Forder%2F%3Fstatus%3DOPEN"
    answer = client.post(asked, {"code": code_of(secret)})
    assert answer.headers["Location"] == "/admin/credit/order/?status=OPEN"
    assert client.get("/admin/").status_code == 200


def test_a_decision_that_is_sent_without_one_is_not_taken() -> None:
    line = full_shop().line
    assert "limit" in DECIDED["credit.creditline"][1]
    client = signed_in(operator("Credit officer"))
    sent = {"limit": "99000", "reason": "because"}
    answer = client.post(f"/admin/credit/creditline/{line.pk}/decide/limit/", sent)
    assert answer.headers["Location"] == SET_UP
    assert CreditLine.objects.get(pk=line.pk).limit == line.limit


def test_signing_in_with_both_factors_leads_straight_in() -> None:
    user = operator("Auditor")
    secret, client = with_totp(user), Client()
    client.post("/accounts/login/?next=/admin/", {"login": user.email, "password": PASSWORD})
    assert client.get("/admin/").headers["Location"].startswith("/admin/login/")
    answer = client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert answer.headers["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_a_second_factor_that_was_taken_away_counts_no_longer() -> None:
    user = operator("Auditor")
    client = browser_of(user)
    assert client.get("/admin/").status_code == 200
    Authenticator.objects.filter(user=user).delete()
    assert client.get("/admin/").headers["Location"] == SET_UP


def test_everybody_may_sign_out() -> None:
    client = signed_in(operator("Auditor"))
    assert client.post("/admin/logout/").status_code in (200, 302)
    assert "_auth_user_id" not in client.session


def test_a_demonstration_asks_for_none(settings: Settings) -> None:
    settings.TAEL_SANDBOX = True
    assert signed_in(operator("Auditor")).get("/admin/").status_code == 200
