"""Live links of invitations, new passwords and addresses stand in no log, whatever goes wrong."""

import logging
import re
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.utils import timezone

from config.monitoring import context, logs, sentry
from merchants import queries
from merchants.models import Membership
from tests import shops
from tests.factories import InvitationFactory, UserFactory, member
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db


@pytest.fixture(params=[logs.Json, logs.Line])
def written(request: pytest.FixtureRequest) -> Iterator[StringIO]:
    """All that is logged, as in a deployment and as on a screen."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(request.param())
    handler.addFilter(logs.Context())
    root = logging.getLogger()
    quiet = [logging.getLogger(name) for name in ("tael.access", "django.request")]
    levels = [logger.level for logger in quiet]
    for logger in quiet:
        logger.setLevel(logging.INFO)
    root.addHandler(handler)
    yield stream
    root.removeHandler(handler)
    for logger, level in zip(quiet, levels, strict=True):
        logger.setLevel(level)


@pytest.fixture
def token() -> str:
    """The token of an invitation that can still be accepted."""
    shop = shops.join("2026-10-01 09:00")
    InvitationFactory.create(
        shop=shop,
        at=timezone.now(),
        actor=member(shop),
        email="mei@shop.example",
        role=Membership.Role.FINANCE,
    )
    found = re.search(r"/invitations/(\S+)/", str(mail.outbox[-1].body))
    assert found
    return found[1]


@pytest.fixture
def reset() -> str:
    """The path of a live link to set a password."""
    UserFactory.create(email="ann@shop.example")
    Client().post("/accounts/password/reset/", {"email": "ann@shop.example"})
    found = re.search(r"/accounts/password/reset/key/\S+", str(mail.outbox[-1].body))
    assert found
    return found[0]


def test_on_a_refusal_or_a_wrong_path(written: StringIO, token: str, reset: str) -> None:
    strict = Client(enforce_csrf_checks=True, raise_request_exception=False)
    path, key = f"/invitations/{token}/", reset.rstrip("/").rpartition("/")[2]
    statuses = [
        strict.post(path).status_code,  # no CSRF token
        strict.post(path, headers={"Origin": f"https://evil.example{path}"}).status_code,
        strict.get(f"{path}more/").status_code,  # 404 below it
        strict.get(f"/no/such%20page/{token}").status_code,
        strict.get(f"/no/such/?next={path}").status_code,
        strict.get(f"/accounts/login/?next={path}", headers={"Host": "no host"}).status_code,
        strict.get(f"{reset}more/").status_code,  # says that the link does not work
        strict.post(reset).status_code,
    ]
    assert statuses == [403, 403, 404, 404, 404, 400, 200, 403]
    said = written.getvalue()
    assert "Not Found: no route" in said
    assert "Forbidden (CSRF" in said
    assert "merchants:invitation" in said
    assert token not in said
    assert key.partition("-")[2] not in said
    assert queries.open_invitation(token, timezone.now())  # it would still work


def test_on_an_error(written: StringIO, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(given: str, now: object) -> None:
        raise ValueError(f"nothing to be done with {given}")

    monkeypatch.setattr(queries, "open_invitation", fail)
    client = Client(raise_request_exception=False)
    assert client.get(f"/invitations/{token}/?again={token}").status_code == 500
    said = written.getvalue()
    assert "Internal Server Error: merchants:invitation" in said
    assert "nothing to be done with ***" in said
    assert token not in said


def test_what_servers_say_of_requests_names_routes(written: StringIO, token: str) -> None:
    path = f"/invitations/{token}/"
    logging.getLogger("gunicorn.error").error("Error handling request %s", path)
    logging.getLogger("gunicorn.error").warning(f"Invalid request: 'GET {path}?a=b HTTP/9.9'")
    logging.getLogger("django.server").warning('"%s" %s %s', f"GET {path} HTTP/1.1", "404", "9")
    logging.getLogger("django.request").warning("Referer https://tael.example%s is wrong", path)
    logging.getLogger("gunicorn.error").error("Listening at: http://127.0.0.1:8000 (7)")
    said = written.getvalue()
    assert token not in said
    assert said.count("merchants:invitation") == 4
    assert "Listening at: http://127.0.0.1:8000 (7)" in said


def test_lines_of_whole_addresses_are_off() -> None:
    loggers = logs.logging_settings(deployed=True)["loggers"]
    assert loggers["gunicorn.access"] == {"handlers": [], "propagate": False}
    assert loggers["django.server"]["handlers"] == []


def test_nothing_of_it_goes_to_sentry(token: str) -> None:
    path = f"/invitations/{token}/"
    event: Any = {
        "logger": "django.request",
        "logentry": {"message": "Internal Server Error: %s", "formatted": f"Internal: {path}"},
        "request": {"url": path},
        "exception": {"values": [{"value": f"nothing to be done with {token}"}]},
    }
    sent: list[Any] = []

    def answer(request: HttpRequest) -> HttpResponse:
        sent.append(sentry._tidy(event, {}))
        return HttpResponse()

    request = HttpRequest()
    request.path = path
    with context.of(request, "request-1"):
        answer(request)
    assert token not in str(sent)
    assert sent[0]["logentry"] == {"message": "Internal: merchants:invitation"}
    assert sent[0]["exception"]["values"][0]["value"] == "nothing to be done with ***"


def test_the_trail_has_none(token: str) -> None:
    rows = TrailEntry.objects.values_list("subject", "before", "after", "reason")
    assert token not in str(list(rows))


@pytest.mark.parametrize("where", ["invitation", "reset", "confirm"])
def test_no_page_learns_the_address_of_such_a_link(
    where: str, request: pytest.FixtureRequest
) -> None:
    address: Callable[[], str] = {
        "invitation": lambda: f"/invitations/{request.getfixturevalue('token')}/",
        "reset": lambda: str(request.getfixturevalue("reset")),
        "confirm": lambda: "/accounts/confirm-email/some-key/",
    }[where]
    assert Client().get(address())["Referrer-Policy"] == "strict-origin"
    assert Client().get("/accounts/login/")["Referrer-Policy"] == "same-origin"
