"""Redis or PostgreSQL away, or a full disk: 503 and a sentence, and nothing half done."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as tael
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.utils import timezone
from psycopg import errors
from pytest_django import Settings

import manage
from billing.models import Invoice, Payment
from billing.operations import payments, stripe_events
from billing.providers.registry import Sandbox
from config.monitoring import outages
from gateway.models import Replay
from lib import reconnecting
from merchants.models import User
from tests import event_files, shops
from tests.factories import PASSWORD, UserFactory, browser_of, member
from tests.stripe_server import WEBHOOK_SECRET, send_event
from tests.text import text_of

SIGN_IN = "/accounts/login/"
AWAY = "Tael is not available at the moment"
UNCOUNTED = "We cannot count attempts just now. To keep accounts safe, nobody signs in"
FULL = "There is no room left"


def raised(state: str, said: str) -> None:
    """Have PostgreSQL raise an error with this code."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION '{said}' USING ERRCODE = '{state}'; END $$")


def fill_the_disk(*_: Any, **__: Any) -> None:
    """Raise what PostgreSQL does on a full disk."""
    raised("53100", 'could not extend file "base/5/16384": No space left on device')


def cut_off(*_: Any, **__: Any) -> None:
    """End this process's connection from the server's side, as a server that is stopped does."""
    connection.ensure_connection()
    pid = connection.connection.info.backend_pid
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    other.close()


@pytest.fixture
def without_redis(settings: Settings) -> None:
    """The cache is a Redis that is not there."""
    default = settings.CACHES["default"] | {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": "unix:///tmp/nowhere.sock?db=1",
    }
    settings.CACHES = {"default": default}


@pytest.fixture
def mei(db: None) -> User:
    """A person with an account."""
    return UserFactory.create(email="mei@shop.example")


# --- without Redis --------------------------------------------------------------------------------


@pytest.mark.usefixtures("without_redis")
@pytest.mark.parametrize(
    ("language", "sentence"),
    [("en", UNCOUNTED), ("zh-hans", "目前无法统计尝试次数"), ("th", "ขณะนี้ระบบไม่สามารถนับจำนวนครั้ง")],
)
def test_nobody_signs_in_while_attempts_cannot_be_counted(
    mei: User, language: str, sentence: str
) -> None:
    for password in (PASSWORD, "wrong"):
        client = Client(headers={"Accept-Language": language})
        assert client.get(SIGN_IN).status_code == 200
        answer = client.post(SIGN_IN, {"login": mei.email, "password": password})
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
        assert sentence in text_of(answer)
        assert "_auth_user_id" not in client.session


@pytest.mark.usefixtures("without_redis")
def test_what_needs_no_count_goes_on_and_what_does_is_refused(mei: User) -> None:
    shop = shops.join("2026-11-01 10:00")
    browser = browser_of(member(shop))
    assert browser.get("/m/rosewood/").status_code == 200
    asked = Client().post("/accounts/password/reset/", {"email": mei.email})
    assert (asked.status_code, UNCOUNTED in text_of(asked)) == (503, True)


# --- without a database ---------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("when", ["before", "after"])
def test_pay_now_answers_503_when_the_database_dies_in_mid_request(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, when: str
) -> None:
    """Before the provider is asked nothing was done; after it, the attempt is asked about."""
    settings.TAEL_SANDBOX = True
    joined = timezone.now() - timedelta(days=1)
    shop = shops.join(
        joined.isoformat(), plan_price="39.00", plan_interval_days=365, payment_method="sandbox"
    )
    invoice = Invoice.objects.get()
    collect, asked = Sandbox.collect, []

    def dying(self: Sandbox, payment: Payment, **more: Any) -> Any:
        asked.append(payment.pk)
        answer = collect(self, payment, **more)
        cut_off()
        return answer

    if when == "after":
        monkeypatch.setattr(reconnecting, "WAITS_SECONDS", ())  # it stays away
        monkeypatch.setattr(Sandbox, "collect", dying)
    else:
        monkeypatch.setattr(payments, "pay_now", cut_off_and(payments.pay_now))
    browser = browser_of(member(shop))
    answer = browser.post(f"/m/rosewood/billing/invoices/{invoice.number}/pay/", {"seen": "0"})
    connection.close()
    assert (answer.status_code, AWAY in text_of(answer)) == (503, True)
    invoice.refresh_from_db()
    assert invoice.status == Invoice.Status.OPEN
    assert len(asked) == (1 if when == "after" else 0)
    undecided = [payment.is_undecided for payment in Payment.objects.all()]
    assert undecided == ([True] if when == "after" else [])


@pytest.mark.django_db(transaction=True)
def test_an_answer_is_settled_where_only_the_connection_broke(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.TAEL_SANDBOX = True
    joined = timezone.now() - timedelta(days=1)
    shop = shops.join(
        joined.isoformat(), plan_price="39.00", plan_interval_days=365, payment_method="sandbox"
    )
    invoice = Invoice.objects.get()
    collect = Sandbox.collect

    def dying(self: Sandbox, payment: Payment, **more: Any) -> Any:
        answer = collect(self, payment, **more)
        cut_off()
        return answer

    monkeypatch.setattr(Sandbox, "collect", dying)
    browser = browser_of(member(shop))
    answer = browser.post(f"/m/rosewood/billing/invoices/{invoice.number}/pay/", {"seen": "0"})
    connection.close()
    assert answer.status_code == 302
    assert [payment.status for payment in Payment.objects.all()] == ["SUCCEEDED"]
    assert Invoice.objects.get().status == Invoice.Status.PAID


def cut_off_and(go_on: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which first loses the connection to the database."""

    def cut(*args: Any, **more: Any) -> Any:
        cut_off()
        return go_on(*args, **more)

    return cut


@pytest.mark.django_db(transaction=True)
def test_a_webhook_answers_503_in_json_so_that_it_comes_again(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.STRIPE_WEBHOOK_SECRET = WEBHOOK_SECRET
    monkeypatch.setattr(stripe_events, "take", cut_off_and(stripe_events.take))
    assert send_event("payment_intent.succeeded", "pi_1") == 503
    connection.close()
    request = Client().get("/webhooks/stripe/").wsgi_request
    answer = outages.answer(request, OperationalError("the connection is lost"))
    assert answer is not None
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert json.loads(answer.content)["code"] == "database_unavailable"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/m/rosewood/", "/admin/", "/", SIGN_IN])
def test_a_page_that_middleware_could_not_ask_for_is_503(
    monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    browser = browser_of(member(shops.join("2026-11-01 10:00")))
    browser.raise_request_exception = False

    def gone() -> None:
        raise OperationalError("connection to server failed: Connection refused")

    monkeypatch.setattr(connection, "cursor", gone)
    answer = browser.get(path)
    assert (answer.status_code, AWAY in text_of(answer)) == (503, True)


@pytest.mark.django_db
def test_a_fault_of_ours_is_no_outage() -> None:
    for state in ("57014", "40P01", "23505", "22012"):
        with pytest.raises(Exception, match="no outage") as found:
            raised(state, "no outage")
        assert outages.of(found.value) is None
    assert outages.of(ValueError("nothing")) is None
    assert outages.of(OSError(2, "No such file or directory")) is None


# --- a full disk ----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_page_says_that_the_disk_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    browser = browser_of(member(shops.join("2026-11-01 10:00")))

    monkeypatch.setattr("pages.views.activity.latest", fill_the_disk)
    answer = browser.get("/m/rosewood/")
    assert (answer.status_code, FULL in text_of(answer)) == (503, True)


def ended(monkeypatch: pytest.MonkeyPatch, doing: Callable[[], object]) -> str:
    """What a command that does this ends with."""
    monkeypatch.setattr("django.core.management.execute_from_command_line", lambda _: doing())
    monkeypatch.setattr(sys, "argv", ["manage.py", "replay"])
    with pytest.raises(SystemExit) as exited:
        manage.main()
    assert isinstance(exited.value.code, str)
    return exited.value.code


@pytest.mark.django_db
def test_a_command_ends_with_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    said = ended(monkeypatch, fill_the_disk)
    assert said.startswith('The disk is full: could not extend file "base/5/16384": No space left')
    assert "\n" not in said


@pytest.mark.full  # a page says so, too, above
@pytest.mark.django_db
def test_a_file_that_does_not_fit_on_the_disk_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path
) -> None:
    """The list of what a replay rejected, on a disk without room; the books are committed by then.

    test_servers_killed.py has disks that fill up.
    """
    settings.TAEL_SANDBOX = True
    path = event_files.write(tmp_path / "events.jsonl", ["this is no event"] * 1000)
    listed = {"rejected": Path("/dev/full")}
    end: dict[str, Any] = {"until": "2026-11-02T00:00:00Z", "beyond_now": True}
    said = ended(monkeypatch, lambda: call_command("replay", str(path), **end, **listed))
    assert said == "The disk is full: [Errno 28] No space left on device"
    assert Replay.objects.get().events_done == 1000


@pytest.mark.full
@pytest.mark.parametrize("command", ["jobs", "migrate", "audit", "createsuperuser"])
def test_a_command_without_a_database_ends_with_one_sentence(command: str) -> None:
    environment = {**os.environ, "DATABASE_URL": "postgresql://tael:secret@127.0.0.1:1/tael"}
    done = subprocess.run(
        [sys.executable, "manage.py", command],
        cwd=tael.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("The database does not answer: ")
    assert "secret" not in done.stderr


def test_a_server_that_is_full_is_told_apart_from_one_that_is_away() -> None:
    full = OperationalError("PANIC: could not write to file: No space left on device")
    full.__cause__ = errors.DiskFull("could not extend file")
    assert outages.of(full) is outages.DISK
    assert outages.of(OperationalError("server closed the connection")) is outages.DATABASE
