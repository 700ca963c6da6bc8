"""What a charge without an amount costs: the price of its service's day, rounded once."""

from decimal import Decimal

import pytest

from billing.models import Charge, FeePrice
from billing.operations import prices
from lib.refusals import Invalid
from tests import shops
from tests.amounts import usd
from tests.billing import deciding
from tests.kept import kept
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

NOW = "2026-11-10 12:00"
DAY = shops.instant(NOW).date()


@kept()
def shop() -> shops.Shop:
    """A shop in November 2026, when there are no prices yet."""
    shop = shops.join("2026-11-01 10:00", billing_threshold="100000.00")
    shop.run_jobs(NOW)
    return shop


def cost(shop: shops.Shop, at: str, fee: str = "pick-pack", quantity: object = 1) -> str:
    """The figure that a charge without an amount comes to."""
    name = f"cost-{Charge.objects.count()}"
    assert deciding.priced(shop, at, fee, quantity, name) == "applied"
    return deciding.amount_of(shop, name)


def test_a_general_price_holds_for_every_merchant(shop: shops.Shop) -> None:
    willow = shops.join("2026-11-01 10:00", "willow")
    deciding.price("pick-pack", "1.25", "2026-11-01")
    assert cost(shop, NOW, quantity=4) == "5.00"
    assert cost(willow, NOW, quantity="2.5") == "3.13"
    charge = shop.account.charges.get(request="FR-1")
    assert (charge.unit_price, charge.quantity, charge.amount) == (
        Decimal("1.25"),
        Decimal(4),
        usd(5),
    )
    assert shop.figures() == ("5.00", "0.00")


def test_an_amount_that_is_given_goes_before_the_price(shop: shops.Shop) -> None:
    deciding.price("pick-pack", "1.25", "2026-11-01")
    shop.charge(NOW, "pick-pack", "9.00", "P-1", quantity=4)
    charge = shop.account.charges.get(request="FR-1")
    assert (charge.amount, charge.unit_price) == (usd(9), None)


def test_a_merchants_own_price_goes_before_the_general_one_until_it_ends(shop: shops.Shop) -> None:
    willow = shops.join("2026-11-01 10:00", "willow")
    deciding.price("pick-pack", "2.00", "2026-11-01")
    deciding.price("pick-pack", "1.50", "2026-11-05", own=shop)
    deciding.price("pick-pack", None, "2026-11-08", own=shop)
    deciding.price("pick-pack", "3.00", "2026-11-06")  # later than the own one, and yet behind it
    assert [cost(shop, f"2026-11-{day:02} 12:00") for day in (4, 5, 7, 8)] == [
        "2.00",
        "1.50",
        "1.50",
        "3.00",
    ]
    assert cost(willow, "2026-11-07 12:00") == "3.00"


def test_an_own_price_can_begin_again_after_it_ended(shop: shops.Shop) -> None:
    deciding.price("pick-pack", "1.50", "2026-11-01", own=shop)
    deciding.price("pick-pack", None, "2026-11-05", own=shop)
    deciding.price("pick-pack", "1.75", "2026-11-07", own=shop)
    assert cost(shop, "2026-11-04 12:00") == "1.50"
    assert deciding.priced(shop, "2026-11-06 12:00", "pick-pack") == "rejected invalid"
    assert cost(shop, "2026-11-07 12:00") == "1.75"


@pytest.mark.usefixtures("nothing_kept")
def test_a_price_to_come_holds_from_the_start_of_its_local_day() -> None:
    bangkok = shops.join("2026-11-01 10:00", timezone="Asia/Bangkok", billing_threshold="1000.00")
    deciding.price("pick-pack", "1.00", "2026-11-01")
    deciding.price("pick-pack", "2.00", "2026-11-20")
    assert cost(bangkok, "2026-11-19 23:59:59") == "1.00"
    assert cost(bangkok, "2026-11-20 00:00") == "2.00"  # still the 19th in UTC


def test_of_two_prices_from_one_day_the_one_introduced_later_holds(shop: shops.Shop) -> None:
    deciding.price("pick-pack", "2.00", "2026-11-12", at="2026-11-10T10:00Z")
    deciding.price("pick-pack", "1.00", "2026-11-12", at="2026-11-10T11:00Z")
    assert cost(shop, "2026-11-12 12:00") == "1.00"
    deciding.price("pick-pack", "3.00", "2026-11-12", at="2026-11-12T09:59Z")
    assert cost(shop, "2026-11-12 13:00") == "3.00"


@pytest.mark.parametrize(
    ("unit_price", "quantity", "amount"),
    [
        ("0.333333", 3, "1.00"),  # 0.999999
        ("0.005", 1, "0.01"),
        ("0.004999", 1, "0.00"),
        ("0.015", 1, "0.02"),
        ("0.025", 1, "0.03"),  # away from zero, and not to the even digit
        ("1.005", 1, "1.01"),
        ("0.000001", "0.000001", "0.00"),
        ("0.000001", 5000, "0.01"),
        ("0.000001", 4999, "0.00"),
        ("2.675", 1, "2.68"),  # which a float has as 2.67499…
        ("0.105", 3, "0.32"),  # 0.315, and not three times 0.11
        ("7.5", 0, "0.00"),
        ("0", 9, "0.00"),
        ("999999999999.999999", 1, "1000000000000.00"),
    ],
)
def test_quantity_times_price_is_rounded_once(
    shop: shops.Shop, unit_price: str, quantity: object, amount: str
) -> None:
    deciding.price("pick-pack", unit_price, "2026-11-01")
    assert cost(shop, NOW, quantity=quantity) == amount
    assert shop.figures() == (amount, "0.00") or shop.invoices() != []


@pytest.mark.usefixtures("nothing_kept")
@pytest.mark.parametrize(
    ("currency", "unit_price", "quantity", "amount"),
    [
        ("JPY", "0.5", 1, "1"),
        ("JPY", "0.499999", 1, "0"),
        ("JPY", "33.333333", 3, "100"),
        ("KWD", "0.0005", 1, "0.001"),
        ("KWD", "0.333333", 3, "1.000"),
        ("KWD", "1.234499", 1, "1.234"),
    ],
)
def test_currencies_round_to_their_own_digits(
    currency: str, unit_price: str, quantity: object, amount: str
) -> None:
    threshold = {"JPY": "5000"}.get(currency, "5000.000")
    shop = shops.join("2026-11-01 10:00", billing_currency=currency, billing_threshold=threshold)
    deciding.price("pick-pack", unit_price, "2026-11-01", currency=currency)
    assert cost(shop, NOW, quantity=quantity) == amount


@pytest.mark.usefixtures("nothing_kept")
@pytest.mark.parametrize("currency", ["USD", "JPY", "KWD"])
def test_a_quantity_times_a_price_beyond_any_amount_is_refused(currency: str) -> None:
    shop = shops.join("2026-11-01 10:00", billing_currency=currency, billing_threshold="200")
    deciding.price("pick-pack", "999999999999.999999", "2026-11-01", currency=currency)
    shop.run_jobs(NOW)
    with nothing_changes():
        outcome = deciding.priced(shop, NOW, "pick-pack", "999999999999.999999")
        assert outcome == "rejected invalid"
        assert deciding.priced(shop, NOW, "pick-pack", 1001) == "rejected invalid"


def test_without_a_price_a_charge_is_refused_naming_fee_currency_and_day(shop: shops.Shop) -> None:
    deciding.price("pick-pack", "1.00", "2026-11-11")
    with nothing_changes():
        assert deciding.refusal(shop, NOW, "pick-pack") == (
            "invalid amount: missing, and fee pick-pack has no price in USD on 2026-11-10"
        )
        assert deciding.refusal(shop, NOW, "storage").endswith(
            "fee storage has no price in USD on 2026-11-10"
        )


@pytest.mark.usefixtures("nothing_kept")
def test_the_day_that_a_refusal_names_is_the_merchants_own() -> None:
    shop = shops.join("2026-11-01 10:00", timezone="Asia/Tokyo")
    assert "2026-11-11" in deciding.refusal(shop, "2026-11-10T15:00:00Z", "pick-pack")


def test_a_price_in_another_currency_does_not_apply(shop: shops.Shop) -> None:
    deciding.price("pick-pack", "1.00", "2026-11-01", currency="THB")
    deciding.price("pick-pack", "1.00", "2026-11-01", currency="THB", own=shop)
    with nothing_changes():
        assert deciding.priced(shop, NOW, "pick-pack") == "rejected invalid"
        outcome = deciding.priced(shop, NOW, "pick-pack", currency="THB")
        assert outcome == "rejected currency_mismatch"


def test_a_price_of_another_fee_or_merchant_does_not_apply(shop: shops.Shop) -> None:
    willow = shops.join("2026-11-01 10:00", "willow")
    deciding.price("packaging", "1.00", "2026-11-01")
    deciding.price("pick-pack", "1.00", "2026-11-01", own=willow)
    assert deciding.priced(shop, NOW, "pick-pack") == "rejected invalid"


def test_a_repeat_keeps_the_price_it_got(shop: shops.Shop) -> None:
    deciding.price("pick-pack", "1.00", "2026-11-01")
    assert deciding.priced(shop, NOW, "pick-pack", 3, "P-1") == "applied"
    deciding.price("pick-pack", "2.00", "2026-11-10", at="2026-11-10T12:30Z", own=shop)
    with nothing_changes():
        assert deciding.priced(shop, NOW, "pick-pack", 3, "P-1") == "duplicate"
        assert deciding.priced(shop, "2026-11-10 13:00", "pick-pack", 3, "P-1") == "duplicate"
        assert shop.charge(NOW, "pick-pack", "3.00", "P-1", quantity=3) == "duplicate"
        assert shop.charge(NOW, "pick-pack", "6.00", "P-1", quantity=3) == "rejected conflict"
        assert deciding.priced(shop, NOW, "pick-pack", 4, "P-1") == "rejected conflict"
        assert deciding.priced(shop, NOW, "packaging", 3, "P-1") == "rejected conflict"
    assert deciding.amount_of(shop, "P-1") == "3.00"


def test_a_repeat_without_the_amount_that_was_given_is_no_repeat(shop: shops.Shop) -> None:
    shop.charge(NOW, "pick-pack", "9.00", "P-1", quantity=3)
    with nothing_changes():
        assert deciding.priced(shop, NOW, "pick-pack", 3, "P-1").startswith("rejected")
    deciding.price("pick-pack", "1.00", "2026-11-01")
    with nothing_changes():
        assert deciding.priced(shop, NOW, "pick-pack", 3, "P-1") == "rejected conflict"


def test_a_repeat_within_one_batch_is_priced_once(shop: shops.Shop) -> None:
    deciding.price("pick-pack", "1.25", "2026-11-01")
    assert deciding.priced(shop, NOW, "pick-pack", 2, "P-1") == "applied"
    assert deciding.priced(shop, NOW, "pick-pack", 2, "P-1") == "duplicate"
    assert shop.figures() == ("2.50", "0.00")


def test_a_late_charge_gets_the_price_of_its_own_day(shop: shops.Shop) -> None:
    deciding.price("pick-pack", "1.00", "2026-11-01")
    deciding.price("pick-pack", "2.00", "2026-11-15", at="2026-11-12T00:00Z")
    shop.run_jobs("2026-12-05 10:00")
    deciding.priced_late(shop, "2026-11-14 23:59", "2026-12-05 12:00", "pick-pack", "before")
    deciding.priced_late(shop, "2026-11-15 00:00", "2026-12-05 12:00", "pick-pack", "after")
    assert deciding.amount_of(shop, "before") == "1.00"
    assert deciding.amount_of(shop, "after") == "2.00"
    assert shop.statement("2026-12") == (False, {"FULFILMENT": (2, "3.00")})


@pytest.mark.usefixtures("nothing_kept")
def test_a_priced_charge_moves_thresholds_like_any_other() -> None:
    shop = shops.join("2026-11-01 10:00", billing_threshold="200.00")
    deciding.price("shipping-label", "1.333333", "2026-11-01")
    assert deciding.priced(shop, NOW, "shipping-label", 149) == "applied"  # 198.67
    assert deciding.priced(shop, NOW, "shipping-label", 1) == "applied"
    shop.run_jobs("2026-11-11 00:00")
    assert shop.invoices() == ["2026-11-10 THRESHOLD 200.00"]


@pytest.mark.parametrize(
    "price", ["-0.01", "-1", "NaN", "sNaN", "Infinity", "-Infinity", "1000000000000", "0.0000001"]
)
def test_prices_that_cannot_be_are_refused(price: str) -> None:
    with pytest.raises(Invalid, match="unit_price"):
        deciding.price("pick-pack", price, "2026-11-01")
    assert not FeePrice.objects.exists()


@pytest.mark.parametrize(
    ("fee", "currency", "price"),
    [
        ("no-such-fee", "USD", "1"),
        ("plan", "USD", "1"),
        ("credit-label", "USD", "1"),
        ("payout", "USD", "1"),
        ("pick-pack", "XXX", "1"),
        ("pick-pack", "usd", "1"),
        ("pick-pack", "USD", None),  # a general price does not end
    ],
)
def test_what_no_price_can_be_for_is_refused(fee: str, currency: str, price: str | None) -> None:
    with pytest.raises(Invalid):
        deciding.price(fee, price, "2026-11-01", currency=currency)
    assert not FeePrice.objects.exists()


def test_a_price_needs_a_reason() -> None:
    with pytest.raises(Invalid, match="reason"):
        prices.introduce(
            fee="pick-pack",
            currency="USD",
            unit_price=Decimal(1),
            from_on=DAY,
            actor="mali@tael.example",
            reason=" ",
            now=shops.instant(NOW),
        )
    assert not FeePrice.objects.exists()


def test_only_the_first_price_may_hold_from_a_day_that_is_over(shop: shops.Shop) -> None:
    at = "2026-11-10T09:00Z"
    deciding.price("pick-pack", "1.00", "2026-01-01", at=at)
    for past in ("2025-12-31", "2026-01-01", "2026-11-09"):
        with pytest.raises(prices.PriceOfThePast):
            deciding.price("pick-pack", "2.00", past, at=at)
    # The first in another currency, and of another fee.
    deciding.price("pick-pack", "2.00", "2026-01-01", at=at, currency="THB")
    deciding.price("packaging", "2.00", "2026-01-01", at=at)
    # A merchant's own takes the place of the general one, by which its charges were priced.
    for price in ("0.90", None):
        with pytest.raises(prices.PriceOfThePast):
            deciding.price("pick-pack", price, "2026-11-09", at=at, own=shop)
    deciding.price("pick-pack", "2.00", "2026-11-10", at=at)
    assert FeePrice.objects.count() == 4


def test_a_general_price_starts_where_days_begin_first() -> None:
    """At 10:00 UTC the next day begins in UTC+14: from there on no merchant's day is changed."""
    deciding.price("pick-pack", "1.00", "2026-11-01")
    with pytest.raises(prices.PriceOfThePast):
        deciding.price("pick-pack", "2.00", "2026-11-10", at="2026-11-10T10:00Z")
    deciding.price("pick-pack", "2.00", "2026-11-10", at="2026-11-10T09:59:59Z")
    deciding.price("pick-pack", "3.00", "2026-11-11", at="2026-11-10T10:00Z")
    assert FeePrice.objects.count() == 3


@pytest.mark.usefixtures("nothing_kept")
@pytest.mark.parametrize(
    ("zone", "at", "over"),
    [
        # Yesterday to the merchant, and still today in UTC.
        ("Asia/Tokyo", "2026-11-10T15:00Z", "2026-11-10"),
        ("America/Los_Angeles", "2026-11-11T08:00Z", "2026-11-10"),
    ],
)
def test_a_merchants_own_price_starts_on_its_own_day(zone: str, at: str, over: str) -> None:
    shop = shops.join("2026-11-01 10:00", timezone=zone)
    deciding.price("pick-pack", "1.00", "2026-11-01", own=shop)
    with pytest.raises(prices.PriceOfThePast):
        deciding.price("pick-pack", "2.00", over, at=at, own=shop)
    deciding.price("pick-pack", "2.00", "2026-11-11", at=at, own=shop)
    assert FeePrice.objects.count() == 2


def test_a_price_says_who_introduced_it_when_and_why() -> None:
    deciding.price("pick-pack", "1.00", "2026-11-01", at="2026-10-20T09:30Z")
    price = FeePrice.objects.get()
    assert (price.introduced_by, price.reason) == ("mali@tael.example", "agreed by telephone")
    assert price.introduced_at == shops.instant("2026-10-20 09:30")
