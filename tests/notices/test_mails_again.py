"""Our people see which mails went to a merchant's people, and have one sent again (rule 11.6)."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from lib.refusals import Invalid
from merchants.models import Membership, User
from notices import queries
from notices.models import NoticeMail
from notices.operations import mails, mails_again
from tests.credit.pages import set_clock
from tests.factories import browser_of, operator
from tests.factories.people import showed
from tests.notices.mailing import NOW, join, notify, person, readers, run
from tests.text import text_of
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

OWNER = "owner@silk.example"
WHY: dict[str, Any] = {"actor": "otto@tael.example", "reason": "They lost it."}
HOUR = timedelta(hours=1)


@pytest.fixture
def sent() -> NoticeMail:
    """An owner's mail about a notice, which was sent."""
    shop = join()
    person(shop, OWNER, "OWNER")
    person(shop, "viewer@silk.example", "VIEWER")
    notify(shop)
    run()
    mail.outbox.clear()
    return NoticeMail.objects.get(user__email=OWNER)


def send_again(row: NoticeMail, hours: int = 1) -> NoticeMail:
    """Have the mail be sent again, so many hours later."""
    return mails_again.send_again(mail_id=row.pk, now=NOW + hours * HOUR, **WHY)


def deliver(hours: int) -> None:
    """Send the mails that are due after so many hours."""
    now = NOW + hours * HOUR
    mails.send(queries.notices_to_mail(now), now=now)


def test_it_goes_once_more_to_that_reader_alone(sent: NoticeMail) -> None:
    send_again(sent)
    deliver(1)
    deliver(2)
    assert readers() == [OWNER]
    sent.refresh_from_db()
    assert (sent.sent_at, sent.asked_again) == (NOW + HOUR, 1)
    row = TrailEntry.objects.get(action="MAIL_SENT_AGAIN")
    assert (row.actor, row.subject, row.reason) == ("otto@tael.example", OWNER, "They lost it.")
    assert row.before == {"sent_at": NOW.isoformat()}


def test_also_when_the_notice_is_old(sent: NoticeMail) -> None:
    send_again(sent, hours=24 * 90)
    deliver(24 * 90)
    assert readers() == [OWNER]


def test_one_that_waits_is_not_asked_for_twice(sent: NoticeMail) -> None:
    send_again(sent)
    with nothing_changes(), pytest.raises(mails_again.StillWaits):
        send_again(sent)


def test_three_times_at_most(sent: NoticeMail) -> None:
    for hours in (1, 2, 3):
        send_again(sent, hours)
        deliver(hours)
    with nothing_changes(), pytest.raises(mails_again.SentOftenEnough):
        send_again(sent, 4)
    assert len(mail.outbox) == 3
    with pytest.raises(IntegrityError), transaction.atomic():
        NoticeMail.objects.update(asked_again=4)


def test_who_has_left_gets_none(sent: NoticeMail) -> None:
    Membership.objects.filter(user=sent.user).delete()
    with nothing_changes(), pytest.raises(mails_again.NoReader):
        send_again(sent)
    Membership.objects.create(user=sent.user, merchant=sent.notice.merchant)
    User.objects.filter(pk=sent.user_id).update(is_active=False)
    with nothing_changes(), pytest.raises(mails_again.NoReader):
        send_again(sent)


def test_without_a_reason_nothing_is_sent(sent: NoticeMail) -> None:
    with nothing_changes(), pytest.raises(Invalid, match="reason"):
        mails_again.send_again(
            mail_id=sent.pk, actor="otto@tael.example", reason=" ", now=NOW + HOUR
        )


def test_what_was_given_up_is_tried_again(sent: NoticeMail) -> None:
    NoticeMail.objects.filter(pk=sent.pk).update(sent_at=None, failures=7)
    sent.refresh_from_db()
    assert queries.standing(sent, NOW + HOUR) == "failed 7 times, and is tried again"
    late = NOW + 49 * HOUR
    assert queries.standing(sent, late) == "given up"
    assert queries.notices_to_mail(late) == []
    send_again(sent, 49)
    sent.refresh_from_db()
    assert (queries.standing(sent, late), sent.failures) == ("waits", 0)
    deliver(49)
    sent.refresh_from_db()
    assert (readers(), queries.standing(sent, late)) == ([OWNER], "sent")


def page(row: NoticeMail) -> str:
    """The address where operators send the mail again."""
    return reverse("admin:notices_noticemail_decide", args=[row.pk, "again"])


def send(browser: Client, row: NoticeMail) -> str:
    """The page after the mail was sent again."""
    said = {"reason": "They lost it.", **showed(browser, page(row))}
    return text_of(browser.post(page(row), said, follow=True))


@pytest.mark.full  # nobody else sends one
def test_operators_see_what_went_to_whom_and_send_it_again(
    sent: NoticeMail, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(monkeypatch)((NOW + HOUR).isoformat())
    browser = browser_of(operator("Billing officer"))
    reference = sent.notice.merchant.reference
    listed = text_of(browser.get(f"{reverse('admin:notices_noticemail_changelist')}?q={reference}"))
    assert OWNER in listed
    assert "viewer@silk.example" in listed
    assert "sent" in listed
    overview = browser.get(reverse("backoffice:merchant", args=[reference]))
    assert f"{reverse('admin:notices_noticemail_changelist')}?q={reference}" in (
        overview.content.decode()
    )
    asked = text_of(browser.get(page(sent)))
    assert "It says" in asked
    assert OWNER in asked
    assert "It is sent within minutes." in send(browser, sent)
    deliver(1)
    assert readers() == [OWNER]


@pytest.mark.parametrize("role", ["Auditor", ""])
def test_who_decides_nothing_sends_none(
    sent: NoticeMail, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(monkeypatch)((NOW + HOUR).isoformat())
    browser = browser_of(operator(role) if role else operator())
    with nothing_changes():
        assert browser.post(page(sent), {"reason": "x"}).status_code == 403
