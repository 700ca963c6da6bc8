"""Administrators decide who is an operator, and how people sign in: others than themselves."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Permission
from django.core import mail
from django.test import Client
from django.urls import reverse

from lib.refusals import Refused
from merchants.models import Proposal, User
from merchants.operations import operators, people
from tests import shops
from tests.factories import PASSWORD, UserFactory, browser_of, member, operator
from tests.shops import instant
from tests.text import text_of
from tests.whole import full, some
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

NOW = instant("2026-11-04 09:00")
WHY = {"reason": "Asked for by the head of credit."}
LIST = "/admin/merchants/user/decide/add-operator/"
NEW = {"email": "New@tael.example", "roles": ["Auditor", "Credit officer"], **WHY}


@pytest.fixture
def boss() -> User:
    """An administrator."""
    return operator("Administrator", email="boss@tael.example")


SECOND = "second@tael.example"


@pytest.fixture
def office(boss: User) -> Client:
    """The browser of `boss`; there is a second administrator."""
    operator("Administrator", email=SECOND)
    return browser_of(boss)


def confirmed_by(email: str) -> None:
    """The one proposal that waits, by the page."""
    waiting = Proposal.objects.get(status="PROPOSED")
    page = reverse("admin:merchants_proposal_decide", args=[waiting.pk, "confirm"])
    browser = browser_of(User.objects.get(email=email))
    assert "Nobody confirms what they proposed" in text_of(browser.get(page))
    browser.post(page)


def decide(user: User, name: str) -> str:
    """The address of this decision about the person."""
    return reverse("admin:merchants_user_decide", args=[user.pk, name])


def roles(user: User) -> list[str]:
    """The names of the person's roles."""
    return sorted(user.groups.values_list("name", flat=True))


def trail() -> list[tuple[Any, ...]]:
    """All rows of the trail: actor, action, subject, before, after, reason."""
    fields = ("actor", "action", "subject", "before", "after", "reason")
    return list(TrailEntry.objects.order_by("pk").values_list(*fields))


def refusal(operation: Any, user: User, actor: User, **more: Any) -> str:
    """The code by which this operation is refused; nothing is on the trail."""
    with pytest.raises(Refused) as refused:
        operation(user_id=user.pk, actor=actor, now=NOW, **WHY, **more)
    assert not TrailEntry.objects.exists()
    return refused.value.code


def test_an_operator_is_added_and_sets_the_password_by_the_mailed_link(office: Client) -> None:
    assert office.post(LIST, NEW).headers["Location"] == "/admin/merchants/user/"
    assert not User.objects.filter(email="new@tael.example").exists()
    assert mail.outbox == []
    confirmed_by(SECOND)
    user = User.objects.get(email="new@tael.example")
    assert (user.is_staff, user.is_superuser, user.has_usable_password()) == (True, False, False)
    assert roles(user) == ["Auditor", "Credit officer"]
    assert trail() == [
        ("boss@tael.example", "PROPOSED", "new@tael.example", {"roles": ""},
         {"roles": "Auditor, Credit officer"}, WHY["reason"]),
        (SECOND, "OPERATOR_ADDED", "new@tael.example", {},
         {"roles": "Auditor, Credit officer", "proposed_by": "boss@tael.example"}, WHY["reason"]),
        (SECOND, "PROPOSAL_CONFIRMED", "new@tael.example", {"status": "PROPOSED"},
         {"status": "CONFIRMED"}, WHY["reason"]),
    ]  # fmt: skip
    (letter,) = mail.outbox
    assert letter.to == ["new@tael.example"]
    link = re.search(r"/accounts/password/reset/key/\S+", str(letter.body))
    assert link
    reader = Client()
    form = reader.get(link[0]).headers["Location"]
    reader.post(form, {"password1": "a long one indeed", "password2": "a long one indeed"})
    assert EmailAddress.objects.get(user=user).verified
    reader.post("/accounts/login/", {"login": "new@tael.example", "password": "a long one indeed"})
    assert reader.get("/admin/").headers["Location"] == "/accounts/2fa/"
    assert "Location" not in Client().get(link[0]).headers  # it works once


def test_who_belongs_to_a_merchant_cannot_be_an_operator(office: Client) -> None:
    user = member(shops.join("2026-10-01 09:00"), email="new@tael.example")
    assert "belongs to a merchant" in text_of(office.post(LIST, NEW))
    assert not User.objects.get(pk=user.pk).is_staff
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("sent", "said"),
    some(
        [
            ({"roles": []}, "needs one at least"),
            ({"email": "boss@tael.example"}, "an operator already"),
            ({"roles": ["Superuser"]}, "is not one of the available choices"),
            ({"roles": ["Administrator", "Credit officer"]}, "administrators decide no money"),
            ({"reason": ""}, "This field is required"),
        ],
        5,
    ),
)
def test_what_cannot_be_added_is_said_and_kept(
    office: Client, sent: dict[str, Any], said: str
) -> None:
    assert said in text_of(office.post(LIST, NEW | sent))
    assert User.objects.count() == 2
    assert not Proposal.objects.exists()
    assert trail() == []


@pytest.mark.full  # an invitation in test_team_pages.py
def test_a_mail_server_that_is_down_leaves_the_operator_to_be_written_to_again(
    office: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as down:
        down.setattr("django.core.mail.EmailMessage.send", lambda self: 1 / 0)
        office.post(LIST, NEW)
        confirmed_by(SECOND)
    user = User.objects.get(email="new@tael.example")
    assert office.post(decide(user, "link")).status_code == 302
    assert [one.to for one in mail.outbox] == [["new@tael.example"]]


def test_changed_roles_hold_at_once_and_end_the_sessions(office: Client) -> None:
    user = operator("Auditor", "Credit officer")
    here = browser_of(user)
    assert here.get("/admin/credit/creditline/").status_code == 200
    sent = {"roles": ["Auditor", "Billing officer"], **WHY}
    office.post(decide(user, "roles"), sent)
    assert roles(user) == ["Auditor"]  # what is taken waits for nobody
    assert here.get("/admin/credit/creditline/").headers["Location"].startswith("/admin/login/")
    confirmed_by(SECOND)
    assert roles(user) == ["Auditor", "Billing officer"]
    assert [row[1:5] for row in trail()][::2] == [
        ("OPERATOR_ROLES_CHANGED", user.email,
         {"roles": "Auditor, Credit officer"}, {"roles": "Auditor"}),
        ("OPERATOR_ROLES_CHANGED", user.email, {"roles": "Auditor"},
         {"roles": "Auditor, Billing officer", "proposed_by": "boss@tael.example"}),
    ]  # fmt: skip


def test_without_a_role_somebody_is_no_operator_any_more(office: Client) -> None:
    user = operator("Auditor")
    office.post(decide(user, "roles"), WHY)
    assert not User.objects.get(pk=user.pk).is_staff


def test_a_superuser_becomes_what_the_roles_say(office: Client) -> None:
    root = UserFactory.create(is_staff=True, is_superuser=True)
    office.post(decide(root, "roles"), {"roles": ["Administrator"], **WHY})
    root.refresh_from_db()
    assert (root.is_superuser, root.is_staff, roles(root)) == (False, True, ["Administrator"])
    assert trail()[0][3:5] == ({"roles": "Superuser"}, {"roles": "Administrator"})
    assert not Proposal.objects.exists()  # a superuser has that role already


@pytest.mark.parametrize("name", ["roles", "deactivate", *full("second-factors", "sessions")])
def test_nobody_decides_about_themselves(boss: User, office: Client, name: str) -> None:
    operator("Administrator")
    sent = {"roles": ["Administrator", "Auditor"], **WHY}
    assert "Nobody decides about themselves" in text_of(office.post(decide(boss, name), sent))
    again = User.objects.get(pk=boss.pk)
    assert (again.is_active, roles(again)) == (True, ["Administrator"])
    assert Authenticator.objects.filter(user=boss).exists()
    assert trail() == []


def test_the_last_administrator_stays_whoever_asks(boss: User) -> None:
    """Even by somebody who may decide and is none, as a group of one's own making would allow."""
    other = operator("Administrator", is_active=False)
    asks = operator("Auditor")
    asks.user_permissions.add(Permission.objects.get(codename="change_user"))
    assert refusal(operators.change_roles, boss, asks, roles=["Auditor"]) == "last_administrator"
    assert refusal(people.deactivate, boss, asks) == "last_administrator"
    people.reactivate(user_id=other.pk, actor=boss, now=NOW, **WHY)
    operators.change_roles(user_id=boss.pk, actor=asks, roles=[], now=NOW, **WHY)
    assert roles(boss) == []


@pytest.mark.parametrize("role", ["Credit officer", "Billing officer", "Auditor"])
def test_who_is_no_administrator_is_refused_by_the_operations_too(role: str) -> None:
    asks, user = operator(role), operator("Auditor")
    for operation in (people.deactivate, people.take_second_factors, people.end_sessions):
        assert refusal(operation, user, asks) == "not_an_administrator"
    assert refusal(operators.change_roles, user, asks, roles=[]) == "not_an_administrator"


def test_a_deactivated_person_is_out_at_once_and_can_come_back(office: Client) -> None:
    user = member(shops.join("2026-10-01 09:00"))
    here = browser_of(user)
    assert here.get("/m/rosewood/").status_code == 200
    office.post(decide(user, "deactivate"), WHY)
    assert here.get("/m/rosewood/").status_code == 302
    form = {"login": user.email, "password": PASSWORD}
    assert Client().post("/accounts/login/", form).headers["Location"] == "/accounts/inactive/"
    office.post(decide(user, "reactivate"), WHY)
    assert browser_of(user).get("/m/rosewood/").status_code == 200
    assert [row[1] for row in trail()] == ["PERSON_DEACTIVATED", "PERSON_REACTIVATED"]


def test_lost_second_factors_are_taken_away(office: Client) -> None:
    user = operator("Auditor")
    here = browser_of(user)
    office.post(decide(user, "second-factors"), WHY)
    assert not Authenticator.objects.filter(user=user).exists()
    assert here.get("/accounts/2fa/").status_code == 302
    assert trail()[0][3:5] == ({"second_factors": "totp"}, {"second_factors": ""})


def test_nothing_about_people_is_edited(office: Client) -> None:
    user = operator("Auditor")
    pages = {f"user/{user.pk}/change": {"is_superuser": "on"}, "user/add": {"email": "x@y.example"},
             f"user/{user.pk}/delete": {"post": "yes"}}  # fmt: skip
    for page, sent in pages.items():
        assert office.post(f"/admin/merchants/{page}/", sent).status_code == 403
    assert office.get(f"/admin/merchants/user/{user.pk}/password/").status_code in (302, 404)
    assert not User.objects.get(pk=user.pk).is_superuser


def test_an_operator_keeps_the_address_that_stands_in_the_books() -> None:
    user = operator("Credit officer", email="olga@tael.example")
    client = browser_of(user)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.post("/accounts/email/", {"action_add": "", "email": "other@tael.example"})
    assert "Operators keep their address" in text_of(page)
    assert not EmailAddress.objects.filter(email="other@tael.example").exists()
