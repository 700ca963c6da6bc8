"""What is kept for a while is removed by one job, which says on the trail how much (21.21)."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.conf import LazySettings

from gateway.imports.models import ImportedRow
from gateway.models import ReceivedEvent
from gateway.webhooks.models import WebhookEvent
from gateway.webhooks.operations import outbox
from jobs import retention
from jobs.models import JobRun
from jobs.retention import RETENTION
from merchants.models import Invitation, SecurityMail, SignIn
from merchants.operations import sign_ins
from merchants.operations.sign_ins import Visitor
from tests import books, shops
from tests.factories import InvitationFactory, member
from tests.gateway.imports import importing
from tests.threads import at_once
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

YEARS_AGO = shops.instant("2024-11-10 10:00")
THEN, NOW = shops.instant("2026-11-10 10:00"), shops.instant("2028-01-01 00:00")


def kept_for_a_while() -> shops.Shop:
    """A shop with one row of each kind that is kept for a while, of 10 November 2026 or before."""
    shop = shops.join("2026-11-01 10:00")
    owner = member(shop, email="mei@rosewood.example")
    visitor = Visitor(ip="192.0.2.7", browser="a browser")
    sign_ins.signed_in(user=owner, visitor=visitor, knows_browser=True, now=YEARS_AGO)
    SecurityMail.objects.create(user=owner, kind="PASSWORD_CHANGED", at=THEN)
    InvitationFactory.create(shop=shop, at="2026-11-10 10:00", actor=owner)
    UserSession.objects.create(user=owner, ip="127.0.0.1", session_key="gone")
    importing.upload("ORDERS", importing.ORDERS, "rosewood,A-1,Somchai,10.00,USD")
    importing.take_in()
    shop.place("2026-11-10 10:00", "A-2", "90000.00", buyer="Somchai")  # is told by a webhook
    ReceivedEvent.objects.create(received_at=THEN, data='{"buyer": "Somchai"}')
    JobRun.objects.create(job="day-ends", due_at=THEN, started_at=THEN, ended_at=THEN)
    outbox.number()
    return shop


def removed() -> dict[str, int]:
    """What stands on the trail, by kind."""
    found = TrailEntry.objects.filter(action="RETENTION_APPLIED").order_by("pk")
    assert set(found.values_list("actor", flat=True)) <= {"retention"}
    return {entry.subject: int(entry.after["removed"]) for entry in found}


def test_each_kind_goes_when_its_days_are_over_and_the_trail_counts_it() -> None:
    shop = kept_for_a_while()
    RETENTION.run_here(NOW)
    assert removed() == {
        "job runs": 1, "sign-ins": 1, "sessions on the list of people": 1,
        "mails about sign-ins": 1, "ended invitations": 1, "what came in by the API": 1,
        "rows of imported files": 1, "bodies of webhooks": 2,
    }  # fmt: skip
    assert not SignIn.objects.exists()
    gone = (SecurityMail, Invitation, ReceivedEvent, JobRun)
    assert [model._default_manager.count() for model in gone] == [0, 0, 0, 0]
    # Of what the audit reads the rows stay, without what was said in them.
    assert (ImportedRow.objects.get().data, ImportedRow.objects.get().reference) == ({}, "A-1")
    assert WebhookEvent.objects.filter(data={}).count() == WebhookEvent.objects.count() > 0
    books.assert_clean()
    with nothing_changes():
        RETENTION.run_here(NOW)  # twice
    assert shop.order("A-1")


def test_settings_say_how_long(settings: LazySettings) -> None:
    ReceivedEvent.objects.create(received_at=THEN)
    settings.TAEL_RECEIVED_KEPT_DAYS = 20
    RETENTION.run_here(THEN + timedelta(days=20))
    assert ReceivedEvent.objects.count() == 1
    RETENTION.run_here(THEN + timedelta(days=20, seconds=1))
    assert not ReceivedEvent.objects.exists()
    (entry,) = TrailEntry.objects.filter(action="RETENTION_APPLIED")
    assert entry.after == {"removed": 1, "older_than": "2026-11-10T10:00:01+00:00"}


def test_a_run_that_is_killed_has_said_what_it_did_and_the_next_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 3)
    for _ in range(8):
        ReceivedEvent.objects.create(received_at=THEN)
    whole, done = retention._some, []

    def some(*said: object) -> int:
        """Remove some rows; the run is killed the third time."""
        done.append(1)
        if len(done) == 3:
            raise KeyboardInterrupt
        return whole(*said)  # type: ignore[arg-type]

    monkeypatch.setattr(retention, "_some", some)
    with pytest.raises(KeyboardInterrupt):
        RETENTION.run_here(NOW)
    assert ReceivedEvent.objects.count() == 2
    RETENTION.run_here(NOW)
    told = TrailEntry.objects.filter(action="RETENTION_APPLIED").order_by("pk")
    assert [entry.after["removed"] for entry in told] == [3, 3, 2]


@pytest.mark.full  # one run, above
@pytest.mark.django_db(transaction=True)
def test_of_two_runs_at_once_each_counts_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 5)
    ReceivedEvent.objects.bulk_create(ReceivedEvent(received_at=THEN) for _ in range(60))
    at_once(lambda _: RETENTION.run_here(NOW), threads=4)
    assert not ReceivedEvent.objects.exists()
    counts = TrailEntry.objects.filter(action="RETENTION_APPLIED").values_list("after", flat=True)
    assert sum(count["removed"] for count in counts) == 60
