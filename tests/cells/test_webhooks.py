"""An endpoint of all merchants is one for all cells: what is decided about it is done in each."""

from ipaddress import ip_network

import pytest
from django.db import connection
from django.urls import reverse
from pytest_django import Settings

from gateway.webhooks.jobs import DELIVER
from gateway.webhooks.models import WebhookDelivery
from gateway.webhooks.operations import endpoints
from lib import cells
from merchants.models import Merchant
from tests import shops, trailed
from tests.factories import browser_of, operator
from tests.gateway.webhooks import hooks, receivers
from tests.gateway.webhooks.hooks import ADMINISTRATOR, decline, deliver, endpoint, standing
from tests.jobs.working import run
from tests.shops import Shop
from tests.text import text_of
from tests.trailed import Told

pytestmark = pytest.mark.django_db

DECLINED = ["order.declined"]
LATE = 123_456  # the key of an endpoint that is added after many others


@pytest.fixture
def two(two_cells: None, settings: Settings) -> list[Shop]:
    """A shop in the first cell, and one in the second; webhooks may go to this machine."""
    settings.TAEL_WEBHOOK_NETWORKS = [ip_network("127.0.0.0/8")]
    found = [shops.join("2026-11-01 09:00", name) for name in ("meadow", "orchard")]
    where = dict(Merchant.objects.values_list("reference", "cell"))
    assert where == {"meadow": 1, "orchard": 2}
    return found


@pytest.mark.full  # one is turned off, and one turned on, in another cell below
def test_an_endpoint_is_turned_off_and_on_and_told_again_in_every_cell(two: list[Shop]) -> None:
    with receivers.running() as receiver:
        to = endpoint(receiver.url, DECLINED).endpoint
        for shop in two:
            decline(shop, f"{shop.reference}-1")
        receiver.behaviour = 500
        deliver("2026-11-02 10:05")
        assert cells.in_each(standing) == [["meadow-1 PENDING 1"], ["orchard-1 PENDING 1"]]
        for shop in two:  # nobody has numbered these yet
            assert shop.place("2026-11-02 10:06", f"{shop.reference}-2", "9000.00").startswith("d")
        browser = browser_of(operator("Administrator", email=ADMINISTRATOR))
        off, resend = (
            reverse("admin:gateway_webhookendpoint_decide", args=[to.pk, decision])
            for decision in ("off", "resend")
        )
        assert "On its way 2 Parked 0" in text_of(browser.get(off))
        with cells.at(1):
            now = shops.instant("2026-11-02 10:10")
            endpoints.turn_off(endpoint_id=to.pk, now=now, **hooks.BY)
        parked = [
            ["meadow-1 PARKED 1", "meadow-2 PARKED 0"],
            ["orchard-1 PARKED 1", "orchard-2 PARKED 0"],
        ]
        assert cells.in_each(standing) == parked
        receiver.behaviour = 204
        for shop in two:
            assert shop.place("2026-11-02 11:00", f"{shop.reference}-3", "9000.00").startswith("d")
        with cells.at(1):
            now = shops.instant("2026-11-02 12:00")
            endpoints.turn_on(endpoint_id=to.pk, now=now, **hooks.BY)
        deliver("2026-11-02 12:05")
        assert cells.in_each(standing) == parked
        assert len(receiver.requests) == 2  # the first two, which were not taken
        shown = text_of(browser.get(resend))
        assert "On its way 0 Parked 4" in shown
        assert shown.count("order.declined: 500") == 2
        since = trailed.newest()
        hooks.resend_parked(to, "2026-11-02 13:00")
        resent = Told("DELIVERY_RESENT", str(to), {"parked": 4}, {"parked": 0})
        assert trailed.told(since) == [resent]
        deliver("2026-11-02 13:05")
        assert cells.in_each(standing) == [
            ["meadow-1 DELIVERED 2", "meadow-2 DELIVERED 1"],
            ["orchard-1 DELIVERED 2", "orchard-2 DELIVERED 1"],
        ]


def test_an_endpoint_of_one_merchant_is_turned_off_in_its_cell_from_any(two: list[Shop]) -> None:
    with receivers.running() as receiver:
        receiver.behaviour = 500
        to = endpoint(receiver.url, DECLINED, merchant="orchard").endpoint
        decline(two[1], "orchard-1")
        deliver("2026-11-02 10:05")
        now = shops.instant("2026-11-02 10:10")
        with cells.at(1):
            endpoints.turn_off(endpoint_id=to.pk, now=now, **hooks.BY)
        assert cells.in_each(standing) == [[], ["orchard-1 PARKED 1"]]


def test_what_is_left_on_its_way_to_an_endpoint_that_is_off_is_parked_as_it_is_turned_on(
    two: list[Shop],
) -> None:
    """As it was left in other cells before endpoints were turned off in each."""
    with receivers.running() as receiver:
        receiver.behaviour = 500
        to = endpoint(receiver.url, DECLINED).endpoint
        decline(two[1], "orchard-1")
        deliver("2026-11-02 10:05")
        type(to).objects.update(is_on=False)
        with cells.at(1):
            now = shops.instant("2026-11-02 10:10")
            endpoints.turn_on(endpoint_id=to.pk, now=now, **hooks.BY)
        with cells.at(2):
            assert WebhookDelivery.objects.get().status == "PARKED"


def test_an_endpoint_that_keeps_silent_is_put_on_record_whatever_its_key_and_cell(
    two: list[Shop],
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE gateway_webhookendpoint ALTER id RESTART WITH {LATE}")
    with receivers.running() as receiver:
        receiver.behaviour = b"what?"
        endpoint(receiver.url, DECLINED)
        decline(two[1], *(f"orchard-{number}" for number in range(5)))
        with cells.at(2):
            found = run(DELIVER.name, "2026-11-02 10:05")
            assert [one.split()[-1] for one in standing()] == ["1", "1", "1", "0", "0"]
        assert (found.silent, found.open_chunks) == (["webhook 123456"], [])
        assert found.ended_at == shops.instant("2026-11-02 10:05")
