"""What endpoints are told, in which order, and what becomes of what they do not take."""

from datetime import UTC, datetime
from ipaddress import ip_network

import pytest
from django.db import DatabaseError, connection, transaction
from pytest_django import Settings

from gateway.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookEvent
from gateway.webhooks.operations import deliveries, endpoints
from gateway.webhooks.queries import endpoints_to_visit
from jobs.chunks import Turn
from jobs.models import JobFailure
from merchants.models import Installation
from tests import shops
from tests.gateway.webhooks import hooks, receivers
from tests.gateway.webhooks.hooks import attempts, decline, deliver, endpoint, standing
from tests.gateway.webhooks.receivers import Receiver
from tests.whole import some

pytestmark = pytest.mark.django_db

DECLINED = ["order.declined"]


def test_an_endpoint_is_told_of_what_it_chose_in_the_order_in_which_it_happened(
    receiver: Receiver,
) -> None:
    endpoint(receiver.url, DECLINED)
    for name in ("silk", "linen"):
        decline(shops.join("2026-11-01 10:00", name), "A-1", "A-2")
    deliver("2026-11-02 10:05")
    assert receiver.told == [
        "linen 2 order.declined",
        "linen 3 order.declined",
        "silk 2 order.declined",
        "silk 3 order.declined",
    ] or receiver.told == [
        "silk 2 order.declined",
        "silk 3 order.declined",
        "linen 2 order.declined",
        "linen 3 order.declined",
    ]
    assert standing() == ["A-1 DELIVERED 1", "A-2 DELIVERED 1"] * 2
    deliver("2026-11-02 10:06")
    assert len(receiver.told) == 4


def test_a_request_says_what_happened(receiver: Receiver) -> None:
    endpoint(receiver.url, DECLINED)
    decline(shops.join("2026-11-01 10:00"), "A-1")
    deliver("2026-11-02 10:05")
    (request,) = receiver.requests
    assert request.said == {
        "type": "order.declined",
        "timestamp": "2026-11-02T10:00:00Z",
        "merchant": "rosewood",
        "sequence": 2,
        "data": {
            "order": "A-1",
            "buyer": "Somchai",
            "amount": "9000.00",
            "currency": "USD",
            "code": "insufficient_credit",
        },
    }
    assert (request.path, request.headers["content-type"]) == ("/hooks", "application/json")
    assert request.headers["webhook-id"] == f"evt_{WebhookEvent.objects.last().uid.hex}"  # type: ignore[union-attr]
    sent_at = datetime.fromtimestamp(int(request.headers["webhook-timestamp"]), UTC)
    assert sent_at == shops.instant("2026-11-02 10:05")
    assert attempts() == [("11-02 10:05", 204, "", "")]


def test_one_merchants_endpoint_is_told_of_no_other(receiver: Receiver) -> None:
    shop, other = shops.join("2026-11-01 10:00"), shops.join("2026-11-01 10:00", "silk")
    endpoint(receiver.url, merchant="silk")
    decline(shop, "A-1")
    decline(other, "B-1")
    deliver("2026-11-02 10:05")
    assert receiver.told == ["silk 1 limit.changed", "silk 2 order.declined"]


def test_an_endpoint_is_told_of_nothing_that_happened_before_it_was_added(
    receiver: Receiver,
) -> None:
    shop = shops.join("2026-11-01 10:00")
    decline(shop, "A-1")
    endpoint(receiver.url, at="2026-11-02 12:00")
    shop.place("2026-11-02 13:00", "A-2", "9000.00")
    deliver("2026-11-02 13:05")
    assert receiver.told == ["rosewood 3 order.declined"]


def test_one_that_is_not_taken_holds_up_nothing_behind_it(receiver: Receiver) -> None:
    endpoint(receiver.url, DECLINED)
    decline(shops.join("2026-11-01 10:00"), "A-1", "A-2", "A-3")
    receiver.answers = [500, 204, 503, 404]
    deliver("2026-11-02 10:05")
    assert standing() == ["A-1 PENDING 1", "A-2 DELIVERED 1", "A-3 PENDING 1"]
    assert attempts() == [
        ("11-02 10:05", 500, "status 500", ""),
        ("11-02 10:05", 204, "", ""),
        ("11-02 10:05", 503, "status 503", ""),
    ]
    deliver("2026-11-02 10:06")
    assert standing() == ["A-1 PENDING 2", "A-2 DELIVERED 1", "A-3 DELIVERED 2"]


def test_it_is_tried_for_three_days_less_and_less_often_and_then_parked(
    receiver: Receiver,
) -> None:
    endpoint(receiver.url, DECLINED)
    decline(shops.join("2026-11-01 10:00"), "A-1")
    receiver.behaviour = 500
    at = []
    for _ in range(20):
        delivery = WebhookDelivery.objects.first()
        when = delivery.next_attempt_at if delivery else shops.instant("2026-11-02 10:00")
        if when is None:
            break
        deliver(when.isoformat())
        at.append(f"{when:%d %H:%M}")
    assert at == [
        *("02 10:00", "02 10:01", "02 10:06", "02 10:36", "02 12:36", "02 17:36"),
        *("03 03:36", "03 15:36", "04 03:36", "04 15:36", "05 03:36", "05 10:00"),
    ]
    assert standing() == ["A-1 PARKED 12"]
    deliver("2026-11-20 10:00")
    assert len(receiver.requests) == 12
    ids = {request.headers["webhook-id"] for request in receiver.requests}
    assert (len(ids), len({request.body for request in receiver.requests})) == (1, 1)


def test_a_server_that_was_down_for_long_gets_three_days_from_the_first_attempt(
    receiver: Receiver,
) -> None:
    """Ours, that is: what we could not send while we were down is sent when we are back."""
    endpoint(receiver.url, DECLINED)
    decline(shops.join("2026-11-01 10:00"), "A-1")
    receiver.answers = [500]
    deliver("2026-11-22 10:00")
    assert standing() == ["A-1 PENDING 1"]
    deliver("2026-11-22 10:01")
    assert standing() == ["A-1 DELIVERED 2"]


@pytest.mark.full  # one that is down, below
def test_a_receiver_that_is_silent_is_left_alone_until_the_next_run(receiver: Receiver) -> None:
    endpoint(receiver.url, DECLINED)
    decline(shops.join("2026-11-01 10:00"), *(f"A-{number}" for number in range(5)))
    receiver.behaviour = b"what?"
    deliver("2026-11-02 10:05")
    assert len(receiver.requests) == 3
    assert [one.split()[-1] for one in standing()] == ["1", "1", "1", "0", "0"]
    assert {(status, error[:19]) for _, status, _, error in attempts()} == {
        (None, "RemoteProtocolError")
    }
    receiver.behaviour = 204
    deliver("2026-11-02 10:06")
    assert {one.split()[1] for one in standing()} == {"DELIVERED"}


def test_an_endpoint_that_is_down_keeps_no_other(receiver: Receiver) -> None:
    with receivers.running() as gone:
        down = endpoint(gone.url, DECLINED).endpoint
    sound = endpoint(receiver.url, DECLINED).endpoint
    decline(shops.join("2026-11-01 10:00"), "A-1")
    deliver("2026-11-02 10:05")
    assert standing(down.pk) == ["A-1 PENDING 1"]
    assert standing(sound.pk) == ["A-1 DELIVERED 1"]
    assert not JobFailure.objects.exists()


def test_what_may_not_be_reached_is_asked_nothing_and_parked_in_the_end(
    receiver: Receiver, settings: Settings
) -> None:
    endpoint(receiver.url, DECLINED)
    settings.TAEL_WEBHOOK_NETWORKS = [ip_network("10.0.0.0/8")]
    decline(shops.join("2026-11-01 10:00"), "A-1")
    deliver("2026-11-02 10:05")
    ((_, status, _, error),) = attempts()
    assert (status, error) == (None, "127.0.0.1 is at 127.0.0.1, where nothing may be sent")
    deliver("2026-11-05 10:05")
    assert (standing(), receiver.requests) == (["A-1 PARKED 2"], [])


def test_what_is_parked_is_sent_again_by_hand_in_order(receiver: Receiver) -> None:
    to = endpoint(receiver.url, DECLINED).endpoint
    decline(shops.join("2026-11-01 10:00"), "A-1", "A-2")
    receiver.behaviour = 500
    deliver("2026-11-02 10:05")
    deliver("2026-11-05 10:05")
    assert standing() == ["A-1 PARKED 2", "A-2 PARKED 2"]
    receiver.behaviour = 204
    hooks.resend_parked(to, "2026-11-09 09:00")
    assert standing() == ["A-1 PENDING 2", "A-2 PENDING 2"]
    deliver("2026-11-09 09:01")
    assert standing() == ["A-1 DELIVERED 3", "A-2 DELIVERED 3"]
    assert receiver.told[-2:] == ["rosewood 2 order.declined", "rosewood 3 order.declined"]


@pytest.mark.full  # one that is parked, above
def test_one_that_was_delivered_can_be_sent_again_under_its_id(receiver: Receiver) -> None:
    endpoint(receiver.url, DECLINED)
    decline(shops.join("2026-11-01 10:00"), "A-1")
    deliver("2026-11-02 10:05")
    delivery = WebhookDelivery.objects.get()
    hooks.resend(delivery, "2026-11-09 09:00")
    with pytest.raises(deliveries.StillOnItsWay):
        hooks.resend(delivery, "2026-11-09 09:00")
    receiver.answers = [500]
    deliver("2026-11-09 09:01")
    assert standing() == ["A-1 PENDING 2"]
    deliver("2026-11-09 09:02")
    assert standing() == ["A-1 DELIVERED 3"]
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1


@pytest.mark.full  # one that may not be reached, above
def test_an_endpoint_that_is_off_is_told_nothing(receiver: Receiver) -> None:
    shop = shops.join("2026-11-01 10:00")
    to = endpoint(receiver.url, DECLINED).endpoint
    decline(shop, "A-1")
    receiver.answers = [500]
    deliver("2026-11-02 10:05")
    now = shops.instant("2026-11-02 10:06")
    endpoints.turn_off(endpoint_id=to.pk, now=now, **hooks.BY)
    assert standing() == ["A-1 PARKED 1"]
    with pytest.raises(deliveries.EndpointIsOff):
        hooks.resend(WebhookDelivery.objects.get(), "2026-11-02 10:07")
    with pytest.raises(deliveries.EndpointIsOff):
        hooks.resend_parked(to, "2026-11-02 10:07")
    shop.place("2026-11-02 11:00", "A-2", "9000.00")
    deliver("2026-11-02 11:05")
    assert (standing(), len(receiver.requests)) == (["A-1 PARKED 1"], 1)
    endpoints.turn_on(endpoint_id=to.pk, now=shops.instant("2026-11-02 12:00"), **hooks.BY)
    shop.place("2026-11-02 13:00", "A-3", "9000.00")
    deliver("2026-11-02 13:05")
    assert standing() == ["A-1 PARKED 1", "A-3 DELIVERED 1"]
    shop.place("2026-11-02 14:00", "A-4", "9000.00")
    endpoints.turn_off(endpoint_id=to.pk, now=shops.instant("2026-11-02 14:01"), **hooks.BY)
    assert standing() == ["A-1 PARKED 1", "A-3 DELIVERED 1", "A-4 PARKED 0"]


def test_a_copy_elsewhere_tells_nobody(receiver: Receiver) -> None:
    to = endpoint(receiver.url, DECLINED).endpoint
    decline(shops.join("2026-11-01 10:00"), "A-1")
    deliver("2026-11-02 09:00")
    Installation.objects.update(place="another machine")
    from gateway.webhooks import tasks

    (error,) = tasks.deliver([to.pk], shops.instant("2026-11-02 10:05")).values()
    assert "no provider is asked" in str(error)
    assert receiver.requests == []


def test_who_is_to_be_visited(receiver: Receiver) -> None:
    to = endpoint(receiver.url, DECLINED).endpoint
    other = endpoint(receiver.url, ["invoice.paid"]).endpoint
    at = shops.instant("2026-11-02 10:05")
    assert endpoints_to_visit(at) == []
    decline(shops.join("2026-11-01 10:00"), "A-1")
    assert endpoints_to_visit(at) == [to.pk, other.pk]  # whom it is for is not known yet
    receiver.behaviour = 500
    deliver("2026-11-02 10:05")
    assert endpoints_to_visit(at) == []
    assert endpoints_to_visit(shops.instant("2026-11-02 10:06")) == [to.pk]


def test_a_turn_that_has_ended_leaves_the_other_endpoints_to_the_next(receiver: Receiver) -> None:
    first, second = (endpoint(receiver.url, DECLINED).endpoint for _ in range(2))
    decline(shops.join("2026-11-01 10:00"), "A-1")
    from gateway.webhooks import tasks

    turn = Turn(shops.instant("2026-11-02 10:05"), seconds=0)
    assert tasks.deliver([first.pk, second.pk], shops.instant("2026-11-02 10:05"), turn) == {}
    assert turn.rest == [second.pk]
    assert (standing(first.pk), standing(second.pk)) == (["A-1 DELIVERED 1"], ["A-1 PENDING 0"])


@pytest.mark.parametrize(
    "sql",
    some(
        [
            "DELETE FROM gateway_webhookattempt",
            "UPDATE gateway_webhookattempt SET status = 200",
            "DELETE FROM gateway_webhookdelivery",
            "UPDATE gateway_webhookdelivery SET next_attempt_at = now()",
            "UPDATE gateway_webhookendpoint SET url = 'https://other.example/'",
            "DELETE FROM gateway_webhookendpoint",
        ],
        3,
    ),
)
def test_the_log_stays_as_it_was_written(receiver: Receiver, sql: str) -> None:
    endpoint(receiver.url, DECLINED)
    decline(shops.join("2026-11-01 10:00"), "A-1")
    deliver("2026-11-02 10:05")
    with pytest.raises(DatabaseError), transaction.atomic():
        connection.cursor().execute(sql)
    assert standing() == ["A-1 DELIVERED 1"]
    assert WebhookAttempt.objects.get().status == 204
    assert WebhookEndpoint.objects.get().url == receiver.url
