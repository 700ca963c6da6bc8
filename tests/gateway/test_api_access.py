"""Who gets what from which route of the API: each route, each scope, the platform's keys and a
merchant's, the own merchant and another one.

The table has to name every route, so that none comes without a decision on who may use it.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpResponse

from config import urls  # the converters of addresses are registered there
from gateway.api import limits
from gateway.api.examples import BODIES
from gateway.api.service import api
from gateway.models import ApiKey, Scope
from gateway.operations import keys
from tests import shops
from tests.credit.pages import set_clock
from tests.gateway.asking import AN_ORDER, Caller, problem, said
from tests.routes import full_shop

pytestmark = pytest.mark.django_db
assert urls.urlpatterns

# Which scopes open a route; the first of them is the one that the others are held against.
SCOPES: dict[str, tuple[str, ...]] = {
    "sendEvents": ("orders", "charges", "merchants", "metrics"),
    "placeOrder": ("orders",),
    "checkOrder": ("orders",),
    "shipOrder": ("orders",),
    "deliverOrder": ("orders",),
    "cancelOrder": ("orders",),
    "payOrder": ("orders",),
    "refundOrder": ("orders",),
    "recordCharge": ("charges",),
    "takeInMerchant": ("merchants",),
    "changeMerchant": ("merchants",),
}
# What only keys of the platform may do: the bodies in the examples say its terms.
OF_PLATFORM = ("takeInMerchant", "changeMerchant")
READING = (
    *("getEvent", "getMerchant", "getCreditLine", "listLimitEntries", "listFreezes"),
    *("listReviews", "listOrders", "getOrder", "getProceeds", "listProceedsEntries"),
    *("listWithdrawals", "listCharges", "getCharge", "listStatements", "getStatement"),
    *("getStatementCsv", "getStatementPdf", "listInvoices", "getInvoice", "getInvoiceCsv"),
    *("getInvoicePdf", "getCreditNotePdf", "listPrices"),
    *("getInvoiceFacturXXml", "getInvoiceUblXml"),
    *("getCreditNoteFacturXXml", "getCreditNoteUblXml"),
)
SCOPES |= dict.fromkeys(READING, ("read",))
AT = "2026-12-01 10:00"


def operations() -> Iterator[tuple[str, str, str]]:
    """Name, method and address with parameters of every operation."""
    for path, methods in api.get_openapi_schema()["paths"].items():
        for method, operation in methods.items():
            yield operation["operationId"], method.upper(), path


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the API's clock, which stands at AT."""
    set_to = set_clock(monkeypatch)
    set_to(AT)
    return set_to


class Asking:
    """Asks any route about a merchant, with something of the full shop in the address."""

    def __init__(self) -> None:
        self.shop = full_shop()
        self.named = {
            "order": "A-1",
            "month": "2026-11",
            "number": self.shop.account.invoices.earliest("pk").number,
            "charge": self.shop.account.charges.earliest("pk").reference,
            "event": "evt-1",
        }

    def ask(self, caller: Caller, name: str, method: str, path: str, whose: str) -> HttpResponse:
        """The answer to this operation of the API, asked by the caller about the merchant
        `whose`.
        """
        address = path.format(merchant=whose, **self.named)
        if name == "sendEvents":
            return caller.ask(method, address, {"events": [{}]})
        body = BODIES.get(name)
        if body is not None and "merchant" in body:
            body = {**body, "merchant": whose}
        return caller.ask(method, address, body)


def test_the_table_names_every_route() -> None:
    assert sorted(SCOPES) == sorted(name for name, _method, _path in operations())


def test_every_route_is_open_to_its_scopes_and_to_no_other(clock: Callable[[str], None]) -> None:
    asking = Asking()
    merchant = asking.shop.merchant
    callers = [
        (scope, Caller(scope, merchant=whose))
        for scope in Scope.values
        for whose in (None, merchant)
    ]
    differences = []
    for name, method, path in operations():
        for scope, caller in callers:
            answer = asking.ask(caller, name, method, path, "rosewood")
            is_refused = (
                problem(answer) == (403, "forbidden") if answer.status_code == 403 else False
            )
            is_own = caller.key.merchant is not None
            may = scope in SCOPES[name] and not (is_own and name in OF_PLATFORM)
            if is_refused == may or answer.status_code in (401, 500):
                differences.append(f"{name} with {scope}: {answer.status_code}")
    assert differences == []


def test_a_merchants_key_finds_other_merchants_as_unknown_as_those_that_do_not_exist(
    clock: Callable[[str], None],
) -> None:
    asking = Asking()
    other = shops.join("2026-10-01 09:00", "other-shop")
    before = other.books()
    caller, platform = Caller(merchant=asking.shop.merchant), Caller()
    for name, method, path in operations():
        if name in ("sendEvents", "getEvent"):
            continue  # those say it per event (test_api_events)
        foreign = asking.ask(caller, name, method, path, "other-shop")
        unknown = asking.ask(caller, name, method, path, "no-such-shop")
        assert problem(foreign) == problem(unknown) == (404, "unknown_merchant"), name
        assert _without_names(foreign, "other-shop") == _without_names(unknown, "no-such-shop")
        if name != "takeInMerchant":  # which the platform may
            allowed = asking.ask(platform, name, method, path, "no-such-shop")
            assert problem(allowed) == (404, "unknown_merchant"), name
    assert other.books() == before


def _without_names(response: HttpResponse, name: str) -> dict[str, Any]:
    """The problem that the answer tells, without the request's id and the merchant's name."""
    told: dict[str, Any] = said(response)
    return told | {"request_id": "", "detail": told["detail"].replace(name, "…")}


def test_who_has_no_valid_key_gets_in_nowhere(clock: Callable[[str], None]) -> None:
    shops.join("2026-11-01 10:00")
    moment = shops.instant(AT)
    expired = Caller(expires_at=moment)
    revoked = Caller()
    keys.revoke(key_id=revoked.key.pk, reason="r", actor="ada", now=moment)
    foreign = Caller()
    foreign.text = Caller().text[:-1] + "~"
    nothing, basic = Caller(), Caller()
    for caller in (expired, revoked, foreign):
        refused = caller.post("/orders", AN_ORDER)
        assert problem(refused) == (401, "unauthenticated")
        assert refused["WWW-Authenticate"] == 'Bearer realm="tael"'
    for headers in ({"Authorization": ""}, {"Authorization": f"Basic {basic.text}"}):
        assert problem(nothing.post("/orders", AN_ORDER, **headers))[0] == 401
    for strange in ("Bearer", "Bearer ", "Bearer a_b_c", "Bearer tael__", "Bearer tael_ü_x"):
        assert problem(nothing.get("/merchants/rosewood", Authorization=strange))[0] == 401
    rotated = Caller()
    old, rotated_at = rotated.text, shops.instant(AT)
    _new, rotated.text = keys.rotate(
        key_id=rotated.key.pk, overlap=timedelta(hours=1), reason="r", actor="ada", now=rotated_at
    )
    assert rotated.get("/merchants/rosewood").status_code == 200
    rotated.text = old
    assert rotated.get("/merchants/rosewood").status_code == 200
    clock("2026-12-01 11:00")
    assert problem(rotated.get("/merchants/rosewood")) == (401, "unauthenticated")


def test_a_key_is_used_from_its_networks_only(clock: Callable[[str], None]) -> None:
    shops.join("2026-11-01 10:00")
    near = Caller(networks=["127.0.0.0/8", "2001:db8::/32"])
    far = Caller(networks=["203.0.113.0/24"])
    assert near.get("/merchants/rosewood").status_code == 200
    assert problem(far.get("/merchants/rosewood")) == (403, "forbidden")
    pretending = far.get("/merchants/rosewood", **{"X-Forwarded-For": "203.0.113.7"})
    assert problem(pretending) == (403, "forbidden")


def test_the_last_use_is_on_the_key(clock: Callable[[str], None]) -> None:
    shops.join("2026-11-01 10:00")
    caller = Caller()
    caller.get("/merchants/rosewood")
    assert ApiKey.objects.get(pk=caller.key.pk).last_used_at == shops.instant(AT)


def test_a_key_asks_so_often_a_minute_and_is_told_how_often(clock: Callable[[str], None]) -> None:
    clock("2026-12-01 10:00:18")
    shops.join("2026-11-01 10:00")
    caller, other = Caller(requests_per_minute=2), Caller(requests_per_minute=2)
    first = caller.get("/merchants/rosewood")
    assert first["RateLimit-Policy"] == '"minute";q=2;w=60'
    assert first["RateLimit"] == '"minute";r=1;t=42'
    refused = caller.get("/merchants/nobody")
    assert (problem(refused)[0], refused["RateLimit"]) == (404, '"minute";r=0;t=42')
    over = caller.post("/orders", AN_ORDER)
    assert problem(over) == (429, "too_many_requests")
    assert (over["Retry-After"], over["RateLimit"]) == ("42", '"minute";r=0;t=42')
    assert other.get("/merchants/rosewood").status_code == 200
    clock("2026-12-01 10:01:00")
    assert caller.get("/merchants/rosewood")["RateLimit"] == '"minute";r=1;t=60'


def test_processes_that_take_two_hundredths_of_a_minute_let_no_more_in_than_the_key_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caller, now = Caller(requests_per_minute=500), shops.instant(AT)

    def of_process(taken: dict[str, Any], requests: int) -> int:
        """How many of these requests a process lets in."""
        monkeypatch.setattr(limits, "_taken", taken)
        used = [limits.count(caller.key, now) for _ in range(requests)]
        return sum(not one.is_over for one in used if one is not None)

    one: dict[str, Any] = {}
    assert of_process(one, 3) == 3  # it took 2 twice
    assert of_process({}, 600) == 496  # of its own
    assert of_process(one, 2) == 1  # what it had left
    later = shops.instant("2026-12-01 10:01:00")
    assert limits.count(caller.key, later) == limits.Usage(500, 1, 60)


def test_where_redis_does_not_answer_nobody_is_held_back(
    clock: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    shops.join("2026-11-01 10:00")
    caller = Caller(requests_per_minute=1)
    asked: list[str] = []

    def silent(name: str, *_: Any, **__: Any) -> int:
        asked.append(name)
        raise ConnectionError("nobody there")

    monkeypatch.setattr(cache, "incr", silent)
    monkeypatch.setattr(limits, "_asked_again_at", 0.0)
    for _ in range(3):
        answer = caller.get("/merchants/rosewood")
        assert (answer.status_code, answer.get("RateLimit")) == (200, None)
    assert len(asked) == 1  # the others did not wait for it
    assert caplog.text.count("Requests of API keys are not counted") == 1


def test_addresses_and_methods_that_are_none_are_problems_too(
    clock: Callable[[str], None],
) -> None:
    caller = Caller()
    assert problem(caller.get("/no-such-thing")) == (404, "not_found")
    wrong = caller.get("/orders")
    assert (problem(wrong), wrong["Allow"]) == ((405, "method_not_allowed"), "POST")
    assert caller.get("/no-such-thing", **{"X-Request-ID": "mine-0001"})["X-Request-ID"] == (
        "mine-0001"
    )
