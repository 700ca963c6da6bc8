"""Whatever somebody sends, no answer says that it was our fault."""

import pytest
from django.conf import LazySettings

from tests.any_request import Asker
from tests.backoffice.shops_with_work import operator
from tests.credit.pages import set_clock
from tests.factories import member
from tests.routes import full_shop
from tests.whole import full

pytestmark = pytest.mark.django_db


@pytest.fixture
def asker(
    monkeypatch: pytest.MonkeyPatch, settings: LazySettings, caplog: pytest.LogCaptureFixture
) -> Asker:
    """An owner, one of ours who may do everything, and nobody in particular."""
    caplog.set_level("CRITICAL")
    settings.STRIPE_WEBHOOK_SECRET = "whsec_of_this_test"
    set_clock(monkeypatch)("2026-12-01 10:00")
    shop = full_shop()
    return Asker(shop, [member(shop), operator(), None], seed=20261125)


@pytest.mark.parametrize("many", [40, *full(100)])
def test_requests_that_make_no_sense_fail_none(asker: Asker, many: int) -> None:
    asker.ask(many)
    assert asker.failed == []
    assert sum(asker.statuses.values()) == many
    assert len(asker.statuses) > 5  # pages, refusals, redirections


@pytest.mark.full
def test_ten_thousand_fail_none_either(asker: Asker) -> None:
    asker.ask(10_000)
    assert asker.failed == []
    assert sum(asker.statuses.values()) == 10_000
    print(sorted(asker.statuses.items()))  # noqa: T201 (asked for with -s)
