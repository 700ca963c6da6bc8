"""examples/marketplace.py does what it says, and believes no webhook that Tael did not sign."""

import re
import runpy
from datetime import UTC, datetime
from ipaddress import ip_network
from queue import Queue
from typing import Any

import httpx
import pytest
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer
from standardwebhooks import Webhook

from config.local.datafolder import BASE_DIR
from credit.models import Order
from gateway.webhooks import signing
from gateway.webhooks.jobs import DELIVER
from gateway.webhooks.models import WebhookDelivery
from tests import books
from tests.gateway.asking import Caller
from tests.gateway.webhooks import hooks
from tests.ports import free_port
from tests.processes import PATIENCE_SECONDS, Start, until

EXAMPLE = BASE_DIR / "examples" / "marketplace.py"


@pytest.fixture
def port() -> int:
    """A port that nobody listens at."""
    return free_port()


@pytest.mark.full  # it is refused and ends, and believes what is signed, below
@pytest.mark.django_db(transaction=True)
def test_the_day_of_a_shop_goes_through_the_api_and_its_webhooks_come_back(
    live_server: LiveServer, start: Start, settings: Any, port: int
) -> None:
    settings.TAEL_WEBHOOK_NETWORKS = [ip_network("127.0.0.0/8")]
    secret = hooks.endpoint(f"http://127.0.0.1:{port}/hooks").text
    environment = {"TAEL_KEY": Caller().text, "TAEL_WEBHOOK_SECRET": secret}
    command = (str(EXAMPLE), "--url", live_server.url, "--port", str(port))
    example = start(*command, **environment)

    def has_ended() -> bool:
        DELIVER.run_here(timezone.now())
        return example.poll() is not None

    until(has_ended)
    said, complaint = example.communicate()
    assert (example.returncode, complaint) == (0, "")
    run = re.sub(r"\d{8}-\d{6}", "RUN", said).splitlines()
    assert run[0].startswith("Mango Lane is a merchant since 20")
    assert run[1:5] == [
        "Order RUN-1: OPEN, 4870.10 left for others.",
        "Sent once more, it is the same order.",
        "Order RUN-2: DECLINED, insufficient_credit.",
        "It is sent; its label costs 6.40 USD.",
    ]
    assert run[5].startswith("It is delivered, and due on 20")
    assert run[6:10] == [
        "A payment of 60.00: APPLIED.",
        "A payment of 69.90: APPLIED.",
        "A refund of 29.90, 29.90 of it from proceeds.",
        "The line: limit 5000.00, used 0.00, available 5000.00.",
    ]
    assert run[10].startswith("The proceeds: 100.00; to mature: 100.00 on 20")
    assert run[11] == "The charges: 2, the last of them RUN-label."
    assert run[12:] == [
        "Webhook 1 of mango-lane: limit.changed.",
        "Webhook 2 of mango-lane: order.declined.",
    ]
    assert sorted(Order.objects.values_list("status", flat=True)) == ["DECLINED", "PAID"]
    assert set(WebhookDelivery.objects.values_list("status", flat=True)) == {"DELIVERED"}
    books.assert_clean()


@pytest.mark.full  # what is refused ends it, below
@pytest.mark.django_db(transaction=True)
def test_without_a_secret_it_waits_for_no_webhooks(live_server: LiveServer, start: Start) -> None:
    example = start(str(EXAMPLE), "--url", live_server.url, TAEL_KEY=Caller().text)
    said, complaint = example.communicate(timeout=PATIENCE_SECONDS)
    assert (example.returncode, complaint) == (0, "")
    assert said.endswith("No TAEL_WEBHOOK_SECRET: webhooks are not waited for.\n")


@pytest.mark.django_db(transaction=True)
def test_what_is_refused_ends_it_with_the_refusal(live_server: LiveServer, start: Start) -> None:
    key = Caller("orders", "read").text
    example = start(str(EXAMPLE), "--url", live_server.url, TAEL_KEY=key)
    _said, complaint = example.communicate(timeout=PATIENCE_SECONDS)
    assert example.returncode == 1
    assert complaint == "merchants: forbidden: This key has not the scope merchants.\n"


def test_it_believes_only_what_is_signed_and_counts_it_once(port: int) -> None:
    listening = runpy.run_path(str(EXAMPLE))["listening"]
    secret, now = signing.new_secret(), datetime.now(UTC)
    body = '{"type":"order.declined","sequence":1}'

    def send(name: str, body: str, signed: str) -> int:
        headers = {
            "webhook-id": name,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign(msg_id=name, timestamp=now, data=signed),
        }
        url = f"http://127.0.0.1:{port}/hooks"
        return httpx.post(url, content=body, headers=headers, timeout=PATIENCE_SECONDS).status_code

    told: Queue[dict[str, Any]]
    with listening(port, secret) as told:
        assert send("evt_1", body, signed='{"type":"order.declined","sequence":2}') == 401
        assert send("evt_1", body, signed=body) == 204
        assert send("evt_1", body, signed=body) == 204
    assert told.get_nowait() == {"type": "order.declined", "sequence": 1}
    assert told.empty()
