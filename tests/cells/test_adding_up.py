"""What operators read of all cells together, and what becomes of it where one does not answer."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.db.models import Sum
from django.urls import reverse

from backoffice.home import QueueSummary
from credit.models import Order, OrderPayment
from lib import cells
from lib.cells import adding_up
from tests import shops
from tests.cells.test_operators import boss
from tests.credit.pages import set_clock
from tests.factories import browser_of
from tests.text import text_of

pytestmark = pytest.mark.django_db
NOW = "2026-11-02 12:00"


@contextmanager
def locked(table: str) -> Iterator[None]:
    """A context in which others are kept from the table, by a connection that holds it for
    itself.
    """
    holder = connection.copy()
    holder.set_autocommit(False)
    try:
        with holder.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {table}")
        yield
    finally:
        holder.rollback()
        holder.close()


def open_shops() -> None:
    """A shop in each of two cells, with an order, and cash that is too much for it."""
    for number, name in ((1, "meadow"), (2, "orchard")):
        with cells.at(number):
            shop = shops.join("2026-11-01 09:00", name, name=name.title())
            assert shop.place("2026-11-02 10:00", f"{name}-1", "12.50") == "applied"
            said = shop.pay("2026-11-02 11:00", f"{name}-1", f"{number}00.00")
            assert said == "rejected overpayment"


def unmatched(home: Any) -> QueueSummary:
    """The queue of cash that no order could take, as the home page has it."""
    waiting = home.context["waiting"]
    queues = [*waiting.others, *(one for _, found in waiting.groups for one in found)]
    found: QueueSummary
    (found,) = [one for one in queues if one.queue.model is OrderPayment]
    return found


def test_what_waits_figures_reports_and_finds_are_of_all_cells(
    two_cells: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(monkeypatch)(NOW)
    open_shops()
    cache.clear()
    browser = browser_of(boss())
    home = browser.get("/admin/")
    cash = unmatched(home)
    assert (cash.count, cash.amounts) == (2, [(Decimal(300), "USD")])
    assert [(one.cell, one.number) for one in cash.by_cell] == [(1, "1"), (2, "1")]
    assert "All cells" in text_of(home)
    (dollars,) = home.context["figures"].currencies
    assert dollars.totals["lines"] == 2
    assert (dollars.month["placed"].count, dollars.month["placed"].amount) == (2, 25)
    of_second = browser.get(cash.by_cell[1].address)
    assert of_second.headers["Location"] == cash.address
    listed = text_of(browser.get(cash.address))
    assert "200.00" in listed
    assert "Cell 2" in listed

    for number, name in ((1, "meadow"), (2, "orchard")):
        with cells.at(number):
            shops.Shop(name).place("2026-11-02 11:30", "TOO-MUCH", f"{number}00000.00")
    report = reverse("backoffice:report", args=["declined-orders"])
    asked = "?currency=USD&start=2026-11-01&end=2026-11-02"
    shown = browser.get(report + asked)
    assert not shown.context["form"].errors, text_of(shown)
    (line,) = shown.context["lines"]
    assert line["figures"][0] == "2"
    assert "300,000.00" in line["figures"][1]
    rows = browser.get(line["address"])
    assert len(rows.context["rows"]) == 2
    assert rows.context["page"].paginator.count == 2
    file: Any = browser.get(reverse("backoffice:report_csv", args=["declined-orders"]) + asked)
    assert file.content.decode().splitlines()[1].endswith(",2,300000.00")
    found = browser.get(reverse("backoffice:find"), {"q": "orchard-1"})
    with cells.at(2):
        order = Order.objects.get(reference="orchard-1")
    assert found.headers["Location"] == reverse("admin:credit_order_change", args=[order.pk])


@pytest.mark.full  # test_commands has one that is named
def test_a_cell_that_does_not_answer_is_named_and_not_waited_for(
    two_cells_kept: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(monkeypatch)(NOW)
    monkeypatch.setattr(adding_up, "MOST_SECONDS", 60.0)  # of a busy machine
    open_shops()
    cache.clear()
    browser = browser_of(boss())
    both = adding_up.each(lambda: (Order.objects.aggregate(Sum("amount")), cells.entered()))
    assert [(number, said["amount__sum"], cell) for number, (said, cell) in both.found.items()] == [
        (1, 12.5, "cell_1"), (2, 12.5, "cell_2")
    ]  # fmt: skip
    assert both.silent == []

    with pytest.raises(ValueError, match="no number"):  # what else goes wrong is told
        adding_up.each(lambda: int("no number"))
    away = adding_up.each(lambda: _away() if cells.number() == 1 else Order.objects.count())
    assert (away.found, away.silent) == ({2: 1}, [1])

    with locked("cell_2.credit_order"):
        half = adding_up.each(lambda: Order.objects.count(), most_seconds=5)
    assert (half.found, half.silent) == ({1: 1}, [2])
    for thread in threading.enumerate():
        if "_work" in thread.name:  # what was too late has ended by itself
            thread.join(30)
            assert not thread.is_alive()

    answer = adding_up._Asked._answer

    def without_second(asked: Any, number: int, seconds: float) -> Any:
        return OperationalError("away") if number == 2 else answer(asked, number, seconds)

    monkeypatch.setattr(adding_up._Asked, "_answer", without_second)
    home = browser.get("/admin/")
    assert "Cell 2 has not answered." in text_of(home)
    assert "Cell 1 has" not in text_of(home)
    assert unmatched(home).amounts == [(Decimal(100), "USD")]
    assert [one.totals["lines"] for one in home.context["figures"].currencies] == [1]
    found = browser.get(reverse("backoffice:find"), {"q": "meadow-1"})
    assert "Cell 2 has not answered." in text_of(found)
    assert "meadow-1" in text_of(found)
    report = reverse("backoffice:report_csv", args=["declined-orders"])
    file = browser.get(f"{report}?currency=USD&start=2026-11-01&end=2026-11-02")
    assert (file.status_code, file.headers["Retry-After"]) == (503, "60")
    monkeypatch.undo()
    assert "has not answered" not in text_of(browser.get(reverse("backoffice:find"), {"q": "x"}))


def _away() -> int:
    """Fails as a database does that is away."""
    raise OperationalError("the connection is closed")
