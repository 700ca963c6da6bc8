"""What tests of billing credits have in common: a shop with a charge."""

from typing import Any

from tests import shops

NOW = "2026-11-10 12:00"

LATER = "2026-11-10 13:00"


def open_shop(**terms: Any) -> shops.Shop:
    """A shop with a pick-pack charge P-1 of 40.00 and a label L-1 of 25.00 on 10 November 2026.
    `terms` are those it joins with.
    """
    shop = shops.join("2026-11-01 10:00", **{"billing_threshold": "1000.00"} | terms)
    shop.charge(NOW, "pick-pack", "40.00", "P-1", request="FR-7")
    shop.charge(NOW, "shipping-label", "25.00", "L-1")
    return shop
