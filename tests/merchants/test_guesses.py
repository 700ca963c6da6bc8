"""Five wrong passwords or codes lock an address, through whichever door and however it is spelt."""

import time
from types import SimpleNamespace

import pytest
from allauth.core.internal import ratelimit
from allauth.mfa.totp.internal import auth
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from merchants import security_letter
from merchants.models import SecurityMail, User
from merchants.sign_in.guesses import fold
from tests import codes
from tests.codes import code_of
from tests.factories import PASSWORD, UserFactory, browser_of, confirm_second_factor

pytestmark = pytest.mark.django_db

SECRET = "JBSWY3DPEHPK3PXP"
TOO_MANY = "There were too many wrong attempts to sign in. Try again later."
SIGN_IN = "/accounts/login/"


@pytest.fixture
def mei() -> User:
    """A person with an account."""
    return UserFactory.create(email="mei@shop.example")


def sign_in(login: str, password: str, ip: str = "10.0.0.1", host: str = "testserver") -> bool:
    """Whether this person comes in with this password, from this address."""
    client = Client(REMOTE_ADDR=ip, headers={"Host": host})
    client.post(SIGN_IN, {"login": login, "password": password})
    return "_auth_user_id" in client.session


@pytest.fixture(autouse=True)
def no_code_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Codes of authenticators stay valid during the test."""
    codes.hold(monkeypatch, timezone.now())


def test_the_lock_ends_as_the_first_of_five_is_a_quarter_of_an_hour_old(
    mei: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the mail says that it is for up to 15 minutes."""
    clock = SimpleNamespace(time=time.time, monotonic=time.monotonic, sleep=time.sleep)
    monkeypatch.setattr(ratelimit, "time", clock)
    began = time.time()
    for minutes in (0, 10, 11, 12, 13):
        monkeypatch.setattr(clock, "time", lambda at=began + 60 * minutes: at)
        assert not sign_in(mei.email, "wrong")
    letter = security_letter.write(SecurityMail.objects.get(kind="LOCKED_OUT"))
    assert letter.subject == "Your account is locked for up to 15 minutes"
    assert "For up to 15 minutes nobody signs in with it" in str(letter.body)
    monkeypatch.setattr(clock, "time", lambda: began + 60 * 15 - 1)
    assert not sign_in(mei.email, PASSWORD)
    monkeypatch.setattr(clock, "time", lambda: began + 60 * 15)
    assert sign_in(mei.email, PASSWORD)


@pytest.mark.full  # another spelling, below
def test_another_port_or_host_gives_no_more_tries(mei: User, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    for number in range(5):
        assert not sign_in(mei.email, "wrong", host=f"tael{number}.example:{8000 + number}")
    assert not sign_in(mei.email, PASSWORD, host="tael.example:9999")
    assert not sign_in(mei.email, PASSWORD, ip="10.0.0.2")


def test_another_spelling_gives_no_more_tries(mei: User) -> None:
    spellings = ("MEI@shop.example", " mei@shop.example ", "mei@SHOP.example", "Mei@Shop.Example")
    for spelling in (*spellings, "mei@ſhop.example"):
        assert not sign_in(spelling, "wrong")
    assert not sign_in(mei.email, PASSWORD)


def test_spellings_of_one_mailbox_are_one_and_others_are_not() -> None:
    assert fold(" Mei@Shop.Example\u00a0") == fold("mei@shop.example") == "mei@shop.example"
    assert fold("meı@shop.example") == fold("mei@shop.example")
    assert fold("\u212aai@shop.example") == fold("kai@shop.example")
    assert fold("may@shop.example") != fold("mei@shop.example")


def test_all_doors_count_together_and_all_are_shut(mei: User) -> None:
    auth.TOTP.activate(mei, SECRET)
    inside = browser_of(mei)
    confirm_second_factor(inside, mei)
    sign_in(mei.email, "wrong")
    wrong = {"oldpassword": "wrong", "password1": "a long one", "password2": "a long one"}
    inside.post("/accounts/password/change/", wrong)
    inside.post("/accounts/2fa/reauthenticate/", {"code": "000000"})
    half = Client()
    half.post(SIGN_IN, {"login": mei.email, "password": PASSWORD})
    half.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert TOO_MANY not in half.post("/accounts/2fa/authenticate/", {"code": "000001"}).text
    # That was the fifth: the right ones are refused everywhere.
    assert TOO_MANY in half.post("/accounts/2fa/authenticate/", {"code": code_of(SECRET)}).text
    assert TOO_MANY in inside.post("/accounts/2fa/reauthenticate/", {"code": code_of(SECRET)}).text
    assert not sign_in(mei.email, PASSWORD)
    right = wrong | {"oldpassword": PASSWORD}
    inside.post("/accounts/password/change/", right)
    assert User.objects.get().check_password(PASSWORD)


@pytest.mark.full  # all doors count, above
def test_a_right_password_given_again_counts_as_the_sign_in_does(mei: User) -> None:
    inside = browser_of(mei)
    for number in range(5):
        inside.post("/accounts/reauthenticate/", {"password": f"wrong {number}"})
    assert not sign_in(mei.email, PASSWORD)


@pytest.mark.full  # four wrong ones in test_lock_out.py
def test_four_wrong_ones_and_right_ones_in_between_lock_nobody_out(mei: User) -> None:
    for number in range(4):
        sign_in(mei.email, f"wrong {number}")
        assert sign_in(mei.email, PASSWORD)
    assert sign_in(mei.email, PASSWORD)
