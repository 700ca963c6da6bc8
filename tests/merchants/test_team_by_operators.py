"""Administrators change merchants' teams by the same operations as owners, and say why."""

import re
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.core import mail
from django.test import Client
from django.urls import reverse

from lib.refusals import Refused
from merchants.models import Invitation, Membership
from merchants.operations import invitations, team
from tests import shops
from tests.factories import (
    PASSWORD,
    InvitationFactory,
    UserFactory,
    browser_of,
    confirm_second_factor,
    member,
    operator,
)
from tests.shops import Shop
from tests.text import text_of
from tests.whole import full
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

WHY = {"reason": "The owner has called."}
FORM = {"request_key": "form-1", **WHY}


@pytest.fixture
def shop() -> Shop:
    """A shop that has just joined."""
    return shops.join("2026-10-01 09:00")


@pytest.fixture
def office() -> Client:
    """The browser of an administrator."""
    return browser_of(operator("Administrator", email="boss@tael.example"))


def decide(membership: Membership, name: str) -> str:
    """The address of this decision about the membership."""
    return reverse("admin:merchants_membership_decide", args=[membership.pk, name])


def signed_in_by_form(email: str) -> Client:
    """A browser in which the person has signed in by password."""
    client = Client()
    client.post("/accounts/login/", {"login": email, "password": PASSWORD})
    assert "_auth_user_id" in client.session
    return client


def trail() -> list[tuple[Any, ...]]:
    """The rows of the trail: actor, action, subject, before, after, reason."""
    fields = ("actor", "action", "subject", "before", "after", "reason")
    # Without the rows of our own signing in above, with a browser that nobody knows.
    found = TrailEntry.objects.exclude(action="NEW_BROWSER").order_by("pk")
    return list(found.values_list(*fields))


def test_the_first_owner_is_invited_by_mail(shop: Shop, office: Client) -> None:
    page = reverse("admin:merchants_merchant_decide", args=[shop.merchant.pk, "invite"])
    sent = {"email": "mei@rosewood.example", "role": "OWNER", **FORM}
    assert office.post(page, sent).status_code == 302
    assert not shop.merchant.memberships.exists()
    (letter,) = mail.outbox
    assert letter.to == ["mei@rosewood.example"]
    assert "boss@" not in str(letter.body)  # our people's names are not told
    assert trail()[0] == (
        "boss@tael.example", "MEMBER_INVITED", "mei@rosewood.example",
        {"role": ""}, {"role": "OWNER"}, WHY["reason"],
    )  # fmt: skip
    link = re.search(r"/invitations/\S+/", str(letter.body))
    assert link
    new = {"new_password1": "a long one indeed", "new_password2": "a long one indeed"}
    reader = Client()
    assert "Our team has invited" in text_of(reader.get(link[0]))
    reader.post(link[0], new)
    assert shop.merchant.memberships.get().role == "OWNER"
    assert reader.get("/m/rosewood/").status_code == 200


def test_the_list_of_memberships_invites_to_any_merchant(shop: Shop, office: Client) -> None:
    page = "/admin/merchants/membership/decide/invite/"
    sent = {"merchant": "rosewood", "email": "mei@rosewood.example", "role": "VIEWER", **FORM}
    assert "There is no merchant" in text_of(office.post(page, sent | {"merchant": "other"}))
    assert office.post(page, sent).status_code == 302
    assert Invitation.objects.get().merchant == shop.merchant


def test_a_changed_role_ends_the_persons_sessions(shop: Shop, office: Client) -> None:
    member(shop)
    user = member(shop, "FINANCE")
    there = signed_in_by_form(user.email)
    membership = user.memberships.get()
    assert office.post(decide(membership, "role"), {"role": "VIEWER", **WHY}).status_code == 302
    assert user.memberships.get().role == "VIEWER"
    assert there.get("/m/rosewood/").status_code == 302
    assert not UserSession.objects.filter(user=user).exists()
    assert trail()[0][1:] == (
        "ROLE_CHANGED", user.email, {"role": "FINANCE"}, {"role": "VIEWER"}, WHY["reason"],
    )  # fmt: skip


@pytest.mark.full  # one that changes, above
def test_a_role_that_stays_ends_nothing(shop: Shop, office: Client) -> None:
    user = member(shop, "FINANCE")
    there = signed_in_by_form(user.email)
    office.post(decide(user.memberships.get(), "role"), {"role": "FINANCE", **WHY})
    assert there.get("/m/rosewood/").status_code == 200
    assert trail() == []


def test_who_is_taken_off_the_team_is_signed_out(shop: Shop, office: Client) -> None:
    member(shop)
    user = member(shop, "VIEWER")
    there = signed_in_by_form(user.email)
    answer = office.post(decide(user.memberships.get(), "remove"), WHY)
    assert answer.headers["Location"] == "/admin/merchants/membership/"
    assert not user.memberships.exists()
    assert there.get("/m/rosewood/").status_code == 302


@pytest.mark.full  # an operator does, above
def test_an_owner_ends_the_sessions_of_whose_role_they_change(shop: Shop) -> None:
    owner, user = member(shop), member(shop, "VIEWER")
    here, there = signed_in_by_form(owner.email), signed_in_by_form(user.email)
    confirm_second_factor(here, owner)
    page = f"/m/rosewood/settings/team/{user.memberships.get().pk}/"
    here.post(page, {"role": "FINANCE"})
    assert there.get("/m/rosewood/").status_code == 302
    assert here.get("/m/rosewood/").status_code == 200


@pytest.mark.parametrize(
    ("name", "sent"), [("role", {"role": "VIEWER", **WHY}), *full(("remove", WHY))]
)
def test_the_last_owner_stays(shop: Shop, office: Client, name: str, sent: dict[str, str]) -> None:
    owner = member(shop)
    assert "last owner stays" in text_of(office.post(decide(owner.memberships.get(), name), sent))
    assert owner.memberships.get().role == "OWNER"


@pytest.mark.parametrize("role", ["Credit officer", "Billing officer", "Auditor"])
def test_other_roles_change_no_team(shop: Shop, role: str) -> None:
    user = member(shop, "VIEWER")
    with pytest.raises(Refused) as refused:
        team.remove(
            merchant_id=shop.merchant.pk, actor=operator(role),
            membership_id=user.memberships.get().pk, now=shop.at("2026-10-02 09:00"),
        )  # fmt: skip
    assert refused.value.code == "not_an_owner"
    assert user.memberships.exists()


def test_an_operator_joins_no_merchant(shop: Shop) -> None:
    now = shop.at("2026-10-02 09:00")
    user = UserFactory.create(email="olga@tael.example")
    InvitationFactory.create(
        shop=shop, at=now, actor=member(shop), email=user.email, role=Membership.Role.FINANCE
    )
    user.is_staff = True
    user.save()
    link = re.search(r"/invitations/(\S+)/", str(mail.outbox[0].body))
    assert link
    with pytest.raises(invitations.IsOperator):
        invitations.accept(token=link[1], user=user, now=now)
    assert not user.memberships.exists()
    assert Invitation.objects.get().accepted_at is None
