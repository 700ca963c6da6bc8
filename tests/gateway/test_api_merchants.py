"""Merchants by the API: they are taken in, their first owner is invited, their terms changed."""

from typing import Any

import pytest
from django.core import mail

from gateway.api import examples
from lib import events
from merchants.models import Invitation, Membership, Merchant
from merchants.operations import inviting
from tests import shops
from tests.credit.pages import set_clock
from tests.factories import operator
from tests.gateway.asking import Caller, pointers, problem, said
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The API's clock stands at 26 Nov 2026, 03:00 UTC."""
    set_clock(monkeypatch)("2026-11-26 03:00")


def test_a_merchant_is_changed_by_what_is_sent_and_again_by_nothing() -> None:
    shop = shops.join("2026-11-26 02:00")
    caller = Caller("merchants", "read")
    body = examples.BODIES["changeMerchant"]
    for rows in (3, 3):
        changed = caller.ask("PATCH", "/merchants/rosewood", body)
        assert said(changed) == said(caller.get("/merchants/rosewood"))
        assert said(changed)["name"] == "Rosewood & Daughters"
        assert said(caller.get("/merchants/rosewood/credit-line"))["payment_days"] == 14
        profile = shop.merchant.profile
        assert (profile.contact_name, profile.contact_email) == ("Malee", "malee@rosewood.example")
        told = TrailEntry.objects.filter(merchant=shop.merchant).exclude(action="API_KEY_MADE")
        assert [row.reason for row in told] == ["The shop has moved."] * rows
        assert {row.actor for row in told} == {f"API key {caller.key}"}
    with nothing_changes():
        for bad, where in (
            ({"name": "Rosewood", "payment_days": 367}, "/payment_days"),
            ({"name": "Rosewood", "settlement_days": 8}, "/settlement_days"),
            ({"name": "Rosewood", "language": "xx"}, "/language"),
            ({"name": "Rosewood", "contact_email": "malee"}, "/contact_email"),
            ({"name": None}, "/name"),
            ({"currency": "THB"}, "/currency"),
            # Whatever is to change, and also if nothing is.
            ({"reason": " ", "contact_name": "Kanya"}, "/reason"),
            ({"reason": "\n", "name": "Rosewood"}, "/reason"),
            ({"reason": " ", "payment_days": 7}, "/reason"),
            ({"reason": "", "contact_name": "Kanya"}, "/reason"),
            ({"reason": " "}, "/reason"),
        ):
            refused = caller.ask("PATCH", "/merchants/rosewood", {"reason": "r", **bad})
            assert (refused.status_code, said(refused)["errors"][0]["pointer"]) == (422, where)
    assert shop.merchant.name == "Rosewood & Daughters"
    assert caller.ask("PATCH", "/merchants/rosewood", {"name": "X"}).status_code == 422


def test_the_first_owner_is_invited_once_and_again_only_if_nobody_got_the_mail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caller = Caller("merchants")
    body = examples.BODIES["takeInMerchant"]

    def broken(*_: Any) -> None:
        raise inviting.InvitationNotSent("the mail server is away")

    with monkeypatch.context() as patched:
        patched.setattr(inviting, "_send", broken)
        assert said(caller.post("/merchants", body))["owner_invited"] is False
    told = TrailEntry.objects.filter(subject="malee@rosewood.example").order_by("pk")
    assert list(told.values_list("action", "reason")) == [
        ("MEMBER_INVITED", ""),
        ("INVITATION_REVOKED", "the mail server is away"),
    ]
    for _ in range(2):
        assert said(caller.post("/merchants", body))["owner_invited"] is True
    assert len(mail.outbox) == 1
    assert not Membership.objects.exists()
    bad = caller.post("/merchants", body | {"merchant": "other", "owner_email": "malee"})
    assert (bad.status_code, said(bad)["errors"][0]["pointer"]) == (422, "/owner_email")
    assert not Merchant.objects.filter(reference="other").exists()


def test_an_operators_address_invites_nobody_however_often_it_is_sent() -> None:
    operator("Auditor", email="otto@tael.example")
    caller = Caller("merchants")
    body = examples.BODIES["takeInMerchant"] | {"owner_email": "Otto@Tael.example"}
    for _ in range(2):
        assert said(caller.post("/merchants", body))["owner_invited"] is False
    assert (mail.outbox, Invitation.objects.count()) == ([], 0)
    body["owner_email"] = "malee@rosewood.example"
    assert said(caller.post("/merchants", body))["owner_invited"] is True


def test_a_merchants_own_key_says_none_of_its_terms_and_no_operators_word() -> None:
    shop = shops.join("2026-11-26 02:00")
    own, platform = Caller(merchant=shop.merchant), Caller()
    joining = {**examples.BODIES["takeInMerchant"], "owner_email": "thief@rosewood.example"}
    terms: list[tuple[dict[str, Any], list[str]]] = [
        ({"settlement_days": 0, "payment_days": 300}, ["/payment_days", "/settlement_days"]),
        ({"settlement_days": 7}, ["/settlement_days"]),  # as it is
        ({"name": "Somebody Else", "contact_phone": "+66 2 000 0000"}, ["/name"]),
        ({"language": "en"}, ["/language"]),
    ]
    with nothing_changes(but=["gateway_receivedevent"]):
        for body, where in terms:
            refused = own.ask("PATCH", "/merchants/rosewood", {"reason": "r", **body})
            assert (problem(refused), pointers(refused)) == ((403, "forbidden"), where)
        assert problem(own.post("/merchants", joining)) == (403, "forbidden")
        for kind, data in (
            ("shop.metrics", examples_of("shop.metrics") | {"rating": "5"}),
            ("merchant.joined", examples_of("merchant.joined")),
        ):
            sent = {"id": kind, "type": kind, "at": "2026-11-26T02:30:00Z",
                    "merchant": "rosewood", "data": data}  # fmt: skip
            (result,) = own.events(sent)
            assert (result["outcome"], result["code"]) == ("rejected", "forbidden")
    assert mail.outbox == []
    contacts = {"reason": "r", "contact_name": "Malee", "contact_email": "malee@rosewood.example"}
    assert own.ask("PATCH", "/merchants/rosewood", contacts).status_code == 200
    assert shop.merchant.profile.contact_name == "Malee"
    changed = platform.ask("PATCH", "/merchants/rosewood", {"reason": "r", "settlement_days": 0})
    assert changed.status_code == 200
    assert said(platform.get("/merchants/rosewood/credit-line"))["settlement_days"] == 0


def examples_of(kind: str) -> dict[str, Any]:
    """The data of the event type's example."""
    found = events.type_named(kind)
    assert found is not None
    return dict(found.example)
