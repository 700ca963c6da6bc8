"""What comes late, out of order, in odd sizes, or after jobs that did not run."""

from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.db import transaction
from moneyed import Money

from billing.models import InvoiceItem
from gateway.events import apply_all
from lib import events
from tests import shops
from tests.billing import deciding
from tests.factories import ChargeFactory
from tests.unchanged import nothing_changes
from tests.whole import full

pytestmark = pytest.mark.django_db

ALL_FEES = ("pick-pack", "shipping-label", "storage", "special-project", "app-usage")


def open_shop(**terms: Any) -> shops.Shop:
    """A shop that has just joined, with a high threshold unless these terms say otherwise."""
    return shops.join("2026-11-01 10:00", **{"billing_threshold": "100000.00"} | terms)


def items(shop: shops.Shop) -> list[tuple[str, str, str, str, bool]]:
    """The account's invoice items: fee, posting and its day, amount, and whether it is posted."""
    return [
        (
            item.fee_id,
            item.posting,
            str(item.posting_on),
            f"{item.amount.amount:.2f}",
            item.posted_at is not None,
        )
        for item in InvoiceItem.objects.filter(account=shop.account)
        .exclude(fee="plan")
        .order_by("fee", "posting_on")
    ]


def test_charges_of_a_closed_month_join_the_open_one_and_post_as_they_arrive() -> None:
    shop = open_shop()
    shop.charge("2026-11-20 12:00", "pick-pack", "1.00")
    shop.run_jobs("2026-12-05 12:00")
    closed = shop.statement("2026-11")
    for fee in ("pick-pack", "shipping-label", "storage"):
        charge = ChargeFactory.create(
            shop=shop, at="2026-11-20 12:00", arrived="2026-12-05 12:00", fee=fee
        )
        assert (str(charge.service_on), charge.is_late) == ("2026-11-20", True)
    assert shop.figures() == ("20.00", "10.00")
    shop.run_jobs("2026-12-06 00:00")
    assert items(shop)[1:] == [
        ("pick-pack", "IMMEDIATE", "2026-12-05", "10.00", True),
        ("shipping-label", "DAILY", "2026-12-05", "10.00", True),
        ("storage", "IMMEDIATE", "2026-12-05", "10.00", True),  # its month's end is past
    ]
    assert shop.statement("2026-11") == closed
    assert shop.statement("2026-12") == (
        False,
        {"FULFILMENT": (2, "20.00"), "SHIPPING": (1, "10.00")},
    )


def test_late_storage_and_that_of_the_month_are_two_items() -> None:
    shop = open_shop()
    shop.run_jobs("2026-12-31 12:00")
    ChargeFactory.create(
        shop=shop, at="2026-11-20 12:00", arrived="2026-12-31 12:00", fee="storage"
    )
    ChargeFactory.create(shop=shop, at="2026-12-31 12:00", fee="storage", amount="7.00")
    assert shop.figures() == ("10.00", "0.00")
    shop.run_jobs("2027-01-01 00:00")
    assert sorted(items(shop), key=lambda item: item[1]) == [
        ("storage", "IMMEDIATE", "2026-12-31", "10.00", True),
        ("storage", "MONTHLY", "2026-12-31", "7.00", True),
    ]
    assert shop.figures() == ("17.00", "0.00")


def test_a_charge_of_an_earlier_day_of_the_open_month_is_not_late() -> None:
    shop = open_shop()
    shop.run_jobs("2026-11-25 12:00")
    charge = ChargeFactory.create(
        shop=shop, at="2026-11-03 12:00", arrived="2026-11-25 12:00", fee="shipping-label"
    )
    assert (str(charge.service_on), charge.is_late) == ("2026-11-03", False)
    assert items(shop) == [("shipping-label", "DAILY", "2026-11-25", "10.00", False)]


def test_a_late_charge_reaches_the_threshold_on_the_day_it_arrives() -> None:
    shop = open_shop(billing_threshold="100.00")
    shop.run_jobs("2026-12-05 12:00")
    ChargeFactory.create(
        shop=shop,
        at="2026-11-20 12:00",
        arrived="2026-12-05 12:00",
        fee="special-project",
        amount="100.00",
    )
    assert shop.invoices() == ["2026-12-05 THRESHOLD 100.00"]


@pytest.mark.parametrize("seed", [1, *full(2, 3)])
def test_service_days_shuffled_come_to_the_same_sums(seed: int) -> None:
    """Told on 28 November in whatever order, a month's services are one statement and one bill."""
    shop = open_shop(plan_price="39.00")
    sent: list[dict[str, object]] = []
    silent = shops.Shop(shop.reference, sender=lambda event: sent.append(event) or "")  # type: ignore[func-returns-value]
    for place in range(40):
        at = f"2026-11-{place % 27 + 1:02} {place % 24:02}:30"
        silent.charge(at, ALL_FEES[place % 5], f"{place}.25", f"charge-{place}")
    Random(seed).shuffle(sent)
    outcomes = apply_all(map(events.from_object, sent), now=shops.instant("2026-11-28 12:00"))
    assert {outcome.status for outcome in outcomes} == {"applied"}
    shop.run_jobs("2026-12-01 00:00")
    assert shop.statement("2026-11") == (
        True,
        # Of 40 charges, 780.00 and 40 times 0.25, each fee has 8.
        {"FULFILMENT": (24, "466.00"), "SHIPPING": (8, "150.00")},
    )
    assert shop.invoices()[1:] == ["2026-12-01 SUBSCRIPTION 829.00"]
    assert not shop.account.charges.filter(is_late=True).exists()


def busy(shop: shops.Shop) -> None:
    """Charge all kinds of fees on four days of November."""
    for day in (3, 10, 17, 24):
        for place, fee in enumerate((*ALL_FEES, "transaction-fee")):
            shop.charge(f"2026-11-{day:02} {10 + place}:00", fee, f"{day + place}.50")


@pytest.mark.full  # three days down in test_worked_examples.py
@pytest.mark.parametrize("zone", ["Asia/Kathmandu", *full("UTC", "America/Sao_Paulo")])
def test_runs_missed_for_days_or_months_are_made_up_to_the_same_books(zone: str) -> None:
    shop = open_shop(
        timezone=zone, billing_threshold="90.00", plan_price="39.00", plan_interval_days=45
    )
    busy(shop)
    late = "2027-02-10 09:00"
    found = []
    for ticks in (
        ["2026-11-25 00:00", "2026-12-01 00:00", "2026-12-16 00:00"],
        ["2026-12-03 07:31"],
        [],
    ):
        with transaction.atomic():
            for tick in (*ticks, late):
                shop.run_jobs(tick)
            found.append(shop.books())
            transaction.set_rollback(True)
    shop.run_hourly("2026-11-30 20:00", "2026-12-01 03:00")
    shop.run_jobs(late)
    assert [shop.books()] * 3 == found
    # pick-pack 3, 10, 17, 24 and a half each; labels 1, storage 2, projects 3 more each time.
    assert shop.statement("2026-11") == (
        True,
        {"FULFILMENT": (12, "188.00"), "SHIPPING": (4, "60.00")},
    )


@pytest.mark.full  # runs make up for them, too
def test_a_charge_makes_up_for_months_as_a_job_would() -> None:
    shop = open_shop(billing_threshold="90.00", plan_price="39.00")
    busy(shop)
    with transaction.atomic():
        shop.run_jobs("2027-02-10 09:00")
        shop.charge("2027-02-10 09:00", "pick-pack", "1.00")
        by_job = shop.books()
        transaction.set_rollback(True)
    shop.charge("2027-02-10 09:00", "pick-pack", "1.00")
    shop.run_jobs("2027-02-10 09:00")
    assert shop.books() == by_job


@pytest.mark.parametrize(
    ("currency", "largest", "beyond", "finer"),
    [
        ("USD", "999999999999999.99", "1000000000000000.00", "0.001"),
        *full(
            ("JPY", "999999999999999", "1000000000000000", "0.5"),
            ("KWD", "999999999999999.999", "1000000000000000.000", "0.0001"),
        ),
    ],
)
def test_amounts_up_to_the_largest(currency: str, largest: str, beyond: str, finer: str) -> None:
    shop = open_shop(billing_currency=currency, billing_threshold="0")
    shop.run_jobs("2026-11-10 12:00")
    with nothing_changes():
        for amount in (beyond, finer, "9" * 24):
            assert shop.charge("2026-11-10 12:00", "pick-pack", amount) == "rejected invalid"
    assert shop.charge("2026-11-10 12:00", "pick-pack", "0") == "applied"
    assert shop.charge("2026-11-10 12:00", "pick-pack", "1000000000000") == "applied"
    assert shop.charge("2026-11-10 12:00", "pick-pack", largest) == "applied"
    assert shop.charge("2026-11-10 12:00", "shipping-label", largest) == "applied"
    shop.run_jobs("2026-11-11 00:00")
    totals = [invoice.rsplit(" ", 1)[1] for invoice in shop.invoices()]
    assert [Decimal(total) for total in totals] == [
        Decimal(10) ** 12,
        Decimal(largest),
        Decimal(largest),
    ]
    assert shop.account.outstanding == Money(0, currency)


def test_the_largest_amounts_add_up_without_losing_a_cent() -> None:
    shop = open_shop(billing_threshold="999999999999999.99")
    for _ in range(3):
        shop.charge("2026-11-10 12:00", "storage", "999999999999999.99")
    shop.run_jobs("2026-12-01 00:00")
    assert shop.invoices() == ["2026-11-30 THRESHOLD 2999999999999999.97"]
    assert shop.statement("2026-11") == (True, {"FULFILMENT": (3, "2999999999999999.97")})


def test_a_charge_that_is_not_here_yet_is_refused() -> None:
    shop = open_shop()
    shop.run_jobs("2026-11-10 12:00")
    sent = {"id": "1", "type": "charge.recorded", "at": "2026-11-11T00:00:00Z"}
    data = {"charge": "P-1", "fee": "pick-pack", "amount": "1.00", "currency": "USD"}
    event = events.from_object({**sent, "merchant": shop.reference, "data": data})
    with nothing_changes():
        (outcome,) = apply_all([event], now=shop.at("2026-11-10 23:54:59"))
        assert (outcome.status, outcome.code) == ("rejected", "invalid")
    (outcome,) = apply_all([event], now=shop.at("2026-11-11 00:00"))
    assert outcome.status == "applied"


@pytest.mark.full  # missed days are made up above
def test_a_refused_decision_leaves_even_the_missed_days_to_be_made_up() -> None:
    shop = open_shop(billing_threshold="90.00", plan_price="39.00")
    busy(shop)
    with nothing_changes(), pytest.raises(Exception, match="charge"):
        deciding.ask(shop, "2027-01-10 12:00", "no-such", "1.00")
