"""Pages of merchants in cells are read from a replica, too."""

from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from config import replicas
from lib import cells
from lib.cells import adding_up
from tests import shops
from tests.cells.conftest import asked
from tests.credit.pages import set_clock
from tests.factories import browser_of, member
from tests.machines.standby import standby
from tests.machines.test_replicas import _hang_up
from tests.text import text_of

pytestmark = pytest.mark.django_db(transaction=True)
ORDERS = "/m/orchard/credit/orders/"


@pytest.mark.full  # config/test_replicas is without cells
def test_a_page_in_a_cell_is_read_from_a_replica_that_is_far_enough(
    two_cells_kept: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(monkeypatch)("2026-11-02 12:00")
    monkeypatch.setattr(replicas, "BEHIND_SECONDS", 600.0)  # of a busy machine
    with standby() as replica:
        settings.TAEL_REPLICA = replica.settings() | {"ENGINE": connection.settings_dict["ENGINE"]}
        shops.join("2026-11-01 09:00", "meadow")
        shop = shops.join("2026-11-01 09:00", "orchard")
        assert shop.merchant.cell == 2
        with cells.at(2):
            shop.place("2026-11-02 10:00", "FIRST", "12.50")
        owner = browser_of(member(shop))
        replica.catch_up()
        assert "FIRST" in text_of(owner.get(ORDERS))
        replica.catch_up()
        replica.pause()
        with cells.at(2):
            shop.place("2026-11-02 11:00", "SECOND", "7.00")
        assert "SECOND" not in text_of(owner.get(ORDERS))
        file: Any = owner.get("/m/orchard/credit/orders.csv")
        assert b"SECOND" not in b"".join(file.streaming_content)
        # What the same person wrote is read by that person.
        assert owner.post("/i18n/setlang/", {"language": "en", "next": "/"}).status_code == 302
        assert "SECOND" in text_of(owner.get(ORDERS))
        # What adds up over cells asks where the page is read.
        with replicas.from_replica():
            answers = adding_up.each(in_recovery, most_seconds=60)
        assert answers.found == {1: (True, 0), 2: (True, 1)}
        assert adding_up.each(in_recovery, most_seconds=60).found == {1: (False, 0), 2: (False, 2)}
        replica.go_on()
        _hang_up()


def in_recovery() -> tuple[Any, ...]:
    """Whether a replica answers, and how many orders it has in this cell."""
    return asked("SELECT pg_is_in_recovery(), count(*) FROM credit_order")[0]
