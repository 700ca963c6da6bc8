"""An administrator sends an invitation again, by its own operation: with a new link that nobody of
ours sees.
"""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import mail
from django.db import transaction
from django.test import Client
from django.urls import reverse

from merchants import queries
from merchants.models import Invitation
from merchants.operations import invitations, inviting
from tests import shops
from tests.credit.pages import set_clock
from tests.factories import InvitationFactory, browser_of, member, operator
from tests.factories.people import showed
from tests.processes import until
from tests.shops import Shop
from tests.text import text_of
from tests.threads import at_once, is_waited_for
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

NOW = "2026-11-05 10:00"
EMAIL = "mei@rosewood.example"


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A new shop, at NOW."""
    set_clock(monkeypatch)(NOW)
    return shops.join("2026-11-01 10:00")


def page(invitation: Invitation) -> str:
    """The address where operators send the invitation again."""
    return reverse("admin:merchants_invitation_decide", args=[invitation.pk, "send-again"])


def send(browser: Client, invitation: Invitation) -> str:
    """The page after the invitation was sent again."""
    said = {"reason": "It was not found.", **showed(browser, page(invitation))}
    return text_of(browser.post(page(invitation), said, follow=True))


def test_it_has_a_new_link_that_nobody_of_ours_sees(shop: Shop) -> None:
    old = InvitationFactory.create(shop=shop, at="2026-11-03 10:00", email=EMAIL, role="OWNER")
    mail.outbox.clear()
    browser = browser_of(operator("Administrator"))
    assert "The invitation is sent again." in send(browser, old)
    (letter,) = mail.outbox
    assert letter.to == [EMAIL]
    (token,) = re.findall(r"/invitations/([^/\s]+)/", str(letter.body))
    new = queries.open_invitation(token, shop.at(NOW))
    assert new
    assert (new.email, new.role) == (EMAIL, "OWNER")
    old.refresh_from_db()
    assert old.revoked_at == shop.at(NOW)
    for row in (old, new):
        record = browser.get(
            reverse("admin:merchants_invitation_change", args=[row.pk])
        ).content.decode()
        assert token not in record
        assert row.token_digest not in record
    # What is closed is not sent again.
    with nothing_changes():
        assert "taken up or revoked" in text_of(browser.post(page(old), {"reason": "Again."}))


@pytest.mark.parametrize("role", ["Credit officer", "Billing officer", "Auditor"])
def test_who_does_not_manage_people_sends_none(shop: Shop, role: str) -> None:
    old = InvitationFactory.create(shop=shop, at="2026-11-03 10:00", email=EMAIL, role="OWNER")
    browser = browser_of(operator(role))
    with nothing_changes():
        assert browser.post(page(old), {"reason": "x"}).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_one_that_is_revoked_at_that_instant_stays_revoked(shop: Shop) -> None:
    owner = member(shop)
    old = InvitationFactory.create(shop=shop, at=NOW, email=EMAIL, role="OWNER", actor=owner)
    mail.outbox.clear()

    def again(_: int) -> str:
        try:
            inviting.send_again(
                merchant_id=shop.merchant.pk, actor=owner, invitation_id=old.pk, now=shop.at(NOW)
            )
        except invitations.InvitationClosed as refusal:
            return refusal.code
        return "sent"

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            inviting.revoke(
                merchant_id=shop.merchant.pk, actor=owner, invitation_id=old.pk, now=shop.at(NOW)
            )
            pressed = pool.submit(at_once, again, threads=1)
            until(is_waited_for)
        assert pressed.result() == {"invitation_closed": 1}
    assert mail.outbox == []
    assert Invitation.objects.get().revoked_at == shop.at(NOW)
