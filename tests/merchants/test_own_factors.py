"""Who has a second factor proves changes of the own sign-in with it, and hears of each of them."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from merchants.models import EnrolledFactor, SecurityMail, User
from merchants.operations import factors
from tests import codes, shops, trailed
from tests.codes import code_of
from tests.credit.pages import set_clock
from tests.factories import (
    PASSWORD,
    AuthenticatorFactory,
    UserFactory,
    browser_of,
    confirm_second_factor,
    member,
)
from tests.shops import Shop, instant
from tests.text import text_of

pytestmark = pytest.mark.django_db

CONFIRM = "/accounts/2fa/reauthenticate/"
TOTP = "/accounts/2fa/totp/activate/"
OFF = "/accounts/2fa/totp/deactivate/"
CODES = "/accounts/2fa/recovery-codes/"


@pytest.fixture
def mei() -> User:
    """A person with an account."""
    return UserFactory.create(email="mei@shop.example")


@pytest.fixture(autouse=True)
def no_code_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Codes of authenticators stay valid during the test."""
    codes.hold(monkeypatch, timezone.now())


def signed_in(email: str = "mei@shop.example") -> Client:
    """A browser in which the person has signed in by password."""
    client = Client(headers={"User-Agent": "Mozilla/5.0 (Windows) Firefox/1"})
    client.post("/accounts/login/", {"login": email, "password": PASSWORD})
    return client


def set_up(client: Client) -> str:
    """The secret of an authenticator that is set up in this browser."""
    secret = str(client.get(TOTP).context["form"].secret)
    assert client.post(TOTP, {"code": code_of(secret)}).status_code == 302
    return secret


def kinds() -> list[str]:
    """The kinds of all security mails."""
    return list(SecurityMail.objects.order_by("pk").values_list("kind", flat=True))


def test_setting_one_up_and_taking_it_off_is_told_and_on_the_trail(
    mei: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    client, elsewhere = browser_of(mei), signed_in()
    for one in (client, elsewhere):
        one.post("/accounts/reauthenticate/", {"password": PASSWORD})
    since = trailed.newest()
    with django_capture_on_commit_callbacks(execute=True):
        secret = set_up(client)
    assert kinds() == ["NEW_BROWSER", "FACTOR_ADDED", "CODES_MADE"]
    # A password that was given minutes ago, in another session, does not take it off again.
    for path in (OFF, f"{CODES}generate/"):
        assert elsewhere.post(path)["Location"].startswith(CONFIRM)
    assert elsewhere.get(CODES)["Location"].startswith(CONFIRM)
    assert elsewhere.get(f"{CODES}download/")["Location"].startswith(CONFIRM)
    answer = elsewhere.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert answer["Location"].startswith(CONFIRM)
    assert Authenticator.objects.filter(type="totp").count() == 1
    client.post(CONFIRM, {"code": code_of(secret)})
    assert len(client.get(CODES).context["unused_codes"]) == 10
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{CODES}generate/")
    with django_capture_on_commit_callbacks(execute=True):
        client.post(OFF)
    assert Authenticator.objects.count() == 0
    assert kinds()[3:] == ["CODES_SEEN", "CODES_MADE", "FACTOR_REMOVED", "FACTOR_REMOVED"]
    assert [row.action for row in trailed.told(since)] == [
        "FACTOR_ADDED",
        "CODES_MADE",
        "CODES_SEEN",
        "CODES_MADE",
        "FACTOR_REMOVED",
        "FACTOR_REMOVED",
    ]
    assert {row.subject for row in trailed.told(since)} == {"mei@shop.example"}


@pytest.mark.full  # setting one up, above
@pytest.mark.django_db(transaction=True)
def test_who_has_just_set_one_up_sees_the_recovery_codes_at_once(mei: User) -> None:
    client = signed_in()
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    set_up(client)
    assert len(client.get(CODES).context["unused_codes"]) == 10
    assert kinds() == ["NEW_BROWSER", "FACTOR_ADDED", "CODES_MADE", "CODES_SEEN"]
    totp, codes = EnrolledFactor.objects.order_by("pk")
    assert totp.counts_from - totp.enrolled_at == timedelta(hours=24)
    assert codes.counts_from == totp.counts_from


def test_a_password_or_an_address_is_not_changed_without_it(mei: User) -> None:
    confirm_second_factor(browser_of(mei), mei)
    client = browser_of(mei)
    new = {
        "oldpassword": PASSWORD,
        "password1": "a long one indeed",
        "password2": "a long one indeed",
    }
    answer = client.post("/accounts/password/change/", new)
    assert answer["Location"] == f"{CONFIRM}?next=%2Faccounts%2Fpassword%2Fchange%2F"
    asked = client.post("/accounts/email/", {"action_add": "", "email": "new@shop.example"})
    assert asked["Location"].startswith(CONFIRM)
    assert User.objects.get().check_password(PASSWORD)
    assert "password1" not in str(dict(client.session.items()))
    confirm_second_factor(client, mei)
    since = trailed.newest()
    client.post("/accounts/password/change/", new)
    client.post("/accounts/email/", {"action_add": "", "email": "new@shop.example"})
    assert User.objects.get().check_password("a long one indeed")
    assert kinds() == ["PASSWORD_CHANGED", "ADDRESS_ASKED"]
    changed, *_asked = trailed.entries(since)
    assert (changed.action, changed.actor) == ("PASSWORD_CHANGED", "mei@shop.example")


def test_both_mailboxes_hear_of_a_new_address(mei: User) -> None:
    from django.core import mail

    client = signed_in()
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.post("/accounts/email/", {"action_add": "", "email": "new@shop.example"})
    link = str(mail.outbox[-1].body).split("/accounts/confirm-email/")[1].split("/")[0]
    since = trailed.newest()
    client.post(f"/accounts/confirm-email/{link}/")
    told = SecurityMail.objects.filter(kind="ADDRESS_CHANGED").values_list("address", flat=True)
    assert sorted(told) == ["mei@shop.example", "new@shop.example"]
    (row,) = trailed.told(since)
    assert (row.before, row.after) == (
        {"address": "mei@shop.example"},
        {"address": "new@shop.example"},
    )


# --- the first factor waits -----------------------------------------------------------------------


def enrol(user: User, number: int, at: str, proved: list[int] | None = None) -> EnrolledFactor:
    """Have the person's factor be enrolled, after these were proved."""
    return factors.enrol(
        user=user,
        authenticator_id=number,
        kind="totp",
        proved=proved or [],
        now=instant(at),
    )


@pytest.fixture
def shop() -> Shop:
    """A shop that has just joined."""
    return shops.join("2026-10-01 09:00")


def test_a_first_factor_counts_a_day_later_and_owners_are_told(shop: Shop) -> None:
    olga, finn = member(shop, email="olga@shop.example"), member(shop, "FINANCE")
    factor = enrol(finn, 1, "2026-11-03 10:00")
    assert factor.counts_from == instant("2026-11-04 10:00")
    (told,) = SecurityMail.objects.filter(kind="FIRST_FACTOR")
    assert (told.user, told.details["who"]) == (olga, finn.email)
    assert told.details["opens_at"] == "2026-11-04T10:00:00+00:00"


def test_one_that_was_taken_off_and_set_up_anew_starts_anew(shop: Shop) -> None:
    finn = member(shop, "FINANCE")
    enrol(finn, 1, "2026-11-03 10:00")
    assert enrol(finn, 2, "2026-11-09 10:00").counts_from == instant("2026-11-10 10:00")


def test_one_that_replaces_one_proved_in_the_session_counts_at_once(shop: Shop) -> None:
    finn = member(shop, "FINANCE")
    enrol(finn, 1, "2026-11-03 10:00")
    assert enrol(finn, 2, "2026-11-09 10:00", [1]).counts_from == instant("2026-11-09 10:00")
    assert SecurityMail.objects.filter(kind="FIRST_FACTOR").count() == 0  # there is no owner


def test_one_that_is_added_to_one_that_waits_waits_with_it(shop: Shop) -> None:
    finn = member(shop, "FINANCE")
    enrol(finn, 1, "2026-11-03 10:00")
    assert enrol(finn, 2, "2026-11-03 12:00", [1]).counts_from == instant("2026-11-04 10:00")


def test_anothers_factor_proves_nothing(shop: Shop) -> None:
    eve, finn = member(shop, "VIEWER"), member(shop, "FINANCE")
    enrol(eve, 1, "2026-11-01 10:00")
    assert enrol(finn, 2, "2026-11-03 10:00", [1]).counts_from == instant("2026-11-04 10:00")


@pytest.mark.parametrize(
    ("at", "status"), [("2026-11-04 09:59:59", 403), ("2026-11-04 10:00", 200)]
)
def test_withdrawals_open_with_it_at_that_instant(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, at: str, status: int
) -> None:
    finn = member(shop, "FINANCE")
    client = browser_of(finn)
    totp = AuthenticatorFactory.create(user=finn)
    enrol(finn, totp.pk, "2026-11-03 10:00")
    set_clock(monkeypatch)(at)
    confirm_second_factor(client, finn)
    for path in ("withdrawals/new/", "destinations/new/"):
        answer = client.get(f"/m/rosewood/credit/{path}")
        assert answer.status_code == status
        assert ("Your second factor is new" in text_of(answer)) == (status == 403)
    assert client.get("/m/rosewood/billing/settings/").status_code == 200


def test_one_that_we_were_not_told_of_waits_a_day_from_when_it_was_made(shop: Shop) -> None:
    from merchants import queries

    finn = member(shop, "FINANCE")
    totp = AuthenticatorFactory.create(user=finn)
    assert queries.factor_counts_from(finn, [totp.pk]) == totp.created_at + timedelta(hours=24)
    assert queries.factor_counts_from(finn, [totp.pk + 1]) is None
