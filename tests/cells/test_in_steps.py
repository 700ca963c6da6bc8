"""Day-ends that are told part by part, as on a cluster of Citus, write what they do elsewhere."""

from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError
from pytest_django import Settings

from billing.operations import days as days_of_accounts
from billing.operations import (
    dunning,
    invoice_dates,
    invoices,
    known_answers,
    moved_in,
    statements,
)
from credit.operations import days, order_writes, overdue, reviews, unpaid_bills
from gateway.webhooks.operations import outbox
from jobs.chunks import MachineAway, one_by_one, run_bisecting
from lib import cells, parts
from lib.cells import citus
from lib.parts import InSteps
from notices.operations import mails
from tests import shops
from tests.cells import cluster, past, winter
from tests.gateway.webhooks.conftest import receiver
from tests.gateway.webhooks.receivers import Receiver
from tests.test_three_ways import three_ways

__all__ = ["receiver"]  # a fixture

pytestmark = pytest.mark.django_db


@pytest.fixture
def in_steps(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The texts of the statements that were carried out part by part."""
    done: set[str] = set()
    carry_out = InSteps.rows

    def note(self: InSteps, database: Any, values: Mapping[str, Any]) -> Any:
        """Note the statement, and carry it out."""
        done.add(str(self))
        return carry_out(self, database, values)

    monkeypatch.setattr(InSteps, "rows", note)
    return done


@pytest.mark.full  # fewer days are replayed in steps below
@pytest.mark.skipif(bool(cluster.URL), reason="A cluster refuses some of them at once.")
def test_day_ends_in_steps_write_what_they_write_at_once(
    two_cells: None,
    in_steps: set[str],
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    receiver: Receiver,
) -> None:
    monkeypatch.setattr(parts, "is_for", lambda database: cells.entered() == "cell_2")
    move, at_once, apart = winter.begun(monkeypatch, settings, receiver)
    for at in winter.TICKS:
        move(at)
        assert winter.run_all(at) == set()
    assert winter.became(at_once, 1) == winter.DONE
    assert winter.became(apart, 2) == winter.DONE
    assert {
        *(days.WRITE_OFF, overdue.UPDATE, unpaid_bills.PLACE, reviews.APPLY, statements.CLOSE),
        *(invoice_dates.CHARGE_PLANS, invoices.ISSUE, dunning.FAIL_MANUAL, outbox.NUMBER),
        mails.ADDRESS,
    } <= in_steps


def test_a_replay_in_steps_leaves_the_books_of_the_reference(
    in_steps: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """It takes many steps of orders together, too."""
    settings.TAEL_SANDBOX = True
    monkeypatch.setattr(parts, "is_for", lambda database: True)
    assert three_ways((11, 2, 12, 1), tmp_path, settings) > 50
    assert order_writes.PAY in in_steps


def test_bills_are_collected_at_once_in_steps(
    in_steps: set[str], monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.TAEL_SANDBOX = True
    monkeypatch.setattr(parts, "is_for", lambda database: True)
    shop = shops.join("2026-11-01 09:00", plan_price="39.00", payment_method="sandbox")
    days_of_accounts.work_off([shop.merchant.pk], now=shops.instant("2026-12-02 01:00"))
    found = list(shop.account.invoices.values_list("pk", flat=True))
    assert known_answers.collect(found, now=shops.instant("2026-12-02 01:00")) == []
    assert set(shop.account.invoices.values_list("status", flat=True)) == {"PAID"}
    assert any("billing_payment (" in one for one in in_steps)


@pytest.mark.full  # a replay in steps, above
@pytest.mark.skipif(bool(cluster.URL), reason="A cluster is always asked in steps.")
def test_bills_of_before_are_settled_in_steps_as_at_once(
    two_cells: None,
    in_steps: set[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
) -> None:
    monkeypatch.setattr(parts, "is_for", lambda database: cells.entered() == "cell_2")
    past.replayed(tmp_path, settings)
    assert past.settled(1) == past.settled(2) == past.SETTLED
    assert moved_in.SETTLE in in_steps
    call_command("audit", stdout=StringIO())


def test_a_row_that_needs_a_machine_that_is_away_is_left_and_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that is away itself, as the cell's is, is no row's fault."""
    done: list[int] = []

    def write(keys: Sequence[int]) -> None:
        """Write rows of which the third one's is shared."""
        if 3 in keys:
            raise OperationalError("connection to the remote node failed")
        done.extend(keys)

    monkeypatch.setattr(citus, "is_of_another", lambda error: True)
    for failures in (
        run_bisecting(write, [1, 2, 3, 4]),
        one_by_one(lambda key: write([key]), [1, 2, 3, 4]),
    ):
        assert {key: type(error) for key, error in failures.items()} == {3: MachineAway}
        assert "connection to the remote node failed" in str(failures[3])
    assert done == [1, 2, 4, 1, 2, 4]
    monkeypatch.setattr(citus, "is_of_another", lambda error: False)
    with pytest.raises(OperationalError):
        run_bisecting(write, [3, 4])
