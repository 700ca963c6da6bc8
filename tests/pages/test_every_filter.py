"""Whatever a list is asked for, its count and sum are those of its rows (rule 23.18)."""

from collections.abc import Callable

import pytest

from credit.forms.orders import OrderFilter
from lib.lists import Filter
from tests.credit.pages import set_clock
from tests.factories import browser_of, member
from tests.routes import addresses, full_shop
from tests.undrawn import undrawn
from tests.whole import full

pytestmark = pytest.mark.django_db

clock = pytest.fixture(set_clock)


@pytest.mark.parametrize("every", [16, *full(1)])
def test_every_list_can_be_asked_for_what_it_declares(
    clock: Callable[[str], None], every: int
) -> None:
    """Count and sum stay those of the rows, whichever way the list is narrowed; `make test` narrows
    each list by a sixteenth of its ways, and draws none.
    """
    shop = full_shop()
    clock("2026-12-01 10:00")
    owner = browser_of(member(shop))
    seen: set[type[Filter]] = set()
    for address in addresses(shop):
        if not address.endswith("/"):  # a file
            continue
        with undrawn():
            first = owner.get(address)
        context = first.context or {}
        list_of = context.get("filter")
        if list_of is None or "page" not in context or type(list_of) in seen:
            continue
        seen.add(type(list_of))
        days = (
            [{"days": code} for code, _label in list_of.DATES.choices if code]
            if list_of.DATES
            else []
        )
        amounts = [{"least": "1"}, {"most": "50"}] if list_of.AMOUNTS else []
        menus = [
            {name: code}
            for name, field in list_of.fields.items()
            for code, _label in getattr(field, "choices", ())
            if name != "days"
        ]
        for params in [{}, *[*days, *amounts, *menus][len(seen) % every :: every]]:
            if params or every == 1:
                with undrawn(is_so=bool(params)):
                    context = owner.get(address, params).context
            found, rows = context["filter"], context["page"].rows
            assert found.errors == {}, (address, params)
            assert not list(found.unknown), (address, params)
            assert found.figures.count == len(rows), (address, params)
            assert found.counted(found._found, None) == found.figures, (address, params)
    assert len(seen) >= 18
    assert OrderFilter in seen
