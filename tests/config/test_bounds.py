"""What a request may bring, how long an answer may take, and who may keep it."""

import os
import subprocess
import sys
from typing import Any

import pytest
from django.core import mail
from django.db import connection, transaction
from django.test import Client
from pytest_django import Settings

from config import bounds
from credit.models import CreditLine
from lib import statement_timeout
from merchants.models import User
from tests import shops
from tests.config.test_cookies import DEPLOYMENT
from tests.factories import PASSWORD, UserFactory, browser_of, member, operator
from tests.gateway.asking import Caller, problem
from tests.shops import Shop
from tests.text import text_of
from tests.whole import full

pytestmark = pytest.mark.django_db

SIGN_IN = "/accounts/login/"
FORM = "application/x-www-form-urlencoded"


class Unread:
    """A body that says when somebody reads it."""

    def read(self, *_: Any) -> bytes:
        """Fails, as the body is not to be read."""
        raise AssertionError("the body was read")

    readline = read


def post(client: Client, **environ: Any) -> Any:
    """The answer to a sign-in form, sent with this environment."""
    return client.generic("POST", SIGN_IN, b"login=x", FORM, **environ)


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({"CONTENT_LENGTH": str(6 * 1024 * 1024 + 1)}, 413),
        ({"CONTENT_LENGTH": "262144000"}, 413),
        ({"CONTENT_LENGTH": "9" * 40}, 400),
        ({"CONTENT_LENGTH": "-1"}, 400),
        ({"CONTENT_LENGTH": "²"}, 400),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, 411),
    ],
)
def test_what_must_not_come_is_refused_unread(
    client: Client, environ: dict[str, Any], status: int
) -> None:
    response = post(client, **environ | {"wsgi.input": Unread()})
    assert response.status_code == status
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"


def answered(content_type: str) -> str:
    """What the web server is told for a request with this header."""
    told: list[str] = []

    def within(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b""]

    application = bounds.in_utf_8(within)
    application({"CONTENT_TYPE": content_type}, lambda status, _: told.append(status))  # type: ignore[arg-type]
    return told[0]


@pytest.mark.parametrize(
    "charset",
    [
        *("hex", "utf-16", "undefined", "base64", "\x00", "x" * 500, "unicode_escape"),
        *("utf-8; charset=hex", '"hex"', "utf-8\x00"),
    ],
)
def test_what_is_not_in_utf_8_never_reaches_us(charset: str) -> None:
    assert answered(f"{FORM}; charset={charset}") == "415 Unsupported Media Type"
    assert answered(f"multipart/form-data; boundary=x; charset={charset}").startswith("415")


def test_nor_what_says_so_in_another_way() -> None:
    assert answered("text/plain; charset*=utf-8''hex").startswith("415")
    assert answered("text/plain;CHARSET=hex").startswith("415")


@pytest.mark.parametrize("header", ["", FORM, f"{FORM}; charset=utf-8", 'a/b; charset="UTF-8"'])
def test_utf_8_does(header: str, client: Client) -> None:
    assert answered(header) == "200 OK"
    assert post(client, CONTENT_TYPE=header).status_code == 200


@pytest.fixture
def shop() -> Shop:
    """A shop with one charge."""
    shop = shops.join("2026-11-01 10:00")
    shop.charge("2026-11-02 10:00", "pick-pack", "3.50")
    return shop


@pytest.mark.parametrize("mark", ["after", "before"])
@pytest.mark.parametrize(
    "value",
    [
        "0001-01-01T00:00:00+23:59~1",
        "NaN~1",
        f"2026-11-02~{'9' * 19}",
        *full(
            "9999-12-31T23:59:59-23:59~1",
            "1e999999~1",
            "Infinity~1",
            "0001-01-01~1",
            f"{'9' * 40}~1",
        ),
    ],
)
@pytest.mark.parametrize(
    "page",
    [
        "credit/orders/?by=-amount",
        "billing/invoices/?",
        *full(
            "credit/orders/?by=-placed_at",
            "credit/withdrawals/?by=amount",
            "billing/invoices/?by=-total",
            "billing/statements/2026-11/?",
        ),
    ],
)
def test_a_mark_at_the_end_of_the_calendar_or_of_all_numbers_is_none(
    shop: Shop, page: str, mark: str, value: str
) -> None:
    owner = browser_of(member(shop))
    response = owner.get(f"/m/{shop.reference}/{page}&{mark}={value.replace('+', '%2B')}")
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("page", "status"),
    [
        ("billing/statements/9999-12.csv", 404),
        ("credit/sales/9999-12/", 404),
        ("credit/sales/0001-01/", 404),
        ("billing/days/?month=9999-12", 200),
        *full(
            ("billing/statements/9999-12/", 404),
            ("billing/statements/9999-12.pdf", 404),
            ("credit/sales/9999-12.csv", 404),
            ("credit/proceeds/days/9999-12-31/", 404),
        ),
    ],
)
def test_nor_is_there_a_page_of_a_month_at_the_ends_of_the_calendar(
    shop: Shop, page: str, status: int
) -> None:
    owner = browser_of(member(shop))
    assert owner.get(f"/m/{shop.reference}/{page}").status_code == status


def test_nor_has_the_api_a_statement_of_it(shop: Shop) -> None:
    statement = f"/merchants/{shop.reference}/statements/9999-12"
    for path in (f"{statement}.csv", f"{statement}.pdf", statement):
        assert problem(Caller().get(path)) == (404, "not_found")


def test_private_pages_are_kept_by_nobody(shop: Shop) -> None:
    owner = browser_of(member(shop))
    root = browser_of(operator("Auditor"))
    for client, address, status in (
        (owner, f"/m/{shop.reference}/", 200),
        (owner, f"/m/{shop.reference}/credit/orders.csv", 200),
        (owner, f"/m/{shop.reference}/no-such-page/", 404),
        (owner, "/accounts/2fa/", 200),
        (owner, "/admin/", 403),
        (root, "/admin/", 200),
        (root, "/admin/merchants/user/", 200),
        (root, "/admin/merchants/user/?password__gt=a", 400),
        (Client(), SIGN_IN, 200),
    ):
        response = client.get(address, follow=address == "/admin/")
        assert response.status_code in (status, 302), address
        kept = response.headers["Cache-Control"]
        assert "no-store" in kept, address
        assert "private" in kept, address


def test_what_is_the_same_for_everybody_is_kept(client: Client) -> None:
    response = client.get("/static/css/admin.css")
    assert response.status_code == 200
    assert "no-store" not in response.headers.get("Cache-Control", "")
    assert "private" not in response.headers.get("Cache-Control", "")


def test_pages_may_use_nothing_of_the_browser_that_they_do_not_need(client: Client) -> None:
    said = client.get(SIGN_IN).headers["Permissions-Policy"]
    for feature in ("camera", "microphone", "geolocation", "payment", "usb"):
        assert f"{feature}=()" in said
    assert "publickey" not in said  # passkeys go on working


def sleeping(request: Any, *_: Any, **__: Any) -> None:
    """Have the database sleep for longer than this statement is waited for (40 ms), so that it is
    cancelled. All other statements have as much time as a busy machine needs.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '40ms'")
        cursor.execute("SELECT pg_sleep(5)")


@pytest.mark.django_db(transaction=True)
def test_a_page_that_the_database_takes_too_long_for_says_so(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = browser_of(member(shop))
    monkeypatch.setattr("pages.views.activity.latest", sleeping)
    response = owner.get(f"/m/{shop.reference}/")
    assert response.status_code == 503
    assert "This took too long We stopped it so that others do not have to wait" in text_of(
        response
    )
    assert response.headers["Retry-After"] == "30"


def test_a_web_servers_connections_are_bounded_and_those_of_jobs_are_not() -> None:
    with statement_timeout.download(), connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)
    with connection.cursor() as cursor:
        statement_timeout.bound(None, connection)
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("10s",)
        with statement_timeout.download():
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone() == ("15min",)
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("10s",)
    connection.close()


@pytest.mark.full
def test_a_web_server_binds_its_connections() -> None:
    ask = (
        "from config import wsgi; from django.db import connection as c;"
        "cursor = c.cursor(); cursor.execute('SHOW statement_timeout'); print(cursor.fetchone()[0])"
    )
    told = subprocess.run(
        [sys.executable, "-c", ask], capture_output=True, text=True, check=True, cwd="."
    )
    assert told.stdout.strip() == "10s"


def test_tael_is_at_the_root_whatever_a_header_says(shop: Shop) -> None:
    for name in ("SCRIPT_NAME", "HTTP_SCRIPT_NAME", "SCRIPT_URL", "HTTP_X_SCRIPT_NAME"):
        said: dict[str, Any] = {name: "/evil"}
        response = Client(**said).get(f"/m/{shop.reference}/")
        assert response.headers["Location"] == f"{SIGN_IN}?next=/m/{shop.reference}/"


def test_a_deployment_does_not_start_with_its_insides_showing() -> None:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    told = subprocess.run(
        [sys.executable, "-c", "from config import settings; print(settings.DEBUG)"],
        env={**kept, **DEPLOYMENT, "TAEL_DEBUG": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 1
    assert told.stderr.splitlines()[-1].endswith(
        "Unset TAEL_DEBUG: DATABASE_URL is set, so this is a deployment, and its error pages would"
        " show secrets to anybody."
    )


@pytest.fixture
def here(settings: Settings) -> None:
    """The server answers under any name, and its own is https://tael.example."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.TAEL_BASE_URL = "https://tael.example"


def mailed(client: Client, address: str, **form: str) -> str:
    """Subject and body of the mail that this form sends, asked for under another name of the
    server.
    """
    client.post(address, form, HTTP_HOST="evil.example:8443", SERVER_PORT="8443")
    (letter,) = mail.outbox
    return f"{letter.subject}\n{letter.body}"


def test_links_in_mails_lead_to_us_whatever_host_was_asked(here: None, client: Client) -> None:
    UserFactory.create(email="mei@shop.example")
    letter = mailed(client, "/accounts/password/reset/", email="mei@shop.example")
    assert "https://tael.example/accounts/password/reset/key/" in letter
    assert "evil" not in letter


def test_so_do_those_of_a_first_sign_in(here: None, client: Client) -> None:
    UserFactory.create(email="mei@shop.example", proved=False)
    letter = mailed(client, SIGN_IN, login="mei@shop.example", password=PASSWORD)
    assert "https://tael.example/accounts/confirm-email/" in letter
    assert "evil" not in letter


def test_and_those_to_whom_we_do_not_know(here: None, client: Client) -> None:
    letter = mailed(client, "/accounts/password/reset/", email="nobody@shop.example")
    assert "evil" not in letter
    assert not User.objects.filter(email="nobody@shop.example").exists()
    assert not CreditLine.objects.exists()
