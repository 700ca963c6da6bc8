"""Redis or PostgreSQL that accepts and never answers: whoever asks gets an error in seconds."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as tael
from django.db import DataError, connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from billing.models import Invoice, Payment
from config import waits
from config.celery import app
from config.monitoring import health
from lib import statement_timeout
from merchants.models import User
from tests import shops, silent_server
from tests.config.test_outages import AWAY, SIGN_IN, UNCOUNTED
from tests.factories import PASSWORD, UserFactory, browser_of, member
from tests.silent_server import Silent
from tests.stripe_server import WEBHOOK_SECRET, send_event
from tests.text import text_of
from tests.whole import some

SOON_SECONDS = 60  # of a busy machine; without a bound it would be never
BRIEF: dict[str, object] = {"socket_timeout": 0.2, "socket_connect_timeout": 0.2}


@pytest.fixture
def silent() -> Iterator[Silent]:
    """A server that takes connections and never answers."""
    with silent_server.silent() as server:
        yield server


@pytest.fixture(autouse=True)
def soon() -> Iterator[None]:
    """Checks that the test takes less than SOON_SECONDS."""
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < SOON_SECONDS


def test_every_server_has_a_bound() -> None:
    assert tael.CACHES["default"]["OPTIONS"] == waits.REDIS
    assert waits.BROKER.items() <= app.conf.broker_transport_options.items()
    bounds = [*waits.REDIS.values(), waits.BROKER["socket_timeout"], waits.CONNECT_SECONDS]
    assert all(isinstance(bound, int) and 0 < bound <= 5 for bound in bounds)
    assert connection.settings_dict["OPTIONS"]["connect_timeout"] == 5
    ask = "from django.conf import settings as s; print(s.DATABASES['default']['OPTIONS'])"
    told = python("-c", ask, DATABASE_URL="postgresql://tael@127.0.0.1:1/tael?connect_timeout=9")
    assert told.stdout == f"{waits.DATABASE | {'connect_timeout': 9}}\n"


def python(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """How a process of Python ends that is given these arguments and this environment."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=tael.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


# --- Redis ----------------------------------------------------------------------------------------


@pytest.fixture
def silent_redis(silent: Silent, settings: Settings) -> Silent:
    """A silent server in the place of Redis."""
    default = settings.CACHES["default"] | {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": silent.url.replace("http", "redis"),
        "OPTIONS": BRIEF,
    }
    settings.CACHES = {"default": default}
    return silent


@pytest.mark.django_db
def test_nobody_signs_in_and_who_is_signed_in_works_on(silent_redis: Silent) -> None:
    shop = shops.join("2026-11-01 10:00")
    owner = member(shop)
    assert browser_of(owner).get("/m/rosewood/").status_code == 200
    answer = Client().post(SIGN_IN, {"login": owner.email, "password": PASSWORD})
    assert (answer.status_code, UNCOUNTED in text_of(answer)) == (503, True)
    assert silent_redis.accepted


@pytest.mark.django_db
def test_a_probe_names_cache_and_broker(
    silent_redis: Silent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.conf, "broker_read_url", silent_redis.url.replace("http", "redis"))
    monkeypatch.setattr(waits, "PROBE_SECONDS", 0.2)
    answer = Client().get("/readyz/web")
    failed = {name for name, said in answer.json()["checks"].items() if said != "ok"}
    assert (answer.status_code, failed) == (503, {"cache", "broker"})


SEND = """
from config.celery import app
app.conf.broker_transport_options.update(socket_timeout=0.2)
try:
    app.send_task("jobs.tasks.beat")
except Exception as error:
    print(type(error).__name__)
"""


@pytest.mark.full  # whoever pays or signs in is, above
def test_who_sends_a_task_is_told(silent: Silent) -> None:
    told = python("-c", SEND, REDIS_URL=silent.url.replace("http", "redis"))
    assert (told.stdout, told.stderr) == ("OperationalError\n", "")
    assert silent.accepted


# --- PostgreSQL -----------------------------------------------------------------------------------


@pytest.mark.full  # as test_outages has it of one that is away
def test_a_command_ends_with_one_sentence(silent: Silent) -> None:
    address = f"{silent.url.replace('http://', 'postgresql://tael:secret@')}/tael?connect_timeout=2"
    told = python("manage.py", "jobs", DATABASE_URL=address)
    assert (told.returncode, told.stdout, told.stderr.count("\n")) == (1, "", 1)
    assert told.stderr.startswith("The database does not answer: connection timeout expired")
    assert "secret" not in told.stderr


@pytest.fixture
def freeze(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Stops the server's process at the other end of our connection, as a hung disk does. It goes
    on with the test's end.
    """
    monkeypatch.setattr(statement_timeout, "GRACE_SECONDS", 0.2)
    frozen = []

    def stop() -> None:
        connection.ensure_connection()
        statement_timeout.bound(None, connection)  # as a web server's are
        frozen.append(connection.connection.info.backend_pid)
        os.kill(frozen[-1], signal.SIGSTOP)
        connection.connection.wait.seconds = 0.2

    yield stop
    for process in frozen:
        os.kill(process, signal.SIGCONT)
    connection.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", some(["/m/rosewood/", "/admin/", SIGN_IN], 3))
def test_a_page_says_that_the_database_is_away(freeze: Callable[[], None], path: str) -> None:
    browser = browser_of(member(shops.join("2026-11-01 10:00")))
    browser.raise_request_exception = False
    freeze()
    answer = browser.get(path)
    assert (answer.status_code, AWAY in text_of(answer)) == (503, True)
    connection.close()
    assert browser.get(path).status_code in (200, 302)  # the next one has a new connection


@pytest.mark.django_db(transaction=True)
def test_pay_now_and_webhook_answer_and_a_sign_in_and_a_probe(
    freeze: Callable[[], None], settings: Settings
) -> None:
    settings.STRIPE_WEBHOOK_SECRET = WEBHOOK_SECRET
    settings.TAEL_SANDBOX = True
    person: User = UserFactory.create(email="mei@shop.example")
    joined = (timezone.now() - timedelta(days=1)).isoformat()
    more: dict[str, Any] = {"plan_price": "39.00", "plan_interval_days": 365}
    shop = shops.join(joined, payment_method="sandbox", **more)
    invoice = Invoice.objects.get()
    browser = browser_of(member(shop))
    browser.raise_request_exception = False
    anybody = Client(raise_request_exception=False)

    freeze()
    paid = browser.post(f"/m/rosewood/billing/invoices/{invoice.number}/pay/", {"seen": "0"})
    assert (paid.status_code, AWAY in text_of(paid)) == (503, True)
    connection.close()
    freeze()
    assert send_event("payment_intent.succeeded", "pi_1") == 503
    connection.close()
    freeze()
    signed_in = anybody.post(SIGN_IN, {"login": person.email, "password": PASSWORD})
    assert (signed_in.status_code, AWAY in text_of(signed_in)) == (503, True)
    connection.close()
    freeze()
    probed = anybody.get("/readyz")
    failed = {name for name, said in probed.json()["checks"].items() if said != "ok"}
    assert (probed.status_code, failed) == (503, {"database", *health.ASK_THE_DATABASE})
    connection.close()
    invoice.refresh_from_db()
    assert (invoice.status, Payment.objects.count()) == (Invoice.Status.OPEN, 0)


@pytest.mark.django_db(transaction=True)
def test_a_download_is_waited_for_longer_and_nothing_after_it() -> None:
    connection.ensure_connection()
    statement_timeout.bound(None, connection)
    wait = connection.connection.wait
    assert wait.seconds == 10
    with statement_timeout.download():
        assert wait.seconds == 900
    assert wait.seconds == 10
    with pytest.raises(DataError), transaction.atomic(), statement_timeout.download():
        connection.cursor().execute("SELECT 1 / 0")
    assert wait.seconds == 10
    connection.close()
