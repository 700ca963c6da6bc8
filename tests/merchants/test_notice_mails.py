"""Notices by e-mail: to whom, in which words, once, and what happens when the server fails."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends import locmem
from django.db import connection
from django.utils.translation import get_language

from config.celery import TIMETABLE
from config.replay import JOBS
from merchants import letters, queries
from merchants.models import Membership, Merchant, Notice, NoticeMail, User
from merchants.operations import mails, notices
from merchants.refusals import Invalid
from tests import shops
from tests.shops import Shop, instant

pytestmark = pytest.mark.django_db

NOW = instant("2026-11-02 10:00")
NEXT_RUN = instant("2026-11-02 10:05")


def join(reference: str = "rosewood", **terms: str) -> Shop:
    return shops.join("2026-11-01 10:00", reference, **terms)


def person(shop: Shop, email: str, role: str = "FINANCE", **fields: object) -> User:
    user, _ = User.objects.get_or_create(email=email, defaults=fields)
    Membership.objects.create(user=user, merchant=shop.merchant, role=role)
    return user


def tell(shop: Shop, kind: str = "FREEZE_PLACED", cause: str = "1", at: str = "09:00") -> None:
    notices.write(
        merchant_id=shop.merchant.pk,
        kind=Notice.Kind(kind),
        cause=cause,
        at=instant(f"2026-11-02 {at}"),
        reason="OVERDUE",
        last_four="6789",
        by="a@silk.example",
    )


def run(now: datetime = NOW) -> None:
    """The job, as the timetable runs it."""
    (job,) = (job for job in TIMETABLE if job.name == "notice-mails")
    job.run_here(now)


def readers() -> list[str]:
    return sorted(address for message in mail.outbox for address in message.to)


# --- to whom ----------------------------------------------------------------------------------


def test_everybody_who_belongs_to_the_merchant_is_written_to_once() -> None:
    shop, other = join(), join("other")
    person(shop, "owner@silk.example", "OWNER")
    person(shop, "viewer@silk.example", "VIEWER")
    person(other, "stranger@jade.example", "OWNER")
    tell(shop)
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
    tell(shop)
    tell(shop, "FREEZE_LIFTED")
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
    tell(shop, "DESTINATION_ADDED")
    run()
    assert readers() == ["owner@silk.example"]


def test_who_may_not_sign_in_or_has_left_is_not_written_to() -> None:
    shop = join()
    person(shop, "gone@silk.example", is_active=False)
    leaving = person(shop, "leaving@silk.example")
    tell(shop)
    notice = Notice.objects.get()
    mails._address([notice.pk], NOW)
    leaving.memberships.all().delete()
    run()
    assert readers() == []


def test_a_member_who_joins_later_is_not_written_to_of_what_was() -> None:
    shop = join()
    tell(shop)
    run()
    person(shop, "new@silk.example")
    run(NEXT_RUN)
    assert readers() == []


def test_what_is_older_than_48_hours_is_no_news() -> None:
    shop = join()
    person(shop, "owner@silk.example")
    tell(shop, at="09:00")
    tell(shop, cause="2", at="09:01")
    run(instant("2026-11-04 09:00"))
    assert [message.to for message in mail.outbox] == [["owner@silk.example"]]
    assert list(Notice.objects.filter(addressed_at=None).values_list("cause", flat=True)) == ["1"]


# --- the words --------------------------------------------------------------------------------


def test_the_letter_is_plain_text_with_a_link(settings: Any) -> None:
    settings.TAEL_BASE_URL = "https://tael.example"
    shop = join("silk/house é")
    Merchant.objects.update(name="Siam Silk\nBcc: everybody@example.com")
    person(shop, "owner@silk.example")
    tell(shop)
    run()
    (message,) = mail.outbox
    assert message.subject == ("Siam Silk Bcc: everybody@example.com: Your credit line is frozen")
    assert message.body.splitlines()[:3] == [
        "Your credit line was frozen because of overdue payments. New orders are declined; open"
        " orders go on.",
        "",
        "https://tael.example/m/silk~2Fhouse%20%C3%A9/",
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
    tell(shop)
    run()
    assert spoken == ["th", "zh-hans"]


# --- when it fails ----------------------------------------------------------------------------


class Failing(locmem.EmailBackend):
    """Fails for the addresses in `refused`, or for all of them."""

    refused: set[str] | None = None
    tried: list[str]

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        (message,) = messages
        Failing.tried.append(message.to[0])
        if Failing.refused is None or message.to[0] in Failing.refused:
            raise SMTPServerDisconnected("no such luck")
        return super().send_messages(messages)


@pytest.fixture
def failing(settings: Any) -> type[Failing]:
    settings.EMAIL_BACKEND = f"{__name__}.Failing"
    Failing.refused, Failing.tried = set(), []
    return Failing


def test_a_mail_that_fails_holds_up_no_other_and_goes_out_later(failing: type[Failing]) -> None:
    shop = join()
    for letter in "abcd":
        person(shop, f"{letter}@silk.example")
    failing.refused = {"a@silk.example", "c@silk.example"}
    tell(shop)
    run()
    assert readers() == ["b@silk.example", "d@silk.example"]
    assert list(
        NoticeMail.objects.order_by("user__email").values_list("user__email", "failures")
    ) == [
        ("a@silk.example", 1),
        ("b@silk.example", 0),
        ("c@silk.example", 1),
        ("d@silk.example", 0),
    ]
    failing.refused = set()
    run(NEXT_RUN)
    assert readers() == [f"{letter}@silk.example" for letter in "abcd"]


def test_a_server_that_is_down_is_asked_three_times_a_run(failing: type[Failing]) -> None:
    shop = join()
    for letter in "abcde":
        person(shop, f"{letter}@silk.example")
    failing.refused = None
    tell(shop)
    run()
    assert failing.tried == [f"{letter}@silk.example" for letter in "abc"]
    assert NoticeMail.objects.filter(sent_at=None).count() == 5
    failing.refused, failing.tried = {"a@silk.example"}, []
    run(NEXT_RUN)  # those not tried yet go first
    assert failing.tried == [f"{letter}@silk.example" for letter in "deabc"]
    assert readers() == [f"{letter}@silk.example" for letter in "bcde"]


def test_what_could_not_be_sent_for_48_hours_is_given_up(failing: type[Failing]) -> None:
    shop = join()
    person(shop, "a@silk.example")
    failing.refused = None
    tell(shop)
    run()
    assert queries.notices_to_mail(instant("2026-11-04 08:59")) != []
    assert queries.notices_to_mail(instant("2026-11-04 09:00")) == []


# --- at once ----------------------------------------------------------------------------------


class Slow(locmem.EmailBackend):
    """Sends once another worker had every chance to take the same mail."""

    sending = threading.Event()
    other_is_done = threading.Event()

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        Slow.sending.set()
        Slow.other_is_done.wait(10)
        return super().send_messages(messages)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_a_mail_once(settings: Any) -> None:
    shop = join()
    person(shop, "owner@silk.example")
    tell(shop)
    notice_ids = queries.notices_to_mail(NOW)
    settings.EMAIL_BACKEND = f"{__name__}.Slow"

    def first() -> int:
        try:
            return mails.send(notice_ids, now=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(first)
        assert Slow.sending.wait(10)
        try:
            assert mails.send(notice_ids, now=NOW) == 0  # it waits for nobody
        finally:
            Slow.other_is_done.set()
        assert sent.result() == 1
    assert readers() == ["owner@silk.example"]
    assert mails.send(notice_ids, now=NEXT_RUN) == 0


@pytest.mark.django_db(transaction=True)
def test_eight_workers_with_many_mails_send_each_once() -> None:
    shop = join()
    for number in range(5):
        person(shop, f"{number}@silk.example")
    for number in range(6):
        tell(shop, cause=str(number))
    notice_ids = queries.notices_to_mail(NOW)
    ready = threading.Barrier(8)

    def work(_: int) -> int:
        try:
            connection.ensure_connection()
            ready.wait()
            return mails.send(notice_ids, now=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        # Who finds the notices taken leaves addressing them to the other.
        assert sum(pool.map(work, range(8))) <= 30
    run(NEXT_RUN)
    assert len(mail.outbox) == 30
    assert {readers().count(f"{number}@silk.example") for number in range(5)} == {6}


def test_a_replay_sends_no_mail() -> None:
    assert "notice-mails" not in {job.name for job in JOBS}
    assert min(job.every for job in JOBS) == shops.ONE_HOUR
