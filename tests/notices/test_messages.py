"""Our people write a message to a merchant: a notice, and a mail."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from notices.models import Notice
from tests import shops
from tests.credit.pages import set_clock
from tests.factories import browser_of, member, operator
from tests.shops import Shop
from tests.text import text_of
from tests.unchanged import nothing_changes
from tests.whole import full, some
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

NOW = "2026-11-05 10:00"
TEXT = "From Monday on, 100 % of your parcels leave from Rayong."
SAID = {"merchant": "rosewood", "text": TEXT, "reason": "Ticket 4.", "request_key": "form-1"}


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands at NOW."""
    set_clock(monkeypatch)(NOW)


@pytest.fixture
def shop() -> Shop:
    """A shop that has just joined."""
    return shops.join("2026-11-01 10:00")


def write(browser: Client, **said: str) -> Any:
    """The page after an operator has written a message to merchants."""
    page = reverse("admin:notices_notice_decide_list", args=["write"])
    return browser.post(page, SAID | said, follow=True)


def test_a_message_is_read_and_mailed_once(shop: Shop) -> None:
    owner, browser = member(shop), browser_of(operator("Billing officer"))
    assert "The message is with the merchant." in text_of(write(browser))
    with nothing_changes(but=["django_admin_log"]):
        write(browser)
    notice = Notice.objects.get(kind="MESSAGE")
    assert (notice.at, notice.details) == (shop.at(NOW), {"text": TEXT})
    page = text_of(browser_of(owner).get("/m/rosewood/notices/"))
    assert f"A message from our team new {TEXT}" in page
    shop.run_jobs(NOW)
    (letter,) = mail.outbox
    assert (letter.to, TEXT in letter.body) == ([owner.email], True)
    told = TrailEntry.objects.get(action="MESSAGE_SENT")
    assert (told.merchant, told.after, told.reason) == (shop.merchant, {"text": TEXT}, "Ticket 4.")


@pytest.mark.parametrize(
    ("wrong", "says"),
    some(
        [
            ({"merchant": "nobody"}, "There is no merchant with this reference."),
            ({"text": " "}, "This field is required."),
            ({"reason": ""}, "This field is required."),
        ],
        3,
    ),
)
def test_what_lacks_something_is_not_sent(shop: Shop, wrong: dict[str, str], says: str) -> None:
    browser = browser_of(operator("Credit officer"))
    with nothing_changes():
        assert says in text_of(write(browser, **wrong))


@pytest.mark.parametrize(
    ("role", "status"),
    [("Credit officer", 200), *full(("Administrator", 200), ("Auditor", 403))],
)
def test_who_decides_writes_it_and_nobody_else(shop: Shop, role: str, status: int) -> None:
    assert write(browser_of(operator(role))).status_code == status
    assert Notice.objects.filter(kind="MESSAGE").exists() == (status == 200)


def test_members_and_strangers_write_none(shop: Shop) -> None:
    for browser in (browser_of(member(shop)), Client()):
        page = reverse("admin:notices_notice_decide_list", args=["write"])
        with nothing_changes():
            assert browser.post(page, SAID).status_code == 302
