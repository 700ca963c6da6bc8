"""Whatever leads to money's ways out takes a second factor, in whoever's session it is."""

import re
from urllib.parse import quote

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client
from django.urls import resolve
from django.utils import timezone
from pytest_django import Settings

from merchants.models import Invitation, Membership, User
from tests.config.test_authorisation import EXPORTS, MERCHANT, SHOWS
from tests.credit.withdrawing import shop_with
from tests.factories import (
    PASSWORD,
    InvitationFactory,
    browser_of,
    confirm_second_factor,
    member,
    proved,
)
from tests.merchants.teams import INVITE, NEW_PASSWORD, TEAM, members, to_invite
from tests.shops import Shop
from tests.text import text_of
from tests.unchanged import nothing_changes
from tests.whole import some

pytestmark = pytest.mark.django_db

SET_UP = "/accounts/2fa/"
CONFIRM = "/accounts/2fa/reauthenticate/"
SETTINGS = "/m/rosewood/billing/settings/"
WITHDRAW = "/m/rosewood/credit/withdrawals/new/"


@pytest.fixture
def shop() -> Shop:
    """A shop with 300.00 of proceeds."""
    return shop_with("300.00")


@pytest.fixture
def owner(shop: Shop) -> User:
    """An owner of the shop."""
    return member(shop, email="olga@shop.example")


def doors(shop: Shop, owner: User) -> dict[str, dict[str, str]]:
    """Every address of the shop that leads to money's ways out, with what is sent there."""
    colleague = member(shop, "VIEWER", email="kai@shop.example")
    pk = Membership.objects.get(user=colleague).pk
    invitation = InvitationFactory.create(
        shop=shop,
        at=timezone.now(),
        actor=owner,
        email="open@shop.example",
        role=Membership.Role.OWNER,
    )
    destination = shop.destination.pk
    return {
        INVITE: to_invite("mei@shop.example", "OWNER"),
        f"{TEAM}{pk}/": {"role": "OWNER"},
        f"{TEAM}{pk}/remove/": {},
        f"{TEAM}invitations/{invitation.pk}/send/": {},
        "/m/rosewood/settings/security/": {"required": "yes"},
        f"{SETTINGS}method/": {"method": "manual"},
        f"{SETTINGS}cards/stripe/": {},
        "/m/rosewood/billing/accountant/addresses/": {"email": "eve@x.example"},
        f"{SETTINGS}cards/stripe/finish/": {"setup_intent": "seti_1"},
        f"{SETTINGS}cards/1/remove/": {},
        WITHDRAW: {"amount": "100.00", "destination": str(destination), "request_key": "a"},
        "/m/rosewood/credit/destinations/new/": {
            "kind": "BANK_CARD",
            "holder": "Eve",
            "bank": "ICBC",
            "number": "4000000000000119",
        },
        f"/m/rosewood/credit/destinations/{destination}/remove/": {},
        "/m/rosewood/credit/withdrawals/automatic/new/": {
            "every": "DAILY",
            "from_amount": "10.00",
            "destination": str(destination),
        },
    }


# What a form of the shop's pages does that is sent without one: it looks, asks, pays the shop's own
# bills, keeps what is harmless, or protects.
ASK_FOR_NONE = {
    "billing:ask_question",
    "billing:ask_threshold",
    "billing:build_year",
    "billing:charges_csv",
    "billing:choose_years",
    "billing:details",
    "billing:dispute",
    "billing:new_credit",
    "billing:pay",
    "billing:remove_address",
    "credit:ask_question",
    "credit:ask_raise",
    "credit:cancel_withdrawal",
    "credit:caps",
    "credit:pause_orders",
    "credit:stop_automatic",
    "merchant:document",
    "merchant:mark_read",
    "merchant:notifications",
    "merchant:profile",
    "merchant:remove_view",
    "merchant:revoke",
    "merchant:save_view",
}
# Of demonstrations, which ask for none; of a void bill; and of bills with tax.
NOT_HERE = {
    *("billing:add_card", "billing:credit_note_pdf", "billing:cleared_file"),
    "billing:cleared_note_file",
    *("billing:credit_note_factur_x", "billing:credit_note_ubl"),
    *("billing:invoice_factur_x", "billing:invoice_ubl"),
}


def test_every_form_of_the_shop_is_a_door_or_known_to_be_none(shop: Shop, owner: User) -> None:
    all_doors = {resolve(path).view_name for path in doors(shop, owner)}
    only_show = (SHOWS, EXPORTS)
    forms = {name for name, answers in MERCHANT.items() if answers not in only_show}
    assert forms == all_doors | ASK_FOR_NONE | NOT_HERE
    assert all_doors & ASK_FOR_NONE == set()


def test_without_a_second_factor_every_door_leads_to_setting_one_up(
    shop: Shop, owner: User
) -> None:
    all_doors, client = doors(shop, owner), browser_of(owner)
    with nothing_changes():
        for path, said in all_doors.items():
            response = client.post(path, said)
            assert (response.status_code, response["Location"]) == (302, SET_UP), path


def test_in_an_old_session_every_door_asks_for_it_again(
    shop: Shop, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    all_doors, client = doors(shop, owner), browser_of(owner)
    with monkeypatch.context() as patch:
        patch.setattr("time.time", lambda: timezone.now().timestamp() - 301)
        confirm_second_factor(client, owner)
    with nothing_changes():
        for path, said in all_doors.items():
            response = client.post(path, said)
            assert response.status_code == 302, path
            assert response["Location"].startswith(f"{CONFIRM}?next="), path
            assert "4000000000000119" not in response["Location"]


@pytest.mark.full  # each form is sent in test_authorisation.py
@pytest.mark.parametrize("role", some(["FINANCE", "VIEWER"], 2))
def test_a_factor_gives_nobody_a_role(shop: Shop, owner: User, role: str) -> None:
    all_doors = doors(shop, owner)
    client = proved(member(shop, role))
    with nothing_changes():
        for path, said in all_doors.items():
            if role == "FINANCE" and not path.startswith((TEAM, "/m/rosewood/settings/")):
                continue  # theirs
            assert client.post(path, said).status_code == 403, path


def test_with_a_fresh_one_the_doors_open(shop: Shop, owner: User) -> None:
    client = proved(owner)
    assert client.post(INVITE, to_invite("mei@shop.example", "OWNER")).status_code == 302
    assert Invitation.objects.get().role == "OWNER"
    assert client.get(WITHDRAW).status_code == 200


def test_an_invitation_that_was_filled_in_comes_back_after_the_factor(
    shop: Shop, owner: User
) -> None:
    client = browser_of(owner)
    proved(owner)  # in another browser: this session has confirmed nothing
    invited = to_invite("mei@shop.example", "FINANCE")
    sent = client.post(INVITE, invited)
    back = f"{INVITE}?email=mei%40shop.example&role=FINANCE&request_key={invited['request_key']}"
    assert sent["Location"] == f"{CONFIRM}?next={quote(back, safe='')}"
    page = client.get(back).content.decode()
    assert 'value="mei@shop.example"' in page
    assert (
        f'value="{invited["request_key"]}"' in page
    )  # sent twice, with the detour or without, it is one
    assert re.search(r'value="FINANCE"[^>]*(checked|selected)', page)


@pytest.mark.full  # to revoke takes none, below
def test_who_only_looks_is_invited_without_one(shop: Shop, owner: User) -> None:
    client = browser_of(owner)
    assert client.get(INVITE).status_code == 200
    client.post(INVITE, to_invite("vera@shop.example", "VIEWER"))
    assert Invitation.objects.get().role == "VIEWER"


def test_to_revoke_an_invitation_takes_none(shop: Shop, owner: User) -> None:
    doors(shop, owner)
    pk = Invitation.objects.get().pk
    browser_of(owner).post(f"{TEAM}invitations/{pk}/revoke/")
    assert Invitation.objects.get().revoked_at is not None


def test_a_demonstration_asks_for_none_and_does_not_wait(
    shop: Shop, owner: User, settings: Settings
) -> None:
    settings.TAEL_SANDBOX = True
    client = browser_of(owner)
    client.post(INVITE, to_invite("mei@shop.example", "OWNER"))
    assert Invitation.objects.get().role == "OWNER"
    assert client.get(WITHDRAW).status_code == 200


def test_a_stolen_session_brings_no_second_owner_in_and_no_money_out(
    shop: Shop, owner: User
) -> None:
    """The whole story: an owner's open session, the thief's own address, own factor, withdrawal."""
    proved(owner)  # the owner has a factor, confirmed in another browser
    stolen = browser_of(owner)
    with nothing_changes():
        # A second owner, a role for an accomplice: no.
        sent = stolen.post(INVITE, {"email": "eve@evil.example", "role": "OWNER"})
        assert sent["Location"].startswith(CONFIRM)
        assert mail.outbox == []
        # An own factor in place of the owner's, with the password even: no.
        answer = stolen.post("/accounts/reauthenticate/", {"password": PASSWORD})
        assert answer["Location"].startswith(CONFIRM)
        assert stolen.post("/accounts/2fa/totp/deactivate/")["Location"].startswith(CONFIRM)
        assert stolen.get("/accounts/2fa/webauthn/add/")["Location"].startswith(CONFIRM)
        assert stolen.post("/accounts/2fa/recovery-codes/generate/")["Location"].startswith(CONFIRM)
        # Another password or address: no.
        new = {"oldpassword": PASSWORD, "password1": "eves own one", "password2": "eves own one"}
        assert stolen.post("/accounts/password/change/", new)["Location"].startswith(CONFIRM)
        asked = stolen.post("/accounts/email/", {"action_add": "", "email": "eve@evil.example"})
        assert asked["Location"].startswith(CONFIRM)
    assert User.objects.get(pk=owner.pk).check_password(PASSWORD)
    assert Authenticator.objects.get(user=owner).type == "totp"


def test_an_owner_who_was_let_in_waits_a_day_and_all_owners_know(shop: Shop, owner: User) -> None:
    proved(owner).post(INVITE, to_invite("mei@shop.example", "OWNER"))
    link = re.search(r"/invitations/\S+/", str(mail.outbox[-1].body))
    assert link
    newcomer = Client()
    newcomer.post(link[0], NEW_PASSWORD)
    assert members(shop)["mei@shop.example"] == "OWNER"
    assert newcomer.get(WITHDRAW)["Location"] == SET_UP
    answer = newcomer.get(f"{TEAM}")
    assert "mei@shop.example" in text_of(answer)
