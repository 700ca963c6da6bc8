"""What the API says of itself is true: its schema and the examples in it."""

import json
import re
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from django.http import HttpResponse
from django.test import Client

from gateway.api import examples
from gateway.api.description import cloud_event_example, event_example
from gateway.webhooks.event_types import EVENT_TYPES
from lib import events
from tests import shops
from tests.credit.pages import set_clock
from tests.gateway.asking import AN_ORDER, Caller, said
from tests.gateway.description import operations, schema, validate
from tests.routes import full_shop

pytestmark = pytest.mark.django_db
AT = "2026-11-26 03:00"


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the API's clock, which stands at AT."""
    set_to = set_clock(monkeypatch)
    set_to(AT)
    return set_to


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
        validate(content["example"], content["schema"], described)
        assert content["example"]["type"] == code
        for missing in ("sequence", "data"):
            less = {name: value for name, value in content["example"].items() if name != missing}
            with pytest.raises(jsonschema.ValidationError):
                validate(less, content["schema"], described)
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
        validate(said(answer), content["schema"], described)
        assert said(answer) == examples.ANSWERS[name]
        assert content["example"] == examples.ANSWERS[name]


# What differs from one run to the next: references that tests count, and keys in cursors.
COUNTED = re.compile(r'(payment|charge|event)-[0-9]+|T-W[0-9A-Z]+|"next": "[^"]+"')


@pytest.mark.full  # those of bodies are taken
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
        validate(answer, content["application/json"]["schema"], described)
        assert _uncounted(answer) == _uncounted(examples.ANSWERS[name]), name
        read.add(name)
    assert len(read) >= 18
    assert read | examples.BODIES.keys() | {"sendEvents"} == examples.ANSWERS.keys()


def _uncounted(told: Any) -> str:
    """The answer as text, without what differs from one run to the next."""
    told = {name: value for name, value in told.items() if name != "request_id"}
    return COUNTED.sub("…", json.dumps(told, indent=1))


FREE = {"event": "e", "charge": "c", "month": "2026-11", "number": "n"}


@pytest.mark.full  # those of bodies are taken above
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
    validate(content["example"], content["schema"], described)
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
