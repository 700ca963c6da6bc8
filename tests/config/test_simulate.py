"""A marketplace is played against a running server, as a system of its own would use the API."""

import re
import signal
import time
from collections import Counter
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django.live_server_helper import LiveServer

from billing.models import Charge
from config.local.simulation.asking import HELD_BACK, SENT_AGAIN, Asker, ToldToEnd
from config.local.simulation.marketplace import Marketplace
from config.management.commands import simulate
from credit.models import Order, OrderPayment, OrderRefund
from gateway.models import ApiKey
from merchants.models import Merchant
from tests import books, shops
from tests.gateway.asking import Caller
from tests.gateway.webhooks import receivers
from tests.processes import PATIENCE_SECONDS, Start, until
from tests.whole import full
from trail.models import TrailEntry

live = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def demonstration(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox is on, and the simulation's chance is always the same."""
    settings.TAEL_SANDBOX = True
    monkeypatch.setattr(simulate, "Random", lambda: Random(7))


class Never:
    """Nobody ends the simulation, and its waits take no time."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def wait(self, timeout: float) -> bool:
        """Does not wait, and notes for how long it should have."""
        self.waits.append(timeout)
        return False


class Losing(httpx.HTTPTransport):
    """Each third answer is lost on its way, and each fifth question."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Pass a request on; each fifth does not arrive, and of each third the answer is lost."""
        self.asked += 1
        if self.asked % 5 == 0:
            raise httpx.ConnectError("nobody listens", request=request)
        response = super().handle_request(request)
        if self.asked % 3 == 0:
            response.close()
            raise httpx.ReadTimeout("no answer", request=request)
        return response


def asker_of(
    url: str, transport: httpx.BaseTransport, key: str = "", end: Any = None
) -> tuple[Asker, list[str]]:
    """Who asks over this transport, and what it says."""
    said: list[str] = []
    client = httpx.Client(base_url=f"{url}/api/v1/", transport=transport, timeout=60)
    asker = Asker(client, end or Never(), said.append)
    asker.use(key)
    return asker, said


def simulated(url: str, **options: Any) -> str:
    """What the command says."""
    out = StringIO()
    call_command("simulate", url=url, stdout=out, **{"rate": 100.0, **options})
    return out.getvalue()


def in_all(said: str) -> dict[str, int]:
    """The last line of what was said, such as `In all: 12 placed, 9 paid`."""
    (line,) = re.findall(r"^In all: (.*)$", said, re.MULTILINE)
    parts = (part.split(" ", 1) for part in line.split(", "))
    return {what: int(times) for times, what in parts}


def assert_clean() -> None:
    """Check that the audit finds nothing."""
    books.assert_clean()


@pytest.mark.full  # it does fewer steps below, of which answers are lost
@live
def test_it_takes_in_shops_and_trades_there_until_it_has_done_its_steps(
    live_server: LiveServer,
) -> None:
    said = simulated(live_server.url, steps=110)
    assert "Trading at harbour-books, lanna-teas. Ctrl-C ends it." in said
    told = in_all(said)
    troubles = told.get(SENT_AGAIN, 0) + told.get(HELD_BACK, 0)  # of a server that is busy
    assert sum(told.values()) - troubles == 110
    orders = Order.objects.all()
    assert told["placed"] == orders.exclude(status="DECLINED").count() > 15
    assert (
        told["declined (insufficient_credit)"]
        == orders.filter(decline_code="insufficient_credit").count()
    )
    assert told["shipped"] == orders.exclude(shipped_at=None).count() > 10
    assert told["delivered"] == orders.exclude(delivered_at=None).count() > 5
    payments = told["paid"] + told.get("paid in part", 0)
    assert payments == OrderPayment.objects.filter(status="APPLIED").count() > 5
    assert told.get("refunded", 0) == OrderRefund.objects.count()
    charges = told["picked"] + told["labels"] + told["fees"]
    assert charges == Charge.objects.filter(reference__startswith="sim-").count() > 10
    assert set(Merchant.objects.values_list("reference", flat=True)) == {
        "harbour-books",
        "lanna-teas",
    }
    assert_clean()


@live
def test_its_key_is_on_the_trail_and_ends_with_it(live_server: LiveServer) -> None:
    simulated(live_server.url, steps=3)
    (key,) = ApiKey.objects.all()
    assert key.scopes == ["orders", "charges", "merchants", "read"]
    assert key.revoked_at is not None
    entries = TrailEntry.objects.filter(action__startswith="API_KEY").order_by("pk")
    assert [(entry.action, entry.actor, entry.reason) for entry in entries] == [
        (
            "API_KEY_MADE",
            "manage.py simulate",
            "A simulated marketplace asks with it, until it ends.",
        ),
        ("API_KEY_REVOKED", "manage.py simulate", "The simulated marketplace has ended."),
    ]


@pytest.mark.full  # its own is on the trail, above
@live
def test_a_key_that_is_given_is_used_and_left_alone(live_server: LiveServer) -> None:
    caller = Caller()
    simulated(live_server.url, steps=3, key=caller.text)
    (key,) = ApiKey.objects.all()
    assert (key.pk, key.revoked_at) == (caller.key.pk, None)
    assert key.last_used_at is not None


@live
def test_a_key_that_the_server_does_not_take_ends_it(live_server: LiveServer) -> None:
    with pytest.raises(CommandError, match="refuses the key: A key is missing, or this one is unk"):
        simulated(live_server.url, key="tael_unknown_secret")
    assert Merchant.objects.count() == 0


@pytest.mark.full  # shops of its own trade below
@live
def test_where_the_demos_shops_are_they_trade(live_server: LiveServer) -> None:
    shops.join("2026-11-01 10:00", "lakeside")
    shops.join("2026-11-01 10:00", "rosewood")
    said = simulated(live_server.url, steps=12)
    assert "Trading at lakeside. " in said
    assert Merchant.objects.count() == 2
    assert set(Order.objects.values_list("line__merchant__reference", flat=True)) == {"lakeside"}


@live
@pytest.mark.parametrize("steps", [12, *full(60)])
def test_after_a_lost_answer_the_same_is_sent_again_and_happens_once(
    live_server: LiveServer, steps: int
) -> None:
    transport = Losing()
    asker, said = asker_of(live_server.url, transport, Caller().text)
    marketplace = Marketplace(asker, Random(3))
    marketplace.open()
    for _ in range(steps):
        marketplace.step()
    told = marketplace.told()
    assert asker.troubles["sent again"] > steps // 3
    assert sum(told.values()) == steps
    assert not [step for step in told if "refused" in step]
    assert told["place"] == Order.objects.exclude(status="DECLINED").count()
    assert told["pay"] + told["pay in part"] == OrderPayment.objects.count()
    charges = told["pick"] + told["label"] + told["fee"]
    assert charges == Charge.objects.filter(reference__startswith="sim-").count()
    assert said[:2] == [
        f"{live_server.url}/api/v1/ gives no answer (ReadTimeout); trying again.",
        f"{live_server.url}/api/v1/ answers.",
    ]
    assert_clean()


@pytest.mark.full  # one alone trades above, with answers lost
@live
def test_it_goes_on_with_the_orders_that_an_earlier_one_left(live_server: LiveServer) -> None:
    key = Caller().text
    first = Marketplace(asker_of(live_server.url, httpx.HTTPTransport(), key)[0], Random(3))
    first.open()
    for _ in range(50):
        first.step()
    left = {order.reference: list(order.story) for shop in first.shops for order in shop.orders}
    assert {story[0] for story in left.values()} >= {"ship", "pay"}
    second = Marketplace(asker_of(live_server.url, httpx.HTTPTransport(), key)[0], Random(4))
    second.open()
    taken = {order.reference for shop in second.shops for order in shop.orders}
    # One of which only fees or a refund are left is paid, and holds nothing any more.
    assert taken == set(Order.objects.filter(status="OPEN").values_list("reference", flat=True))
    assert taken <= left.keys()
    for _ in range(60):
        second.step()
    assert not [step for step in second.told() if "refused" in step]
    assert Order.objects.filter(status="OPEN", reference__in=taken).count() < len(taken)
    assert_clean()


def test_who_asks_too_often_waits_as_long_as_it_is_told() -> None:
    bodies: list[bytes] = []
    answers = [
        httpx.Response(429, headers={"Retry-After": "7"}),
        httpx.Response(503),
        httpx.Response(503, headers={"Retry-After": "30"}),
        httpx.Response(201, json={"status": "OPEN"}),
    ]

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        return answers.pop(0)

    end = Never()
    asker, _said = asker_of("http://tael.example", httpx.MockTransport(answer), end=end)
    assert asker.ask("POST", "orders", {"order": "A-1"}).is_taken
    assert end.waits == [7.0, 1.0, 30.0]
    assert bodies == [b'{"order":"A-1"}'] * 4
    assert asker.troubles == Counter({"held back": 1, "sent again": 2})


def test_who_is_told_to_end_does_not_wait_for_an_answer() -> None:
    class Ended:
        def wait(self, timeout: float) -> bool:
            return True

    transport = httpx.MockTransport(lambda _: httpx.Response(503))
    asker, _said = asker_of("http://tael.example", transport, end=Ended())
    with pytest.raises(ToldToEnd):
        asker.ask("GET", "merchants/rosewood")


@pytest.mark.full  # it trades above
def test_however_long_it_trades_it_keeps_no_more_than_a_few_orders() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        line = {"limit": "5000.00", "currency": "USD", "closed_at": None}
        return httpx.Response(200, json={"status": "OPEN", "rows": [], **line})

    asker, _said = asker_of("http://tael.example", httpx.MockTransport(answer))
    marketplace = Marketplace(asker, Random(3))
    marketplace.open()
    most = 0
    for _ in range(1500):
        marketplace.step()
        most = max(most, *(len(shop.orders) for shop in marketplace.shops))
    assert 5 < most <= 20
    assert len(marketplace.told()) <= 12


@pytest.mark.django_db
def test_it_sends_nothing_to_a_server_that_does_not_say_that_it_is_a_demonstration() -> None:
    with receivers.running() as server:
        with pytest.raises(CommandError, match="does not say that it is a demonstration"):
            simulated(f"http://127.0.0.1:{server.port}")
        assert [request.path for request in server.requests] == ["/api/v1/openapi.json"]
    assert ApiKey.objects.count() == 0


@pytest.mark.django_db
def test_it_does_not_start_at_the_books_of_a_deployment(settings: Any) -> None:
    settings.TAEL_SANDBOX = False
    with pytest.raises(CommandError, match="A simulation is for demonstrations"):
        simulated("http://127.0.0.1:1")
    assert ApiKey.objects.count() == 0


@pytest.mark.django_db
def test_only_a_demonstration_says_that_it_is_one(settings: Any) -> None:
    caller = Caller()
    assert caller.get("/merchants/nobody").headers["Tael-Demonstration"] == "1"
    settings.TAEL_SANDBOX = False
    assert "Tael-Demonstration" not in caller.get("/merchants/nobody").headers


@pytest.mark.parametrize("rate", [0.0, -1.0, 100.5, float("nan")])
@pytest.mark.django_db
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(CommandError, match="--rate must be more than 0, and 100 at most"):
        simulated("http://127.0.0.1:1", rate=rate)


@pytest.fixture
def same_books() -> dict[str, str]:
    """The environment of another process that has this test's books."""
    database = connection.settings_dict
    login = f"{quote(database['USER'])}:{quote(database['PASSWORD'])}"
    address = f"{login}@{quote(database['HOST'], safe='')}:{database['PORT']}"
    return {"DATABASE_URL": f"postgresql://{address}/{database['NAME']}", "TAEL_SANDBOX": "1"}


@pytest.mark.full
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@live
def test_told_to_end_it_finishes_what_it_asks_and_takes_its_key_back(
    live_server: LiveServer,
    start: Start,
    data_folder: Path,
    same_books: dict[str, str],
    number: signal.Signals,
) -> None:
    command = ("manage.py", "simulate", "--url", live_server.url, "--rate", "30")
    process = start(*command, **same_books)
    until(lambda: Order.objects.count() > 5 or process.poll() is not None)
    process.send_signal(number)
    ended_at = time.monotonic()
    said, complaint = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, complaint) == (0, "")
    assert time.monotonic() - ended_at < 60  # of a busy machine; it would go on for ever
    assert in_all(said)["placed"] == Order.objects.exclude(status="DECLINED").count()
    (key,) = ApiKey.objects.all()
    assert key.revoked_at is not None
    assert_clean()
