"""However much there is to see, a page asks the database a dozen times at most."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from credit.models import Freeze
from tests.credit.pages import set_clock
from tests.factories import FreezeFactory, browser_of, member
from tests.routes import full_shop, pages
from tests.whole import full

pytestmark = pytest.mark.django_db

clock = pytest.fixture(set_clock)

MOST = 12


@pytest.mark.parametrize("every", [6, *full(1)])
def test_no_page_of_a_merchant_takes_more_than_a_dozen_queries(
    clock: Callable[[str], None], every: int
) -> None:
    """Every page in `make test-full`, in `make test` that of every sixth address."""
    shop = full_shop()
    clock("2026-12-01 10:00")
    FreezeFactory.create(shop=shop, at="2026-12-01 10:00", reason=Freeze.Reason.SUSPECTED_FRAUD)
    owner = browser_of(member(shop))
    seen = [page for page in pages(shop, owner, every) if page.startswith("/m/")]
    taken = {page: _queries(owner, page) for page in seen}
    assert len(taken) > 40 / every
    assert {page: count for page, count in taken.items() if count > MOST} == {}


def _queries(client: Client, page: str) -> int:
    """How many queries the page asks."""
    with CaptureQueriesContext(connection) as queries:
        client.get(page)
    return len(queries)
