"""Notices by e-mail: to whom, in which words, and once."""

from typing import Any

import pytest
from django.core import mail
from django.utils.translation import get_language

from lib.refusals import Invalid
from merchants.models import Membership, Merchant
from notices import letters, queries
from notices.models import Notice, NoticeMail
from notices.operations import mails
from tests.notices.mailing import NEXT_RUN, NOW, join, notify, person, readers, run
from tests.shops import instant

pytestmark = pytest.mark.django_db


def test_everybody_who_belongs_to_the_merchant_is_written_to_once() -> None:
    shop, other = join(), join("other")
    person(shop, "owner@silk.example", "OWNER")
    person(shop, "viewer@silk.example", "VIEWER")
    person(other, "stranger@jade.example", "OWNER")
    notify(shop)
    run()
    run()
    assert readers() == ["owner@silk.example", "viewer@silk.example"]
    assert set(NoticeMail.objects.values_list("sent_at", flat=True)) == {NOW}
    assert queries.notices_to_mail(NEXT_RUN) == []


def test_who_muted_a_kind_gets_no_mail_of_it_and_reads_the_others() -> None:
    shop = join()
    person(shop, "quiet@silk.example")
    person(shop, "all@silk.example")
    muted = Membership.objects.get(user__email="quiet@silk.example")
    mails.mute(membership_id=muted.pk, kinds={"FREEZE_PLACED", "LIMIT_80"})
    notify(shop)
    notify(shop, "FREEZE_LIFTED")
    run()
    assert readers() == ["all@silk.example", "all@silk.example", "quiet@silk.example"]
    muted.refresh_from_db()
    assert muted.muted == ["FREEZE_PLACED", "LIMIT_80"]


def test_what_is_no_kind_cannot_be_muted() -> None:
    shop = join()
    person(shop, "quiet@silk.example")
    membership = Membership.objects.get()
    mails.mute(membership_id=membership.pk, kinds=["REVIEW"])
    with pytest.raises(Invalid, match="muted: 'WEATHER' is no kind of notice"):
        mails.mute(membership_id=membership.pk, kinds=["WEATHER"])
    with pytest.raises(Membership.DoesNotExist):
        mails.mute(membership_id=membership.pk + 1, kinds=[])
    membership.refresh_from_db()
    assert membership.muted == ["REVIEW"]


def test_a_new_destination_is_told_to_owners_whatever_they_muted() -> None:
    shop = join()
    for email, role in (("owner@silk.example", "OWNER"), ("finance@silk.example", "FINANCE")):
        person(shop, email, role)
    Membership.objects.update(muted=["DESTINATION_ADDED"])
    notify(shop, "DESTINATION_ADDED")
    run()
    assert readers() == ["owner@silk.example"]


def test_who_may_not_sign_in_or_has_left_is_not_written_to() -> None:
    shop = join()
    person(shop, "gone@silk.example", is_active=False)
    leaving = person(shop, "leaving@silk.example")
    notify(shop)
    notice = Notice.objects.get()
    mails._address([notice.pk], NOW)
    leaving.memberships.all().delete()
    run()
    assert readers() == []


def test_a_member_who_joins_later_is_not_written_to_of_what_was() -> None:
    shop = join()
    notify(shop)
    run()
    person(shop, "new@silk.example")
    run(NEXT_RUN)
    assert readers() == []


def test_what_is_older_than_48_hours_is_no_news() -> None:
    shop = join()
    person(shop, "owner@silk.example")
    notify(shop, at="09:00")
    notify(shop, cause="2", at="09:01")
    run(instant("2026-11-04 09:00"))
    assert [message.to for message in mail.outbox] == [["owner@silk.example"]]
    assert list(Notice.objects.filter(addressed_at=None).values_list("cause", flat=True)) == ["1"]


# --- the words --------------------------------------------------------------------------------


def test_the_letter_is_plain_text_with_a_link(settings: Any) -> None:
    settings.TAEL_BASE_URL = "https://tael.example"
    shop = join("silk/house é")
    Merchant.objects.update(name="Siam Silk\nBcc: everybody@example.com")
    person(shop, "owner@silk.example")
    notify(shop)
    run()
    (message,) = mail.outbox
    assert message.subject == ("Siam Silk Bcc: everybody@example.com: Your credit line is frozen")
    assert message.body.splitlines()[:3] == [
        "Your credit line was frozen because of overdue payments. New orders are declined; open"
        " orders go on.",
        "",
        "https://tael.example/m/silk~2Fhouse%20%C3%A9/credit/freezes/",
    ]
    assert message.content_subtype == "plain"
    assert message.recipients() == ["owner@silk.example"]


def test_the_letter_is_in_the_readers_language_or_else_the_merchants(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spoken: list[str | None] = []

    def title(notice: Notice) -> str:
        spoken.append(get_language())
        return "News"

    monkeypatch.setattr(letters, "title", title)
    shop = join(language="th")
    person(shop, "a@silk.example")
    person(shop, "b@silk.example", language="zh-hans")
    notify(shop)
    run()
    assert spoken == ["th", "zh-hans"]


# --- when it fails ----------------------------------------------------------------------------
