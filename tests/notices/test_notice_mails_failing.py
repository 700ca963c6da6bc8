"""Notices by e-mail when the mail server fails, and when several workers send at once."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends import locmem
from django.db import connection

from gateway.replay import jobs_of_a_replay
from notices import queries
from notices.models import NoticeMail
from notices.operations import mails
from tests import shops
from tests.notices.mailing import NEXT_RUN, NOW, join, notify, person, readers, run
from tests.processes import PATIENCE_SECONDS
from tests.shops import instant

pytestmark = pytest.mark.django_db


class Failing(locmem.EmailBackend):
    """Fails for the addresses in `refused`, or for all of them."""

    refused: set[str] | None = None
    tried: list[str]

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        """Send the mail, unless its reader is among the refused."""
        (message,) = messages
        Failing.tried.append(message.to[0])
        if Failing.refused is None or message.to[0] in Failing.refused:
            raise SMTPServerDisconnected("no such luck")
        return super().send_messages(messages)


@pytest.fixture
def failing(settings: Any) -> type[Failing]:
    """The mail server of these tests, which refuses nobody yet."""
    settings.EMAIL_BACKEND = f"{__name__}.Failing"
    Failing.refused, Failing.tried = set(), []
    return Failing


def test_a_mail_that_fails_holds_up_no_other_and_goes_out_later(failing: type[Failing]) -> None:
    shop = join()
    for letter in "abcd":
        person(shop, f"{letter}@silk.example")
    failing.refused = {"a@silk.example", "c@silk.example"}
    notify(shop)
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
    notify(shop)
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
    notify(shop)
    run()
    assert queries.notices_to_mail(instant("2026-11-04 08:59")) != []
    assert queries.notices_to_mail(instant("2026-11-04 09:00")) == []


# --- at once ----------------------------------------------------------------------------------


class Slow(locmem.EmailBackend):
    """Sends once another worker had every chance to take the same mail."""

    sending = threading.Event()
    other_is_done = threading.Event()

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        """Send the mail once the other worker is done."""
        Slow.sending.set()
        Slow.other_is_done.wait(PATIENCE_SECONDS)
        return super().send_messages(messages)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_a_mail_once(settings: Any) -> None:
    shop = join()
    person(shop, "owner@silk.example")
    notify(shop)
    notice_ids = queries.notices_to_mail(NOW)
    settings.EMAIL_BACKEND = f"{__name__}.Slow"

    def first() -> int:
        try:
            return mails.send(notice_ids, now=NOW).sent
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(first)
        assert Slow.sending.wait(PATIENCE_SECONDS)
        try:
            assert mails.send(notice_ids, now=NOW).sent == 0  # it waits for nobody
        finally:
            Slow.other_is_done.set()
        assert sent.result() == 1
    assert readers() == ["owner@silk.example"]
    assert mails.send(notice_ids, now=NEXT_RUN).sent == 0


@pytest.mark.full  # two workers, above
@pytest.mark.django_db(transaction=True)
def test_eight_workers_with_many_mails_send_each_once() -> None:
    shop = join()
    for number in range(5):
        person(shop, f"{number}@silk.example")
    for number in range(6):
        notify(shop, cause=str(number))
    notice_ids = queries.notices_to_mail(NOW)
    ready = threading.Barrier(8)

    def work(_: int) -> int:
        try:
            connection.ensure_connection()
            ready.wait()
            return mails.send(notice_ids, now=NOW).sent
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        # Who finds the notices taken leaves addressing them to the other.
        assert sum(pool.map(work, range(8))) <= 30
    run(NEXT_RUN)
    assert len(mail.outbox) == 30
    assert {readers().count(f"{number}@silk.example") for number in range(5)} == {6}


def test_a_replay_sends_no_mail() -> None:
    assert "notice-mails" not in {job.name for job in jobs_of_a_replay()}
    assert min(job.every for job in jobs_of_a_replay()) == shops.ONE_HOUR
