"""What e-mails about sign-ins and teams say, in the three languages; and who gets them."""

import re
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from merchants import queries, security_letter
from merchants.models import Membership, SecurityMail, User
from merchants.operations import invitations, people, security_mails, team
from tests import shops
from tests.factories import (
    PASSWORD,
    AuthenticatorFactory,
    InvitationFactory,
    browser_of,
    member,
    operator,
)
from tests.shops import Shop

pytestmark = pytest.mark.django_db

Kind = SecurityMail.Kind
DETAILS: dict[str, Any] = {
    "factor": "totp",
    "before": "VIEWER",
    "after": "new@shop.example",
    "browser": "Mozilla/5.0 (Windows) Firefox/1",
    "ip": "192.0.2.7",
    "who": "mei@shop.example",
    "role": "OWNER",
    "by": security_letter.OUR_TEAM,
    "opens_at": "2026-11-04T10:00:00+00:00",
}
OF_MERCHANT = {"FIRST_FACTOR", "MEMBER_JOINED", "ROLE_CHANGED", "MEMBER_LEFT", "FACTOR_REQUIRED"}


@pytest.fixture
def shop() -> Shop:
    """A shop that has just joined."""
    return shops.join("2026-10-01 09:00")


@pytest.fixture
def owner(shop: Shop) -> User:
    """An owner of the shop."""
    return member(shop, email="olga@shop.example")


def written(kind: str, reader: User, shop: Shop, language: str, **details: str) -> tuple[str, str]:
    """Subject and text of the letter of this kind, in the reader's language."""
    reader.language = language
    letter = SecurityMail(
        kind=kind,
        user=reader,
        address=reader.email,
        merchant=shop.merchant if kind in OF_MERCHANT else None,
        details=DETAILS | details,
        at=shops.instant("2026-11-03 10:00"),
    )
    sent = security_letter.write(letter)
    return str(sent.subject), str(sent.body)


@pytest.mark.parametrize("language", ["en", "zh-hans", "th"])
def test_every_kind_has_its_words_in_every_language(shop: Shop, owner: User, language: str) -> None:
    said = set()
    for kind in Kind.values:
        for is_on in ("yes", "no") if kind == "FACTOR_REQUIRED" else ("",):
            subject, body = written(kind, owner, shop, language, is_on=is_on)
            assert "%(" not in subject + body
            assert "http" in body
            if language == "zh-hans":
                assert re.search(r"[\u4e00-\u9fff]", subject)
            if language == "th":
                assert re.search(r"[\u0e00-\u0e7f]", subject)
            said.add((subject, body))
    assert len(said) == len(Kind.values) + 1


def test_what_a_few_of_them_say(shop: Shop, owner: User) -> None:
    subject, body = written("ROLE_CHANGED", owner, shop, "en")
    assert subject == "The role of mei@shop.example was changed"
    assert (
        "mei@shop.example had this role at Rosewood Dresses: Viewer. It is this one now: Owner."
        " Changed by: Our team." in body
    )
    assert "This happened at 3 Nov 2026 10:00 UTC." in body
    assert body.endswith("/m/rosewood/settings/team/")
    _subject, body = written("FIRST_FACTOR", owner, shop, "zh-hans")
    assert "mei@shop.example 首次设置了两步验证。自2026年11月4日 10:00 UTC起" in body
    subject, _body = written("LOCKED_OUT", owner, shop, "th")
    assert subject == "บัญชีของคุณถูกล็อกไม่เกิน 15 นาที"


def told(kind: str) -> list[tuple[str, str]]:
    """The address that each letter of this kind went to, and the person who is named in it."""
    found = SecurityMail.objects.filter(kind=kind).order_by("pk")
    return [(one.address, one.details["by"]) for one in found]


def test_owners_hear_of_every_new_member_and_changed_role(shop: Shop, owner: User) -> None:
    second, now = member(shop, email="otto@shop.example"), timezone.now()
    member(shop, "FINANCE")
    invitation = InvitationFactory.create(
        shop=shop, at=now, actor=owner, email="mei@shop.example", role=Membership.Role.VIEWER
    )
    assert SecurityMail.objects.count() == 0
    token = re.search(r"/invitations/(\S+)/", str(mail.outbox[-1].body))
    assert token
    joined = invitations.accept_as_new(token=token[1], password=PASSWORD, now=now)
    both = [("olga@shop.example", "olga@shop.example"), ("otto@shop.example", "olga@shop.example")]
    assert told("MEMBER_JOINED") == both
    assert invitation.email == "mei@shop.example"
    member_of = {"merchant_id": shop.merchant.pk, "membership_id": joined.pk, "now": now}
    team.change_role(**member_of, actor=owner, role=Membership.Role.FINANCE)  # type: ignore[arg-type]
    assert told("ROLE_CHANGED") == both
    team.remove(**member_of, actor=second)  # type: ignore[arg-type]
    assert told("MEMBER_LEFT") == [
        ("olga@shop.example", "otto@shop.example"),
        ("otto@shop.example", "otto@shop.example"),
    ]


@pytest.mark.parametrize("role", ["FINANCE", "VIEWER"])
def test_an_owner_who_is_one_no_longer_hears_of_it(shop: Shop, owner: User, role: str) -> None:
    otto = member(shop, email="otto@shop.example").memberships.get()
    member(shop, "FINANCE")
    team.change_role(
        merchant_id=shop.merchant.pk, actor=owner, membership_id=otto.pk,
        role=Membership.Role(role), now=timezone.now(),
    )  # fmt: skip
    both = [("olga@shop.example", "olga@shop.example"), ("otto@shop.example", "olga@shop.example")]
    assert told("ROLE_CHANGED") == both


def test_merchants_are_told_of_our_team_and_of_no_name(shop: Shop, owner: User) -> None:
    boss = operator("Administrator", email="boss@tael.example")
    kai = member(shop, "VIEWER").memberships.get()
    team.change_role(
        merchant_id=shop.merchant.pk,
        actor=boss,
        membership_id=kai.pk,
        role=Membership.Role.OWNER,
        reason="asked for by letter",
        now=timezone.now(),
    )
    assert {by for _address, by in told("ROLE_CHANGED")} == {security_letter.OUR_TEAM}


def test_who_loses_their_factors_to_an_administrator_is_told(owner: User) -> None:

    AuthenticatorFactory.create(user=owner)
    people.take_second_factors(
        user_id=owner.pk,
        reason="lost",
        actor=operator("Administrator"),
        now=timezone.now(),
    )
    assert SecurityMail.objects.get().kind == "FACTORS_TAKEN"


def test_a_mail_that_was_not_sent_is_tried_again_and_nobodys_choice_mutes_it(
    shop: Shop, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    Membership.objects.update(muted=["DESTINATION_ADDED"])
    security_mails.write_to_owners(Kind.MEMBER_JOINED, shop.merchant.pk, now=now, **DETAILS)
    with monkeypatch.context() as patch:
        patch.setattr(security_letter, "write", lambda mail: 1 / 0)
        assert len(security_mails.send(queries.security_mails_to_send(now), now=now).failures) == 1
    assert mail.outbox == []
    assert SecurityMail.objects.get().failures == 1
    assert security_mails.send(queries.security_mails_to_send(now), now=now).sent == 1
    assert mail.outbox[0].to == ["olga@shop.example"]


def test_an_operator_decides_about_people_with_a_fresh_factor(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss = operator("Administrator", email="boss@tael.example")
    with monkeypatch.context() as patch:
        patch.setattr("time.time", lambda: timezone.now().timestamp() - 301)
        client = browser_of(boss)
    page = f"/admin/merchants/membership/{owner.memberships.get().pk}/decide/role/"
    answer = client.post(page, {"role": "VIEWER", "reason": "because"})
    assert answer["Location"].startswith("/accounts/2fa/reauthenticate/?next=%2Fadmin%2F")
    assert owner.memberships.get().role == "OWNER"
