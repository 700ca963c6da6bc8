"""Days are the merchant's own, wherever its clocks go. Days of the clock's change: test_7 of the
worked examples."""

from datetime import datetime, timedelta

import pytest

from billing.models import Charge, InvoiceItem, Statement
from tests import shops
from tests.whole import full

pytestmark = pytest.mark.django_db


def labels_every_hour(zone: str, first: str, last: str) -> shops.Shop:
    """A shop with a label of 1.00 in each hour from `first` up to `last`; the jobs
    run before each.
    """
    shop = shops.join(first, timezone=zone, billing_threshold="10000.00")
    instant, end = datetime.fromisoformat(first), datetime.fromisoformat(last)
    while instant < end:
        shops.run_jobs(instant)
        assert shop.charge(instant.isoformat(), "shipping-label", "1.00") == "applied"
        instant += timedelta(hours=1)
    shops.run_jobs(end)
    return shop


def days() -> list[tuple[str, int]]:
    """Posting day and charges of each item of labels."""
    items = InvoiceItem.objects.filter(fee="shipping-label").order_by("posting_on")
    return [(str(item.posting_on), item.charge_count) for item in items]


def test_samoa_skipped_the_thirtieth_of_december_2011() -> None:
    # Clocks went from 29 December 23:59:59 (UTC-10) to 31 December 00:00 (UTC+14).
    shop = labels_every_hour("Pacific/Apia", "2011-12-29T10:00Z", "2012-01-01T10:00Z")
    assert days() == [("2011-12-29", 24), ("2011-12-31", 24), ("2012-01-01", 24)]
    assert shop.statement("2011-12") == (True, {"SHIPPING": (48, "48.00")})
    assert shop.statement("2012-01") == (False, {"SHIPPING": (24, "24.00")})


def test_a_plan_date_on_the_day_that_samoa_skipped_is_billed_all_the_same() -> None:
    shop = shops.join("2011-11-30 10:00", timezone="Pacific/Apia", plan_price="39.00")
    shop.run_jobs("2011-12-31 00:00")
    assert shop.invoices() == ["2011-11-30 SUBSCRIPTION 39.00", "2011-12-30 SUBSCRIPTION 39.00"]


@pytest.mark.full  # a zone that skips a day, above
def test_a_zone_of_quarter_hours_with_jobs_on_the_hour() -> None:
    # Kathmandu is 5:45 ahead: its days end at 18:15 UTC, and the job comes at 19:00.
    labels_every_hour("Asia/Kathmandu", "2026-11-09T18:00Z", "2026-11-11T19:00Z")
    assert days() == [("2026-11-09", 1), ("2026-11-10", 24), ("2026-11-11", 24)]
    posted = InvoiceItem.objects.get(posting_on="2026-11-10", fee="shipping-label").posted_at
    assert posted == shops.instant("2026-11-10T18:15Z")


def test_the_first_and_the_last_zone_of_the_world() -> None:
    now = "2026-11-30T10:30Z"
    kiritimati = shops.join(now, "kiritimati", timezone="Pacific/Kiritimati")  # UTC+14
    pago_pago = shops.join(now, "pago-pago", timezone="Pacific/Pago_Pago")  # UTC-11
    for shop in (kiritimati, pago_pago):
        shop.charge(now, "shipping-label", "1.00")
    found = Charge.objects.filter(fee="shipping-label").order_by("account")
    assert [str(charge.service_on) for charge in found] == ["2026-12-01", "2026-11-29"]
    shops.run_jobs(shops.instant("2026-12-01T10:00Z"))
    assert kiritimati.figures() == ("1.00", "0.00")
    assert kiritimati.statement("2026-12") == (False, {"SHIPPING": (1, "1.00")})
    assert pago_pago.statement("2026-11") == (False, {"SHIPPING": (1, "1.00")})
    shops.run_jobs(shops.instant("2026-12-01T11:00Z"))
    assert pago_pago.statement("2026-11") == (True, {"SHIPPING": (1, "1.00")})


@pytest.mark.full  # a zone that skips a day, above
@pytest.mark.parametrize(
    ("zone", "month", "ends", "labels"),
    [
        # 31 October 2024 repeats its last hour, and so October does.
        ("Africa/Cairo", "2024-10", "2024-10-31T22:00Z", [1, 25, 3]),
        *full(
            # 1 October 2017 starts at 01:00: the month ended in the jump.
            ("America/Asuncion", "2017-09", "2017-10-01T04:00Z", [2, 24, 3]),
            # 1 November 2026 has two midnights: October ends at the first.
            ("America/Havana", "2026-10", "2026-11-01T04:00Z", [2, 24, 3]),
        ),
    ],
)
def test_a_month_that_ends_as_clocks_change(
    zone: str, month: str, ends: str, labels: list[int]
) -> None:
    end = datetime.fromisoformat(ends)
    first, last = end - timedelta(hours=26), end + timedelta(hours=3)
    shop = labels_every_hour(zone, first.isoformat(), last.isoformat())
    assert [count for _, count in days()] == labels
    assert shop.statement(month) == (True, {"SHIPPING": (26, "26.00")})
    assert Statement.objects.get(closed_at__isnull=False).closed_at == end
