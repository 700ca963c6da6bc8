"""The version by which the books count days: who starts with it, and how another one is taken."""

import sys
import zoneinfo
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import (
    CommandError,
    call_command,
    get_commands,
    load_command_class,
)
from django.db import DatabaseError, connection, connections, transaction
from django.db.backends.signals import connection_created

import manage
from billing.models import BillingAccount, Charge, Invoice
from config import installation
from credit.models import CreditLine
from lib import audit, calendar, zones
from lib.commands import BooksCommand
from lib.refusals import Invalid
from merchants import time_zone_data
from merchants.models import Merchant, TimeZoneData, TimeZonePeriod
from tests import shops
from tests.amounts import usd
from tests.billing import deciding
from tests.packages import PACKAGES
from tests.shops import Shop
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db
NOW = shops.instant("2026-11-25T12:00Z")


def timezones(*words: str) -> str:
    """What `manage.py timezones` says."""
    output = StringIO()
    call_command("timezones", *words, stdout=output)
    return output.getvalue()


def everything_audited() -> list[audit.Finding]:
    """What all checks of the audit find, by a clock that no open day is ahead of."""
    return audit.run(audit.registered(), now=shops.instant("2100-01-01 00:00"))


def violations() -> list[str]:
    """The names of the audit's checks that find something."""
    return [finding.check.name for finding in everything_audited() if finding.violations]


def offenders() -> set[str]:
    """The merchants of which the audit lists rows."""
    return {row.merchant for finding in everything_audited() for row in finding.listed}


def vancouver() -> Shop:
    """A shop of Vancouver with two charges of an hour that older data has a day earlier."""
    shop = shops.join(
        "2026-10-01T10:00:00-07:00",
        "vancouver",
        timezone="America/Vancouver",
        billing_threshold="5.00",
        plan_price="39.00",
    )
    shops.run_jobs(shops.instant("2026-11-11T07:00Z"))
    shop.charge("2026-11-11T07:30:00+00:00", "pick-pack", "1.00", "a", request="FR-1")
    shop.charge("2026-11-11T07:30:00+00:00", "shipping-label", "6.00", "b", request="FR-1")
    return shop


@pytest.fixture(autouse=True)
def nobody_else_is_connected(db: None) -> None:
    """Ends what earlier tests left connected, such as a web server for browsers in a thread."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (own,) = cursor.fetchone()
    # On a connection of its own: a transaction sees the sessions as they were when it first looked.
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid NOT IN (pg_backend_pid(), %s)"
                " AND backend_type = 'client backend'",
                [own],
            )
    finally:
        other.close()


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """A function that gives this process another version of the time-zone data, in which
    Vancouver's clock goes with Los Angeles'.
    """

    def read(name: str) -> zoneinfo.ZoneInfo:
        known = {"America/Vancouver": "America/Los_Angeles"}
        return zoneinfo.ZoneInfo(known.get(name, name))

    def install() -> None:
        time_zone_data.current()  # the books have the one before
        monkeypatch.setattr(zones, "VERSION", "2027.1")
        monkeypatch.setattr(zones, "ZoneInfo", read)
        _forget()

    yield install
    monkeypatch.undo()
    _forget()


def _forget() -> None:
    """Forget what was read of time-zone data."""
    for cached in (zones.zone, zones.offsets, calendar.day_start):
        cached.cache_clear()


# One copy for all.


def test_charges_in_vancouver_are_of_the_day_that_the_pinned_data_has() -> None:
    shop = vancouver()
    shops.run_jobs(shops.instant("2026-12-01T07:00Z"))
    shop.charge("2026-12-01T07:30:00+00:00", "pick-pack", "1.00", "c")
    shops.run_jobs(shops.instant("2026-12-03T00:00Z"))
    days = Charge.objects.filter(reference__in="abc").order_by("reference")
    assert [(charge.reference, str(charge.service_on)) for charge in days] == [
        ("a", "2026-11-11"),
        ("b", "2026-11-11"),
        ("c", "2026-12-01"),
    ]
    months = [str(charge.statement.month) for charge in days if charge.statement]
    assert months == ["2026-11-01", "2026-11-01", "2026-12-01"]
    threshold = Invoice.objects.get(kind="THRESHOLD")
    assert (str(threshold.issued_on), threshold.total) == ("2026-11-11", usd(7))
    assert violations() == []


def test_a_zone_that_is_no_place_is_refused_and_nobody_joins() -> None:
    assert shops.apply(_joining("localtime")) == "rejected invalid"
    assert shops.apply(_joining("CET")) == "rejected invalid"
    assert not Merchant.objects.exists()


def _joining(timezone: str) -> dict[str, object]:
    """An event by which a merchant joins in this time zone."""
    data = shops.TERMS | {"timezone": timezone}
    at = "2026-10-01T10:00:00+00:00"
    return {"id": timezone, "type": "merchant.joined", "at": at, "merchant": "m", "data": data}


def test_no_merchant_changes_to_one() -> None:
    shop = shops.join("2026-10-01 10:00")
    with pytest.raises(Invalid):
        deciding.change_time_zone(shop, "2026-10-02 10:00", "EST5EDT")
    assert TimeZonePeriod.objects.count() == 1


@pytest.mark.full  # no merchant gets one, above
def test_a_merchant_whose_zone_is_none_does_not_keep_the_audit_from_others() -> None:
    vancouver()
    shops.join("2026-10-01 10:00", "other")
    assert violations() == []
    _count_in("other", "localtime")
    assert "a merchant's time zone is a name of the time-zone data" in violations()
    assert offenders() == {"other"}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE billing_charge SET service_on = '2026-11-10' WHERE reference = 'a'")
        cursor.execute("SET LOCAL session_replication_role = origin")
    assert offenders() == {"other", "vancouver"}
    with pytest.raises(CommandError, match="checks found something wrong"):
        call_command("audit", stdout=StringIO())


def _count_in(reference: str, timezone: str) -> None:
    """Have the shop count in a zone that is no place, as books have it that were taken before."""
    merchants = Merchant.objects.filter(reference=reference)
    TimeZonePeriod.objects.filter(merchant__in=merchants).update(timezone=timezone)
    BillingAccount.objects.filter(merchant__in=merchants).update(timezone=timezone)
    CreditLine.objects.filter(merchant__in=merchants).update(timezone=timezone)
    merchants.update(timezone=timezone)


# Who starts.


def test_the_first_process_gives_the_books_its_version() -> None:
    assert not TimeZoneData.objects.exists()
    installation.check()
    assert TimeZoneData.objects.get().version == zones.VERSION == "2026.6"
    installation.check()
    with pytest.raises(DatabaseError), transaction.atomic():
        TimeZoneData.objects.all().delete()


def test_a_process_with_another_version_does_not_start() -> None:
    TimeZoneData.objects.create(version="2026.1")
    sentence = (
        r"The books count days by tzdata 2026\.1, and this process by 2026\.6: install"
        r" tzdata==2026\.1, or stop everything and run \"manage.py timezones --take\""
    )
    with pytest.raises(time_zone_data.WrongTimeZoneData, match=sentence):
        installation.check()  # web servers, workers, the timetable
    for command in ("audit", "jobs", "prefix", "rotate_keys", "review", "replay"):
        with pytest.raises(CommandError, match=sentence):
            call_command(command, *(["no-such-file"] if command == "replay" else []))
    assert "books count days by tzdata 2026.1; installed is 2026.6" in timezones()


@pytest.mark.parametrize("command", ["createsuperuser", "shell", "loaddata"])
def test_nor_do_djangos_own_commands_that_touch_the_books(
    monkeypatch: pytest.MonkeyPatch, settings: Any, command: str
) -> None:
    begun: list[list[str]] = []
    monkeypatch.setattr("django.core.management.execute_from_command_line", begun.append)
    monkeypatch.setattr(sys, "argv", ["manage.py", command])
    manage.main()
    assert begun == [["manage.py", command]]
    settings.TAEL_PREFIX = "OTHER"
    with pytest.raises(SystemExit, match="TAEL_PREFIX is OTHER, and this database has the prefix"):
        manage.main()
    TimeZoneData.objects.update(version="2026.1")
    with pytest.raises(SystemExit, match=r"The books count days by tzdata 2026\.1"):
        manage.main()
    monkeypatch.setattr(sys, "argv", ["manage.py", "migrate"])  # it may come before --take
    manage.main()
    assert len(begun) == 2


@pytest.mark.django_db(transaction=True)
def test_nor_does_one_that_runs_connect_again_once_the_books_have_another() -> None:
    time_zone_data.check_connections()
    TimeZoneData.objects.update(version="2027.1")
    connection.close()
    try:
        for _ in range(2):
            with pytest.raises(time_zone_data.WrongTimeZoneData):
                Merchant.objects.exists()
    finally:
        connections["default"].connection = None
        _set_version(zones.VERSION)
    assert not Merchant.objects.exists()


def _set_version(version: str) -> None:
    """Set the version that the books count by, past what looks at connections."""
    connection_created.disconnect(dispatch_uid="time-zone data")
    TimeZoneData.objects.update(version=version)
    time_zone_data.check_connections()


# Taking another one.


def test_taking_ends_open_days_anew_and_lets_those_worked_off_stand(
    newer: Callable[[], None],
) -> None:
    shop = vancouver()
    shops.run_jobs(NOW)
    assert shop.account.open_until == shops.instant("2026-11-26T07:00Z")
    newer()
    assert "1 merchants' open days end by tzdata 2027.1" in timezones("--take")
    for books in (shop.account, shop.line):
        assert str(books.open_on) == "2026-11-25"
        assert books.open_until == shops.instant("2026-11-26T08:00Z")
    assert shop.merchant.recounted_from == shops.instant("2026-11-26T08:00Z")
    # The new version has it on the 10th.
    assert str(calendar.local_date(shops.instant("2026-11-11T07:30Z"), shop.zone)) == "2026-11-10"
    assert str(Charge.objects.get(reference="a").service_on) == "2026-11-11"
    assert violations() == []
    entry = TrailEntry.objects.get(action="TIME_ZONE_DATA_TAKEN")
    assert (entry.before, entry.after) == ({"version": "2026.6"}, {"version": "2027.1"})
    time_zone_data.check_connections()


@pytest.mark.full  # open days end anew, above
def test_audit_recounts_the_days_that_opened_since(newer: Callable[[], None]) -> None:
    shop = vancouver()
    shops.run_jobs(NOW)
    newer()
    timezones("--take")
    shop.charge("2026-12-01T07:30:00+00:00", "pick-pack", "1.00", "c")  # 23:30 on 30 November
    shops.run_jobs(shops.instant("2026-12-02T12:00Z"))
    assert str(Charge.objects.get(reference="c").service_on) == "2026-11-30"
    assert violations() == []
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE billing_charge SET service_on = service_on + 1")
        cursor.execute("SET LOCAL session_replication_role = origin")
    dated = "a charge is dated by its service, and late when that month had ended"
    (found,) = (one for one in everything_audited() if one.check.name == dated)
    # Not those of October and November, all of which are off now.
    assert {row.subject for row in found.listed} == {"charge c", "charge tael:plan:2026-11-30"}


def test_no_day_ends_before_what_was_written_on_it(newer: Callable[[], None]) -> None:
    """The other way round: by the new version the open day ended before its last charge."""
    shop = shops.join("2026-10-01T10:00:00-07:00", "van", timezone="America/Los_Angeles")
    newer()
    _count_in("van", "Etc/GMT+8")
    shops.run_jobs(shops.instant("2026-11-11T07:00Z"))
    shop.charge("2026-11-11T07:30:00+00:00", "pick-pack", "1.00", "a")
    assert shop.account.open_until == shop.line.open_until == shops.instant("2026-11-11T08:00Z")
    _count_in("van", "Etc/GMT+7")  # where it was over at 07:00
    timezones("--take")
    assert shop.account.open_until == shop.line.open_until == shops.instant("2026-11-11T07:30Z")
    shop.charge("2026-11-11T07:30:00+00:00", "pick-pack", "1.00", "b")
    charges = Charge.objects.filter(reference__in="ab").order_by("pk")
    assert [str(charge.service_on) for charge in charges] == [
        "2026-11-10",
        "2026-11-11",
    ]


@pytest.mark.full  # open days end anew, above
def test_a_zone_that_is_to_come_begins_where_the_open_day_ends_now(
    newer: Callable[[], None],
) -> None:
    shop = vancouver()
    deciding.change_time_zone(shop, "2026-11-30T12:00Z", "Asia/Bangkok")
    assert TimeZonePeriod.objects.latest("pk").starts_at == shops.instant("2026-12-01T07:00Z")
    newer()
    timezones("--take")
    assert TimeZonePeriod.objects.latest("pk").starts_at == shops.instant("2026-12-01T08:00Z")
    shops.run_jobs(shops.instant("2026-12-03T00:00Z"))
    assert shop.account.timezone_since_at == shops.instant("2026-12-01T08:00Z")
    assert violations() == []


def test_nothing_is_taken_while_somebody_else_is_connected(
    newer: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = vancouver()
    before = shop.account.open_until
    newer()
    other = connections.create_connection("default")
    other.connect()
    try:
        with pytest.raises(CommandError, match="the database has other sessions: 1 × "):
            timezones("--take")
    finally:
        other.close()
    assert TimeZoneData.objects.get().version == "2026.6"
    assert (shop.account.open_until, shop.merchant.recounted_from) == (before, None)


def test_a_zone_that_is_none_is_refused_until_another_is_named(newer: Callable[[], None]) -> None:
    shop = vancouver()
    shops.join("2026-10-01 10:00", "old")
    _count_in("old", "localtime")
    newer()
    assert "localtime is no place in tzdata 2027.1: 1 merchants count there." in timezones()
    with pytest.raises(CommandError, match=r"has no such place: localtime \(1 merchants\)"):
        timezones("--take")
    with pytest.raises(CommandError, match="'CET' is not in the time zone database"):
        timezones("--take", "--instead", "localtime=CET")
    with pytest.raises(CommandError, match="'America/Vancouver' is a place"):
        timezones("--take", "--instead", "America/Vancouver=Asia/Bangkok")
    assert TimeZoneData.objects.get().version == "2026.6"
    assert shop.merchant.recounted_from is None
    timezones("--take", "--instead", "localtime=Asia/Bangkok")
    old = Shop("old")
    assert old.merchant.timezone == old.account.timezone == old.line.timezone == "Asia/Bangkok"
    entry = TrailEntry.objects.get(action="TIME_ZONE_CHANGED")
    assert (entry.before, entry.after) == (
        {"time_zone": "localtime"},
        {"time_zone": "Asia/Bangkok"},
    )
    assert entry.reason == "tzdata 2027.1 has no localtime"
    assert violations() == []


@pytest.mark.full  # of another one all are, above
def test_of_the_same_version_only_those_without_a_zone_are_concerned() -> None:
    shop = vancouver()
    shops.join("2026-10-01 10:00", "old")
    _count_in("old", "CET")
    time_zone_data.current()
    assert "1 merchants' open days" in timezones("--take", "--instead", "CET=Europe/Paris")
    assert Shop("old").account.timezone == "Europe/Paris"
    assert shop.merchant.recounted_from is None
    assert not TrailEntry.objects.filter(action="TIME_ZONE_DATA_TAKEN").exists()
    assert violations() == []
    with pytest.raises(CommandError, match="goes with --take"):
        timezones("--instead", "CET=Europe/Paris")


def test_only_our_commands_that_touch_no_books_start_with_any_version() -> None:
    free = {
        name
        for name, app in get_commands().items()
        if app in PACKAGES and not isinstance(load_command_class(app, name), BooksCommand)
    }
    # The first makes a scratch database, the others translate, change tables, take a version, and
    # start processes that look for themselves.
    assert free == {"bench", "cells", "messages", "migrate", "timezones", "up"}
