"""How webhooks are described in the API's OpenAPI document (docs/api.md)."""

from typing import Any

from gateway.webhooks.event_types import EVENT_TYPES, Envelope, EventType

REFERENCE = "#/components/schemas/{model}"
# Of every request, as the Standard Webhooks specification has them.
HEADERS = {
    "webhook-id": "The event's id: the same at every attempt, and when it is sent again.",
    "webhook-timestamp": "When this attempt was made, in seconds since 1970.",
    "webhook-signature": "Signatures of id, timestamp and body, one for each secret that counts.",
}


def schemas() -> dict[str, Any]:
    """The JSON schemas of webhooks' bodies and of their data, by their names."""
    found: dict[str, Any] = {}
    for one in EVENT_TYPES.values():
        data, body = one.data.__name__, _body_name(one)
        found[data] = one.data.model_json_schema(ref_template=REFERENCE)
        whole = Envelope.model_json_schema(ref_template=REFERENCE)
        del whole["$defs"]
        whole["properties"] |= {
            "type": {"const": one.code},
            "data": {"$ref": REFERENCE.format(model=data)},
        }
        found[body] = whole | {"title": body, "description": one.says}
    return found


def webhooks() -> dict[str, Any]:
    """The `webhooks` of an OpenAPI document: the request that we send for each type of event, by
    its code.
    """
    return {one.code: {"post": _request(one)} for one in EVENT_TYPES.values()}


def example(one: EventType) -> dict[str, Any]:
    """A webhook's body of this type, made of the first example of each of its members."""
    whole, data = Envelope.model_json_schema(), one.data.model_json_schema()
    return {
        "type": one.code,
        **{
            name: _first(whole, name)
            for name in Envelope.model_fields
            if name not in ("type", "data")
        },
        "data": {name: _first(data, name) for name in one.data.model_fields},
    }


def _first(schema: dict[str, Any], name: str) -> Any:
    """The first example of the member called `name` in the schema."""
    return schema["properties"][name]["examples"][0]


def _body_name(one: EventType) -> str:
    """The name of the schema of this type's body."""
    return f"Webhook{one.data.__name__}"


def _request(one: EventType) -> dict[str, Any]:
    """The operation of an OpenAPI document for the request that we send for this type of event."""
    return {
        "operationId": one.code,
        "summary": one.says,
        "tags": ["Webhooks"],
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": True,
                "description": says,
                "schema": {"type": "string"},
            }
            for name, says in HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": REFERENCE.format(model=_body_name(one))},
                    "example": example(one),
                }
            },
        },
        "responses": {
            "2XX": {"description": "The event was received; answer within 10 seconds."},
            "default": {"description": "It was not: we send it again, for three days."},
        },
    }
