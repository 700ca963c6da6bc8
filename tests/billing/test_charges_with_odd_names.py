"""What the platform calls a charge and its request is its own affair: any printable text."""

import pytest

from billing.models import Charge, FulfilmentRequest
from tests import shops
from tests.whole import some

pytestmark = pytest.mark.django_db

NOW = "2026-11-10 12:00"


@pytest.mark.parametrize(
    "name", some([r"\N", '"', "\\", "a,b", '\\"', r"\.", "{}", "NULL", " ", "ไทย", "'%s"], 3)
)
def test_a_charge_and_its_request_keep_their_names(name: str) -> None:
    shop = shops.join("2026-11-01 10:00")
    assert shop.charge(NOW, "pick-pack", "10.00", name, request=name) == "applied"
    assert shop.charge(NOW, "pick-pack", "10.00", name, request=name) == "duplicate"
    assert shop.charge(NOW, "pick-pack", "10.01", name, request=name) == "rejected conflict"
    assert Charge.objects.get(reference=name).request == name
    assert FulfilmentRequest.objects.get().reference == name
