"""/healthz says that the process is up, /readyz whether all that it needs is there."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from config import static_files
from config.celery import app
from config.monitoring import health
from lib import zones
from merchants.models import TimeZoneData
from tests.factories import HeartbeatFactory, JobRunFactory

pytestmark = pytest.mark.django_db

ASKED = ("database", "clock", "zones", "static", "hosts", "cache", "broker")
READY = dict.fromkeys(ASKED, "ok")
NO_DATABASE = "failed (OperationalError)"
MISSING = HttpResponse(status=404)
AT_WORK = {"scheduler": "ok", "runs": "ok"}


@pytest.fixture(autouse=True)
def look_at_migrations_anew() -> Iterator[None]:
    """Whether the database is migrated is not remembered from another test."""
    health._migrated_at = 0.0
    yield
    health._migrated_at = 0.0


def beat(**ago: int) -> None:
    """Note a heartbeat of so long ago."""
    HeartbeatFactory.create(at=timezone.now() - timedelta(**ago))


def asked(path: str, **headers: str) -> tuple[int, Any]:
    """Status and content of the answer, which is never cached and sets no cookie."""
    response = Client().get(path, headers=headers or None)
    assert response.headers["Cache-Control"] == "no-store"
    assert not response.cookies
    return response.status_code, response.json()


def test_all_is_there() -> None:
    beat(minutes=1)
    assert asked("/healthz") == (200, {"status": "up"})
    assert asked("/readyz") == (200, {"status": "ready", "checks": {**READY, **AT_WORK}})
    assert asked("/readyz/web") == (200, {"status": "ready", "checks": READY})


def test_a_stale_heartbeat_fails_for_the_scheduler_and_takes_no_web_server_away() -> None:
    beat(minutes=4)
    status, said = asked("/readyz")
    assert (status, said["status"]) == (503, "not ready")
    assert said["checks"].pop("scheduler").startswith("no heartbeat since 20")
    assert said["checks"] == {**READY, "runs": "ok"}
    assert asked("/readyz/web")[0] == 200


@pytest.mark.parametrize(
    ("begun", "lost", "said"),
    [
        ({"minutes": 59}, None, "ok"),
        ({"minutes": 61}, None, "1 open for over an hour, 0 lost"),
        ({"hours": 30}, {"minutes": 59}, "0 open for over an hour, 1 lost"),
        ({"hours": 30}, {"minutes": 61}, "ok"),
    ],
)
def test_a_run_that_lost_a_chunk_is_told_though_later_ones_went_well(
    begun: dict[str, int], lost: dict[str, int] | None, said: str
) -> None:
    beat(minutes=1)
    now = timezone.now()
    JobRunFactory.create(
        job="order-flags",
        due_at=now,
        started_at=now - timedelta(**begun),
        ended_at=now - timedelta(**lost) if lost else None,
        is_lost=bool(lost),
        open_chunks=[2],
    )
    JobRunFactory.create(job="order-flags", due_at=now, ended_at=now)
    status, answer = asked("/readyz")
    assert answer["checks"]["runs"] == said
    assert status == (200 if said == "ok" else 503)
    assert asked("/readyz/web")[0] == 200


def test_no_heartbeat_yet() -> None:
    assert asked("/readyz")[1]["checks"]["scheduler"] == "no heartbeat yet"


def test_without_a_database_the_process_is_still_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OperationalError("password authentication failed for user tael at 10.0.0.9")

    monkeypatch.setattr(connection, "cursor", fail)
    assert asked("/healthz")[0] == 200
    status, said = asked("/readyz/web")
    assert status == 503
    assert said["checks"] == {**READY, **dict.fromkeys(("database", "clock", "zones"), NO_DATABASE)}


def test_a_migration_that_is_not_applied(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    recorded = MigrationRecorder.Migration.objects
    last = recorded.filter(app="config").latest("pk")
    last.delete()
    assert asked("/readyz/web")[1]["checks"]["database"] == "1 migrations are not applied"
    last.save(force_insert=True)
    assert asked("/readyz/web")[0] == 200
    with django_assert_num_queries(2):  # migrations are looked at once a minute
        assert asked("/readyz/web")[0] == 200


def test_what_a_page_needs_besides(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every page would be a 500, or a 400, while the server said that it is ready."""
    settings.ALLOWED_HOSTS, settings.TAEL_BASE_URL = ["tael.example"], "https://other.example"
    assert asked("/readyz/web")[1]["checks"]["hosts"] == "other.example is not in ALLOWED_HOSTS"
    settings.TAEL_BASE_URL = "https://tael.example"
    TimeZoneData.objects.update_or_create(defaults={"version": "2020a"})
    status, said = asked("/readyz/web")
    zoned = f"the books have 2020a, this server {zones.VERSION}"
    assert (status, said["checks"]) == (503, {**READY, "zones": zoned})
    TimeZoneData.objects.update(version=zones.VERSION)
    settings.WHITENOISE_USE_FINDERS = False
    settings.WHITENOISE_AUTOREFRESH = False
    settings.STATIC_ROOT = str(tmp_path)
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "config.static_files.Collected"}
    }
    early_names, early_files = static_files.Collected(), static_files.Served(lambda _: MISSING)
    status, said = asked("/readyz/web")
    uncollected = "run collectstatic: its files are not where this server looks"
    assert (status, said["checks"]) == (503, {**READY, "static": uncollected})
    others = ["admin", "gis", "ninja", "unfold"]  # many files, of which no page of ours is made
    call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=others)
    settings.STATIC_ROOT = str(tmp_path)  # a server that starts now
    settings.STORAGES = {**settings.STORAGES}
    assert asked("/readyz/web")[0] == 200
    # And one that was started before: it has pages and files from now on.
    monkeypatch.setattr(health, "staticfiles_storage", early_names)
    assert asked("/readyz/web")[0] == 200
    sheet = RequestFactory().get(early_names.url(health.SHEET))
    assert re.fullmatch(r"/static/css/app\.[0-9a-f]{12}\.css", sheet.path)
    answer = early_files(sheet)
    assert (answer.status_code, answer.headers["Content-Type"][:8]) == (200, "text/css")
    answer.close()
    assert early_files(RequestFactory().get("/static/css/none.css")) is MISSING


def test_a_cache_that_is_not_there(settings: Settings) -> None:
    default = settings.CACHES["default"] | {"LOCATION": "unix:///tmp/nowhere.sock?db=1"}
    settings.CACHES = {"default": default}
    status, said = asked("/readyz/web")
    assert (status, said["checks"]) == (503, {**READY, "cache": "failed (ConnectionError)"})


@pytest.mark.full  # one that is silent is named in test_silent_servers
def test_a_broker_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.conf, "broker_read_url", "redis+socket:///tmp/nowhere.sock")
    status, said = asked("/readyz/web")
    assert (status, said["checks"]) == (503, {**READY, "broker": "failed (OperationalError)"})


def test_a_probe_needs_no_name_of_ours_and_no_https(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.ALLOWED_HOSTS = ["tael.example"]
    settings.TAEL_BASE_URL = "https://tael.example"
    assert asked("/healthz", host="10.0.0.7:8000")[0] == 200
    assert asked("/readyz/web", host="10.0.0.7:8000")[0] == 200
    assert Client().get("/", headers={"host": "10.0.0.7"}).status_code == 400


def test_nothing_is_asked_of_the_database_to_be_up(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(0):
        assert asked("/healthz")[0] == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/readyz/web"])
def test_they_are_only_read(path: str) -> None:
    assert Client().post(path).status_code == 405
    assert Client().head(path).status_code in (200, 503)
