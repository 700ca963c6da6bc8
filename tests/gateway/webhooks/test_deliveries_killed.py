"""Workers that sleep, die or come two at once: none is lost, and none is sent by two."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from gateway.webhooks import tasks
from gateway.webhooks.models import WebhookDelivery, WebhookEvent
from gateway.webhooks.operations import deliveries, endpoints, outbox
from lib import locks
from tests import shops, sleepers, threads
from tests.gateway.webhooks import hooks
from tests.gateway.webhooks.hooks import decline, deliver, endpoint, standing
from tests.gateway.webhooks.receivers import Receiver

pytestmark = pytest.mark.django_db(transaction=True)

DECLINED = ["order.declined"]
AT = "2026-11-02 10:05"


def test_what_was_committed_is_sent_by_whoever_comes_next(receiver: Receiver) -> None:
    """The process that wrote the cause ends right after its commit, and has told nobody."""
    endpoint(receiver.url, DECLINED)
    decline(shops.join("2026-11-01 10:00"), "A-1")
    assert (WebhookEvent.objects.filter(sequence=None).count(), standing()) == (2, [])
    deliver(AT)
    assert receiver.told == ["rosewood 2 order.declined"]


def test_one_whose_worker_dies_before_it_notes_the_answer_is_sent_again_under_its_id(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = endpoint(receiver.url, DECLINED).endpoint
    decline(shops.join("2026-11-01 10:00"), "A-1")

    def killed(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(deliveries, "_note", killed)
        with pytest.raises(SystemExit):
            tasks.deliver([to.pk], shops.instant(AT))
    assert (len(receiver.requests), standing()) == (1, ["A-1 PENDING 0"])
    deliver("2026-11-02 10:06")
    assert standing() == ["A-1 DELIVERED 1"]
    first, second = receiver.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body


@pytest.mark.full  # of payments in test_asking_leases.py
def test_a_worker_that_sleeps_past_its_lease_sends_nothing_when_it_wakes(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = endpoint(receiver.url, DECLINED).endpoint
    decline(shops.join("2026-11-01 10:00"), "A-1")
    with sleepers.asleep(monkeypatch, lambda: tasks.deliver([to.pk], shops.instant(AT))) as worker:
        deliver(AT)
        assert receiver.requests == []  # the lease is live
        sleepers.run_out()
        deliver(AT)
        assert len(receiver.requests) == 1
        worker.wake()
    assert worker.error is None
    assert (len(receiver.requests), standing()) == (1, ["A-1 DELIVERED 1"])
    assert sleepers.held() == []


def test_workers_at_once_send_each_once_and_in_order(receiver: Receiver) -> None:
    to = endpoint(receiver.url, DECLINED).endpoint
    decline(shops.join("2026-11-01 10:00"), *(f"A-{number}" for number in range(6)))
    threads.at_once(lambda _: len(tasks.deliver([to.pk], shops.instant(AT))), threads=4)
    deliver("2026-11-02 10:06")
    assert receiver.told == [f"rosewood {number} order.declined" for number in range(2, 8)]
    assert {one.split(maxsplit=1)[1] for one in standing()} == {"DELIVERED 1"}


@pytest.mark.full  # sent in order by many, above
def test_numbers_given_by_many_at_once_have_no_gap(receiver: Receiver) -> None:
    endpoint(receiver.url, DECLINED)
    shop = shops.join("2026-11-01 10:00")
    decline(shop, *(f"A-{number}" for number in range(6)))
    numbered = threads.at_once(lambda _: outbox.number(), threads=4)
    assert sum(count * times for count, times in numbered.items()) == 7
    given = WebhookEvent.objects.order_by("pk").values_list("sequence", flat=True)
    assert list(given) == [1, 2, 3, 4, 5, 6, 7]
    assert WebhookDelivery.objects.count() == 6


def test_nobody_numbers_an_event_while_an_endpoint_is_turned_off(receiver: Receiver) -> None:
    """Else it would be on its way to an endpoint that is off."""
    to = endpoint(receiver.url, DECLINED).endpoint
    for turn in (endpoints.turn_off, endpoints.turn_on):
        with transaction.atomic():
            turn(endpoint_id=to.pk, now=shops.instant(AT), **hooks.BY)
            with locks.try_advisory_lock("numbers of webhook events") as is_free:
                assert not is_free


def test_nothing_is_sent_again_to_an_endpoint_that_is_just_turned_off(receiver: Receiver) -> None:
    to = endpoint(receiver.url, DECLINED).endpoint
    decline(shops.join("2026-11-01 10:00"), "A-1")
    deliver(AT)
    delivery = WebhookDelivery.objects.get()

    def send_again() -> str:
        """Have it sent again, and say how that is refused."""
        try:
            hooks.resend(delivery, "2026-11-02 10:10")
        except deliveries.EndpointIsOff as refusal:
            return refusal.code
        finally:
            connection.close()
        return ""

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            endpoints.turn_off(endpoint_id=to.pk, now=shops.instant(AT), **hooks.BY)
            asked = other.submit(send_again)
            while not threads.is_waited_for() and not asked.done():
                time.sleep(0.01)
        assert asked.result() == "endpoint_is_off"
    assert standing() == ["A-1 DELIVERED 1"]
