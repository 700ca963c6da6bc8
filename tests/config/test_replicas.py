"""How far behind a replica may be that answers pages, and whose pages it answers."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from config import replicas
from merchants.models import Merchant
from tests import shops
from tests.factories import browser_of, member
from tests.machines.test_replicas import _hang_up

LOG = ["0/100", "0/200", "0/300", "0/400", "0/500", "0/600", "0/700", "0/800", "0/900"]


def test_after_an_idle_time_no_replica_counts_as_up_to_date_that_is_older_than_5_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    log = iter(LOG)
    monkeypatch.setattr("config.replicas.time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr("config.replicas._written_up_to", lambda: next(log))
    primary, seen = replicas.Sampled(), []
    for seconds in (0.0, 0.5, 1.0, 2.0, 3.5, 5.0, 5.5, 6.0):
        now = 1000.0 + seconds
        seen.append((seconds, primary.seen()))
    # What it had come to 5 seconds ago at most, of samples that are a second apart at least.
    assert seen == [
        *((0.0, "0/100"), (0.5, "0/100"), (1.0, "0/100"), (2.0, "0/100"), (3.5, "0/100")),
        *((5.0, "0/100"), (5.5, "0/200"), (6.0, "0/200")),
    ]
    # Nobody asks for a night: then the log counts as far as it has come by now.
    now = 40_000.0
    assert primary.seen() == "0/700"
    now = 40_004.0
    assert primary.seen() == "0/700"
    now = 40_006.0
    assert primary.seen() == "0/800"


@pytest.fixture
def second(settings: Settings) -> Iterator[None]:
    """Another connection to the same database, which writes nothing, stands for a replica."""
    read_only = {"options": "-c default_transaction_read_only=on", "application_name": "replica"}
    settings.TAEL_REPLICA = {"OPTIONS": read_only}
    yield
    _hang_up()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("second")
def test_a_replica_answers_as_far_as_it_has_what_the_person_wrote(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It has replayed as much as the test says; machines/test_replicas has a real one."""
    shop = shops.join("2026-11-02 09:00")
    owner, colleague = browser_of(member(shop)), browser_of(member(shop))
    log = ["0/100"]
    asked: list[bool] = []
    monkeypatch.setattr(replicas, "_written_up_to", lambda: log[-1])
    monkeypatch.setattr(replicas, "BEHIND_SECONDS", 600.0)

    def replays(up_to: str) -> None:
        """Let the replica have replayed as much."""
        monkeypatch.setattr(replicas, "UP_TO_DATE", f"SELECT '{up_to}'::pg_lsn >= %s::pg_lsn")

    def note(*_: object, **__: object) -> list[object]:
        """Note whether the replica is asked for the page."""
        with connection.cursor() as cursor:
            cursor.execute("SHOW application_name")
            asked.append(cursor.fetchone()[0] == "replica")
        return []

    def write(*_: object, **__: object) -> list[object]:
        """Do as a page that writes."""
        note()
        Merchant.objects.filter(reference=shop.reference).update(name="New name")
        return []

    def asked_for_page(browser: Client) -> list[bool]:
        """Whether the replica is asked for the start page, each time that the page is made."""
        asked.clear()
        assert browser.get(f"/m/{shop.reference}/").status_code == 200
        return list(asked)

    monkeypatch.setattr("pages.views.activity.latest", note)
    replays("0/100")
    assert asked_for_page(owner) == asked_for_page(colleague) == [True]
    log.append("0/200")
    assert owner.post("/i18n/setlang/", {"language": "en", "next": "/"}).status_code == 302
    assert asked_for_page(owner) == [False]
    assert asked_for_page(colleague) == [True]  # who has written nothing
    replays("0/200")
    assert asked_for_page(owner) == [True]

    log.append("0/300")
    monkeypatch.setattr(replicas, "BEHIND_SECONDS", 0.0)
    monkeypatch.setattr(replicas, "SAMPLED_SECONDS", 0.0)
    assert asked_for_page(owner) == [False]  # it is behind by more than it may be
    replays("0/300")
    monkeypatch.setattr("pages.views.activity.latest", write)
    assert asked_for_page(owner) == [True, False]  # made once more, by the primary
    assert Merchant.objects.get().name == "New name"
    assert not replicas.is_reading()

    monkeypatch.setattr("pages.views.activity.latest", note)
    _hang_up()
    settings.TAEL_REPLICA = {"HOST": "/nowhere"}
    assert asked_for_page(owner) == [False]
    assert "Pages are read from the primary: " in caplog.text
