"""Who came in, from where, and who tried: on a log that auditors read, and told to the person."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from jobs.retention import RETENTION
from lib.retention import days
from merchants import queries
from merchants.models import SecurityMail, SignIn, User
from merchants.operations import security_mails, sign_ins
from merchants.operations.sign_ins import Visitor
from merchants.sign_in.settings import LEAST_KEPT_DAYS
from tests import trailed
from tests.factories import PASSWORD, UserFactory, browser_of, operator

pytestmark = pytest.mark.django_db

SIGN_IN = "/accounts/login/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"


@pytest.fixture(autouse=True)
def mei() -> User:
    """A person with an account."""
    return UserFactory.create(email="mei@shop.example")


def sign_in(client: Client, password: str = PASSWORD, login: str = "Mei@Shop.example") -> None:
    """Send the form to sign in."""
    client.post(SIGN_IN, {"login": login, "password": password})


def browser() -> Client:
    """A Firefox at a fixed address."""
    return Client(REMOTE_ADDR="192.0.2.7", headers={"User-Agent": FIREFOX})


def logged() -> list[tuple[str, str, str, str]]:
    """What was recorded of signing in: kind, e-mail address, IP address, browser."""
    rows = SignIn.objects.order_by("pk")
    return [(row.kind, row.address, str(row.ip), row.browser) for row in rows]


def test_coming_in_and_going_out_is_logged_and_no_password_is(mei: User) -> None:
    client = browser()
    sign_in(client, "a wrong one")
    sign_in(client)
    client.post("/accounts/logout/")
    assert logged() == [
        ("FAILED", "mei@shop.example", "192.0.2.7", FIREFOX),
        ("SIGNED_IN", "mei@shop.example", "192.0.2.7", FIREFOX),
        ("SIGNED_OUT", "mei@shop.example", "192.0.2.7", FIREFOX),
    ]
    assert set(SignIn.objects.values_list("user", flat=True)) == {mei.pk}


def test_what_is_typed_in_place_of_an_address_may_be_a_password_and_is_left_out() -> None:
    visitor, now = Visitor(ip="192.0.2.7", browser=FIREFOX), timezone.now()
    for typed in ("my secret phrase", " Nobody@shop.example"):
        sign_ins.log(SignIn.Kind.FAILED, visitor, address=typed, user=None, now=now)
    assert [(row.address, row.user) for row in SignIn.objects.order_by("pk")] == [
        ("", None),
        ("nobody@shop.example", None),
    ]


def test_only_an_unknown_browser_is_told_of(mei: User) -> None:
    client = browser()
    since = trailed.newest()
    sign_in(client)
    client.post("/accounts/logout/")
    sign_in(client)
    (told,) = SecurityMail.objects.all()
    assert (told.kind, told.address, told.details) == (
        "NEW_BROWSER",
        "mei@shop.example",
        {"browser": FIREFOX, "ip": "192.0.2.7"},
    )
    (row,) = trailed.told(since)
    assert row.action == "NEW_BROWSER"
    sign_in(browser())
    assert SecurityMail.objects.count() == 2
    forged = browser()
    forged.cookies["browser"] = client.cookies["browser"].value + "x"
    sign_in(forged)
    assert SecurityMail.objects.count() == 3


def test_a_browser_is_known_for_each_person_apart() -> None:
    UserFactory.create(email="ann@shop.example")
    client = browser()
    sign_in(client)
    client.post("/accounts/logout/")
    sign_in(client, login="ann@shop.example")
    client.post("/accounts/logout/")
    sign_in(client)
    told = SecurityMail.objects.order_by("pk").values_list("address", flat=True)
    assert list(told) == ["mei@shop.example", "ann@shop.example"]


def test_the_fifth_wrong_one_locks_the_address_and_its_owner_is_told_once(mei: User) -> None:
    since = trailed.newest()
    for number in range(7):
        sign_in(browser(), f"guess {number}")
    assert [row[0] for row in logged()] == ["FAILED"] * 5 + ["LOCKED_OUT"]
    (told,) = SecurityMail.objects.all()
    assert (told.kind, told.details["ip"]) == ("LOCKED_OUT", "192.0.2.7")
    (row,) = trailed.told(since)
    assert (row.action, row.subject) == ("LOCKED_OUT", "mei@shop.example")


def test_the_log_is_never_changed_and_kept_for_ninety_days(mei: User) -> None:
    visitor = Visitor(ip="", browser="")
    young, old = timezone.now() - timedelta(days=89), timezone.now() - timedelta(days=366)
    for at in (young, old):
        sign_ins.log(SignIn.Kind.SIGNED_IN, visitor, address=mei.email, user=mei, now=at)
    for change in (
        lambda: SignIn.objects.update(address="eve@evil.example"),
        lambda: SignIn.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    RETENTION.run_here(timezone.now())
    assert SignIn.objects.get().at == young


@pytest.mark.full  # each role is asked in test_admin_roles.py
def test_auditors_search_and_export_it_and_officers_do_not(mei: User) -> None:
    sign_in(browser())
    auditor = browser_of(operator("Auditor"))
    page = "/admin/merchants/signin/"
    for term in ("mei@shop.example", "MEI@shop.example ", "192.0.2.7"):
        shown = auditor.get(page, {"q": term}).text
        assert "192.0.2.7" in shown
        assert "Firefox on Windows" in shown
    for term in ("192.0.2.8", "nobody", "192.0.2", "' OR 1=1"):
        assert "192.0.2.7" not in auditor.get(page, {"q": term}).text
    answer = auditor.get(f"{page}export/?kind__exact=SIGNED_IN")
    heading, *rows = b"".join(answer).decode("utf-8-sig").splitlines()
    assert heading == "Time (UTC),What,Person,Address,Network address,Browser,Detail"
    (row,) = [row for row in rows if "mei@" in row]
    assert f",SIGNED_IN,{mei.pk},mei@shop.example,192.0.2.7,{FIREFOX}," in row
    assert browser_of(operator("Credit officer")).get(page).status_code == 403


# --- the mails ------------------------------------------------------------------------------------


def test_mails_are_sent_once_by_their_job() -> None:
    sign_in(browser())
    now = timezone.now()
    for _ in range(2):
        security_mails.send(queries.security_mails_to_send(now), now=now)
    (letter,) = mail.outbox
    assert (letter.to, letter.subject) == (
        ["mei@shop.example"],
        "A sign-in from a browser that we don't know",
    )
    assert "Firefox on Windows from 192.0.2.7." in str(letter.body)
    assert SecurityMail.objects.get().sent_at == now


@pytest.mark.parametrize(("given", "kept"), [("", 365), ("90", 90), ("3650", 3650)])
def test_for_how_long_it_is_kept(monkeypatch: pytest.MonkeyPatch, given: str, kept: int) -> None:
    monkeypatch.setenv("TAEL_SIGN_INS_KEPT_DAYS", given)
    assert days("TAEL_SIGN_INS_KEPT_DAYS", 365, least=LEAST_KEPT_DAYS) == kept


@pytest.mark.parametrize("given", ["89", "-1", "a year", "90.5"])
def test_less_than_ninety_days_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("TAEL_SIGN_INS_KEPT_DAYS", given)
    with pytest.raises(ImproperlyConfigured, match="90 at least"):
        days("TAEL_SIGN_INS_KEPT_DAYS", 365, least=LEAST_KEPT_DAYS)
