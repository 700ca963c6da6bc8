"""Log lines say which request or task they belong to, and nothing of people."""

import gzip
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.test import Client, RequestFactory

from config.monitoring import context, logs
from tests import shops
from tests.factories import browser_of, member
from tests.jobs.working import damage, run


class Lines:
    """What was logged, read back."""

    def __init__(self) -> None:
        self.written = StringIO()

    def of(self, logger: str) -> list[dict[str, Any]]:
        """What this logger has written."""
        found = [json.loads(line) for line in self.written.getvalue().splitlines()]
        return [line for line in found if line["logger"] == logger]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """Have all that is logged be written as in a deployment, and give its lines."""
    configured = logs.logging_settings(deployed=True)
    assert configured["handlers"]["stderr"]["formatter"] == "json"
    kept = Lines()
    handler = logging.StreamHandler(kept.written)
    handler.setFormatter(logs.Json())
    handler.addFilter(logs.Context())
    access = logging.getLogger("tael.access")
    monkeypatch.setattr(access, "level", logging.INFO)
    access.manager._clear_cache()  # type: ignore[attr-defined]
    logging.getLogger().addHandler(handler)
    yield kept
    logging.getLogger().removeHandler(handler)


@pytest.mark.django_db
def test_a_line_for_each_request_says_who_by_number_and_what_by_route(lines: Lines) -> None:
    shop = shops.join("2026-11-01 10:00")
    owner = member(shop, email="olive@rosewood.example")
    response = browser_of(owner).get("/m/rosewood/search/?q=Somchai")
    (line,) = lines.of("tael.access")
    assert line.pop("ms") > 0
    assert line.pop("at").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "tael.access",
        "message": "GET search 200",
        "method": "GET",
        "status": 200,
        "request_id": response.headers["X-Request-ID"],
        "route": "search",
        "merchant": "rosewood",
        "user": owner.pk,
    }
    assert "Somchai" not in lines.written.getvalue()
    assert "olive" not in lines.written.getvalue()


@pytest.mark.django_db
def test_a_secret_that_is_not_ascii_is_not_logged_either(lines: Lines) -> None:
    request = RequestFactory().get("/invitation/Gehêim-Token-4711-Schlüssel/")
    assert request.path == "/invitation/Gehêim-Token-4711-Schlüssel/"
    with context.of(request, "r-1"):
        logging.getLogger("tael.tests").warning("No such page: %s", request.path)
    (line,) = lines.of("tael.tests")
    assert line["message"] == "No such page: /invitation/***/"


def test_a_secret_in_an_address_is_not_logged(lines: Lines) -> None:
    Client().get("/invitation/a-secret-token/")
    assert lines.of("tael.access")
    assert "a-secret-token" not in "".join(json.dumps(line) for line in lines.of("tael.access"))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "is_taken"),
    [("abc-123.XYZ", True), ("short", False), ('x"\n{inject}', False), ("a" * 65, False)],
)
def test_a_request_keeps_the_name_that_the_proxy_gave_it(given: str, is_taken: bool) -> None:
    name = Client().get("/accounts/login/", headers={"x-request-id": given})["X-Request-ID"]
    assert (name == given) == is_taken
    assert is_taken or len(name) == 32


@pytest.mark.django_db
def test_what_a_task_logs_names_job_and_task(lines: Lines) -> None:
    damage(shops.join("2026-11-01 10:00"))
    run("billing-day-ends", "2026-11-02 00:00")
    (line,) = lines.of("jobs.definitions")
    assert (line["task"], line["job"]) == ("jobs.tasks.do_chunk", "billing-day-ends")
    assert line["task_id"]
    assert line["message"].endswith("the account of this merchant is damaged") or line["exc_info"]
    assert "request_id" not in line


@pytest.mark.django_db
def test_a_row_that_the_database_refused_is_not_logged(lines: Lines) -> None:
    shops.join("2026-11-01 10:00", name="Rosewood Dresses")
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE merchants_merchant SET reference = NULL")
    except IntegrityError:
        logging.getLogger("test").exception("It was refused")
    (line,) = lines.of("test")
    assert "violates not-null constraint" in line["exc_info"]
    assert "Rosewood" not in line["exc_info"]


@pytest.mark.django_db
def test_nor_is_what_follows_a_line_end_in_one_of_its_texts(lines: Lines) -> None:
    row = ["It is too low.\n\nWe sold out in spring.", "olive@rosewood.example"]
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE asked (message text, who text CHECK (who = ''))")
            cursor.execute("INSERT INTO asked VALUES (%s, %s)", row)
    except IntegrityError:
        logging.getLogger("test").exception("It was refused")
    (line,) = lines.of("test")
    assert line["exc_info"].count("violates check constraint") == 2
    assert "The above exception was the direct cause" in line["exc_info"]
    for text in ("too low", "spring", "olive"):
        assert text not in line["exc_info"]


def test_what_the_database_advises_is_logged_without_the_row() -> None:
    said = "null value\nDETAIL:  Failing row contains (1, One\nTwo).\nHINT:  Name it.\nThree"
    assert logs.without_rows(said) == "null value\nHINT:  Name it.\nThree"


@pytest.mark.parametrize(
    ("deployed", "named", "form"),
    [(True, "", "json"), (False, "", "line"), (True, "line", "line"), (False, "json", "json")],
)
def test_json_where_it_is_deployed_or_asked_for(
    monkeypatch: pytest.MonkeyPatch, deployed: bool, named: str, form: str
) -> None:
    monkeypatch.setenv("TAEL_LOG_FORMAT", named)
    assert logs.logging_settings(deployed=deployed)["handlers"]["stderr"]["formatter"] == form


# --- Sentry ---------------------------------------------------------------------------------------

START = """
import logging, os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
"""
LATE = ("sentry", "stripe", "xlsxwriter")  # what most processes never use
UNUSED = f"{START}assert not [name for name in sys.modules if name.startswith({LATE!r})]"
FAILING = (
    START
    + """
def fail():
    card_number = "4242 secret"
    raise ValueError("this went wrong")
try:
    fail()
except ValueError:
    logging.getLogger("test").exception("Look")
import sentry_sdk
sentry_sdk.flush(timeout=10)
"""
)


def python(code: str, **environment: str) -> None:
    """Run this code in a process of its own, which must succeed."""
    environment = {**os.environ, **environment}
    command = [sys.executable, "-c", code]
    subprocess.run(command, cwd=settings.BASE_DIR, env=environment, check=True, timeout=180)


def test_what_a_process_does_not_use_is_not_imported() -> None:
    python(UNUSED, SENTRY_DSN="")


@pytest.mark.full  # test_no_secrets_in_logs has the same
def test_with_a_dsn_an_error_arrives_without_what_variables_held() -> None:
    arrived: list[bytes] = []

    class Sentry(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            is_packed = self.headers.get("Content-Encoding") == "gzip"
            arrived.append(gzip.decompress(content) if is_packed else content)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Sentry) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        python(FAILING, SENTRY_DSN=f"http://key@127.0.0.1:{server.server_port}/1")
        server.shutdown()
        thread.join()
    said = b"".join(arrived).decode()
    assert "this went wrong" in said
    assert "4242 secret" not in said
