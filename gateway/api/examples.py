"""The examples that the API's description shows. A test keeps each of them true."""

import json
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

REQUEST_ID = "3f1c8a52d07e4b7f9a3f6f2f1f8f0c11"
OF_ROSEWOOD = {"merchant": "rosewood"}

BODIES: dict[str, Any] = {
    "takeInMerchant": {
        **OF_ROSEWOOD,
        "name": "Rosewood Dresses",
        "currency": "USD",
        "timezone": "Asia/Bangkok",
        "language": "th",
        "credit_limit": "5000.00",
        "payment_days": 10,
        "settlement_days": 7,
        "billing_threshold": "200.00",
        "plan": "basic",
        "plan_price": "39.00",
        "plan_interval_days": 30,
        "owner_email": "malee@rosewood.example",
    },
    "checkOrder": {
        **OF_ROSEWOOD,
        "order": "A-1001",
        "buyer": "b-7731",
        "amount": "129.90",
        "currency": "USD",
    },
    "placeOrder": {
        **OF_ROSEWOOD,
        "order": "A-1001",
        "buyer": "b-7731",
        "amount": "129.90",
        "currency": "USD",
    },
    "shipOrder": {},
    "deliverOrder": {},
    "payOrder": {"payment": "pay-88213", "amount": "129.90", "currency": "USD"},
    "refundOrder": {"refund": "ref-5120", "amount": "29.90", "currency": "USD"},
    "recordCharge": {
        **OF_ROSEWOOD,
        "charge": "label-20261126-0001",
        "fee": "shipping-label",
        "currency": "USD",
        "amount": "6.40",
        "description": "Express, 2 kg",
    },
    "cancelOrder": {"reason": "The buyer changed their mind."},
    "changeMerchant": {
        "reason": "The shop has moved.",
        "name": "Rosewood & Daughters",
        "contact_name": "Malee",
        "contact_email": "malee@rosewood.example",
        "payment_days": 14,
    },
}

# By operation, an answer in JSON to a request such as those above, or to a GET.
ANSWERS: dict[str, Any] = json.loads(Path(__file__).with_name("example_answers.json").read_text())


class Example(NamedTuple):
    status: int
    code: str
    detail: str
    errors: tuple[tuple[str, str], ...] = ()

    @property
    def title(self) -> str:
        """The standard phrase for the HTTP status."""
        return HTTPStatus(self.status).phrase


_ALL = (
    Example(400, "malformed_json", "The body is no JSON: an object has the member 'amount' twice."),
    Example(400, "malformed_gzip", "The body is not packed as gzip says."),
    Example(400, "bad_request", "The cursor is none that we gave."),
    Example(
        401, "unauthenticated", "A key is missing, or this one is unknown, expired or revoked."
    ),
    Example(403, "forbidden", "This key has not the scope orders."),
    Example(404, "unknown_merchant", "There is no merchant rosewood."),
    Example(404, "unknown_order", "order: there is no order A-1001"),
    Example(404, "not_found", "There is nothing at this address."),
    Example(
        409,
        "conflict",
        "order: A-1001 is known with another amount",
        (("/amount", "differs from what is known"),),
    ),
    Example(413, "too_large", "A body must not be larger than 5 MB, also once it is unpacked."),
    Example(
        415,
        "unsupported_media_type",
        "The body must be application/json; Content-Type says text/plain.",
    ),
    Example(
        422,
        "invalid",
        'amount: must be a decimal number in a string, such as "10.50"',
        (("/amount", 'must be a decimal number in a string, such as "10.50"'),),
    ),
    Example(
        422,
        "currency_mismatch",
        "currency: EUR given, this merchant's is USD",
        (("/currency", "currency: EUR given, this merchant's is USD"),),
    ),
    Example(422, "order_not_open", "order: A-1001 is CANCELLED"),
    Example(429, "too_many_requests", "This key may make 1200 requests a minute."),
    Example(503, "database_unavailable", "The database does not answer."),
)
PROBLEMS: dict[int, list[Example]] = {}
for _one in _ALL:
    PROBLEMS.setdefault(_one.status, []).append(_one)


def problem_example(one: Example) -> dict[str, Any]:
    """The whole body of problem details for this example."""
    return {
        "type": "about:blank",
        "title": one.title,
        "status": one.status,
        "code": one.code,
        "detail": one.detail,
        "request_id": REQUEST_ID,
        "errors": [{"pointer": pointer, "detail": says} for pointer, says in one.errors],
    }
