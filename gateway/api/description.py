"""How the API describes itself: OpenAPI 3.1, with an example of each request and each refusal."""

import copy
import re
from functools import partial
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from gateway.api.examples import ANSWERS, BODIES, PROBLEMS, problem_example
from gateway.api.problems import CONTENT_TYPE, ProblemDetails
from gateway.webhooks import description as webhooks
from lib import events

INTRODUCTION = """\
How a marketplace's systems speak to Tael. `docs/api.md` leads through a first hour.

Amounts are decimal numbers in strings, instants are RFC 3339 with an offset, days are the
merchant's own. References are yours, unique per merchant, and idempotency keys for ever: the same
content again is answered as the first time, other content is a `conflict` that names what differs.
In addresses a slash of a reference is written `~2F`, and a tilde `~7E`.
"""
PROBLEM = {"$ref": "#/components/schemas/ProblemDetails"}
REFERENCE = {"type": "string", "minLength": 1, "maxLength": 100}
# Headers that every answer to a key carries.
HEADERS = {
    "X-Request-ID": {
        "description": "By which we find this request in our logs; taken over from yours.",
        "schema": {"type": "string"},
    },
    "RateLimit": {
        "description": 'What is left of this minute: `"minute";r=1199;t=42`. Left out while nobody '
        "can count.",
        "schema": {"type": "string"},
    },
    "RateLimit-Policy": {
        "description": 'What the key may do in a minute: `"minute";q=1200;w=60`.',
        "schema": {"type": "string"},
    },
}
OF_PLATFORM = "Only keys of the platform may send it."
REPEATED = {
    "Idempotency-Replayed": {
        "description": "`true` where the same content came before, and nothing was written now.",
        "schema": {"type": "string"},
    }
}
FILES = {"Csv": "text/csv; charset=utf-8", "Pdf": "application/pdf", "Xml": "application/xml"}


class Described(NinjaAPI):
    """The API, whose schema has what its routes all have in common."""

    def create_temporal_response(self, request: HttpRequest) -> HttpResponse:
        """A stand-in for the response on which a route may set headers. The response itself is made
        when a route first uses it, since most routes set none.
        """
        made = partial(super().create_temporal_response, request)
        return cast(HttpResponse, SimpleLazyObject(made))

    def get_openapi_schema(self, **how: Any) -> OpenAPISchema:
        """The OpenAPI document: django-ninja's, with events, webhooks, refusals, headers and
        examples.
        """
        schema = super().get_openapi_schema(**how)
        components = schema["components"]
        components["schemas"].update(_event_schemas())
        components["schemas"] |= _of_model(ProblemDetails)
        components["schemas"] |= webhooks.schemas()
        components["securitySchemes"] = {"Key": {"type": "http", "scheme": "bearer"}}
        for path in schema["paths"].values():
            for method, operation in path.items():
                _complete(method, operation)
        _describe_events(schema["paths"]["/api/v1/events"]["post"])
        schema["webhooks"] = webhooks.webhooks()
        return schema


def _of_model(model: Any) -> dict[str, Any]:
    """Return the JSON schema of a pydantic model and those of the models within it,
    each by its model's name. Their references lead to `#/components/schemas/`, so the
    caller has to put all of them there.
    """
    described = model.model_json_schema(ref_template="#/components/schemas/{model}")
    inner = described.pop("$defs", {})
    return {model.__name__: described, **inner}


def _complete(method: str, operation: dict[str, Any]) -> None:
    """Add to an operation of the OpenAPI document, in place, what django-ninja leaves out: its
    security, summary, patterns of parameters, headers, examples and refusals.
    """
    operation["security"] = [{"Key": []}]
    name = operation["operationId"]
    operation["summary"] = _summary(name)
    for parameter in operation["parameters"]:
        if parameter["in"] == "path":
            is_month = parameter["name"] == "month"
            parameter["schema"] = (
                {"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$", "examples": ["2026-11"]}
                if is_month
                else REFERENCE
            )
    for status, answer in operation["responses"].items():
        _complete_answer(name, int(status), answer)
    if "requestBody" in operation and name in BODIES:
        content = operation["requestBody"]["content"]["application/json"]
        content["example"] = BODIES[name]
    if name == "sendEvents":
        operation["requestBody"] = {"required": True, "content": {}}
    for status in _refusals(method, "requestBody" in operation):
        codes = PROBLEMS[status]
        operation["responses"][status] = {
            "description": codes[0].title,
            "headers": HEADERS,
            "content": {
                CONTENT_TYPE: {
                    "schema": PROBLEM,
                    "examples": {one.code: {"value": problem_example(one)} for one in codes},
                }
            },
        }


def _summary(operation_id: str) -> str:
    """The id in words: getStatementCsv is "Get statement CSV"."""
    words = re.findall("[A-Z]?[a-z]+", operation_id)
    first, *others = (word.upper() if word in FILES else word.lower() for word in words)
    return " ".join([first.title(), *others])


def _complete_answer(name: str, status: int, answer: dict[str, Any]) -> None:
    """Add to an answer of the operation called `name`, in place, its headers, the type of a file,
    and its example.
    """
    answer["headers"] = HEADERS | (REPEATED if status in (200, 201) else {})
    for ending, content_type in FILES.items():
        if name.endswith(ending):
            answer["content"] = {content_type: {"schema": {"type": "string"}}}
    if name in ANSWERS and "application/json" in answer.get("content", {}):
        answer["content"]["application/json"]["example"] = ANSWERS[name]


def _refusals(method: str, has_body: bool) -> list[int]:
    """The statuses with which an operation of this HTTP method may refuse, in order."""
    found = [400, 401, 403, 404, 422, 429, 503]
    if has_body or method in ("post", "patch"):
        found += [409, 413, 415]
    return sorted(found)


def _event_schemas() -> dict[str, Any]:
    """The schemas of an event of each type and of its data, by their names; `data` is as its book
    defines it.
    """
    found: dict[str, Any] = {}
    for one in events.all_types():
        title = _title(one)
        data = _data_schema(one)
        # What its members consist of stands beside it, where references lead.
        found |= data.pop("$defs", {})
        found |= {f"{title}Data": data, title: _envelope(one, title)}
    return found


def _title(one: events.AnyType) -> str:
    """The name of an event type's schema: "order.placed" is EventOrderPlaced."""
    return "Event" + "".join(part.title() for part in one.name.split("."))


def _data_schema(one: events.AnyType) -> dict[str, Any]:
    """Return the JSON schema of the data of an event type. The schemas of models within
    it stand in its `$defs`, but its references lead to `#/components/schemas/`. The
    caller has to move them there.
    """
    return one.data.model_json_schema(ref_template="#/components/schemas/{model}")


def _envelope(one: events.AnyType, title: str) -> dict[str, Any]:
    """The JSON schema of a whole event of this type, with an example; `title` is the schema's
    name.
    """
    return {
        "type": "object",
        "description": f"{one.summary} {OF_PLATFORM}" if one.of_platform else one.summary,
        "required": ["id", "type", "at", "merchant", "data"],
        "properties": {
            "id": REFERENCE,
            "type": {"const": one.name},
            "at": {"type": "string", "format": "date-time"},
            "merchant": REFERENCE,
            "data": {"$ref": f"#/components/schemas/{title}Data"},
        },
        "example": event_example(one),
    }


def event_example(one: events.AnyType) -> dict[str, Any]:
    """An event of this type with its example's data, as it would be sent."""
    return {
        "id": f"evt-{one.name}-1",
        "type": one.name,
        "at": "2026-11-26T10:00:00+07:00",
        "merchant": "rosewood",
        "data": copy.deepcopy(one.example),
    }


def cloud_event_example(one: events.AnyType) -> dict[str, Any]:
    """The event of `event_example`, as a CloudEvent."""
    event = event_example(one)
    return {
        "specversion": "1.0",
        "id": event["id"],
        "source": "/warehouse",
        "type": f"tael.{one.name}",
        "subject": event["merchant"],
        "time": event["at"],
        "datacontenttype": "application/json",
        "data": event["data"],
    }


def _describe_events(operation: dict[str, Any]) -> None:
    """Describe in the operation of POST /events, in place, its two kinds of bodies: a list of
    events of all types, and a batch of CloudEvents.
    """
    of_types = [{"$ref": f"#/components/schemas/{_title(one)}"} for one in events.all_types()]
    many = {"type": "array", "minItems": 1, "maxItems": 1000}
    operation["requestBody"]["content"] = {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["events"],
                "additionalProperties": False,
                "properties": {"events": {**many, "items": {"anyOf": of_types}}},
            },
            "example": {"events": [event_example(one) for one in events.all_types()]},
        },
        "application/cloudevents-batch+json": {
            "schema": {**many, "items": {"type": "object"}},
            "example": [cloud_event_example(one) for one in events.all_types()],
        },
    }
