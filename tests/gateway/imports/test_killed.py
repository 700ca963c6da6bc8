"""Workers that die in the middle of an import, or come two at once: each row is applied once."""

import signal
from functools import partial
from threading import Event
from typing import Any

import pytest

from gateway.imports import operations
from gateway.imports.models import Import, ImportedRow
from gateway.imports.operations import AlreadyImported
from tests import forked, shops, threads
from tests.gateway.imports.importing import NOW, became, orders, status, take_in, upload
from tests.processes import PATIENCE_SECONDS
from tests.threads import every_order

pytestmark = pytest.mark.django_db(transaction=True)


def visit_killed_after(statements: int, import_id: int) -> int | None:
    """Have the job visit the import in another process, which kills itself after so many
    statements. Returns its exit code.
    """
    return forked.killed_before(statements, partial(operations.visit, import_id, now=NOW))


@pytest.fixture(autouse=True)
def in_threes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three rows are taken in at once."""
    monkeypatch.setattr(operations, "AT_ONCE", 3)


def test_a_worker_that_dies_between_applying_and_noting_it_leaves_nothing_half_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = shops.join("2026-11-01 10:00")
    file = upload("ORDERS", *orders(*range(1, 9)))

    def killed(*_: object, **__: object) -> None:
        raise SystemExit

    assert operations.take_some(file.pk, now=NOW)
    with monkeypatch.context() as patched:
        patched.setattr(operations, "shown", killed)
        with pytest.raises(SystemExit):
            operations.visit(file.pk, now=NOW)
    assert (shop.line.orders.count(), status(file)) == (3, "RUNNING")
    assert became(file)[2:4] == ["4 applied", "5 waiting"]
    take_in()
    assert (shop.line.orders.count(), status(file)) == (8, "DONE")
    # None is a duplicate: what was applied in vain was taken back with it.
    assert became(file) == [f"{line} applied" for line in range(2, 10)]
    assert str(shop.line.used.amount) == "80.00"


def test_killed_half_way_it_goes_on_where_it_was() -> None:
    shop = shops.join("2026-11-01 10:00")
    file = upload("ORDERS", *orders(*range(1, 21)))
    assert visit_killed_after(40, file.pk) == -signal.SIGKILL
    applied = shop.line.orders.count()
    assert 0 < applied < 20
    assert applied % 3 == 0  # whole transactions
    assert file.rows.filter(outcome="applied").count() == applied
    assert file.rows.filter(outcome="waiting").count() == 20 - applied
    assert visit_killed_after(100_000, file.pk) == 0
    assert (shop.line.orders.count(), status(file)) == (20, "DONE")
    assert became(file) == [f"{line} applied" for line in range(2, 22)]


@every_order
def test_workers_at_once_apply_each_row_once() -> None:
    shop = shops.join("2026-11-01 10:00")
    file = upload("ORDERS", *orders(*range(1, 21)))
    threads.at_once(lambda _: operations.visit(file.pk, now=NOW), threads=4)
    assert (shop.line.orders.count(), status(file)) == (20, "DONE")
    assert became(file) == [f"{line} applied" for line in range(2, 22)]
    assert list(shop.line.orders.order_by("pk").values_list("reference", flat=True)) == [
        f"A-{number}" for number in range(1, 21)
    ]


@pytest.mark.full  # one after the other in test_import_pages.py
@every_order
def test_of_the_same_file_uploaded_by_two_at_once_one_is_kept() -> None:
    shops.join("2026-11-01 10:00")

    def one(_: int) -> str:
        try:
            upload("ORDERS", *orders(1, 2))
        except AlreadyImported:
            return "told"
        return "kept"

    assert threads.at_once(one, threads=4) == {"kept": 1, "told": 3}
    assert (Import.objects.count(), ImportedRow.objects.count()) == (1, 2)


@pytest.mark.full  # workers at once, above
def test_one_that_is_stopped_while_workers_are_at_it_keeps_what_they_have_applied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(operations, "AT_ONCE", 1)
    shop = shops.join("2026-11-01 10:00")
    file = upload("ORDERS", *orders(*range(1, 41)))
    is_stopped, take_some = Event(), operations.take_some

    def before_the_end(import_id: int, **given: Any) -> bool:
        """Workers come to the last rows no sooner than it is stopped, however slowly that goes."""
        if file.rows.filter(outcome="applied").count() > 20:
            assert is_stopped.wait(PATIENCE_SECONDS)
        return take_some(import_id, **given)

    monkeypatch.setattr(operations, "take_some", before_the_end)

    def work_or_stop(number: int) -> None:
        if number:
            operations.visit(file.pk, now=NOW)
        else:
            said = {"reason": "Too early.", "actor": "olga@tael.example", "now": NOW}
            operations.stop(import_id=file.pk, **said)  # type: ignore[arg-type]
            is_stopped.set()

    threads.at_once(work_or_stop, threads=3)
    applied = shop.line.orders.count()
    assert (status(file), applied < 40) == ("STOPPED", True)
    assert file.rows.filter(outcome="applied").count() == applied
    operations.resume(
        import_id=file.pk, reason="Now it is time.", actor="olga@tael.example", now=NOW
    )
    take_in()
    assert (status(file), shop.line.orders.count()) == ("DONE", 40)
