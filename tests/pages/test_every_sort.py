"""Whatever a list is sorted by, it has the same rows: on its pages, and in its file."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from lib import paging
from lib.lists import Filter
from tests.credit.pages import set_clock
from tests.factories import browser_of, member
from tests.routes import addresses, full_shop
from tests.undrawn import undrawn
from tests.whole import full

pytestmark = pytest.mark.django_db

clock = pytest.fixture(set_clock)

FILE = re.compile(r'href="([^"?]+\.csv)[?"]')


@pytest.mark.parametrize("whole", [False, *full(True)])
def test_every_sort_of_every_list_keeps_count_and_sum(
    clock: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    """In `make test` two sorts of every eighth list, by turns, with a page for each three rows; in
    `make test-full` all of each, with a page for each row.
    """
    shop = full_shop()
    shop.place("2026-12-01 09:50", "A-3", "60.00")
    shop.place("2026-12-01 09:51", "A-4", "70.00")
    shop.deliver("2026-12-01 09:55", "A-4")
    clock("2026-12-01 10:00")
    owner = browser_of(member(shop))
    defaults = paging.page.__kwdefaults__ or {}
    # With one row a page, each row is met by a mark; with three, every third one.
    monkeypatch.setitem(defaults, "size", 1 if whole else 3)
    seen: set[type[Filter]] = set()
    lost = {}
    turn = 0
    for address in sorted(addresses(shop)):
        if not address.endswith("/"):  # a file
            continue
        with undrawn():
            context = owner.get(address).context or {}
        asked = context.get("filter")
        if asked is None:
            continue
        seen.add(type(asked))
        if "page" not in context:  # no list of rows, and so in one order
            continue
        sorts = list(asked.sorts)
        turn += 1
        if not whole and turn % 8 != 1:
            continue
        if not whole:
            sorts = [sorts[turn % len(sorts)], sorts[(turn + 1) % len(sorts)]]
        offered = [set(files(owner.get(address, {"by": by}))) for by in sorts]
        names = sorted(set.intersection(*offered))
        found = {by: told(owner, address, by, names) for by in sorts}
        if len({str(one) for one in found.values()}) != 1:
            lost[address] = found
    assert lost == {}
    assert seen == {one for one in _lists() if one.SORTS}


def told(
    client: Client, address: str, by: str, names: list[str]
) -> tuple[list[Any], dict[str, Any]]:
    """The rows of all pages, there and back, and what the list's file comes to."""
    with undrawn():
        first = client.get(address, {"by": by})
        there, last = walked(client, address, by, first.context["page"], "after")
        back, _ = walked(client, address, by, last, "before")
    assert back[::-1] == there
    assert len(set(there)) == len(there)
    return sorted(there), {name: summed(client, name, by) for name in names}


def walked(
    client: Client, address: str, by: str, page: paging.Page[Any], way: str
) -> tuple[list[int], paging.Page[Any]]:
    """The keys of the rows in the order in which they are met, and the page where the walk ends."""
    step = 1 if way == "after" else -1
    keys = [row.pk for row in page.rows][::step]
    while mark := getattr(page, way):
        page = client.get(address, {"by": by, way: mark}).context["page"]
        keys += [row.pk for row in page.rows][::step]
    return keys, page


def files(response: Any) -> Iterator[str]:
    """The addresses of the CSV files that the page offers, without what they are asked for: in
    whatever order, it is the same ones.
    """
    yield from FILE.findall(response.content.decode())


def summed(client: Client, address: str, by: str) -> tuple[int, Decimal]:
    """How many rows a file has, and the sum of all its figures."""
    body = b"".join(client.get(address, {"by": by})).decode("utf-8-sig")
    _, *rows = csv.reader(io.StringIO(body))
    figures = (cell for row in rows for cell in row if re.fullmatch(r"-?\d+(\.\d+)?", cell))
    return len(rows), sum(map(Decimal, figures), Decimal(0))


def _lists(of: type[Filter] = Filter) -> Iterator[type[Filter]]:
    """All lists of ours."""
    for one in of.__subclasses__():
        if not one.__module__.startswith("tests."):
            yield one
        yield from _lists(one)
