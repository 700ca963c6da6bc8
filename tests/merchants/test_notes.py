"""Our people note something about a merchant for their colleagues."""

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from merchants.models import Note
from tests import shops
from tests.credit.pages import set_clock
from tests.factories import browser_of, member, operator
from tests.shops import Shop
from tests.text import text_of
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

NOW = "2026-11-05 10:00"
TEXT = "Rang about parcel 7; I promised an answer by Friday."


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A new shop, at NOW."""
    set_clock(monkeypatch)(NOW)
    return shops.join("2026-11-01 10:00")


def address(shop: Shop) -> str:
    """The address where operators write a note about the shop."""
    return reverse("admin:merchants_merchant_decide", args=[shop.merchant.pk, "note"])


def write(browser: Client, shop: Shop, text: str = TEXT) -> str:
    """The page after the note was sent."""
    return text_of(
        browser.post(address(shop), {"text": text, "request_key": "form-1"}, follow=True)
    )


def overview(browser: Client) -> str:
    """The merchant's page in the admin, as text."""
    return text_of(browser.get(reverse("backoffice:merchant", args=["rosewood"])))


def test_colleagues_read_it_on_the_merchants_page_and_the_merchant_never(shop: Shop) -> None:
    writer = browser_of(operator("Billing officer", email="bo@tael.example"))
    assert "The note is kept." in write(writer, shop)
    with nothing_changes(but=["django_admin_log"]):
        write(writer, shop)
        assert "with other content" in write(writer, shop, "Something else.")
    note = Note.objects.get()
    assert (note.text, note.written_by, note.written_at) == (TEXT, "bo@tael.example", shop.at(NOW))
    for role in ("Credit officer", "Auditor", "Administrator"):
        assert f"{TEXT} bo@tael.example, 5 Nov 2026" in overview(browser_of(operator(role)))
    owner = browser_of(member(shop))
    for page in ("", "notices/", "credit/limit/"):
        assert "promised" not in owner.get(f"/m/rosewood/{page}", follow=True).content.decode()


def test_who_decides_nothing_writes_none(shop: Shop) -> None:
    people = ((operator("Auditor"), 403), (member(shop), 302))
    browsers = [(browser_of(person), status) for person, status in people]
    with nothing_changes():
        for browser, status in (*browsers, (Client(), 302)):
            said = {"text": TEXT, "request_key": "form-1"}
            assert browser.post(address(shop), said).status_code == status


def test_it_is_never_changed(shop: Shop) -> None:
    write(browser_of(operator("Credit officer")), shop)
    for change in (Note.objects.all().delete, lambda: Note.objects.update(text="x")):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
