"""Policies are shared by all cells, and so is what a new version of one would change."""

from types import SimpleNamespace
from typing import Any

import pytest

from backoffice import decision_pages
from lib import cells
from lib.cells import adding_up
from tests.cells.test_operators import boss
from tests.credit.deciding import DECIDED_AT
from tests.credit.test_policy_dry_run import INTRODUCE, NEXT, shop_that
from tests.factories import browser_of
from tests.text import text_of
from tests.whole import full

pytestmark = pytest.mark.django_db
ASKED = NEXT | {"d_factor": "0.5", "dry_run": "1"}


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the decisions' pages stands at DECIDED_AT."""
    monkeypatch.setattr(decision_pages, "clock", SimpleNamespace(now=lambda: DECIDED_AT))


def open_shops() -> None:
    """A shop in each of two cells that grade D cuts, of which the first has too much overdue."""
    for number, name in ((1, "meadow"), (2, "orchard")):
        with cells.at(number):
            shop = shop_that(name, "5000.00", "3.0", 10, 10, 10, credit_limit="5000.00",
                             payment_days=0)  # fmt: skip
            if number == 1:
                shop.place("2026-10-10 10:00", "LATE", "1000.00")
                shop.deliver("2026-10-10 11:00", "LATE")
                shop.run_jobs("2026-10-12 00:00")


@pytest.mark.parametrize("chosen", [2, *full(1)])
def test_what_a_policy_would_change_is_of_the_lines_of_all_cells(
    two_cells: None, chosen: int
) -> None:
    open_shops()
    browser = browser_of(boss())
    browser.get(f"/admin/credit/creditpolicy/?cell={chosen}")
    said = text_of(browser.post(INTRODUCE, ASKED))
    assert "Lines of all cells" in said
    assert "Lines that have a review 2 2" in said
    assert "By so much in all, down 2,600.00 USD 5,000.00 USD" in said
    assert "Lines with enough overdue to freeze them 1 1" in said
    assert "has not answered" not in said


def test_a_cell_that_does_not_answer_is_named_beside_what_a_policy_would_change(
    two_cells: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_shops()
    each = adding_up.each

    def without_second(ask: Any) -> Any:
        """What the first cell says, as if the second had been silent."""
        found = each(ask).found
        return adding_up.Answers({1: found[1]}, silent=[2])

    monkeypatch.setattr(adding_up, "each", without_second)
    said = text_of(browser_of(boss()).post(INTRODUCE, ASKED))
    assert "Cell 2 has not answered. What it has is missing here." in said
    assert "Lines that have a review 1 1" in said
