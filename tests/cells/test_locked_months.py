"""A month of the journal is locked in all cells at once, and stays so as books are moved."""

from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import date
from typing import Any

import pgtrigger
import pytest
from django.conf import LazySettings
from django.core.management import CommandError
from django.db import connections
from django.db.models import Value
from django.db.models.functions import Concat

from billing.models import (
    BankTransfer,
    BillingAccount,
    JournalCount,
    JournalLock,
    UnappliedEntry,
)
from billing.operations import journal_locks, transfers_moved
from config.cells import moves, turns
from lib import audit, cells, clock
from merchants.models import Move
from tests import journals, shops
from tests.billing import paying
from tests.cells.conftest import asked
from tests.cells.test_moves import audit_is_clean, move
from tests.credit.pages import set_clock
from tests.processes import until

pytestmark = pytest.mark.django_db(transaction=True)

PAID = "2026-11-10 11:00", "39.00"
BY: dict[str, Any] = {"actor": "olga@tael.example", "reason": "sent to the accountant"}


def lock(number: int, at: str, month: str) -> JournalLock:
    """Lock the month, as an operator who looks at this cell."""
    with cells.at(number):
        return journal_locks.lock(month=date.fromisoformat(month), now=shops.instant(at), **BY)


def kept() -> dict[int, list[int]]:
    """How many postings each cell has of each locked month."""
    found = {}
    for number in (1, 2):
        with cells.at(number):
            counts = JournalCount.objects.order_by("lock__through")
            found[number] = list(counts.values_list("postings", flat=True))
    return found


@pytest.mark.full  # with a move on its way, below
def test_a_month_is_locked_in_every_cell_at_once_and_stays_as_books_are_moved(
    two_cells_kept: None, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TAEL_JOURNAL = True
    set_clock(monkeypatch)("2027-01-02 12:00")
    with cells.at(1):
        shop = paying.manual("near")  # a bill of 39.00: two entries of two postings
        paying.receive(shop, "2026-11-30 11:00", "4.00", "BANK-1")
        november = journals.told(shop, end="2026-11-30")
    with cells.at(2):
        paying.manual("far")
    made = lock(2, "2026-12-01 13:00", "2026-11-01")
    counts = kept()
    assert made.postings == counts[1][0] + counts[2][0]
    assert counts[1][0] == counts[2][0] + 4  # the transfer, and the payment that it makes
    for number in (1, 2):
        with cells.at(number):
            assert set(BillingAccount.objects.values_list("last_wrote_at", flat=True)) == {
                made.locked_at
            }
    # What comes later is of the first open month, in whichever cell.
    with cells.at(1):
        paying.receive(shop, "2026-12-03 10:00", "5.00", "BANK-2")
        december = journals.told(shop, "2026-12-01", "2026-12-31")
    lock(1, "2027-01-01 13:00", "2026-12-01")
    before = kept()
    move(shop, 2)
    with cells.at(2):
        assert journals.told(shop, end="2026-11-30") == november
        assert journals.told(shop, "2026-12-01", "2026-12-31") == december
    after = kept()
    assert after[1] == [0, 0]
    assert [after[2][n] for n in (0, 1)] == [before[1][n] + before[2][n] for n in (0, 1)]
    audit_is_clean()
    # The audit of the cell tells when something of a locked month is gone, or came.
    with cells.at(2), pgtrigger.ignore():
        entries = UnappliedEntry.objects.filter(kind="RECEIVED")
        entries.update(source=Concat("source", Value("X")))
    with cells.at(2):
        found = [one for one in audit.run(audit.registered(), now=shops.instant("2027-01-02 12:00"))
                 if one.violations and "locked month" in one.check.name]  # fmt: skip
    assert [row.subject for one in found for row in one.listed] == [
        "month 2026-11",
        "month 2026-12",
    ]


@pytest.mark.full  # one of two cells is below
def test_a_month_that_was_locked_before_there_were_cells_is_the_first_ones(
    two_cells_kept: None, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TAEL_JOURNAL = True
    set_clock(monkeypatch)("2026-12-02 12:00")
    with cells.at(1):
        shop = paying.manual("near")
        paying.manual("beside")
    made = lock(1, "2026-12-01 13:00", "2026-11-01")
    for number in (1, 2):  # the lock has all that the first cell has, as it was then
        with cells.at(number), pgtrigger.ignore():
            JournalCount.objects.all().delete()
    audit_is_clean()
    move(shop, 2)
    assert kept() == {1: [made.postings // 2], 2: [made.postings // 2]}
    audit_is_clean()


@pytest.mark.full  # without transfers, below
def test_transfers_that_were_taken_off_keep_a_locked_month_as_a_merchant_is_moved(
    two_cells_kept: None, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was booked on the wrong bill, and one that never came, go along; what was booked on
    another merchant instead keeps both where they are.
    """
    settings.TAEL_JOURNAL = True
    set_clock(monkeypatch)("2026-12-02 12:00")

    def take_off(transfer: str, to: str) -> None:
        transfers_moved.move(
            transfer_id=BankTransfer.objects.get(reference=transfer, status="RECORDED").pk, to=to,
            told="It was wrong.", now=shops.instant("2026-11-20 10:00"), **BY,
        )  # fmt: skip

    with cells.at(1):
        shop, giver, taker = (paying.manual(name) for name in ("near", "giver", "taker"))
        assert paying.transfer_to(shop.account.invoices.get().pk, shop, *PAID, "BANK-1") == "new"
        take_off("BANK-1", "near")
        paying.receive(shop, "2026-11-11 11:00", "4.00", "BANK-2")
        take_off("BANK-2", "")
        paying.receive(giver, "2026-11-12 11:00", "5.00", "BANK-3")
        take_off("BANK-3", "taker")
        november = [journals.told(one, end="2026-11-30") for one in (shop, giver, taker)]
        assert any("never came" in entry for entry in november[0])
        assert any("between.transfers" in entry for entry in november[2])
    lock(1, "2026-12-01 13:00", "2026-11-01")
    (of_first,) = kept()[1]
    for one in (giver, taker):
        with pytest.raises(CommandError, match="BANK-3 was booked on taker in its place"):
            move(one, 2)
    assert kept() == {1: [of_first], 2: [0]}
    audit_is_clean()
    move(shop, 2)
    with cells.at(2):
        assert journals.told(shop, end="2026-11-30") == november[0]
    with cells.at(1):
        assert [journals.told(one, end="2026-11-30") for one in (giver, taker)] == november[1:]
    ((now_first,), (now_second,)) = kept().values()
    assert now_first + now_second == of_first
    assert now_second > 10
    audit_is_clean()


def test_a_month_that_is_locked_while_books_are_moved_has_them_once(
    two_cells_kept: None, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock waits for the move, whose rows it finds where they are then."""
    settings.TAEL_JOURNAL = True
    set_clock(monkeypatch)("2026-12-02 12:00")
    with cells.at(1):
        for name in ("near", "beside"):
            paying.manual(name)
    with cells.at(2):
        paying.manual("far")
    locking: list[Future[JournalLock]] = []

    def lock_apart() -> JournalLock:
        try:
            return lock(1, "2026-12-01 13:00", "2026-11-01")
        finally:
            connections.close_all()

    def lock_meanwhile(step: str) -> None:
        """Have the month be locked by another thread, and go on once it waits for a row."""
        if step == "compare":
            locking.append(threads.submit(lock_apart))
            until(lambda: asked("SELECT FROM pg_locks WHERE NOT granted") != [])

    with ThreadPoolExecutor(1) as threads:
        moves.move("near", 2, actor="ada", now=clock.now(), at_step=lock_meanwhile)
        made = locking[0].result()
    counts = kept()
    assert (counts[1][0], counts[2][0]) == (made.postings // 3, made.postings // 3 * 2)
    for number in (1, 2):
        with cells.at(number):
            assert set(BillingAccount.objects.values_list("last_wrote_at", flat=True)) == {
                made.locked_at
            }
    audit_is_clean()


@pytest.mark.full  # who gets no turn is below
def test_books_of_two_merchants_that_are_moved_at_once_wait_for_each_other(
    two_cells_kept: None, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept of the locked month is changed by both; who waits has not stopped yet."""
    settings.TAEL_JOURNAL = True
    set_clock(monkeypatch)("2026-12-02 12:00")
    with cells.at(1):
        for name in ("near", "beside"):
            paying.manual(name)
    made = lock(1, "2026-12-01 13:00", "2026-11-01")
    steps: list[str] = []
    moving: list[Future[None]] = []

    def move_beside() -> None:
        try:
            moves.move(
                "beside", 2, actor="ada", now=clock.now(),
                at_step=lambda step: steps.append(f"beside {step}"),
            )  # fmt: skip
        finally:
            connections.close_all()

    def move_meanwhile(step: str) -> None:
        """Have the other one be moved by another thread, and see how far that comes."""
        steps.append(f"near {step}")
        if step == "wait":
            moving.append(threads.submit(move_beside))
            until(lambda: steps[-1] == "beside turn")
        if step == "commit":
            assert wait(moving, timeout=1).not_done  # it would be through, or have failed

    with ThreadPoolExecutor(1) as threads:
        moves.move("near", 2, actor="ada", now=clock.now(), at_step=move_meanwhile)
        moving[0].result()
    assert steps.index("beside stop") > steps.index("near commit")
    assert kept() == {1: [0], 2: [made.postings]}
    audit_is_clean()


@pytest.mark.django_db
def test_whoever_does_not_get_a_turn_moves_nothing(
    two_cells: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(monkeypatch)("2026-12-02 12:00")
    with cells.at(1):
        paying.manual("near")
    by: dict[str, Any] = {"actor": "ada", "now": clock.now(), "most_seconds": 0.3}
    with turns.of(2, 3, most_seconds=1), pytest.raises(moves.NotMoved, match="turn: books of"):
        moves.move("near", 2, **by)
    with pytest.raises(moves.NotMoved, match="there is no merchant nobody"):
        moves.move("nobody", 2, **by)
    assert not Move.objects.exists()
    with turns.of(3, 4, most_seconds=1), turns.of(1, 2, most_seconds=1):  # of others
        pass


@pytest.mark.full  # the turns of others are not waited for above, either
def test_while_books_of_other_cells_are_moved_whoever_gets_a_turn_moves_books(
    two_cells_kept: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(monkeypatch)("2026-12-02 12:00")
    with cells.at(1):
        paying.manual("near")
    with turns.of(3, 4, most_seconds=1):
        moves.move("near", 2, actor="ada", now=clock.now(), most_seconds=60)
    audit_is_clean()
