"""One statement per merchant and month: opened by its first charge, closed when the month ends."""

import pytest
from django.db import Error, connection, transaction

from billing.models import Statement
from tests import shops
from tests.factories import ChargeFactory
from tests.unchanged import nothing_changes
from tests.whole import some

pytestmark = pytest.mark.django_db

NOW = "2026-11-10 12:00"


@pytest.fixture
def shop() -> shops.Shop:
    """A shop that has just joined."""
    return shops.join("2026-11-01 10:00", billing_threshold="100000.00", plan_price="39.00")


def test_the_first_charge_opens_it_and_it_shows_charges_before_they_post(shop: shops.Shop) -> None:
    assert shop.statement("2026-11") is None  # the plan fee is only on bills
    for fee, amount in (
        ("pick-pack", "1.00"),
        ("storage", "2.00"),
        ("shipping-label", "4.00"),
        ("shipping-label", "8.00"),
    ):
        shop.charge(NOW, fee, amount)
    categories = {"FULFILMENT": (2, "3.00"), "SHIPPING": (2, "12.00")}
    assert shop.statement("2026-11") == (False, categories)
    assert Statement.objects.get().opened_at == shops.instant(NOW)


@pytest.mark.parametrize("fee", ["app-usage", "transaction-fee"])
def test_app_and_transaction_fees_are_on_no_statement(shop: shops.Shop, fee: str) -> None:
    shop.charge(NOW, fee, "5.00")
    shop.run_jobs("2026-12-01 00:00")
    assert not Statement.objects.exists()


def test_it_closes_when_the_month_ends_in_the_merchants_time_zone() -> None:
    bangkok = shops.join("2026-11-01 10:00", timezone="Asia/Bangkok")
    bangkok.charge(NOW, "pick-pack", "5.00")
    shops.run_jobs(shops.instant("2026-11-30T16:00:00Z"))
    assert bangkok.statement("2026-11") == (False, {"FULFILMENT": (1, "5.00")})
    shops.run_jobs(shops.instant("2026-11-30T20:00:00Z"))  # a late run
    assert bangkok.statement("2026-11") == (True, {"FULFILMENT": (1, "5.00")})
    assert Statement.objects.get().closed_at == shops.instant("2026-11-30T17:00:00Z")


def test_the_first_charge_of_a_month_closes_the_months_before(shop: shops.Shop) -> None:
    shop.charge("2026-11-30 23:59:59", "pick-pack", "5.00")
    shop.charge("2026-12-01 00:00", "pick-pack", "7.00")
    assert shop.statement("2026-11") == (True, {"FULFILMENT": (1, "5.00")})
    assert shop.statement("2026-12") == (False, {"FULFILMENT": (1, "7.00")})


def test_a_month_without_charges_has_no_statement(shop: shops.Shop) -> None:
    shop.charge(NOW, "pick-pack", "5.00")
    shop.run_jobs("2027-02-01 00:00")
    assert [str(found) for found in Statement.objects.all()] == ["2026-11"]


def test_a_late_charge_goes_to_the_open_month_and_keeps_its_service_date(shop: shops.Shop) -> None:
    shop.charge("2026-11-20 12:00", "shipping-label", "5.00")
    late = ChargeFactory.create(
        shop=shop,
        at="2026-11-30 23:00",
        arrived="2026-12-03 09:00",
        fee="shipping-label",
        amount="7.00",
    )
    assert (late.is_late, str(late.service_on)) == (True, "2026-11-30")
    assert late.at == shops.instant("2026-11-30 23:00")
    assert shop.statement("2026-11") == (True, {"SHIPPING": (1, "5.00")})
    assert shop.statement("2026-12") == (False, {"SHIPPING": (1, "7.00")})
    assert shop.figures() == ("0.00", "7.00")  # November's went onto the bill of 1 December
    shop.run_jobs("2026-12-04 00:00")
    assert shop.figures() == ("7.00", "0.00")
    assert str(shop.account.items.latest("pk").posting_on) == "2026-12-03"  # the day it came


def test_a_late_charge_may_open_the_month_it_comes_in(shop: shops.Shop) -> None:
    ChargeFactory.create(
        shop=shop, at="2026-11-30 23:00", arrived="2027-01-03 09:00", amount="7.00"
    )
    assert shop.statement("2026-11") is None
    assert shop.statement("2027-01") == (False, {"FULFILMENT": (1, "7.00")})


def test_a_late_monthly_fee_posts_on_the_day_it_comes(shop: shops.Shop) -> None:
    ChargeFactory.create(
        shop=shop, at="2026-11-30 23:00", arrived="2026-12-03 09:00", fee="storage", amount="7.00"
    )
    shop.charge("2026-12-03 10:00", "storage", "11.00")
    assert shop.figures() == ("7.00", "0.00")
    shop.run_jobs("2027-01-01 00:00")
    assert shop.statement("2026-12") == (True, {"FULFILMENT": (2, "18.00")})


def test_a_charge_told_later_in_its_own_month_is_not_late(shop: shops.Shop) -> None:
    charge = ChargeFactory.create(
        shop=shop,
        at="2026-11-03 12:00",
        arrived="2026-11-20 09:00",
        fee="shipping-label",
        amount="7.00",
    )
    assert not charge.is_late
    assert shop.statement("2026-11") == (False, {"SHIPPING": (1, "7.00")})
    shop.run_jobs("2026-11-21 00:00")
    assert str(shop.account.items.get(fee="shipping-label").posting_on) == "2026-11-20"


def test_late_is_a_matter_of_the_merchants_own_midnight() -> None:
    bangkok = shops.join("2026-11-01 10:00", timezone="Asia/Bangkok")
    before, after = "2026-11-30T16:59:59Z", "2026-11-30T17:00:00Z"
    assert not ChargeFactory.create(shop=bangkok, at=before, amount="1.00").is_late
    assert ChargeFactory.create(shop=bangkok, at=before, arrived=after, amount="1.00").is_late
    assert not ChargeFactory.create(shop=bangkok, at=after, amount="1.00").is_late


def test_a_service_of_tomorrow_is_not_here_yet(shop: shops.Shop) -> None:
    with pytest.raises(Exception, match="is not here yet"):
        ChargeFactory.create(
            shop=shop, at="2026-11-02 00:00", arrived="2026-11-01 12:00", amount="7.00"
        )
    assert shop.statement("2026-11") is None


def test_a_clock_that_is_behind_does_not_take_us_back_into_a_closed_month(
    shop: shops.Shop,
) -> None:
    shop.charge(NOW, "pick-pack", "5.00")
    shop.run_jobs("2026-12-01 00:00")
    late = ChargeFactory.create(shop=shop, at="2026-11-30 23:59:58", amount="7.00")
    assert late.is_late
    assert shop.statement("2026-11") == (True, {"FULFILMENT": (1, "5.00")})
    assert shop.statement("2026-12") == (False, {"FULFILMENT": (1, "7.00")})


OF_NOVEMBER = "(SELECT id FROM billing_statement WHERE month = '2026-11-01')"


@pytest.mark.parametrize(
    "statement",
    some(
        [
            f"""INSERT INTO billing_charge (account_id, reference, fee_id, item_id, statement_id,
                request, description, quantity, currency, amount, at, service_on, arrived_at,
                is_late)
            SELECT account_id, 'new', fee_id, item_id, {OF_NOVEMBER}, request, description,
                quantity, currency, amount, at, service_on, arrived_at, is_late
            FROM billing_charge WHERE fee_id = 'pick-pack' LIMIT 1""",
            "UPDATE billing_charge SET amount = 1",
            "UPDATE billing_charge SET statement_id = NULL",
            "DELETE FROM billing_charge",
            f"UPDATE billing_statement SET closed_at = NULL WHERE id = {OF_NOVEMBER}",
            f"UPDATE billing_statement SET month = '2026-10-01' WHERE id = {OF_NOVEMBER}",
            f"UPDATE billing_statement SET merchant_name = 'Somebody' WHERE id = {OF_NOVEMBER}",
            f"DELETE FROM billing_statement WHERE id = {OF_NOVEMBER}",
            f"UPDATE billing_statementtotal SET amount = 1 WHERE statement_id = {OF_NOVEMBER}",
            f"UPDATE billing_statementtotal SET charge_count = 9"
            f" WHERE statement_id = {OF_NOVEMBER}",
            f"DELETE FROM billing_statementtotal WHERE statement_id = {OF_NOVEMBER}",
            f"""INSERT INTO billing_statementtotal (statement_id, fee_id, amount, charge_count)
            VALUES ({OF_NOVEMBER}, 'storage', 1, 1)""",
            "UPDATE billing_statementtotal SET statement_id ="
            " (SELECT id FROM billing_statement WHERE month = '2026-12-01')"
            f" WHERE statement_id = {OF_NOVEMBER}",
        ],
        4,
    ),
)
def test_the_database_itself_keeps_a_closed_statement_as_it_is(
    shop: shops.Shop, statement: str
) -> None:
    shop.charge(NOW, "pick-pack", "5.00")
    shop.charge("2026-12-10 12:00", "shipping-label", "5.00")
    refused = pytest.raises(Error, match=r"pgtrigger: |a closed statement")
    with nothing_changes(), refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
