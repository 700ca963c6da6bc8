"""An invitation is taken up by whoever reads the mailbox, once, and nobody else."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from lib.refusals import ChangedMeanwhile
from merchants.models import Invitation, Membership, User
from merchants.operations import invitations, inviting, proposals
from tests import shops
from tests.factories import (
    PASSWORD,
    ProposalFactory,
    UserFactory,
    browser_of,
    member,
    operator,
)
from tests.merchants.teams import NEW_PASSWORD, invite, link, members, role_of
from tests.processes import until
from tests.shops import Shop
from tests.text import text_of
from tests.threads import at_once, is_waited_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    """A shop that has just joined."""
    return shops.join("2026-10-01 09:00")


@pytest.fixture
def owner(shop: Shop) -> User:
    """An owner of the shop."""
    return member(shop, email="olga@shop.example")


def test_somebody_new_chooses_a_password_and_is_in(shop: Shop, owner: User) -> None:
    path, client = invite(owner), Client()
    page = text_of(client.get(path))
    assert "Join Rosewood Dresses" in page
    assert "olga@shop.example has invited mei@shop.example, as: Finance." in page
    response = client.post(path, NEW_PASSWORD)
    assert response["Location"] == "/m/rosewood/"
    assert client.get("/m/rosewood/").status_code == 200
    assert role_of("mei@shop.example", shop) == "FINANCE"
    form = {"login": "mei@shop.example", "password": "a long one indeed"}
    assert Client().post("/accounts/login/", form).status_code == 302


def test_a_weak_password_is_refused_and_the_link_still_works(shop: Shop, owner: User) -> None:
    path = invite(owner)
    page = text_of(Client().post(path, {"new_password1": "12345", "new_password2": "12345"}))
    assert "too short" in page
    assert role_of("mei@shop.example", shop) is None
    assert Client().get(path).status_code == 200


def test_a_link_works_once(shop: Shop, owner: User) -> None:
    path = invite(owner)
    Client().post(path, NEW_PASSWORD)
    answer = Client().post(path, {"new_password1": "stolen entirely", "new_password2": "x"})
    assert answer.status_code == 404
    assert User.objects.get(email="mei@shop.example").check_password("a long one indeed")


def test_a_link_works_for_seven_days(shop: Shop, owner: User) -> None:
    path = invite(owner)
    Invitation.objects.update(expires_at=timezone.now())
    assert Client().get(path).status_code == 404
    Client().post(path, NEW_PASSWORD)
    assert role_of("mei@shop.example", shop) is None


def test_every_link_that_does_not_work_gets_the_same_answer(shop: Shop, owner: User) -> None:
    used, old, revoked = (invite(owner, f"{name}@shop.example") for name in ("a", "b", "c"))
    Client().post(used, NEW_PASSWORD)
    Invitation.objects.filter(email="b@shop.example").update(expires_at=timezone.now())
    Invitation.objects.filter(email="c@shop.example").update(revoked_at=timezone.now())
    never = "/invitations/never-was-one/"
    answers = [Client().get(path) for path in (used, old, revoked, never)]
    assert {answer.status_code for answer in answers} == {404}
    assert len({text_of(answer) for answer in answers}) == 1


def test_who_has_an_account_signs_in_first(shop: Shop, owner: User) -> None:
    UserFactory.create(email="mei@shop.example")
    path, client = invite(owner), Client()
    page = client.get(path).content.decode()
    assert f"/accounts/login/?next={path}" in page
    client.post(path, NEW_PASSWORD)  # no way to set a password of an account that exists
    assert User.objects.get(email="mei@shop.example").check_password(PASSWORD)
    assert role_of("mei@shop.example", shop) is None
    client.post("/accounts/login/", {"login": "mei@shop.example", "password": PASSWORD})
    assert client.post(path)["Location"] == "/m/rosewood/"
    assert role_of("mei@shop.example", shop) == "FINANCE"


def test_somebody_else_who_is_signed_in_can_not_take_it_up(shop: Shop, owner: User) -> None:
    path = invite(owner)
    other = browser_of(UserFactory.create(email="eve@shop.example"))
    assert "You are signed in as eve@shop.example" in text_of(other.get(path))
    other.post(path, NEW_PASSWORD)
    assert members(shop) == {"olga@shop.example": "OWNER"}
    assert Invitation.objects.get().accepted_at is None


def test_accepting_does_not_lower_the_role_one_has_got_meanwhile(shop: Shop, owner: User) -> None:
    path = invite(owner, role="VIEWER")
    mei = member(shop, "OWNER", email="mei@shop.example")
    browser_of(mei).post(path)
    assert role_of("mei@shop.example", shop) == "OWNER"


@pytest.mark.full  # it works once, above
@pytest.mark.django_db(transaction=True)
def test_a_link_used_many_times_at_once_makes_one_person() -> None:
    shop = shops.join("2026-10-01 09:00")
    path = invite(member(shop))
    token = path.split("/")[2]

    def accept(_: int) -> str:
        try:
            invitations.accept_as_new(token=token, password="a long one indeed", now=timezone.now())
        except invitations.InvitationClosed as refusal:
            return refusal.code
        return "joined"

    assert at_once(accept, threads=4) == {"joined": 1, "invitation_closed": 3}
    assert shop.merchant.memberships.count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_invitations_of_a_newcomer_at_once_one_makes_the_account() -> None:
    """Two merchants have invited the same address."""
    paths = []
    for reference in ("rosewood", "tallow"):
        shop = shops.join("2026-10-01 09:00", reference)
        owner = member(shop, email=f"olga@{reference}.example")
        inviting.invite(
            merchant_id=shop.merchant.pk, actor=owner, email="mei@shop.example",
            role=Membership.Role.FINANCE, now=timezone.now(),
        )  # fmt: skip
        paths.append(link())
    first, second = (path.split("/")[2] for path in paths)
    now = timezone.now()

    def accept(_: int) -> str:
        try:
            invitations.accept_as_new(token=second, password="another long one", now=now)
        except invitations.AccountExists as refusal:
            return refusal.code
        return "joined"

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            invitations.accept_as_new(token=first, password="a long one indeed", now=now)
            pressed = pool.submit(at_once, accept, threads=1)
            until(is_waited_for)
        assert pressed.result() == {"account_exists": 1}
    mei = User.objects.get(email="mei@shop.example")
    assert mei.check_password("a long one indeed")
    assert [one.merchant.reference for one in mei.memberships.all()] == ["rosewood"]
    # The other one can still be taken up, once they have signed in.
    browser_of(mei).post(paths[1])
    assert {one.merchant.reference for one in mei.memberships.all()} == {"rosewood", "tallow"}


@pytest.mark.django_db(transaction=True)
def test_who_takes_up_an_invitation_as_they_are_made_an_operator_is_looked_at_again() -> None:
    shop = shops.join("2026-10-01 09:00")
    token = invite(member(shop, email="olga@shop.example")).split("/")[2]
    boss, now = operator("Administrator"), shop.at("2026-11-05 11:00")
    proposal = ProposalFactory.create(email="mei@shop.example")

    def confirm(_: int) -> str:
        try:
            proposals.confirm(proposal_id=proposal.pk, actor=boss, now=now)
        except ChangedMeanwhile as refusal:
            return refusal.code
        return "confirmed"

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            invitations.accept_as_new(token=token, password="a long one indeed", now=timezone.now())
            pressed = pool.submit(at_once, confirm, threads=1)
            until(is_waited_for)
        assert pressed.result() == {"changed_meanwhile": 1}
    assert not User.objects.get(email="mei@shop.example").is_staff
    assert role_of("mei@shop.example", shop) == "FINANCE"


@pytest.mark.django_db(transaction=True)
def test_who_is_made_an_operator_at_that_instant_takes_up_no_invitation() -> None:
    """The request has loaded the person before, as nobody special."""
    shop = shops.join("2026-10-01 09:00")
    token = invite(member(shop, email="olga@shop.example")).split("/")[2]
    mei = UserFactory.create(email="mei@shop.example")
    boss, now = operator("Administrator"), shop.at("2026-11-05 11:00")
    proposal = ProposalFactory.create(email="mei@shop.example")

    def accept(_: int) -> str:
        try:
            invitations.accept(token=token, user=mei, now=timezone.now())
        except invitations.IsOperator as refusal:
            return refusal.code
        return "joined"

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            proposals.confirm(proposal_id=proposal.pk, actor=boss, now=now)
            pressed = pool.submit(at_once, accept, threads=1)
            until(is_waited_for)
        assert pressed.result() == {"is_operator": 1}
    assert User.objects.get(pk=mei.pk).is_staff
    assert members(shop) == {"olga@shop.example": "OWNER"}
    assert Invitation.objects.get().accepted_at is None
