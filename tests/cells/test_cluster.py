"""Cells on machines of a cluster of Citus, which TAEL_CITUS_URL names (tests/cells/cluster.py)."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from io import StringIO
from pathlib import Path

import psycopg
import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connections
from psycopg.conninfo import make_conninfo
from pytest_django import Settings
from pytest_django.plugin import DjangoDbBlocker

from billing.models import Statement
from billing.operations import days
from config import books
from credit.models import Order
from gateway.models import WebhookEvent
from jobs import queries, tasks
from jobs.models import JobFailure
from lib import cells, commands
from lib.cells import citus
from merchants.models import Merchant
from tests import shops
from tests.cells import cluster, past, winter
from tests.cells.conftest import add_cells, connected, numbered
from tests.credit.pages import set_clock
from tests.factories import member, signed_in
from tests.gateway.asking import AN_ORDER, Caller
from tests.gateway.webhooks.conftest import receiver
from tests.gateway.webhooks.receivers import Receiver
from tests.relay import Relay, relayed
from tests.shops import instant

__all__ = ["receiver"]  # a fixture

pytestmark = [
    pytest.mark.skipif(not cluster.URL, reason="TAEL_CITUS_URL names no cluster."),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture(scope="module")
def relays(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[tuple[str, list[Relay]]]:
    """The name of a database with two cells, and what stands before each of two machines."""
    with ExitStack() as stack, django_db_blocker.unblock():
        _, *workers = cluster.machines()
        found = [stack.enter_context(relayed(*machine)) for machine in workers[:2]]
        name = numbered()
        template = connections["default"].settings_dict["TEST"]["TEMPLATE"]
        cluster.make(name, template, [("127.0.0.1", relay.port) for relay in found])
        add_cells(name)
        yield name, found
        cluster.drop(name)


@pytest.fixture
def apart(relays: tuple[str, list[Relay]]) -> Iterator[list[Relay]]:
    """Two cells, each on a machine of its own, with what stands before these."""
    name, found = relays
    with connected(name):
        places = citus.places()
        assert {places[1].port, places[2].port} == {relay.port for relay in found}
        yield [next(relay for relay in found if relay.port == places[n].port) for n in (1, 2)]


def shop_in(number: int, reference: str) -> shops.Shop:
    """A shop whose books are in the cell with this number."""
    with cells.at(number):
        return shops.join("2026-11-01 09:00", reference)


def told(*command: str) -> str:
    """What the command says."""
    output = StringIO()
    call_command(*command, stdout=output)
    return output.getvalue()


def test_each_cell_is_on_a_machine_and_the_list_says_which(apart: list[Relay]) -> None:
    shop_in(1, "fern")
    assert told("cells", "list").splitlines()[0] == (
        f"cell 1 at 127.0.0.1:{apart[0].port}: 1 merchants"
    )
    assert told("cells", "distribute") == "Distributed: none, all were so already.\n"
    for number, to, why in (
        (3, f"127.0.0.1:{apart[0].port}", "There is no cell 3 on a machine"),
        (1, f"127.0.0.1:{apart[0].port}", "Cell 1 is at 127.0.0.1"),
        (1, "127.0.0.1:1", "is no machine of this cluster"),
    ):
        with pytest.raises(CommandError, match=why):
            call_command("cells", "move-cell", str(number), "--to", to)


def test_a_cell_moves_to_another_machine_while_orders_come_and_none_is_lost(
    apart: list[Relay],
) -> None:
    shop, other = shop_in(2, "moss"), shop_in(1, "reed")
    taken: list[str] = []
    moved = threading.Event()

    def sell(to: shops.Shop, name: str) -> None:
        """Place orders at the shop until the cell has moved, and note them."""
        number = 0
        while number < 200 and not (moved.is_set() and number >= 10):
            number += 1
            assert to.place("2026-11-02 10:00", f"{name}-{number}", "1.00") == "applied"
            taken.append(f"{name}-{number}")
        connections.close_all()

    sellers = [
        threading.Thread(target=sell, args=(to, name)) for to, name in ((shop, "M"), (other, "R"))
    ]
    for seller in sellers:
        seller.start()
    call_command("cells", "move-cell", "2", "--to", f"127.0.0.1:{apart[0].port}", verbosity=0)
    moved.set()
    for seller in sellers:
        seller.join()
    assert citus.places()[2].port == apart[0].port
    found: list[str] = []
    for number in (1, 2):
        with cells.at(number):
            found += Order.objects.filter(
                line__merchant__reference__in=["moss", "reed"]
            ).values_list("reference", flat=True)
    assert sorted(found) == sorted(taken)
    assert len(taken) >= 20
    call_command("audit")
    call_command("cells", "move-cell", "2", "--to", f"127.0.0.1:{apart[1].port}", verbosity=0)


def test_audit_lists_what_was_tampered_with_on_a_machine(apart: list[Relay]) -> None:
    shop = shop_in(2, "sedge")
    assert shop.place("2026-11-02 10:00", "A-1", "12.50") == "applied"
    call_command("audit")
    address = make_conninfo(cluster.URL, dbname=connections["default"].settings_dict["NAME"],
                            host="127.0.0.1", port=str(apart[1].port))  # fmt: skip
    with psycopg.connect(address, autocommit=True) as machine:
        rows = machine.execute(
            "SELECT shardid FROM pg_dist_shard"
            " WHERE logicalrelid = 'cell_2.credit_creditline'::regclass"
        ).fetchall()
        machine.execute("SET session_replication_role TO replica")
        machine.execute("SET citus.enable_manual_changes_to_shards TO on")
        table = f"cell_2.credit_creditline_{rows[0][0]}"
        line = Merchant.objects.get(reference="sedge").pk
        machine.execute(f"UPDATE {table} SET used = used + 1 WHERE merchant_id = {line}")
        output = StringIO()
        with pytest.raises(CommandError):
            call_command("audit", stdout=output)
        assert "sedge" in output.getvalue()
        machine.execute(f"UPDATE {table} SET used = used - 1 WHERE merchant_id = {line}")
    call_command("audit")


def test_a_month_closes_in_every_cell_at_once(apart: list[Relay]) -> None:
    both = {1: shop_in(1, "aspen"), 2: shop_in(2, "birch")}
    for number, shop in both.items():
        with cells.at(number):
            assert shop.charge("2026-11-20 10:00", "pick-pack", "2.50", "C-1") == "applied"
            assert shop.place("2026-11-20 11:00", "A-1", "10.00") == "applied"

    def close(number: int) -> int:
        try:
            with cells.at(number):
                return days.work_off([both[number].merchant.pk], now=instant("2026-12-01 12:00"))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(close, both)) == [11, 11]
    for number, shop in both.items():
        with cells.at(number):
            statement = Statement.objects.get(account=shop.merchant.pk)
            assert statement.is_closed
            told = WebhookEvent.objects.get(merchant=shop.merchant, type="statement.closed")
            assert told.data == {"month": "2026-11", "total": "2.5000", "currency": "USD"}
    call_command("audit")


def test_a_merchant_moves_to_a_cell_on_another_machine(apart: list[Relay]) -> None:
    shop = shop_in(1, "cedar")
    with cells.at(1):
        assert shop.place("2026-11-02 10:00", "A-1", "12.50") == "applied"
        assert shop.pay("2026-11-03 10:00", "A-1", "2.50") == "applied"
        assert shop.charge("2026-11-20 10:00", "pick-pack", "2.50", "C-1") == "applied"
        before = books.of_merchant("cedar", local_names=True)
    told("cells", "move", "cedar", "--to", "2")
    with cells.at(2):
        assert books.of_merchant("cedar", local_names=True) == before
        assert shop.pay("2026-11-04 10:00", "A-1", "10.00") == "applied"
    call_command("audit")


def test_a_machine_that_is_away_holds_up_its_own_cell_alone_and_is_well_when_it_is_back(
    apart: list[Relay], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(monkeypatch)("2026-11-02 12:00")
    near, far = shop_in(1, "alder"), shop_in(2, "rowan")
    browsers = {shop.reference: signed_in(member(shop)) for shop in (near, far)}
    page = "/m/{}/credit/orders/"
    platform = Caller()
    order = {**AN_ORDER, "at": "2026-11-02T12:00:00Z", "currency": "USD"}
    charge = {
        "id": "e-1",
        "type": "charge.recorded",
        "at": "2026-11-02T12:00:00Z",
        "data": {"charge": "C-1", "fee": "pick-pack", "amount": "2.50", "currency": "USD"},
    }
    apart[1].cut()
    connections.close_all()
    away = browsers["rowan"].get(page.format("rowan"))
    assert (away.status_code, away.headers["Retry-After"]) == (503, "30")
    assert browsers["alder"].get(page.format("alder")).status_code == 200
    taken = platform.post("/orders", {**order, "merchant": "alder", "order": "B-1"})
    assert taken.status_code == 201, taken.content
    told = platform.events({**charge, "merchant": "alder"})
    assert [one["outcome"] for one in told] == ["applied"]
    for number, step in enumerate((
        lambda: near.ship("2026-11-02 12:00", "B-1"),
        lambda: near.pay("2026-11-02 12:00", "B-1", "10.00"),
        lambda: near.place("2026-11-02 12:00", "B-2", "10.00"),
        lambda: near.cancel("2026-11-02 12:00", "B-2"),
        lambda: near.refund("2026-11-02 12:00", "B-1", "5.00"),
    )):  # fmt: skip
        assert step() == "applied", number
    refused = platform.post("/orders", {**order, "merchant": "rowan", "order": "B-1"})
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "30")
    apart[1].mend()
    assert browsers["rowan"].get(page.format("rowan")).status_code == 200
    for shop in (near, far):
        assert shop.place("2026-11-02 10:00", "A-1", "1.00") == "applied"
    call_command("audit")


def test_day_ends_are_done_while_a_machine_is_away_and_those_of_its_cell_when_it_is_back(
    apart: list[Relay], monkeypatch: pytest.MonkeyPatch, settings: Settings, receiver: Receiver
) -> None:
    move, near, far = winter.begun(monkeypatch, settings, receiver)
    first, *others = winter.TICKS
    move(first)
    assert winter.run_all(first) == set()
    before = winter.became(far, 2)

    apart[1].cut()
    connections.close_all()
    waiting = set()
    for at in others:
        cache.clear()
        move(at)
        waiting |= winter.run_all(at)
    # A cell that has not answered is not asked again for a minute, by any job.
    assert waiting == {("billing-day-ends", 2)}
    assert winter.became(near, 1) == winter.DONE
    now = instant(others[-1])
    assert {one.cell for one in queries.job_states(now) if one.job.name == "billing-day-ends"} == {
        2
    }
    # What all cells share is not written meanwhile: the row that needs it waits, and no other.
    failed = JobFailure.objects.filter(resolved_at=None)
    assert {one.job for one in failed} == {"retention"}
    assert all("what all cells share is written on each machine" in one.error for one in failed)
    with pytest.raises(CommandError, match=r"^Not looked at, or not to its end: cell 2\.$"):
        told("audit")
    with pytest.raises(CommandError, match="cell 2"):
        told("books", "--all")

    apart[1].mend()
    connections.close_all()
    cache.clear()
    assert winter.became(far, 2) == before
    move("2027-02-12 01:02")
    for name, cell, tick in queries.owed(instant("2027-02-12 01:02")):
        tasks.run_job(name, tick=tick.isoformat(), cell=cell)
    assert winter.became(far, 2) == winter.DONE
    call_command("audit")


def test_bills_of_before_a_marketplace_moved_in_are_settled(
    two_cells_kept: None, tmp_path: Path, settings: Settings
) -> None:
    past.replayed(tmp_path, settings)
    assert past.settled(1) == past.settled(2) == past.SETTLED
    call_command("audit")


def test_who_asks_a_machine_that_hangs_is_not_held_up_by_it(
    apart: list[Relay], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes connections and what is sent, and answers nothing; the coordinator goes on waiting
    for it, and whoever asked does not.
    """
    for number, name in ((1, "maple"), (2, "pine")):
        shop_in(number, name)
    monkeypatch.setattr(commands, "THERE_SECONDS", 2)
    apart[1].hang()
    connections.close_all()
    began = time.monotonic()
    try:
        with pytest.raises(CommandError, match=r"^Not looked at, or not to its end: cell 2\.$"):
            told("audit")
        assert time.monotonic() - began < 60
    finally:
        apart[1].go_on()
    connections.close_all()
    call_command("audit")
