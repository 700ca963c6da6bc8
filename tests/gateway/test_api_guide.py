"""What docs/api.md and README show is true: each command is asked, and each answer compared."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core import mail

from gateway.webhooks.operations import deliveries
from tests import shops
from tests.credit.pages import set_clock
from tests.gateway.asking import Caller, said
from tests.gateway.description import schema, validate

pytestmark = pytest.mark.django_db
AT = "2026-11-26 03:00"
ROOT = Path(settings.BASE_DIR)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The API's clock stands at AT."""
    set_clock(monkeypatch)(AT)


def test_the_request_that_the_first_hour_shows_is_one_that_is_described() -> None:
    text = (ROOT / "docs" / "api.md").read_text()
    (headers, body) = re.findall(r"^```\n(webhook-id.*?)\n\n(.*?)^```", text, re.M | re.S)[0]
    described = schema()
    named = [line.split(":")[0] for line in headers.splitlines()]
    assert named == ["webhook-id", "webhook-timestamp", "webhook-signature"]
    told = json.loads(body)
    validate(told, described["components"]["schemas"]["WebhookOrderDeclined"], described)
    schedule = [int(wait.total_seconds() // 60) for wait in deliveries.WAITS]
    assert schedule == [1, 5, 30, 2 * 60, 5 * 60, 10 * 60, 12 * 60]
    assert "after 1, 5 and 30 minutes, 2, 5, 10 and every 12 hours, for three days" in text


def commands() -> list[tuple[list[str], Any]]:
    """Every curl command of docs/api.md as its words, with the answer that stands below it."""
    text = (ROOT / "docs" / "api.md").read_text()
    blocks = re.findall(r"^```(sh|json)\n(.*?)^```", text, re.M | re.S)
    found: list[tuple[list[str], Any]] = []
    for kind, block in blocks:
        if kind == "json":
            found[-1] = (found[-1][0], json.loads(block))
            continue
        for command in re.split(r"^(?=curl )", block, flags=re.M):
            if command.startswith("curl "):
                found.append((shlex.split(command), None))
    return found


def test_every_command_of_the_first_hour_does_what_the_page_says() -> None:
    caller = Caller()
    told = commands()
    assert len(told) >= 12
    for words, wanted in told:
        method, path, body = "GET", "", None
        arguments = iter(words[1:])
        for word in arguments:
            if word == "--oauth2-bearer":
                assert next(arguments) == "$KEY"
            elif word == "-X":
                method = next(arguments)
            elif word == "--json":
                method, body = "POST", next(arguments).encode()
            else:
                path = word.removeprefix("$API")
        answer = caller.ask(method, path, body)
        if wanted is not None:
            assert _without_request(said(answer)) == _without_request(wanted), path
        else:
            assert answer.status_code == 200, path
    assert [message.to for message in mail.outbox] == [["malee@rosewood.example"]]


def _without_request(told: dict[str, Any]) -> dict[str, Any]:
    """The answer without the request's id."""
    return {name: value for name, value in told.items() if name != "request_id"}


def test_the_first_command_of_the_readme_is_taken() -> None:
    text = (ROOT / "README.md").read_text()
    (command,) = re.findall(r"^curl --oauth2-bearer.*?(?=\n```|\ncurl)", text, re.M | re.S)
    words = shlex.split(command.replace("\\\n", ""))
    body = json.loads(words[words.index("--json") + 1])
    shops.join("2026-11-01 10:00", body["merchant"], currency=body["currency"])
    answer = Caller("orders").post("/orders", body)
    assert (answer.status_code, said(answer)["status"]) == (201, "OPEN")
