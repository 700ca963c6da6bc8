"""Administrators add endpoints and look after what they are told; nobody else decides that."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from gateway.webhooks.models import (
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
    WebhookSecret,
)
from gateway.webhooks.operations import endpoints
from lib import encrypted
from tests import shops, trailed
from tests.factories import browser_of, member, operator
from tests.gateway.webhooks import hooks
from tests.gateway.webhooks.hooks import ADMINISTRATOR, decline, deliver, endpoint, standing
from tests.gateway.webhooks.receivers import Receiver
from tests.text import text_of
from tests.trailed import Told
from tests.whole import full, some

pytestmark = pytest.mark.django_db

ADD = reverse("admin:gateway_webhookendpoint_decide_list", args=["add"])
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")
SAID: dict[str, Any] = {
    "url": "https://hooks.shop.example/tael",
    "types": ["order.declined", "invoice.issued"],
    "merchant": "",
    "description": "Warehouse",
    "reason": "The warehouse asked for it.",
    "request_key": "form-1",
}


@pytest.fixture
def administrator() -> Client:
    return browser_of(operator("Administrator", email=ADMINISTRATOR))


def page(of: WebhookEndpoint | WebhookDelivery, decision: str) -> str:
    """The address of this decision about an endpoint or a delivery."""
    name = f"admin:gateway_{of._meta.model_name}_decide"
    return reverse(name, args=[of.pk, decision])


def test_an_endpoint_is_added_and_its_secret_is_shown_once(administrator: Client) -> None:
    since = trailed.newest()
    answer = administrator.post(ADD, SAID)
    assert answer.status_code == 200
    (secret,) = set(SECRET.findall(answer.text))
    added = WebhookEndpoint.objects.get()
    assert (added.url, added.types, added.merchant) == (SAID["url"], SAID["types"][:2], None)
    assert encrypted.read(WebhookSecret.objects.get(), "secret").decode() == secret
    subject = f"#{added.pk} https://hooks.shop.example/tael"
    after = {"url": SAID["url"], "merchant": "all", "types": "order.declined, invoice.issued"}
    assert trailed.told(since) == [Told("ENDPOINT_ADDED", subject, {}, after)]
    (entry,) = trailed.entries(since)
    assert (entry.actor, entry.reason) == (ADMINISTRATOR, SAID["reason"])
    shown = administrator.get(reverse("admin:gateway_webhookendpoint_change", args=[added.pk])).text
    assert SECRET.findall(shown) == []
    assert "Warehouse" in shown


def test_a_form_that_is_sent_twice_adds_one_endpoint_and_shows_the_same_secret(
    administrator: Client,
) -> None:
    first, second = (administrator.post(ADD, SAID).text for _ in range(2))
    assert set(SECRET.findall(first)) == set(SECRET.findall(second))
    assert len(SECRET.findall(second)) == 1
    assert WebhookEndpoint.objects.count() == 1
    other = administrator.post(ADD, SAID | {"url": "https://other.shop.example/"}).text
    assert "was asked for by this form, with other content" in other
    administrator.post(ADD, SAID | {"request_key": "form-2"})
    assert WebhookEndpoint.objects.count() == 2


@pytest.mark.parametrize(
    ("said", "why"),
    some(
        [
            ({"url": "http://hooks.shop.example/"}, "must start with https://"),
            ({"url": "nowhere"}, "is no address that starts with https://"),
            ({"types": []}, "This field is required"),
            ({"types": ["order.placed"]}, "Select a valid choice"),
            ({"merchant": "nobody"}, "there is no merchant nobody"),
            ({"reason": ""}, "This field is required"),
        ],
        3,
    ),
)
def test_what_cannot_be_added_is_said_and_nothing_is_kept(
    administrator: Client, said: dict[str, Any], why: str
) -> None:
    since = trailed.newest()
    answer = administrator.post(ADD, SAID | said)
    assert (answer.status_code, why in answer.text) == (200, True)
    assert not WebhookEndpoint.objects.exists()
    assert not WebhookSecret.objects.exists()
    assert trailed.told(since) == []


def test_a_rotated_secret_is_shown_once(administrator: Client, receiver: Receiver) -> None:
    made = endpoint(receiver.url)
    since = trailed.newest()
    answer = administrator.post(
        page(made.endpoint, "secret"), {"overlap_hours": "24", "reason": "A year has passed."}
    )
    (secret,) = set(SECRET.findall(answer.text))
    assert secret != made.text
    kept = [encrypted.read(one, "secret").decode() for one in WebhookSecret.objects.order_by("pk")]
    assert kept == [made.text, secret]
    assert "The old secret counts for 24 hours." in answer.text
    assert [row.action for row in trailed.told(since)] == ["ENDPOINT_SECRET"]
    assert (
        administrator.post(
            page(made.endpoint, "secret"), {"overlap_hours": "200", "reason": "No."}
        ).status_code
        == 200
    )
    assert WebhookSecret.objects.count() == 2


def test_events_are_chosen_and_an_endpoint_is_turned_off_and_on(
    administrator: Client, receiver: Receiver
) -> None:
    to = endpoint(receiver.url, ["order.declined"]).endpoint
    since = trailed.newest()
    chosen = {"types": ["invoice.paid"], "reason": "Only those."}
    assert administrator.post(page(to, "types"), chosen).status_code == 302
    again = administrator.post(page(to, "types"), chosen)
    assert "is told of these types already" in again.text
    assert administrator.post(page(to, "off"), {"reason": "It moves."}).status_code == 302
    to.refresh_from_db()
    assert (to.types, to.is_on) == (["invoice.paid"], False)
    assert administrator.post(page(to, "on"), {"reason": "It has."}).status_code == 302
    subject = str(to)
    assert trailed.told(since) == [
        Told("ENDPOINT_TYPES", subject, {"types": "order.declined"}, {"types": "invoice.paid"}),
        Told("ENDPOINT_OFF", subject, {"is_on": True}, {"is_on": False}),
        Told("ENDPOINT_ON", subject, {"is_on": False}, {"is_on": True}),
    ]


@pytest.mark.full  # test_deliveries sends it
def test_what_is_parked_is_shown_with_every_attempt_and_sent_again(
    administrator: Client, receiver: Receiver
) -> None:
    to = endpoint(receiver.url, ["order.declined"]).endpoint
    decline(shops.join("2026-11-01 10:00"), "A-1", "A-2")
    receiver.behaviour = 500
    deliver("2026-11-02 10:05")
    deliver("2026-11-05 10:05")
    home = administrator.get(reverse("admin:index")).text
    assert "Webhooks that were not taken for three days" in home
    delivery = WebhookDelivery.objects.order_by("pk").first()
    assert delivery is not None
    shown = administrator.get(
        reverse("admin:gateway_webhookdelivery_change", args=[delivery.pk])
    ).text
    assert shown.count("status 500") == 2
    assert "order A-1" in shown
    since = trailed.newest()
    assert administrator.post(page(delivery, "resend"), {"reason": "Mended."}).status_code == 302
    assert standing() == ["A-1 PENDING 2", "A-2 PARKED 2"]
    assert administrator.post(page(to, "resend"), {"reason": "Mended."}).status_code == 302
    assert standing() == ["A-1 PENDING 2", "A-2 PENDING 2"]
    assert trailed.told(since) == [
        Told("DELIVERY_RESENT", str(delivery.event), {"status": "PARKED"}, {"status": "PENDING"}),
        Told("DELIVERY_RESENT", str(to), {"parked": 1}, {"parked": 0}),
    ]
    answer = administrator.post(page(delivery, "resend"), {"reason": "Mended."})
    assert "is tried by itself" in answer.text


def test_what_is_parked_and_too_old_to_be_kept_is_said_to_stay_so(
    receiver: Receiver, administrator: Client
) -> None:
    shop = shops.join("2026-11-01 10:00")
    to = endpoint(receiver.url, ["order.declined"]).endpoint
    for order in ("A-1", "A-2", "A-3"):
        decline(shop, order)
    endpoints.turn_off(endpoint_id=to.pk, now=shops.instant("2026-11-02 10:30"), **hooks.BY)
    endpoints.turn_on(endpoint_id=to.pk, now=shops.instant("2026-11-02 10:40"), **hooks.BY)
    first = WebhookDelivery.objects.order_by("pk")[0].event_id
    WebhookEvent.objects.filter(pk=first).update(data={})  # as the cleaning job leaves it
    assert "Parked 3 1" in text_of(administrator.get(page(to, "resend")))
    since = trailed.newest()
    administrator.post(page(to, "resend"), {"reason": "Mended."})
    assert trailed.told(since) == [Told("DELIVERY_RESENT", str(to), {"parked": 3}, {"parked": 1})]
    assert standing() == [
        "order.declined PARKED 0",  # there is nothing left of it to tell
        "A-2 PENDING 0",
        "A-3 PENDING 0",
    ]


Somebody = Callable[[], Client]


@pytest.mark.parametrize(
    ("who", "may_look"),
    [
        (lambda: browser_of(operator("Credit officer")), 403),
        *full(
            (lambda: browser_of(operator("Auditor")), 200),
            (lambda: browser_of(operator("Billing officer")), 403),
            (lambda: browser_of(member(shops.join("2026-11-01 10:00", "silk"))), 302),
            (Client, 302),
        ),
    ],
    ids=["credit officer", "auditor", "billing officer", "owner", "anonymous"],
)
def test_nobody_else_decides(receiver: Receiver, who: Somebody, may_look: int) -> None:
    to = endpoint(receiver.url, ["order.declined"]).endpoint
    decline(shops.join("2026-11-01 10:00"), "A-1")
    deliver("2026-11-02 10:05")
    delivery = WebhookDelivery.objects.get()
    browser, since = who(), trailed.newest()
    for model in ("webhookendpoint", "webhookdelivery", "webhookevent"):
        address = reverse(f"admin:gateway_{model}_changelist")
        assert browser.get(address).status_code == may_look
    refused = 302 if may_look == 302 else 403
    assert browser.post(ADD, SAID).status_code == refused
    for decision in ("types", "secret", "resend", "off", "on"):
        said = {"reason": "No.", "overlap_hours": "0", "types": ["invoice.paid"]}
        assert browser.post(page(to, decision), said).status_code == refused
    assert browser.post(page(delivery, "resend"), {"reason": "No."}).status_code == refused
    to.refresh_from_db()
    assert (to.is_on, to.types, to.secrets.count()) == (True, ["order.declined"], 1)
    assert standing() == ["A-1 DELIVERED 1"]
    assert trailed.told(since) == []
