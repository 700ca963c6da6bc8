"""The team: who belongs to a merchant, who is invited, and how an invitation is taken up."""

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from merchants.models import Invitation, Membership, User
from merchants.operations import inviting, team
from tests import shops
from tests.factories import (
    MembershipFactory,
    UserFactory,
    browser_of,
    member,
    operator,
    proved,
)
from tests.merchants.teams import (
    INVITE,
    NEW_PASSWORD,
    TEAM,
    invite,
    link,
    role_of,
    to_invite,
)
from tests.shops import Shop
from tests.text import text_of
from tests.threads import at_once, every_order
from tests.unchanged import nothing_changes
from tests.whole import full, some

pytestmark = pytest.mark.django_db

CANNOT_BE = "This address cannot be invited."
NOT_ANY_MORE = "This invitation does not work any more"


def paths(shop: Shop, owner: User) -> list[str]:
    """Invite somebody, and have a viewer join. Returns the addresses of all pages of the team,
    those about these two included.
    """
    invite(owner, "open@shop.example")
    other, invitation = member(shop, "VIEWER"), Invitation.objects.get()
    pk = other.memberships.get().pk
    return [
        INVITE,
        f"{TEAM}{pk}/",
        f"{TEAM}{pk}/remove/",
        f"{TEAM}invitations/{invitation.pk}/send/",
        f"{TEAM}invitations/{invitation.pk}/revoke/",
    ]


def page_of(user: User, shop: Shop) -> str:
    """The address of the person's page on the team."""
    return f"{TEAM}{user.memberships.get(merchant=shop.merchant).pk}/"


@pytest.fixture
def shop() -> Shop:
    """A shop that has just joined."""
    return shops.join("2026-10-01 09:00")


@pytest.fixture
def owner(shop: Shop) -> User:
    """An owner of the shop."""
    return member(shop, email="olga@shop.example")


@pytest.mark.parametrize("role", ["OWNER", "FINANCE", "VIEWER"])
def test_everybody_of_the_team_sees_the_team(shop: Shop, owner: User, role: str) -> None:
    invite(owner)
    page = text_of(browser_of(member(shop, role, email="kai@shop.example")).get(TEAM))
    assert "olga@shop.example Owner" in page
    assert "kai@shop.example (you)" in page
    assert "Invited" in page
    assert "mei@shop.example Finance olga@shop.example" in page
    assert ("Invite somebody" in page) is (role == "OWNER")
    assert ("Revoke" in page) is (role == "OWNER")
    # Only owners read how their people sign in.
    assert ("Last sign-in Second factor" in page) is (role == "OWNER")
    assert ("Not set up Change" in page) is (role == "OWNER")


@pytest.mark.parametrize("role", some(["FINANCE", "VIEWER"], 2))
def test_only_owners_change_the_team(shop: Shop, owner: User, role: str) -> None:
    everything = paths(shop, owner)
    client = browser_of(member(shop, role))
    with nothing_changes():
        for path in everything:
            assert client.get(path).status_code == 403, path
            assert (
                client.post(path, {"email": "a@b.example", "role": "OWNER"}).status_code == 403
            ), path
    assert Invitation.objects.filter(revoked_at=None).count() == 1


@pytest.mark.full  # each page and form is asked in test_authorisation.py
def test_strangers_find_nothing_and_change_nothing(shop: Shop, owner: User) -> None:
    everything = paths(shop, owner)
    stranger = browser_of(member(shops.join("2026-10-01 09:00", "other")))
    with nothing_changes():
        for path in [TEAM, *everything]:
            for answer in (stranger.get(path), stranger.post(path, {"role": "OWNER"})):
                assert answer.status_code == 404, path
            assert Client().get(path)["Location"] == f"/accounts/login/?next={path}"
            assert Client().post(path)["Location"] == f"/accounts/login/?next={path}"


def test_members_and_invitations_of_another_merchant_are_out_of_reach(
    shop: Shop, owner: User
) -> None:
    everything = paths(shop, owner)[1:]
    other = browser_of(member(shops.join("2026-10-01 09:00", "other")))
    with nothing_changes():
        for path in everything:
            path = path.replace("rosewood", "other")
            assert other.post(path, {"role": "OWNER"}).status_code in (302, 404), path
    assert Invitation.objects.get().revoked_at is None


def test_an_invitation_goes_to_the_mailbox_and_only_its_digest_is_kept(
    shop: Shop, owner: User
) -> None:
    path = invite(owner, " Mei@Shop.example ")
    (message,) = mail.outbox
    assert message.to == ["mei@shop.example"]
    assert message.subject == "Rosewood Dresses invites you to Tael"
    assert "olga@shop.example invites you to Rosewood Dresses on Tael, as: Finance." in message.body
    invitation = Invitation.objects.get()
    assert path.split("/")[2] not in str(vars(invitation))
    assert invitation.expires_at - invitation.invited_at == timedelta(days=7)


def test_the_answer_is_the_same_whether_or_not_there_is_an_account(shop: Shop, owner: User) -> None:
    UserFactory.create(email="known@shop.example")
    answers = set()
    for email in ("known@shop.example", "unknown@shop.example"):
        client = proved(owner)
        page = text_of(client.post(INVITE, to_invite(email, "VIEWER"), follow=True))
        assert f"{email} is invited" in page
        answers.add(page.replace(email, "somebody"))
        Invitation.objects.all().delete()
    assert len(answers) == 1


def test_who_belongs_to_the_team_is_not_invited_again(shop: Shop, owner: User) -> None:
    member(shop, "VIEWER", email="kai@shop.example")
    page = text_of(proved(owner).post(INVITE, to_invite("KAI@shop.example", "OWNER")))
    assert "belongs to the team already" in page
    assert not Invitation.objects.exists()
    assert mail.outbox == []


def test_what_is_no_address_or_role_is_shown_again_with_what_was_typed(
    shop: Shop, owner: User
) -> None:
    response = proved(owner).post(INVITE, to_invite("nobody", "KING"))
    assert response.status_code == 200
    assert 'value="nobody"' in response.content.decode()
    assert not Invitation.objects.exists()


def test_an_old_page_does_not_give_back_a_role_that_another_owner_has_taken(
    shop: Shop, owner: User
) -> None:
    kai = member(shop, "FINANCE", email="kai@shop.example")
    page, client = page_of(kai, shop), proved(owner)
    assert 'name="seen" value="FINANCE"' in client.get(page).content.decode()
    other = member(shop, email="oscar@shop.example")
    team.change_role(
        merchant_id=shop.merchant.pk, actor=other, membership_id=kai.memberships.get().pk,
        role=Membership.Role.VIEWER, now=shop.at("2026-10-02 10:00"),
    )  # fmt: skip
    for role in ("FINANCE", "OWNER"):
        with nothing_changes():
            answer = client.post(page, {"role": role, "seen": "FINANCE"})
        said = text_of(answer)
        assert "This role was changed while you had the page open." in said
        assert "kai@shop.example Viewer" in said
        assert role_of("kai@shop.example", shop) == "VIEWER"
    assert 'name="seen" value="VIEWER"' in answer.content.decode()
    # What is so already is saved however old the page.
    assert client.post(page, {"role": "VIEWER", "seen": "FINANCE"}).status_code == 302
    assert client.post(page, {"role": "OWNER", "seen": "VIEWER"}).status_code == 302
    assert role_of("kai@shop.example", shop) == "OWNER"


def test_a_second_invitation_makes_the_link_of_the_first_void(shop: Shop, owner: User) -> None:
    first, second = invite(owner, role="OWNER"), invite(owner, role="VIEWER")
    assert NOT_ANY_MORE in text_of(Client().get(first))
    Client().post(second, NEW_PASSWORD)
    assert role_of("mei@shop.example", shop) == "VIEWER"


def test_there_is_an_end_to_how_many_are_invited(
    shop: Shop, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inviting, "MOST_INVITATIONS", 2)
    invite(owner, "a@shop.example")
    invite(owner, "b@shop.example")
    page = text_of(proved(owner).post(INVITE, to_invite("c@shop.example", "VIEWER")))
    assert "as many invitations as you may" in page
    assert len(mail.outbox) == 2


def test_an_invitation_whose_email_fails_is_kept_and_sent_again(
    shop: Shop, owner: User, settings: Settings
) -> None:
    working = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "tests.merchants.test_team_pages.Broken"
    client = proved(owner)
    form = to_invite("mei@shop.example", "FINANCE")
    assert "could not be sent" in text_of(client.post(INVITE, form, follow=True))
    settings.EMAIL_BACKEND = working
    pk = Invitation.objects.get().pk
    client.post(f"{TEAM}invitations/{pk}/send/")
    Client().post(link(), NEW_PASSWORD)
    assert role_of("mei@shop.example", shop) == "FINANCE"


def test_the_form_sent_again_after_its_email_failed_sends_one(
    shop: Shop, owner: User, settings: Settings
) -> None:
    working = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "tests.merchants.test_team_pages.Broken"
    client = proved(owner)
    form = to_invite("mei@shop.example", "FINANCE") | {"request_key": "f4a0" * 8}
    assert "could not be sent" in text_of(client.post(INVITE, form, follow=True))
    settings.EMAIL_BACKEND = working
    for _ in range(2):  # the second one is a repeat
        assert "we have sent a link" in text_of(client.post(INVITE, form, follow=True))
    assert len(mail.outbox) == 1
    kept = Invitation.objects.order_by("pk")
    assert [(one.request_key, one.revoked_at is None) for one in kept] == [
        ("", False),
        ("f4a0" * 8, True),
    ]


class Broken:
    def __init__(self, **_: object) -> None:
        pass

    def send_messages(self, messages: object) -> int:
        """Fails, as a mail server does that is away."""
        raise OSError("the server is on holiday")


def test_a_revoked_invitation_opens_nothing(shop: Shop, owner: User) -> None:
    path = invite(owner)
    proved(owner).post(f"{TEAM}invitations/{Invitation.objects.get().pk}/revoke/")
    assert NOT_ANY_MORE in text_of(Client().get(path))
    Client().post(path, NEW_PASSWORD)
    assert not User.objects.filter(email="mei@shop.example").exists()
    again = proved(owner).post(
        f"{TEAM}invitations/{Invitation.objects.get().pk}/revoke/", follow=True
    )
    assert "taken up or revoked already" in text_of(again)


def test_a_new_role_is_in_force_at_the_next_click(shop: Shop, owner: User) -> None:
    kai = member(shop, "OWNER", email="kai@shop.example")
    his = browser_of(kai)
    assert his.get(INVITE).status_code == 200
    proved(owner).post(page_of(kai, shop), {"role": "VIEWER"})
    assert his.get(TEAM).headers["Location"].startswith("/accounts/login/")  # sessions end
    his = browser_of(kai)
    assert his.get(INVITE).status_code == 403
    assert his.get(TEAM).status_code == 200


def test_who_was_removed_is_a_stranger_at_the_next_click(shop: Shop, owner: User) -> None:
    kai = member(shop, "FINANCE", email="kai@shop.example")
    his = browser_of(kai)
    assert his.get("/m/rosewood/").status_code == 200
    response = proved(owner).post(f"{page_of(kai, shop)}remove/", follow=True)
    assert "kai@shop.example is not on the team any more" in text_of(response)
    assert his.get("/m/rosewood/").status_code == 302  # to sign in: sessions end
    assert browser_of(kai).get("/m/rosewood/").status_code == 404


@pytest.mark.parametrize("what", ["", *full("remove/")])
def test_the_last_owner_stays(shop: Shop, owner: User, what: str) -> None:
    member(shop, "FINANCE")
    gone = member(shop, "OWNER")
    User.objects.filter(pk=gone.pk).update(is_active=False)  # an owner who can't sign in is none
    client = proved(owner)
    with nothing_changes():
        path = page_of(owner, shop) + what
        response = client.post(path, {"role": "VIEWER"}, follow=True)
        assert "A merchant needs an owner who can sign in" in text_of(response)


def test_an_owner_may_leave_when_there_is_another(shop: Shop, owner: User) -> None:
    member(shop, "OWNER")
    client = proved(owner)
    assert client.post(f"{page_of(owner, shop)}remove/")["Location"] == "/"
    assert client.get(TEAM).status_code == 404


def test_the_invitations_of_an_owner_who_is_one_no_more_are_void(shop: Shop, owner: User) -> None:
    kai = member(shop, "OWNER", email="kai@shop.example")
    path = invite(kai, "accomplice@shop.example", "OWNER")
    proved(owner).post(page_of(kai, shop), {"role": "VIEWER"})
    assert NOT_ANY_MORE in text_of(Client().get(path))


@every_order
@pytest.mark.django_db(transaction=True)
def test_owners_who_remove_each_other_at_once_leave_one() -> None:
    shop = shops.join("2026-10-01 09:00")
    owners = [member(shop) for _ in range(4)]
    ids = [owner.memberships.get().pk for owner in owners]

    def remove_the_next(number: int) -> str:
        try:
            team.remove(
                merchant_id=shop.merchant.pk,
                actor=owners[number],
                membership_id=ids[(number + 1) % 4],
                now=timezone.now(),
            )
        except (team.NotAnOwner, team.LastOwner) as refusal:
            return refusal.code
        return "removed"

    answers = at_once(remove_the_next, threads=4)
    assert shop.merchant.memberships.count() == 4 - answers["removed"] >= 1


def test_two_tabs_with_two_merchants_never_mix(shop: Shop, owner: User) -> None:
    second = shops.join("2026-10-01 09:00", "second", name="Second Shop")
    MembershipFactory.create(user=owner, merchant=second.merchant, role="VIEWER")
    client = proved(owner)
    form = to_invite("mei@shop.example", "VIEWER")
    assert "Second Shop" in text_of(client.get("/m/second/settings/team/"))
    client.post(INVITE, form)  # in the tab of the first, after looking at the second
    assert Invitation.objects.get().merchant == shop.merchant
    assert client.post("/m/second/settings/team/invite/", form).status_code == 403


@pytest.mark.full  # each page in test_page_queries.py
def test_a_long_list_costs_as_little_as_a_short_one(
    shop: Shop, owner: User, django_assert_max_num_queries: type
) -> None:
    for _ in range(60):
        MembershipFactory.create(merchant=shop.merchant, role="VIEWER")
    invite(owner)
    client = proved(owner)
    with django_assert_max_num_queries(6):
        assert "Next" in text_of(client.get(TEAM))


@pytest.mark.parametrize("spelt", ["otto@tael.example", *full("Otto@Tael.Example")])
def test_an_operators_address_is_not_invited(shop: Shop, owner: User, spelt: str) -> None:
    operator("Auditor", email="otto@tael.example")
    other = shops.join("2026-10-01 09:00", "other", name="Other").merchant
    browser = proved(owner)
    with nothing_changes():
        answer = browser.post(INVITE, to_invite(spelt, "VIEWER"))
        assert CANNOT_BE in text_of(answer)
        with pytest.raises(inviting.OperatorsAddress):
            inviting.invite(
                merchant_id=shop.merchant.pk, actor=owner, email=spelt,
                role=Membership.Role.VIEWER, now=timezone.now(),
            )  # fmt: skip
        became = inviting.invite_first_owner(
            merchant_id=other.pk, email=spelt, actor="API key", now=timezone.now()
        )
        assert (became, became.is_invited) == (inviting.FirstOwner.OPERATORS, False)
    assert mail.outbox == []
