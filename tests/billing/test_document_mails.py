"""Addresses that get bills and statements: they confirm by a link, and have each document once."""

import re
from collections.abc import Callable
from smtplib import SMTPDataError, SMTPRecipientsRefused

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.test import Client

from billing.models import BillingAddress
from billing.operations import addresses
from lib.refusals import Invalid
from tests import shops
from tests.credit.pages import set_clock
from tests.factories import browser_of, member, proved
from tests.kept import kept
from tests.pdf_text import pages_of
from tests.shops import Shop
from tests.text import text_of
from tests.trailed import entries
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

clock = pytest.fixture(set_clock)
PAGE = "/m/rosewood/billing/accountant/"
BOOKS = "books@accountant.example"


@kept()
def written() -> Shop:
    """A shop on a plan of 39.00 every 30 days, with a bill as it joins and one each 30 days."""
    return shops.join("2026-10-01 09:00", plan_price="39.00")


@pytest.fixture
def shop(written: Shop, clock: Callable[[str], None]) -> Shop:
    """The shop of these tests, on 2 Oct 2026, 10:00 UTC."""
    clock("2026-10-02 10:00")
    return written


def add(shop: Shop, email: str = BOOKS, schedule: str = "EACH") -> BillingAddress:
    """Add an address that gets the documents."""
    return addresses.add(
        merchant_id=shop.merchant.pk, email=email, schedule=schedule, actor="mei@shop.example",
        now=shop.at("2026-10-02 10:00"),
    )  # fmt: skip


def mailed(shop: Shop, at: str) -> list[EmailMessage]:
    """What one run of the timetable mails to the address."""
    mail.outbox.clear()
    shop.run_jobs(at)
    return [letter for letter in mail.outbox if letter.to == [BOOKS]]


def path_in(letter: EmailMessage) -> str:
    """The path of the link in the letter."""
    found = re.search(r"https?://[^/]+(/documents/\S+)", str(letter.body))
    assert found
    return found[1]


def test_an_address_confirms_by_its_link_and_has_each_document_once(
    shop: Shop, clock: Callable[[str], None]
) -> None:
    finance = proved(member(shop, "FINANCE", email="fin@shop.example"))
    finance.post(f"{PAGE}addresses/", {"email": "Books@Accountant.example", "schedule": "EACH"})
    assert "books@accountant.example each document as it comes Being asked to confirm" in text_of(
        finance.get(PAGE)
    )
    (letter,) = mailed(shop, "2026-10-02 10:05")
    assert "fin@shop.example of Rosewood Dresses asks us" in letter.body
    assert mailed(shop, "2026-10-02 10:10") == []  # asked once, and no document before it confirms
    path, anybody = path_in(letter), Client()
    with nothing_changes():  # mail programs look at links
        assert f"Should {BOOKS} get the bills" in text_of(anybody.get(path))
        assert anybody.post(f"{path[:-2]}x/").status_code == 404
    assert "Thank you." in text_of(anybody.post(path))
    shop.charge("2026-10-03 10:00", "pick-pack", "5.00", "c-1")
    assert mailed(shop, "2026-10-30 10:00") == []
    (invoice,) = mailed(shop, "2026-10-31 10:00")
    assert (
        "Bill T-2026-000002, issued on 31 Oct 2026: 44.00 USD, due on 7 Nov 2026, reference of the"
        " transfer T-2026-000002" in invoice.subject.replace("\xa0", " ")
    )
    ((name, content, kind),) = invoice.attachments
    assert (name, kind) == ("bill-rosewood-T-2026-000002.pdf", "application/pdf")
    assert "44.00" in pages_of(content)[0]
    (statement,) = mailed(shop, "2026-11-01 10:00")
    assert statement.attachments[0][0] == "statement-rosewood-2026-10.pdf"
    assert mailed(shop, "2026-11-01 10:05") == []
    # The button of a mail program comes without a cookie and without our page.
    stop = path_in(statement)
    assert statement.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert stop in statement.extra_headers["List-Unsubscribe"]
    button = Client(enforce_csrf_checks=True)
    clock("2026-11-01 10:06")
    assert button.post(stop, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert BillingAddress.objects.get().ended_by == BOOKS
    assert mailed(shop, "2026-11-30 10:00") == []
    assert [entry.action for entry in entries() if "books@" in entry.subject] == [
        "BILLING_ADDRESS_ADDED", "BILLING_ADDRESS_CONFIRMED", "BILLING_ADDRESS_ENDED",
    ]  # fmt: skip


def test_by_month_all_documents_come_together_as_the_month_has_ended(shop: Shop) -> None:
    address = add(shop, schedule="MONTHLY")
    addresses.confirm(address_id=address.pk, now=shop.at("2026-10-02 11:00"))
    shop.charge("2026-10-03 10:00", "pick-pack", "5.00", "c-1")
    assert mailed(shop, "2026-10-31 10:00") == []
    (letter,) = mailed(shop, "2026-11-01 10:00")
    assert letter.subject == "Rosewood Dresses: documents of October 2026"
    assert [file[0] for file in letter.attachments] == [
        "bill-rosewood-T-2026-000002.pdf",
        "statement-rosewood-2026-10.pdf",
    ]
    assert mailed(shop, "2026-11-02 10:00") == []


def test_a_mail_that_fails_is_mailed_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    add(shop)

    def fail(self: EmailMessage, fail_silently: bool = False) -> int:
        """Fails, as a mail server does that cannot be reached."""
        raise OSError("no route to the mail server")

    with monkeypatch.context() as broken:
        broken.setattr(EmailMessage, "send", fail)
        assert mailed(shop, "2026-10-02 10:05") == []
    assert BillingAddress.objects.get().failures == 1
    assert len(mailed(shop, "2026-10-02 10:10")) == 1


@pytest.mark.full  # one is followed above
def test_a_link_is_good_for_a_week_and_an_address_is_named_once(shop: Shop) -> None:
    address = add(shop)
    (letter,) = mailed(shop, "2026-10-02 10:05")
    with nothing_changes():
        with pytest.raises(addresses.AddressKnown):
            add(shop, BOOKS.upper())
        with pytest.raises(Invalid):
            add(shop, "no address")
    for number in range(4):
        add(shop, f"more-{number}@shop.example")
    with nothing_changes(), pytest.raises(addresses.TooManyAddresses):
        add(shop, "one-more@shop.example")
    assert addresses.of_link(
        path_in(letter).split("/")[3], addresses.CONFIRM, shop.at("2026-10-09 09:59")
    )
    token = path_in(letter).split("/")[3]
    assert addresses.of_link(token, addresses.CONFIRM, shop.at("2026-10-09 10:00")) is None
    assert addresses.of_link(token, addresses.STOP, shop.at("2026-10-02 10:10")) is None
    owner, other = browser_of(member(shop)), shops.join("2026-10-01 09:00", "other-shop")
    stranger, viewer = browser_of(member(other)), browser_of(member(shop, "VIEWER"))
    with nothing_changes():
        assert stranger.post(f"{PAGE}addresses/{address.pk}/remove/").status_code == 404
        stranger.post(f"/m/other-shop/billing/accountant/addresses/{address.pk}/remove/")
        assert viewer.post(f"{PAGE}addresses/{address.pk}/remove/").status_code == 403
    assert f"Remove {BOOKS}? It gets no more bills and statements." in text_of(owner.get(PAGE))
    owner.post(f"{PAGE}addresses/{address.pk}/remove/")
    assert "gets no more documents." in text_of(owner.get(PAGE))


@pytest.mark.full  # as notices in test_notice_mails_failing.py
def test_an_address_that_refuses_is_tried_ever_more_seldom_and_then_given_up(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, clock: Callable[[str], None]
) -> None:
    """Refused from 10:05 of 2 October on, it is given up at 10:05 of the 7th."""
    owner = browser_of(member(shop, email="mei@shop.example"))
    add(shop)
    at, tried = "", list[str]()
    take = EmailMessage.send

    def refuse(self: EmailMessage, fail_silently: bool = False) -> int:
        """Refuse the mail to BOOKS for good, and note when; send others."""
        if self.to != [BOOKS]:
            return take(self)
        tried.append(at)
        raise SMTPRecipientsRefused({BOOKS: (550, b"no such mailbox")})

    at = ""

    def run(*times: str) -> None:
        """Run the jobs at these instants of October."""
        nonlocal at
        for at in times:
            shop.run_jobs(f"2026-10-{at}")

    monkeypatch.setattr(EmailMessage, "send", refuse)
    run("02 10:05", "02 10:10", "02 10:14", "02 10:15", "02 10:20", "02 10:25", "02 10:45")
    assert tried == ["02 10:05", "02 10:10", "02 10:15", "02 10:25", "02 10:45"]
    clock("2026-10-02 10:46")
    assert (
        "Its mail server has refused our e-mails since 2 Oct 2026 10:05."
        " We try again 2 Oct 2026 11:25." in text_of(owner.get(PAGE))
    )
    run("03 12:00", "04 11:59", "04 12:00", "05 12:00", "06 12:00", "07 10:04")
    assert tried[5:] == ["03 12:00", "04 12:00", "05 12:00", "06 12:00"]
    assert BillingAddress.objects.get().ended_at is None
    mail.outbox.clear()
    run("07 10:05", "07 10:15")
    assert tried[9:] == ["07 10:05"]
    assert BillingAddress.objects.get().ended_by == "document mails"
    told = [letter for letter in mail.outbox if letter.to == ["mei@shop.example"]]
    assert [letter.subject for letter in told] == [
        f"Rosewood Dresses: {BOOKS} gets no more bills and statements"
    ]
    assert "has refused our e-mails for five days" in told[0].body


def test_an_address_that_takes_a_mail_again_is_refused_no_more(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(shop)

    def refuse(self: EmailMessage, fail_silently: bool = False) -> int:
        """Refuse the mail for now."""
        raise SMTPDataError(452, b"mailbox full")

    with monkeypatch.context() as full:
        full.setattr(EmailMessage, "send", refuse)
        assert mailed(shop, "2026-10-02 10:05") == []
    assert mailed(shop, "2026-10-02 10:09") == []
    assert len(mailed(shop, "2026-10-02 10:10")) == 1
    address = BillingAddress.objects.get()
    assert (address.refused_since, address.next_mail_at) == (None, None)
