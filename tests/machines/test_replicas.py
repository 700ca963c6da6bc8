"""Pages that are read from a replica: a real one, paused, behind, promoted and away."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from config import replicas
from merchants.models import Merchant, Note
from tests import shops
from tests.factories import browser_of, member
from tests.machines.standby import Standby, standby
from tests.shops import Shop
from tests.text import text_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def replica(settings: Settings) -> Iterator[Standby]:
    """A replica that pages are read from."""
    with standby() as server:
        settings.TAEL_REPLICA = server.settings()
        yield server
        _hang_up()


def _hang_up() -> None:
    """Close this thread's connection to the replica."""
    if found := getattr(replicas._own, "connection", None):
        found.close()
        del replicas._own.connection


def rename(shop: Shop, name: str) -> None:
    """Change the merchant's name as somebody else does, whose session this is not."""
    Merchant.objects.filter(reference=shop.reference).update(name=name)


def name_on(browser: Client, shop: Shop) -> str:
    """The merchant's name as its start page has it."""
    page = browser.get(f"/m/{shop.reference}/")
    assert page.status_code == 200
    text = text_of(page)
    return next(name for name in ("Old name", "New name", "Newest name") if name in text)


@pytest.mark.full  # config/test_replicas has one that is the same server
def test_pages_are_read_from_a_replica_as_far_as_it_has_what_the_person_wrote(
    replica: Standby, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = shops.join("2026-11-02 09:00")
    rename(shop, "Old name")
    owner, colleague = browser_of(member(shop)), browser_of(member(shop))
    replica.catch_up()
    assert replicas.BEHIND_SECONDS == 5.0
    monkeypatch.setattr(replicas, "BEHIND_SECONDS", 600.0)  # of a busy machine
    assert name_on(owner, shop) == name_on(colleague, shop) == "Old name"
    replica.catch_up()  # with what other tests write on this server, too

    replica.pause()
    rename(shop, "New name")
    assert name_on(owner, shop) == "Old name"
    files: Any = owner.get(f"/m/{shop.reference}/credit/orders.csv")
    assert b"".join(files.streaming_content).startswith(b"\xef\xbb\xbf")
    files.close()

    # A form of this person is answered by the primary, and so is what this person reads next.
    assert owner.post("/i18n/setlang/", {"language": "en", "next": "/"}).status_code == 302
    assert name_on(owner, shop) == "New name"
    assert name_on(colleague, shop) == "Old name"  # who has written nothing

    replica.go_on()
    replica.catch_up()
    replica.pause()
    rename(shop, "Newest name")
    assert name_on(owner, shop) == "New name"  # the replica has what was written, and is asked
    monkeypatch.setattr(replicas, "BEHIND_SECONDS", 0.0)
    monkeypatch.setattr(replicas, "SAMPLED_SECONDS", 0.0)
    assert name_on(owner, shop) == "Newest name"  # it is behind by more than it may be

    # A page that writes is made once more, by the primary.
    replica.go_on()
    replica.catch_up()
    monkeypatch.setattr(replicas, "BEHIND_SECONDS", 600.0)
    asked: list[bool] = []
    monkeypatch.setattr("pages.views.activity.latest", lambda *_, **__: writing(shop, asked))
    assert name_on(owner, shop) == "Newest name"
    assert asked == [True, False]
    assert Note.objects.get().text == "seen"
    assert not replicas.is_reading()
    monkeypatch.undo()

    # Nor is one asked that became a primary itself, or that is away.
    replica.promote()
    rename(shop, "Old name")
    assert name_on(owner, shop) == "Old name"
    replica.stop()
    assert name_on(owner, shop) == "Old name"
    assert "Pages are read from the primary: " in caplog.text


def writing(shop: Shop, asked: list[bool]) -> list[object]:
    """Do as a page that writes, and tell whether a replica was asked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_is_in_recovery()")
        asked.append(cursor.fetchone()[0])
    note = {"text": "seen", "written_by": "a@tael.example", "request_key": "1"}
    Note.objects.create(
        merchant_id=shop.merchant.pk, written_at=shop.at("2026-11-02 09:00"), **note
    )
    return []
