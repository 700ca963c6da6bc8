"""Systems of the marketplace, for tests: they have a key, and ask the API."""

import json
from typing import Any

from django.http import HttpResponse
from django.test import Client

from gateway.models import ApiKey, Scope
from gateway.operations import keys
from merchants.models import Merchant
from tests import shops

ALL_SCOPES = tuple(Scope.values)
MADE_AT = "2026-11-01 09:00"
AN_ORDER = {
    "merchant": "rosewood",
    "order": "A-1",
    "buyer": "Somchai",
    "amount": "129.90",
    "currency": "USD",
}


class Caller:
    """Somebody with a key for these scopes, of one merchant or of the platform."""

    def __init__(self, *scopes: str, merchant: Merchant | None = None, **terms: Any) -> None:
        self.key: ApiKey
        self.key, self.text = keys.make(
            **{
                "name": "Checkout",
                "scopes": scopes or ALL_SCOPES,
                "merchant": merchant,
                "requests_per_minute": 1000,
                "reason": "a test",
                "actor": "ada@tael.example",
                "now": shops.instant(MADE_AT),
            }
            | terms
        )
        self.client = Client()

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """The answer to a request with the key; a body that is no bytes is sent as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.text}"} | headers
        kind = headers.pop("Content-Type", "application/json")
        response: Any = self.client.generic(
            method,
            path if path.startswith("/api/") else f"/api/v1{path}",
            b"" if body is None else content,
            content_type=kind if body is not None else "",
            headers=headers,
        )
        assert response.status_code < 300 or is_problem(response), response.content
        answer: HttpResponse = response
        return answer

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        return self.ask("POST", path, body, **headers)

    def events(self, *events: Any, **headers: str) -> list[dict[str, Any]]:
        """What became of each of these events, sent together."""
        response = self.post("/events", {"events": list(events)}, **headers)
        assert response.status_code == 200, response.content
        results: list[dict[str, Any]] = said(response)["results"]
        return results


def said(response: HttpResponse) -> Any:
    """The JSON of an answer."""
    return json.loads(response.content)


def is_problem(response: HttpResponse) -> bool:
    """Whether the answer is a whole problem, and names its request."""
    if response["Content-Type"] != "application/problem+json":
        return False
    told = said(response)
    names = {"type", "title", "status", "code", "detail", "request_id", "errors"}
    return (
        told.keys() == names
        and told["status"] == response.status_code
        and bool(told["code"] and told["detail"])
        and told["request_id"] == response["X-Request-ID"]
    )


def problem(response: HttpResponse) -> tuple[int, str]:
    """The status and code of a refusal."""
    told = said(response)
    return response.status_code, told["code"]


def pointers(response: HttpResponse) -> list[str]:
    """Where a refusal sees the fault."""
    return [fault["pointer"] for fault in said(response)["errors"]]
