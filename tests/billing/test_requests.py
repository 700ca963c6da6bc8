"""A fulfilment request is there from the first charge that names it."""

import pytest

from billing.models import FulfilmentRequest
from tests import shops
from tests.billing import deciding

pytestmark = pytest.mark.django_db

NOW = "2026-11-10 12:00"


@pytest.fixture
def shop() -> shops.Shop:
    """A shop that has just joined."""
    return shops.join("2026-11-01 10:00", billing_threshold="100000.00")


def requests() -> list[tuple[str, str]]:
    """All fulfilment requests: merchant and reference."""
    found = FulfilmentRequest.objects.order_by("account", "pk")
    return [(request.account.merchant.reference, request.reference) for request in found]


def test_it_is_made_once_however_many_charges_name_it(shop: shops.Shop) -> None:
    shop.charge(NOW, "receiving", "1.00", request="FR-7")
    shop.charge("2026-11-09 12:00", "pick-pack", "2.00", request="FR-7")
    shop.charge("2026-11-11 12:00", "shipping-label", "3.00", request="FR-7")
    shop.charge("2026-11-11 12:00", "shipping-label", "3.00", request="FR-8")
    assert requests() == [("rosewood", "FR-7"), ("rosewood", "FR-8")]
    assert FulfilmentRequest.objects.earliest("pk").first_at == shop.at(NOW)


def test_two_merchants_may_use_one_reference(shop: shops.Shop) -> None:
    willow = shops.join("2026-11-01 10:00", "willow")
    for one in (shop, willow, shop):
        one.charge(NOW, "pick-pack", "1.00", request="FR-7")
    assert requests() == [("rosewood", "FR-7"), ("willow", "FR-7")]


@pytest.mark.parametrize("request_", ["", None])
def test_a_charge_without_a_request_makes_none(shop: shops.Shop, request_: str | None) -> None:
    assert shop.charge(NOW, "app-usage", "1.00", request=request_) == "applied"
    assert requests() == []
    assert shop.account.charges.get(fee="app-usage").request == ""


def test_a_refused_charge_makes_none(shop: shops.Shop) -> None:
    assert shop.charge(NOW, "pick-pack", "-1.00", request="FR-7") == "rejected invalid"
    shop.charge(NOW, "pick-pack", "1.00", "P-1", request="FR-8")
    assert shop.charge(NOW, "pick-pack", "1.00", "P-1", request="FR-9") == "rejected conflict"
    assert requests() == [("rosewood", "FR-8")]


def test_a_credit_belongs_to_the_request_of_its_charge(shop: shops.Shop) -> None:
    shop.charge(NOW, "pick-pack", "10.00", "P-1", request="FR-7")
    deciding.grant(shop, NOW, "4.00", charge="P-1")
    deciding.grant(shop, NOW, "1.00", fee="credit-account")
    assert requests() == [("rosewood", "FR-7")]
    assert sorted(shop.account.charges.filter(request="FR-7").values_list("fee", flat=True)) == [
        "credit-pick-pack",
        "pick-pack",
    ]
