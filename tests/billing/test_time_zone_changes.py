"""A merchant's days are counted in another time zone from the start of its next local month."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from merchants.models import TimeZonePeriod
from tests import shops
from tests.billing import deciding
from tests.billing.moving import at, moving, zones
from tests.factories import ChargeFactory
from tests.whole import full

pytestmark = pytest.mark.django_db

# From, to, when 1 December starts, when it ends, when 2 December ends.
CHANGES = [
    (
        "Pacific/Kiritimati",
        "Pacific/Pago_Pago",
        "2026-11-30T10:00Z",
        "2026-12-02T11:00Z",
        "2026-12-03T11:00Z",
    ),
    # 1 December is over on the new clocks as it starts on the old ones: it has no length.
    (
        "Pacific/Pago_Pago",
        "Pacific/Kiritimati",
        "2026-12-01T11:00Z",
        "2026-12-01T11:00Z",
        "2026-12-02T10:00Z",
    ),
    (
        "Asia/Bangkok",
        "America/New_York",
        "2026-11-30T17:00Z",
        "2026-12-02T05:00Z",
        "2026-12-03T05:00Z",
    ),
    (
        "America/New_York",
        "Asia/Bangkok",
        "2026-12-01T05:00Z",
        "2026-12-01T17:00Z",
        "2026-12-02T17:00Z",
    ),
    (
        "Asia/Kathmandu",
        "Australia/Eucla",
        "2026-11-30T18:15Z",
        "2026-12-01T15:15Z",
        "2026-12-02T15:15Z",
    ),
]
each_change = pytest.mark.parametrize(
    ("old", "new", "starts", "ends", "second_ends"), [*CHANGES[:2], *full(*CHANGES[2:])]
)
# Of what takes long, `make test` tells one of the two that are a day apart, which doubles no day
# and leaves one without a length.
each_change_at_length = pytest.mark.parametrize(
    ("old", "new", "starts", "ends", "second_ends"), [CHANGES[1], *full(CHANGES[0], *CHANGES[2:])]
)


@each_change
def test_account_line_and_merchant_change_as_the_month_starts(
    old: str, new: str, starts: str, ends: str, second_ends: str
) -> None:
    shop = moving(old, new)
    assert TimeZonePeriod.objects.latest("starts_on").starts_at == at(starts)
    shops.run_jobs(at(starts) - timedelta(seconds=1))
    assert zones(shop) == {(old, "None", None)}
    assert (shop.merchant.timezone, str(shop.account.open_on)) == (old, "2026-11-30")
    shops.run_jobs(at(starts))
    assert zones(shop) == {(new, "2026-12-01", at(starts))}
    assert shop.merchant.timezone == new
    for books in (shop.account, shop.line):
        first = (str(books.open_on), books.open_until) == ("2026-12-01", at(ends))
        second = (str(books.open_on), books.open_until) == ("2026-12-02", at(second_ends))
        assert second if starts == ends else first
    shops.run_jobs(at(ends))
    assert {str(books.open_on) for books in (shop.account, shop.line)} == {"2026-12-02"}
    assert zones(shop) == {(new, "2026-12-01", at(starts))}


@each_change_at_length
def test_no_day_is_lost_or_doubled(
    old: str, new: str, starts: str, ends: str, second_ends: str
) -> None:
    """A label in every hour from before the change to after it lands on the day that is open."""
    shop = moving(old, new)
    first, last = at(starts) - timedelta(hours=30), at(second_ends) + timedelta(hours=5)
    instant = first
    expected: Counter[str] = Counter()
    while instant < last:
        assert shop.charge(instant.isoformat(), "shipping-label", "1.00") == "applied"
        day = "2026-11-30"
        if instant < at(starts) - timedelta(hours=24):
            day = "2026-11-29"
        elif instant >= at(second_ends):
            day = "2026-12-03"
        elif instant >= at(starts):
            day = "2026-12-01" if instant < at(ends) else "2026-12-02"
        expected[day] += 1
        instant += timedelta(hours=1)
    labels = shop.account.charges.filter(fee="shipping-label").order_by("at")
    found = [str(day) for day in labels.values_list("service_on", flat=True)]
    assert found == sorted(found)
    assert Counter(found) == expected
    assert not labels.filter(is_late=True).exists()
    shops.run_jobs(last + timedelta(days=2))
    posted = shop.account.items.filter(fee="shipping-label").order_by("posting_on")
    assert {str(item.posting_on): item.charge_count for item in posted} == expected
    november = expected["2026-11-29"] + expected["2026-11-30"]
    assert shop.statement("2026-11") == (True, {"SHIPPING": (november, f"{november}.00")})
    assert shop.statement("2026-12") == (
        False,
        {
            "SHIPPING": (
                sum(expected.values()) - november,
                f"{sum(expected.values()) - november}.00",
            )
        },
    )
    assert shop.invoices() == [
        "2026-11-01 SUBSCRIPTION 39.00",
        f"2026-12-01 SUBSCRIPTION {39 + november}.00",
    ]
    assert deciding.invoice(shop, "2026-12-01").issued_at == at(starts)
    assert shop.account.statements.get(month="2026-11-01").closed_at == at(starts)


@pytest.mark.full  # no day is lost or doubled, above
@each_change_at_length
def test_jobs_three_days_late_over_the_change_give_the_same_books(
    old: str, new: str, starts: str, ends: str, second_ends: str
) -> None:
    shop = moving(old, new, billing_threshold="60.00", payment_days=0)
    before = (at(starts) - timedelta(hours=3)).isoformat()
    shop.place(before, "A", "1500.00")
    shop.deliver(before, "A")
    shop.charge(before, "shipping-label", "50.00")
    shop.charge(before, "storage", "15.00")
    late = at(second_ends) + timedelta(days=3)
    with transaction.atomic():
        shops.run_hourly(at(starts).replace(minute=0) - timedelta(hours=2), late.replace(minute=0))
        shops.run_jobs(late)
        on_time = (shop.books(), zones(shop))
        transaction.set_rollback(True)
    shops.run_jobs(late)
    assert (shop.books(), zones(shop)) == on_time
    assert shop.invoices()[1:] == ["2026-11-30 THRESHOLD 65.00", "2026-12-01 SUBSCRIPTION 39.00"]
    freeze = shop.line.freezes.get(reason="OVERDUE")  # due on 30 November
    assert freeze.placed_at == at(starts)


@each_change
def test_what_happened_before_the_change_and_arrives_after_keeps_its_day(
    old: str, new: str, starts: str, ends: str, second_ends: str
) -> None:
    shop = moving(old, new)
    arrived = (at(second_ends) + timedelta(hours=1)).isoformat()

    def served(instant: datetime) -> tuple[str, bool, str]:
        charge = ChargeFactory.create(
            shop=shop, at=instant.isoformat(), arrived=arrived, amount="1.00"
        )
        assert charge.statement is not None
        return str(charge.service_on), charge.is_late, f"{charge.statement.month:%Y-%m}"

    assert served(at(starts) - timedelta(microseconds=1)) == ("2026-11-30", True, "2026-12")
    assert served(at(starts) - timedelta(hours=23)) == ("2026-11-30", True, "2026-12")
    assert served(at(starts) - timedelta(hours=25)) == ("2026-11-29", True, "2026-12")
    assert served(at(starts) - timedelta(days=31)) == ("2026-10-31", True, "2026-12")
    first = "2026-12-02" if starts == ends else "2026-12-01"
    assert served(at(starts)) == (first, False, "2026-12")
    assert served(at(second_ends) - timedelta(seconds=1)) == ("2026-12-02", False, "2026-12")
    assert served(at(second_ends)) == ("2026-12-03", False, "2026-12")


@each_change
def test_orders_delivered_around_the_change_are_due_by_their_own_day(
    old: str, new: str, starts: str, ends: str, second_ends: str
) -> None:
    shop = moving(old, new, payment_days=10)
    for order in ("before", "heard late", "after"):
        shop.place((at(starts) - timedelta(days=2)).isoformat(), order, "100.00")
    just_before = (at(starts) - timedelta(seconds=1)).isoformat()
    shop.deliver(just_before, "before")
    shop.deliver(at(starts).isoformat(), "after")

    def hear_late(event: dict[str, Any]) -> str:
        return shops.apply(event, arriving=at(second_ends) + timedelta(hours=2))

    platform = shops.Shop(shop.reference, sender=hear_late, timezone=old)
    assert platform.deliver(just_before, "heard late") == "applied"
    due = dict(shop.line.orders.values_list("reference", "due_on"))
    assert {reference: str(day) for reference, day in due.items()} == {
        "before": "2026-12-10",
        "heard late": "2026-12-10",
        "after": "2026-12-12" if starts == ends else "2026-12-11",
    }
