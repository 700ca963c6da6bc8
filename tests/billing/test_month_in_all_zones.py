"""The same month on the merchant's own clock gives the same bills, wherever the merchant is."""

from typing import Any

import pytest

from tests import shops
from tests.billing import deciding
from tests.whole import full

pytestmark = pytest.mark.django_db

ZONES = [
    "Pacific/Kiritimati",  # +14
    "America/St_Johns",  # −2:30, −3:30 from 5 November 2017
    "America/Sao_Paulo",  # 15 October 2017 starts at 01:00
    *full(
        "Pacific/Chatham",  # +12:45, +13:45 from 24 September 2017
        "Asia/Kathmandu",  # +5:45
        "Asia/Kolkata",  # +5:30
        "UTC",
        "Pacific/Pago_Pago",  # −11
    ),
]


def month(zone: str) -> shops.Shop:
    """A shop in this zone from 20 September to 6 November 2017, with charges and a credit at their
    own local times, and the jobs run, hourly around some of the days that end.
    """
    shop = shops.join(
        "2017-09-20 00:00",
        timezone=zone,
        billing_threshold="200.00",
        plan_price="39.00",
        plan_interval_days=45,
    )
    deciding.price("pick-pack", "0.333333", "2017-10-15", at="2017-09-20T00:00Z")
    shop.charge("2017-09-30 23:59:59", "shipping-label", "30.00")
    shop.charge("2017-10-01 00:00", "shipping-label", "40.00")
    shop.charge("2017-10-05 08:15", "storage", "100.00")
    shop.run_jobs("2017-10-14 23:59")
    shop.charge("2017-10-14 23:59:59", "app-usage", "20.00")
    deciding.priced(shop, "2017-10-15 01:00", "pick-pack", 3)
    shop.charge("2017-10-20 00:00", "shipping-label", "60.00")
    shop.charge("2017-10-20 23:59:59", "transaction-fee", "10.00")
    shop.run_hourly("2017-10-20 23:00", "2017-10-21 02:00")
    deciding.grant(shop, "2017-10-25 12:00", "25.00", "credit-storage")
    shop.charge("2017-10-31 23:59:59", "special-project", "50.00")
    shop.run_hourly("2017-10-31 22:00", "2017-11-01 02:00")
    shop.charge("2017-11-05 01:30", "shipping-label", "5.00")
    shop.run_jobs("2017-11-06 12:00")
    return shop


EXPECTED: dict[str, Any] = {
    "bills": [
        "2017-09-20 SUBSCRIPTION 39.00",
        "2017-10-20 CYCLE 91.00",  # 30 + 40 + 20 + 1
        # 60 + 10 − 25 + 100 + 50 is 195.00, short of the threshold.
        "2017-11-04 SUBSCRIPTION 234.00",
    ],
    "statements": {
        "2017-09": (True, {"SHIPPING": (1, "30.00")}),
        "2017-10": (
            True,
            {
                "FULFILMENT": (3, "151.00"),
                "SHIPPING": (2, "100.00"),
                "FULFILMENT_CREDIT": (1, "-25.00"),
            },
        ),
        "2017-11": (False, {"SHIPPING": (1, "5.00")}),
    },
    "figures": ("5.00", "0.00"),
}


@pytest.mark.parametrize("zone", ZONES)
def test_the_same_local_month(zone: str) -> None:
    shop = month(zone)
    assert shop.invoices() == EXPECTED["bills"]
    statements = {name: shop.statement(name) for name in EXPECTED["statements"]}
    assert statements == EXPECTED["statements"]
    assert shop.figures() == EXPECTED["figures"]
    assert shop.lines("2017-11-04", "SUBSCRIPTION") == [
        "credit-storage 2017-10-25 -25.00",
        "shipping-label 2017-10-20 60.00",
        "special-project 2017-10-31 50.00",
        "storage 2017-10-31 100.00",
        "subscription 2017-11-04 39.00",
        "transaction-fee 2017-10-20 10.00",
    ]
    ends = shop.account.statements.get(month="2017-10-01").closed_at
    assert ends == shop.at("2017-11-01 00:00")
