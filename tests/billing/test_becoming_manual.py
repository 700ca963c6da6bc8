"""Bills that are switched to bank transfer: due 7 days after issue, unless a provider was asked."""

import pytest
from django.db import DatabaseError, connection, transaction

from billing.providers.registry import Answer
from tests import shops
from tests.billing import deciding
from tests.billing.paying import Told, attempts, choose, draft, invoice, issue, told_shop
from tests.whole import some

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("provider")]


def due(shop: shops.Shop) -> str:
    """The due day of the bill."""
    return str(invoice().due_on)


def failed_on(shop: shops.Shop) -> str:
    """The day on which the bill first failed; "None" if it has not."""
    return str(invoice().first_failed_on)


def collected() -> shops.Shop:
    """A shop with a bill of 250.00 of 2 November that Stripe is to collect, and nobody has tried
    yet.
    """
    shop = shops.join("2026-11-01 10:00", plan_interval_days=365)
    assert choose(shop, "2026-11-01 10:00", "stripe") == "stripe"
    shop.charge("2026-11-02 09:00", "pick-pack", "250.00")
    assert due(shop) == "2026-11-02"
    return shop


def test_before_any_attempt_it_is_due_seven_days_after_its_issue() -> None:
    shop = collected()
    assert choose(shop, "2026-11-02 09:30", "manual") == "manual"
    assert due(shop) == "2026-11-09"
    shop.run_jobs("2026-11-08 23:59")
    assert failed_on(shop) == "None"
    shop.run_jobs("2026-11-09 00:00")
    assert failed_on(shop) == "2026-11-09"
    shop.run_jobs("2026-12-06 23:59")
    assert shop.frozen_by() == []
    shop.run_jobs("2026-12-07 00:00")
    assert shop.frozen_by() == ["UNPAID_BILL"]


def test_after_an_attempt_that_reached_its_provider_the_due_day_stays(provider: Told) -> None:
    provider.answers = [Answer.failed("insufficient_funds")]
    shop = collected()
    shop.run_jobs("2026-11-02 10:00")
    choose(shop, "2026-11-02 11:00", "manual")
    assert (due(shop), failed_on(shop)) == ("2026-11-02", "2026-11-02")


def test_an_attempt_that_was_never_received_reached_nobody(provider: Told) -> None:
    provider.answers = [ConnectionError()]
    shop = collected()
    shop.run_jobs("2026-11-02 10:00")
    assert choose(shop, "2026-11-02 11:00", "manual") == "manual"
    assert due(shop) == "2026-11-02"  # its provider may have it
    shop.run_jobs("2026-11-02 12:00")
    assert attempts(shop) == ["2026-11-02 10:00 FAILED never_received"]
    assert (due(shop), failed_on(shop)) == ("2026-11-09", "None")


def test_going_to_and_fro_moves_it_once() -> None:
    shop = collected()
    choose(shop, "2026-11-02 09:30", "manual")
    choose(shop, "2026-11-02 09:40", "stripe")
    assert due(shop) == "2026-11-09"
    choose(shop, "2026-11-02 09:50", "manual")
    assert due(shop) == "2026-11-09"


def test_a_reviewed_bill_counts_from_the_day_of_its_issue() -> None:
    shop = shops.join("2026-11-01 10:00", plan_interval_days=365)
    choose(shop, "2026-11-01 10:00", "stripe")
    deciding.review_invoices(shop, "2026-11-01 11:00")
    shop.charge("2026-11-02 09:00", "pick-pack", "250.00")
    issue(shop, "2026-11-05 12:00", draft())
    assert due(shop) == "2026-11-05"
    choose(shop, "2026-11-05 13:00", "manual")
    assert due(shop) == "2026-11-12"


@pytest.mark.parametrize(
    "moved", some(["due_on + 1", "due_on + 8", "due_on - 1", "'2026-12-31'"], 4)
)
def test_the_database_lets_no_due_day_move_elsewhere(moved: str) -> None:
    collected()
    with (
        pytest.raises(DatabaseError, match="invoice_due_day_moves_as_decided"),
        transaction.atomic(),
    ):
        _update(f"due_on = {moved}")
    _update("due_on = due_on + 7")
    with (
        pytest.raises(DatabaseError, match="invoice_due_day_moves_as_decided"),
        transaction.atomic(),
    ):
        _update("due_on = due_on + 7")


def test_a_bill_that_has_failed_keeps_its_due_day(provider: Told) -> None:
    provider.answers = [Answer.failed("insufficient_funds")]
    shop = told_shop()
    shop.run_jobs("2026-11-01 11:00")
    with (
        pytest.raises(DatabaseError, match="invoice_due_day_moves_as_decided"),
        transaction.atomic(),
    ):
        _update("due_on = due_on + 7")


def _update(what: str) -> None:
    """Change open bills by raw SQL."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE billing_invoice SET {what} WHERE status = 'OPEN'")
