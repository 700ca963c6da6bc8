"""Commands go over all cells, or take one; a file's merchants are spread over them."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from pytest_django import Settings

from billing.models import Invoice
from config import books
from credit.models import Order
from credit.operations import limits
from jobs.models import Heartbeat
from lib import audit, cells, clock
from merchants import installation
from merchants.models import Merchant
from tests import shops
from tests.amounts import usd
from tests.billing import deciding
from tests.billing.reversing import offended
from tests.config.test_time_zone_data import newer
from tests.gateway.imports.importing import ORDERS, became, take_in, upload
from tests.two_people import WHY, by_two
from tests.whole import full

pytestmark = pytest.mark.django_db
__all__ = ["newer"]  # a fixture


def told(*command: str) -> str:
    """What the command says."""
    output = StringIO()
    call_command(*command, stdout=output)
    return output.getvalue()


def test_a_file_is_replayed_into_two_cells_and_every_book_of_them_holds(
    two_cells: None, tmp_path: Path, settings: Settings
) -> None:
    settings.TAEL_SANDBOX = True
    file = tmp_path / "events.jsonl"
    lines: list[str] = []

    def keep(event: dict[str, object]) -> str:
        """Keep the event as a line of the file."""
        lines.append(json.dumps(event))
        return "kept"

    for name in ("birch", "cedar", "maple"):
        shop = shops.Shop(name, keep, plan_price="39.00")
        shop.join("2026-10-01 09:00")
        shop.place("2026-10-02 10:00", "A-1", "120.00")
        shop.ship("2026-10-02 12:00", "A-1")
        shop.deliver("2026-10-03 12:00", "A-1")
        shop.charge("2026-10-02 15:00", "pick-pack", "15.50", f"C-{name}")
        shop.pay("2026-10-05 10:00", "A-1", "120.00")
    file.write_text("\n".join(lines) + "\n")
    call_command("replay", str(file), until="2026-11-02T00:00:00Z", beyond_now=True,
                 rejected=tmp_path / "rejected.csv", verbosity=0)  # fmt: skip
    where = dict(Merchant.objects.values_list("reference", "cell"))
    assert where == {"birch": 1, "cedar": 2, "maple": 1}

    said = told("audit")
    assert "Audit of the books of cell 1" in said
    assert "Audit of the books of cell 2" in said
    assert "cell 1" not in told("audit", "--cell", "2")
    documents = [json.loads(line) for line in told("books", "--all").splitlines()]
    assert [one["merchant"]["reference"] for one in documents] == ["birch", "maple", "cedar"]
    (cedar,) = [json.loads(line) for line in told("books", "--all", "--cell", "2").splitlines()]
    assert cedar == documents[2] == json.loads(told("books", "cedar", "--json"))
    for name in ("merchant", "credit", "billing"):
        assert documents[0][name].keys() == cedar[name].keys()
    assert told("cells", "list").splitlines() == ["cell 1: 2 merchants", "cell 2: 1 merchants"]
    with pytest.raises(CommandError, match=r"There is no cell 7\."):
        told("audit", "--cell", "7")

    # A bill's number names the cell that gave it, wherever it is asked for.
    first, second = "2026-000001", "2-2026-000001"
    for number in (1, 2):
        with cells.at(number):
            given = set(Invoice.objects.values_list("number", flat=True))
            assert (first in given, second in given) == (number == 1, number == 2)
            for inside, outside in ((first, "T-2026-000001"), (second, "T2-2026-000001")):
                assert installation.outside(inside) == outside
                assert installation.inside(outside) == installation.inside(inside) == inside
    first, second = map(installation.outside, (first, second))
    assert [installation.cell_of(one) for one in (first, second, "X-1")] == [1, 2, None]


@pytest.mark.parametrize(
    "command",
    [
        ["invoice_csv", "2026-000001", "--cell", "0"],
        ["replay", "events.csv", "--cell", "0"],
        *full(["journal", "--cell", "0"], ["review", "--cell", "0"], ["audit", "--cell", "0"]),
    ],
)
def test_there_is_no_cell_0(two_cells: None, command: list[str]) -> None:
    with pytest.raises(CommandError, match=r"There is no cell 0\."):
        told(*command)


def test_no_cell_is_added_under_a_number_that_none_can_have(two_cells: None) -> None:
    with pytest.raises(CommandError, match="0 is no number of a cell"):
        told("cells", "add", "0")
    assert cells.numbers() == [1, 2]


@pytest.mark.parametrize("seconds", ["0", *full("-1", "nan", "1e9", "soon")])
def test_no_time_at_all_and_what_is_no_time_is_refused(two_cells: None, seconds: str) -> None:
    for command in (["audit"], ["cells", "move", "birch", "--to", "2"]):
        with pytest.raises(CommandError, match="is no number of seconds up to 86400"):
            told(*command, "--most-seconds", seconds)


def test_another_version_of_the_time_zone_data_is_taken_in_every_cell(
    two_cells: None, newer: Callable[[], None]
) -> None:
    found = []
    for number, name in ((1, "birch"), (2, "cedar")):
        with cells.at(number):
            zone = {"timezone": "America/Vancouver", "plan_price": "39.00"}
            found.append(shops.join("2026-10-01T10:00:00-07:00", name, **zone))
            shops.run_jobs(shops.instant("2026-11-25T12:00Z"))
    newer()
    assert "2 merchants' open days end by tzdata 2027.1" in told("timezones", "--take")
    for shop in found:
        with cells.at(shop.merchant.cell):
            for books in (shop.account, shop.line):
                assert str(books.open_on) == "2026-11-25"
                assert books.open_until == shops.instant("2026-11-26T08:00Z")


def test_merchants_of_a_file_join_the_cell_that_is_asked_for(
    two_cells: None, tmp_path: Path, settings: Settings
) -> None:
    settings.TAEL_SANDBOX = True
    lines: list[str] = []

    def keep(event: dict[str, object]) -> str:
        """Keep the event as a line of the file."""
        lines.append(json.dumps(event))
        return "kept"

    for name in ("birch", "cedar"):
        shop = shops.Shop(name, keep)
        shop.join("2026-10-01 09:00")
        shop.place("2026-10-02 10:00", "A-1", "120.00")
    (file := tmp_path / "events.jsonl").write_text("\n".join(lines) + "\n")
    call_command("replay", str(file), "--cell", "2", beyond_now=True,
                 rejected=tmp_path / "rejected.csv", verbosity=0)  # fmt: skip
    assert set(Merchant.objects.values_list("cell", flat=True)) == {2}
    with cells.at(2):
        assert Order.objects.count() == 2
    Heartbeat.objects.create(process="scheduler", at=clock.now())
    said = told("jobs")
    assert "Cell 2: Last month closed: 2026-09 for everybody" in said
    assert "\nLast month closed: 2026-09 for everybody" in told("jobs", "--cell", "2")
    assert "Last month closed" not in told("jobs", "--cell", "1")


def test_the_audit_of_a_cell_looks_at_decisions_and_imports_of_its_own_merchants(
    two_cells: None,
) -> None:
    with cells.at(1):
        shops.join("2026-11-01 10:00", "meadow")
    with cells.at(2):
        orchard = shops.join("2026-11-01 10:00", "orchard")
        key, now = orchard.merchant.pk, shops.instant("2026-11-02 10:00")
        by_two(limits.set_limit, merchant_id=key, limit=usd(50_000), now=now, **WHY)
        assert orchard.charge("2026-11-03 10:00", "pick-pack", "40.00", "P-1") == "applied"
        deciding.grant(orchard, "2026-11-04 10:00", "3.00", charge="P-1")
    file = upload("ORDERS", ORDERS, "meadow,A-1,Mei,30.00,USD", "orchard,A-1,Mei,20.00,USD")
    take_in()
    assert became(file) == ["2 applied", "3 applied"]
    assert cells.in_each(offended) == [[], []]
    # What does not hold is named where the merchant's books are.
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # no trigger fires
        cursor.execute("UPDATE merchants_operatordecision SET figure = figure + 1")
        cursor.execute("UPDATE gateway_importedrow SET reference = 'A-9' WHERE line = 3")
    first, second = cells.in_each(offended)
    assert (first, len(second)) == ([], 3)


def test_a_cell_that_does_not_answer_is_named_and_the_others_are_looked_at(
    two_cells: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("birch", "cedar"):
        shops.join("2026-11-01 10:00", name)
    run, of_all = audit.run, books.of_all

    def away() -> None:
        """Fail in the first cell, as if its machine had gone."""
        if cells.number() == 1:
            raise OperationalError("connection to the remote node failed")

    def run_elsewhere(*checks: Any, **more: Any) -> Any:
        away()
        return run(*checks, **more)

    def of_all_elsewhere(numbers: Any) -> Any:
        away()
        return of_all(numbers)

    monkeypatch.setattr(audit, "run", run_elsewhere)
    monkeypatch.setattr(books, "of_all", of_all_elsewhere)
    said = []
    for command in (["audit"], ["books", "--all"]):
        output = StringIO()
        with pytest.raises(CommandError, match=r"^Not looked at, or not to its end: cell 1\.$"):
            call_command(*command, stdout=output)
        assert capsys.readouterr().err == (
            "Cell 1 could not be looked at: connection to the remote node failed\n"
        )
        said.append(output.getvalue())
    assert "Audit of the books of cell 2" in said[0]
    (document,) = map(json.loads, said[1].splitlines())
    assert document["merchant"]["reference"] == "cedar"
    assert "Audit of the books of cell 2" in told("audit", "--cell", "2")
