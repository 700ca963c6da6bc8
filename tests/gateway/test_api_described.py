"""What the API says of itself is true: its schema, its examples, and docs/api.md."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.conf import settings
from django.core import mail
from django.http import HttpResponse
from django.test import Client

from config import urls  # the converters of addresses are registered there
from gateway.api import examples
from gateway.api.description import cloud_event_example, event_example
from gateway.api.service import api
from gateway.webhooks.event_types import EVENT_TYPES
from gateway.webhooks.operations import deliveries
from lib import events
from merchants.models import Membership, Merchant
from merchants.operations import team
from tests import shops
from tests.credit.pages import set_clock
from tests.gateway.asking import AN_ORDER, Caller, said
from tests.routes import full_shop
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db
assert urls.urlpatterns
AT = "2026-11-26 03:00"
ROOT = Path(settings.BASE_DIR)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    set_to = set_clock(monkeypatch)
    set_to(AT)
    return set_to


def schema() -> dict[str, Any]:
    return dict(api.get_openapi_schema())


def operations(described: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        operation["operationId"]: operation
        for methods in described["paths"].values()
        for operation in methods.values()
    }


def test_the_schema_is_openapi_3_1_and_every_reference_in_it_leads_somewhere() -> None:
    described = json.loads(Client().get("/api/v1/openapi.json").content)
    assert described["openapi"] == "3.1.0"
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(described)))
    assert names - described["components"]["schemas"].keys() == set()
    for name in described["components"]["schemas"]:
        jsonschema.Draft202012Validator.check_schema(described["components"]["schemas"][name])


def test_every_webhook_is_described_with_a_body_that_its_own_schema_takes() -> None:
    described = json.loads(Client().get("/api/v1/openapi.json").content)
    assert list(described["webhooks"]) == list(EVENT_TYPES)
    for code, sent in described["webhooks"].items():
        content = sent["post"]["requestBody"]["content"]["application/json"]
        _validate(content["example"], content["schema"], described)
        assert content["example"]["type"] == code
        for missing in ("sequence", "data"):
            less = {name: value for name, value in content["example"].items() if name != missing}
            with pytest.raises(jsonschema.ValidationError):
                _validate(less, content["schema"], described)
        named = [parameter["name"] for parameter in sent["post"]["parameters"]]
        assert named == ["webhook-id", "webhook-timestamp", "webhook-signature"]
    declined = described["webhooks"]["order.declined"]["post"]
    assert declined["requestBody"]["content"]["application/json"]["example"] == {
        "type": "order.declined",
        "timestamp": "2026-11-26T03:00:00Z",
        "merchant": "rosewood",
        "sequence": 118,
        "data": {
            "currency": "USD",
            "order": "A-1001",
            "buyer": "b-7731",
            "amount": "1250.00",
            "code": "insufficient_credit",
        },
    }


def test_the_request_that_the_first_hour_shows_is_one_that_is_described() -> None:
    text = (ROOT / "docs" / "api.md").read_text()
    (headers, body) = re.findall(r"^```\n(webhook-id.*?)\n\n(.*?)^```", text, re.M | re.S)[0]
    described = schema()
    named = [line.split(":")[0] for line in headers.splitlines()]
    assert named == ["webhook-id", "webhook-timestamp", "webhook-signature"]
    told = json.loads(body)
    _validate(told, described["components"]["schemas"]["WebhookOrderDeclined"], described)
    schedule = [int(wait.total_seconds() // 60) for wait in deliveries.WAITS]
    assert schedule == [1, 5, 30, 2 * 60, 5 * 60, 10 * 60, 12 * 60]
    assert "after 1, 5 and 30 minutes, 2, 5, 10 and every 12 hours, for three days" in text


def test_every_route_is_summed_up_in_words() -> None:
    summaries = {name: one["summary"] for name, one in operations(schema()).items()}
    assert summaries["placeOrder"] == "Place order"
    assert summaries["getStatementCsv"] == "Get statement CSV"
    assert len(set(summaries.values())) == len(summaries)


def test_every_route_has_an_example_of_its_body_and_of_each_refusal() -> None:
    described = operations(schema())
    for name, operation in described.items():
        for content in operation.get("requestBody", {}).get("content", {}).values():
            assert "example" in content, name
        refusals = {status for status in operation["responses"] if int(status) >= 400}
        assert {400, 401, 403, 404, 422, 429, 503} <= refusals, name
        if "requestBody" in operation:
            assert {409, 413, 415} <= refusals, name
        for status in refusals:
            content = operation["responses"][status]["content"]["application/problem+json"]
            assert content["examples"], (name, status)
        for status in operation["responses"].keys() - refusals:
            for kind, content in operation["responses"][status].get("content", {}).items():
                assert (kind == "application/json") == ("example" in content), name
    assert examples.BODIES.keys() | examples.ANSWERS.keys() <= described.keys()


def test_the_examples_of_bodies_are_taken_one_after_the_other() -> None:
    caller = Caller()
    described = schema()
    for path, methods in described["paths"].items():
        for operation in methods.values():
            operation["path"] = path.format_map({"merchant": "rosewood", "order": "A-1001"} | FREE)
            operation["method"] = "PATCH" if operation is methods.get("patch") else "POST"
    named = operations(described)
    for name, body in examples.BODIES.items():
        if name == "cancelOrder":
            shop = shops.Shop("rosewood")
            assert shop.place("2026-11-26 03:00", "A-1002", "1.00") == "applied"
            named[name]["path"] = named[name]["path"].replace("A-1001", "A-1002")
        answer = caller.ask(named[name]["method"], named[name]["path"], body)
        assert answer.status_code in (200, 201), (name, answer.content)
        content = named[name]["responses"][answer.status_code]["content"]["application/json"]
        _validate(said(answer), content["schema"], described)
        assert said(answer) == examples.ANSWERS[name]
        assert content["example"] == examples.ANSWERS[name]


# What differs from one run to the next: references that tests count, and keys in cursors.
COUNTED = re.compile(r'(payment|charge|event)-[0-9]+|T-W[0-9A-Z]+|"next": "[^"]+"')


def test_the_examples_of_what_is_read_are_what_is_answered(clock: Callable[[str], None]) -> None:
    shop = full_shop()
    clock("2026-12-01 10:00")
    caller, described = Caller(), schema()
    sent = {"id": "evt-2", "type": "order.shipped", "at": "2026-12-01T09:59:00Z"}
    caller.events({**sent, "merchant": "rosewood", "data": {"order": "A-1003"}})
    arguments = {
        **{"merchant": "rosewood", "order": "A-1", "charge": "C-1", "month": "2026-11"},
        **{"event": "evt-2", "number": shop.account.invoices.earliest("pk").number},
    }
    read = set()
    for path, methods in described["paths"].items():
        operation = methods.get("get", {})
        content = operation.get("responses", {}).get(200, {}).get("content", {})
        if "application/json" not in content:
            continue
        name, address = operation["operationId"], path.format_map(arguments)
        is_list = any(one["name"] == "limit" for one in operation["parameters"])
        answer = said(caller.get(f"{address}?limit=1" if is_list else address))
        _validate(answer, content["application/json"]["schema"], described)
        assert _uncounted(answer) == _uncounted(examples.ANSWERS[name]), name
        read.add(name)
    assert len(read) >= 18
    assert read | examples.BODIES.keys() | {"sendEvents"} == examples.ANSWERS.keys()


def _uncounted(told: Any) -> str:
    told = {name: value for name, value in told.items() if name != "request_id"}
    return COUNTED.sub("…", json.dumps(told, indent=1))


FREE = {"event": "e", "charge": "c", "month": "2026-11", "number": "n"}


def _validate(instance: Any, of_schema: dict[str, Any], described: dict[str, Any]) -> None:
    whole = {**of_schema, "components": described["components"]}
    jsonschema.Draft202012Validator(whole).validate(instance)


def test_the_examples_of_events_are_taken_in_both_forms() -> None:
    caller = Caller()
    kinds = {one.name: one for one in events.all_types()}
    wanted = [
        *("merchant.joined", "order.opening", "proceeds.opening"),  # before it trades
        *("shop.metrics", "order.placed", "order.shipped", "order.delivered"),
        *("order.paid", "order.refunded", "charge.recorded"),
    ]
    left_out = {"order.cancelled"}  # of the same order, which is paid by then
    assert set(wanted) | left_out == kinds.keys()
    sent = [event_example(kinds[name]) for name in wanted]
    assert [one["outcome"] for one in caller.events(*sent)] == ["applied"] * len(wanted)
    batch = json.dumps([cloud_event_example(kinds[name]) for name in wanted]).encode()
    kind = {"Content-Type": "application/cloudevents-batch+json"}
    again = said(caller.post("/events", batch, **kind))["results"]
    assert [one["outcome"] for one in again] == ["duplicate"] * len(wanted)
    described = schema()
    content = operations(described)["sendEvents"]["requestBody"]["content"]["application/json"]
    _validate(content["example"], content["schema"], described)
    jsonschema.Draft202012Validator(
        {**content["schema"], "components": described["components"]}
    ).validate({"events": sent})


def _refusals(caller: Caller) -> dict[tuple[int, str], Callable[[], HttpResponse]]:
    """What leads to each of the problems that are shown."""
    order = {**AN_ORDER, "order": "A-1001"}
    nobody = Caller("charges")
    stranger = Caller()
    stranger.text = "tael_no_key"
    busy = Caller(requests_per_minute=1)
    busy.key.requests_per_minute = 1
    twice = b'{"amount": "1.00", "amount": "2.00"}'
    paths = "/merchants/rosewood/orders/A-1001"
    return {
        (400, "malformed_json"): lambda: caller.post("/orders", twice),
        (400, "malformed_gzip"): lambda: caller.post(
            "/orders", b"no gzip", **{"Content-Encoding": "gzip"}
        ),
        (400, "bad_request"): lambda: caller.get("/merchants/rosewood/orders?cursor=none"),
        (401, "unauthenticated"): lambda: stranger.post("/orders", order),
        (403, "forbidden"): lambda: nobody.post("/orders", order),
        (404, "unknown_merchant"): lambda: caller.get("/merchants/rosewood2"),
        (404, "unknown_order"): lambda: caller.post(f"{paths}/shipment"),
        (404, "not_found"): lambda: caller.get("/nothing"),
        (409, "conflict"): lambda: caller.post("/orders", order | {"amount": "130.00"}),
        (413, "too_large"): lambda: caller.post("/orders", b" " * 5_300_000),
        (415, "unsupported_media_type"): lambda: caller.post(
            "/orders", b"{}", **{"Content-Type": "text/plain"}
        ),
        (422, "invalid"): lambda: caller.post("/orders", order | {"amount": 129.9}),
        (422, "currency_mismatch"): lambda: caller.post("/orders", order | {"currency": "EUR"}),
        (422, "order_not_open"): lambda: caller.post(f"{paths}/shipment"),
    }


def test_the_examples_of_refusals_are_what_is_answered() -> None:
    shop = shops.join("2026-11-01 10:00")
    caller = Caller()
    shown = {
        (one.status, one.code): examples.problem_example(one)
        for ones in examples.PROBLEMS.values()
        for one in ones
    }
    made = _refusals(caller)
    # Told by tests of their own: test_api_access, and test_outages of who does not answer.
    elsewhere = {(429, "too_many_requests"), (503, "database_unavailable")}
    assert made.keys() | elsewhere == shown.keys()
    for key, ask in made.items():
        if key == (409, "conflict"):
            caller.post("/orders", {**AN_ORDER, "order": "A-1001"})
        if key == (422, "order_not_open"):
            assert shop.cancel("2026-11-26 03:00", "A-1001") == "applied"
        told = said(ask())
        wanted = shown[key]
        detail = told["detail"].replace("rosewood2", "rosewood")
        assert told | {"request_id": examples.REQUEST_ID, "detail": detail} == wanted, key


def test_the_page_of_the_api_loads_nothing_from_elsewhere() -> None:
    client = Client()
    page = client.get("/api/v1/docs")
    html = page.content.decode()
    assert page.status_code == 200
    loaded = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert loaded
    for address in loaded:
        assert address.startswith("/static/"), address
        assert client.get(address).status_code == 200, address
    assert not re.search(r"<script(?![^>]*(src=|application/json))", html)  # nothing inline
    assert '"validatorUrl": null' in html
    assert "default-src 'self'" in page["Content-Security-Policy"]


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
    return {name: value for name, value in told.items() if name != "request_id"}


def test_the_first_command_of_the_readme_is_taken() -> None:
    text = (ROOT / "README.md").read_text()
    (command,) = re.findall(r"^curl --oauth2-bearer.*?(?=\n```|\ncurl)", text, re.M | re.S)
    words = shlex.split(command.replace("\\\n", ""))
    body = json.loads(words[words.index("--json") + 1])
    shops.join("2026-11-01 10:00", body["merchant"], currency=body["currency"])
    answer = Caller("orders").post("/orders", body)
    assert (answer.status_code, said(answer)["status"]) == (201, "OPEN")


def test_a_merchant_is_changed_by_what_is_sent_and_again_by_nothing() -> None:
    shop = shops.join("2026-11-26 02:00")
    caller = Caller("merchants", "read")
    body = examples.BODIES["changeMerchant"]
    for rows in (3, 3):
        changed = caller.ask("PATCH", "/merchants/rosewood", body)
        assert said(changed) == said(caller.get("/merchants/rosewood"))
        assert said(changed)["name"] == "Rosewood & Daughters"
        assert said(caller.get("/merchants/rosewood/credit-line"))["payment_days"] == 14
        profile = shop.merchant.profile
        assert (profile.contact_name, profile.contact_email) == ("Malee", "malee@rosewood.example")
        told = TrailEntry.objects.filter(merchant=shop.merchant).exclude(action="API_KEY_MADE")
        assert [row.reason for row in told] == ["The shop has moved."] * rows
        assert {row.actor for row in told} == {f"API key {caller.key}"}
    with nothing_changes():
        for bad, where in (
            ({"name": "Rosewood", "payment_days": 367}, "/payment_days"),
            ({"name": "Rosewood", "settlement_days": 8}, "/settlement_days"),
            ({"name": "Rosewood", "language": "xx"}, "/language"),
            ({"name": "Rosewood", "contact_email": "malee"}, "/contact_email"),
            ({"name": None}, "/name"),
            ({"currency": "THB"}, "/currency"),
        ):
            refused = caller.ask("PATCH", "/merchants/rosewood", {"reason": "r", **bad})
            assert (refused.status_code, said(refused)["errors"][0]["pointer"]) == (422, where)
    assert shop.merchant.name == "Rosewood & Daughters"
    assert caller.ask("PATCH", "/merchants/rosewood", {"name": "X"}).status_code == 422


def test_the_first_owner_is_invited_once_and_again_only_if_nobody_got_the_mail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caller = Caller("merchants")
    body = examples.BODIES["takeInMerchant"]

    def broken(*_: Any) -> None:
        raise team.InvitationNotSent("the mail server is away")

    with monkeypatch.context() as patched:
        patched.setattr(team, "_send", broken)
        assert said(caller.post("/merchants", body))["owner_invited"] is False
    for _ in range(2):
        assert said(caller.post("/merchants", body))["owner_invited"] is True
    assert len(mail.outbox) == 1
    assert not Membership.objects.exists()
    bad = caller.post("/merchants", body | {"merchant": "other", "owner_email": "malee"})
    assert (bad.status_code, said(bad)["errors"][0]["pointer"]) == (422, "/owner_email")
    assert not Merchant.objects.filter(reference="other").exists()
