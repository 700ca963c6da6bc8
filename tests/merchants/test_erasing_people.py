"""A person is erased on request: nothing is left of them, and the books add up (21.18)."""

import json
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db import DatabaseError, connection, transaction
from django.test import Client

from credit.models import LimitRequest, Withdrawal
from lib import erasing as pseudonyms
from merchants.models import Erasure, Invitation, Membership, Proposal, SecurityMail, SignIn, User
from merchants.operations import erasures, operators, profiles, sign_ins, team
from merchants.operations.personal_erasing import ProposalOpen, RecordKept, StillInRole
from tests import books, shops
from tests.credit import withdrawing
from tests.factories import (
    AuthenticatorFactory,
    InvitationFactory,
    ProposalFactory,
    QuestionFactory,
    UserFactory,
    browser_of,
    member,
    operator,
)
from tests.merchants import erasing
from tests.shops import Shop, instant
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

NOW = instant("2026-11-20 10:00")
LIN, BEFORE = "lin.wei@rosewood.example", "lin@former.example"
WHY = "Asked by letter of 18 November."
BROWSER = sign_ins.Visitor(ip="203.0.113.77", browser="Lin's own browser")


@pytest.fixture
def boss() -> User:
    """One of two administrators."""
    operator("Administrator", email="other@tael.example")
    return operator("Administrator", email="boss@tael.example")


def lin_has_worked() -> tuple[Shop, User]:
    """Lin signed in, changed the address, invited somebody, withdrew, asked, and left again."""
    shop = withdrawing.shop_with("500.00")
    owner = member(shop, email="owner@rosewood.example")
    lin = member(shop, "FINANCE", email=BEFORE, first_name="Lin", last_name="Weiwei")
    sign_ins.signed_in(user=lin, visitor=BROWSER, knows_browser=False, now=NOW)
    lin.email = LIN
    lin.save()
    sign_ins.address_changed(user=lin, before=BEFORE, now=NOW)
    profiles.complete(
        merchant_id=shop.merchant.pk,
        fields={"contact_name": "Lin Weiwei", "contact_email": LIN,
                "contact_phone": "+66 2 555 01"},
        actor=LIN, now=NOW,
    )  # fmt: skip
    withdrawing.withdraw(shop, "100.00", actor=LIN)
    QuestionFactory.create(shop=shop, at="2026-11-20 09:00", message="Why?", actor=LIN)
    AuthenticatorFactory.create(user=lin)
    browser_of(lin)
    membership = Membership.objects.get(user=lin)
    team.remove(merchant_id=shop.merchant.pk, membership_id=membership.pk, actor=owner, now=NOW)
    InvitationFactory.create(shop=shop, at="2026-11-19 10:00", email=LIN, actor=owner)
    return shop, lin


def test_nothing_is_left_of_a_person_and_the_books_add_up(boss: User) -> None:
    shop, lin = lin_has_worked()
    figures = (shop.line.proceeds, shop.line.limit, Withdrawal.objects.get().total)
    assert len(erasing.found(LIN, BEFORE, "Weiwei", "203.0.113.77", "own browser")) > 10
    erased = erasures.erase_person(user_id=lin.pk, reason=WHY, actor=boss, now=NOW)
    assert erasing.found(LIN, BEFORE, "Weiwei", "203.0.113.77", "own browser", "555 01") == []
    books.assert_clean()
    assert figures == (shop.line.proceeds, shop.line.limit, Withdrawal.objects.get().total)
    # One pseudonym stands for all of it.
    address = f"{erased}@erased.invalid"
    lin.refresh_from_db()
    assert (lin.email, lin.is_active, lin.has_usable_password()) == (address, False, False)
    assert Withdrawal.objects.get().requested_by == LimitRequest.objects.get().asked_by == address
    assert set(SignIn.objects.values_list("address", "ip", "browser")) == {(address, None, "")}
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.revoked_at) == (address, NOW)
    changed = TrailEntry.objects.get(action="ADDRESS_CHANGED")
    assert (changed.actor, changed.subject, changed.after) == (
        address,
        address,
        {"address": address},
    )
    told = SecurityMail.objects.get(kind="MEMBER_LEFT", user__email="owner@rosewood.example")
    assert told.details["who"] == address
    entry = TrailEntry.objects.get(action="PERSON_ERASED")
    assert (entry.actor, entry.subject, entry.reason) == ("boss@tael.example", str(erased), WHY)
    assert sum(Erasure.objects.get().rows.values()) == entry.after["rows"] > 10
    # Twice is once.
    with nothing_changes(), pytest.raises(erasures.NothingKept):
        erasures.erase_person(user_id=lin.pk, reason=WHY, actor=boss, now=NOW)
    # The address is free again, and its new owner is somebody else.
    UserFactory.create(email=LIN)
    assert erasures.data_of_person(
        user_id=User.objects.get(email=LIN).pk, reason=WHY, actor=boss, now=NOW
    )


def test_who_is_still_needed_is_not_erased(boss: User) -> None:
    shop = shops.join("2026-11-01 10:00")
    owner, auditor = member(shop), operator("Auditor", email="a@tael.example")

    def refused(with_: type[Exception], user: User) -> str:
        with nothing_changes(), pytest.raises(with_) as refusal:
            erasures.erase_person(user_id=user.pk, reason=WHY, actor=boss, now=NOW)
        return str(refusal.value)

    assert "Owner of Rosewood Dresses: take that role away" in refused(StillInRole, owner)
    assert "is an operator: take the roles away" in refused(StillInRole, auditor)
    assert "ask another administrator" in refused(operators.OnOneself, boss)
    operators.change_roles(user_id=auditor.pk, roles=[], reason="Left.", actor=boss, now=NOW)
    assert "stays on record until 17 Nov 2036" in refused(RecordKept, auditor)
    years_later = NOW + timedelta(days=3650)
    erasures.erase_person(user_id=auditor.pk, reason=WHY, actor=boss, now=years_later)
    assert erasing.found("a@tael.example") == []
    ProposalFactory.create(email="new@tael.example", actor=boss, now=NOW)
    with nothing_changes(), pytest.raises(ProposalOpen):
        erasures.erase_address(email="new@tael.example", reason=WHY, actor=boss, now=NOW)
    with nothing_changes(), pytest.raises(operators.NotAnAdministrator):
        erasures.erase_person(user_id=owner.pk, reason=WHY, actor=owner, now=NOW)
    assert Proposal.objects.get().waits


def test_an_export_has_all_of_a_person_and_nothing_of_others(boss: User) -> None:
    _, lin = lin_has_worked()
    name, content = erasures.data_of_person(user_id=lin.pk, reason=WHY, actor=boss, now=NOW)
    kept = json.loads(content)["kept"]
    assert name == "personal-data.json"
    assert kept["account"][0]["last_name"] == "Weiwei"
    assert kept["invitations"][0]["merchant"] == "rosewood"
    assert kept["sign-ins"][0] | {"at": ""} == {
        "at": "", "kind": "SIGNED_IN", "address": BEFORE, "ip": "203.0.113.77",
        "browser": "Lin's own browser", "detail": "",
    }  # fmt: skip
    assert [row["type"] for row in kept["second factors"]] == ["totp"]
    assert kept["contact of merchants"][0]["contact_phone"] == "+66 2 555 01"
    acted = {(row["what"].split()[0], row["as"]) for row in kept["who acted"]}
    assert {("withdrawal", "requested_by"), ("limit", "asked_by"), ("trail", "actor")} <= acted
    assert {row["merchant"] for row in kept["roles"]} == set()  # it was taken away
    text = content.decode()
    assert "owner@rosewood.example" not in text
    assert "(another person)" in text or "boss@tael.example" not in text
    taken = TrailEntry.objects.get(action="PERSON_DATA_TAKEN")
    assert (taken.subject, taken.reason, taken.actor) == (LIN, WHY, "boss@tael.example")
    # What erasing finds, an export has: every row that loses the name.
    erased = erasures.erase_person(user_id=lin.pk, reason=WHY, actor=boss, now=NOW)
    for title, count in erased.rows.items():
        assert kept[title], (title, count)


def test_an_address_that_was_only_asked_for_is_not_theirs(boss: User) -> None:
    """Anybody can ask for anybody's: Mei's, or that of whoever another merchant has invited."""
    _, lin = lin_has_worked()
    other = shops.join("2026-11-01 10:00", "oakwood")
    mei, guest = "mei@oakwood.example", "guest@oakwood.example"
    for wanted in (mei, guest):
        sign_ins.address_asked(user=lin, wanted=wanted, now=NOW)
        EmailAddress.objects.create(user=lin, email=wanted)
    invited = InvitationFactory.create(
        shop=other, at="2026-11-19 10:00", email=guest, actor=member(other, email=mei)
    )
    sign_ins.signed_in(
        user=User.objects.get(email=mei), visitor=BROWSER, knows_browser=True, now=NOW
    )
    _, content = erasures.data_of_person(user_id=lin.pk, reason=WHY, actor=boss, now=NOW)
    kept = json.loads(content)["kept"]
    assert {row["address"] for row in kept["sign-ins"]} == {BEFORE}
    assert {row["merchant"] for row in kept["invitations"]} == {"rosewood"}
    assert [row["after"]["address"] for row in kept["addresses asked for"]] == [mei, guest]
    erased = erasures.erase_person(user_id=lin.pk, reason=WHY, actor=boss, now=NOW)
    invited.refresh_from_db()
    assert (invited.email, invited.revoked_at) == (guest, None)
    assert SignIn.objects.get(user__email=mei).address == mei
    asked = TrailEntry.objects.filter(action="ADDRESS_ASKED").values_list("subject", "after")
    address = f"{erased}@erased.invalid"
    assert list(asked) == [(address, {"address": address})] * 2


def test_who_had_the_address_before_keeps_sign_ins_and_mails(boss: User) -> None:
    """Bob signed in by an address that he gave up, and that Mei has now."""
    shop = shops.join("2026-11-01 10:00")
    bob, shared = member(shop, email="finance@rosewood.example"), "finance@rosewood.example"
    sign_ins.signed_in(user=bob, visitor=BROWSER, knows_browser=True, now=NOW)
    bob.email = "bob@rosewood.example"
    bob.save()
    EmailAddress.objects.filter(user=bob).update(email=bob.email)
    sign_ins.address_changed(user=bob, before=shared, now=NOW)
    mei = UserFactory.create(email=shared)
    _, content = erasures.data_of_person(user_id=mei.pk, reason=WHY, actor=boss, now=NOW)
    kept = json.loads(content)["kept"]
    assert (kept["sign-ins"], kept["mails about sign-ins"]) == ([], [])
    erasures.erase_person(user_id=mei.pk, reason=WHY, actor=boss, now=NOW)
    assert SignIn.objects.get(user=bob).browser == "Lin's own browser"
    assert SecurityMail.objects.filter(user=bob, kind="ADDRESS_CHANGED").count() == 2


def test_the_database_lets_names_become_pseudonyms_and_nothing_else(boss: User) -> None:
    shop, _ = lin_has_worked()
    pseudonym = "erased-0123456789abcdef"
    allowed = (
        f"UPDATE trail_trailentry SET actor = '{pseudonym}@erased.invalid' WHERE actor = '{LIN}'"
    )
    for statement in (
        "UPDATE trail_trailentry SET actor = 'mei@rosewood.example'",
        "UPDATE trail_trailentry SET actor = actor",
        "UPDATE trail_trailentry SET actor = 'erased-1'",
        f"UPDATE trail_trailentry SET reason = '{pseudonym}'",
        f"UPDATE trail_trailentry SET actor = '{pseudonym}', at = now()",
        f"UPDATE trail_trailentry SET subject = subject || '{pseudonym}'",
        "UPDATE trail_trailentry SET after = '{}'",
        f"UPDATE credit_withdrawal SET requested_by = '{pseudonym}', amount = 1",
        "UPDATE credit_withdrawal SET requested_by = 'other@rosewood.example'",
        "UPDATE merchants_signin SET kind = 'FAILED', address = ''",
        "DELETE FROM trail_trailentry",
    ):
        refused = pytest.raises(DatabaseError, match="pgtrigger")
        with nothing_changes(), refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    with connection.cursor() as cursor:
        cursor.execute(allowed)
        assert cursor.rowcount > 0
    assert pseudonyms.is_erased(f"{pseudonym}@erased.invalid")
    assert not pseudonyms.is_erased(LIN)
    assert shop.reference == "rosewood"


@pytest.mark.full  # an export has all, above
def test_each_role_gets_what_is_its_own(boss: User) -> None:
    shop, lin = lin_has_worked()
    data, erase = (
        f"/admin/merchants/user/{lin.pk}/{page}/" for page in ("download/data", "decide/erase")
    )
    others = [operator(role) for role in ("Credit officer", "Billing officer", "Auditor")]
    clients = [browser_of(one) for one in others]
    merchants = [Client(), browser_of(member(shop)), browser_of(lin)]
    with nothing_changes():
        for client in clients:
            assert client.post(data, {"reason": WHY}).status_code == 403
            assert client.post(erase, {"reason": WHY}).status_code == 403
        for client in merchants:  # anonymous, an owner, the person
            assert client.post(data, {"reason": WHY}).status_code == 302
            assert client.post(erase, {"reason": WHY}).status_code == 302
    chief = browser_of(boss)
    assert "can be taken back" not in (page := chief.get(erase).content.decode())
    assert "do not name the person in the reason" in page
    file = chief.post(data, {"reason": WHY})
    assert json.loads(file.content)["about"] == LIN
    assert "personal-data.json" in file["Content-Disposition"]
    assert chief.post(data, {}).status_code == 200  # asks for the reason again
    done = chief.post(erase, {"reason": WHY}, follow=True)
    assert "The person is erased, and known as erased-" in done.content.decode()
    assert chief.post(erase, {"reason": WHY}).status_code in (200, 302)
    assert Erasure.objects.count() == 1
