"""Files are brought in for merchants of all cells, wherever an operator is."""

import pytest

from gateway.imports import operations
from gateway.imports.faults import BadRows
from gateway.imports.models import Import
from lib import cells
from tests import shops

pytestmark = pytest.mark.django_db

NOW = shops.instant("2026-11-03 12:00")
PAYMENTS = """\
merchant,order,payment,amount,currency
meadow,A-1,P-1,5.00,USD
orchard,A-1,P-2,5.00,USD
"""


def upload(content: str) -> Import:
    """Have an officer upload a file of payments."""
    return operations.upload(
        kind="PAYMENTS", file_name="p.csv", content=content.encode(), reason="From the old shop.",
        actor="olga@tael.example", now=NOW,
    )  # fmt: skip


@pytest.mark.parametrize("chosen", [0, 1, 2])
def test_payments_for_merchants_of_all_cells_are_one_file(two_cells: None, chosen: int) -> None:
    both = [shops.join("2026-11-01 09:00", name) for name in ("meadow", "orchard")]
    for shop in both:
        assert shop.place("2026-11-02 10:00", "A-1", "10.00") == "applied"
    assert [shop.merchant.cell for shop in both] == [1, 2]
    with cells.at(chosen) if chosen else cells.nowhere():
        with pytest.raises(BadRows) as refused:
            upload(PAYMENTS + "orchard,A-2,P-3,5.00,USD\nmeadow,A-3,P-4,5.00,USD\n")
        file = upload(PAYMENTS)
    assert refused.value.told() == [
        "Line 4, order: orchard has no order A-2.",
        "Line 5, order: meadow has no order A-3.",
    ]
    while operations.take_some(file.pk, now=NOW):
        pass
    assert sorted(file.rows.values_list("merchant", "outcome")) == [
        ("meadow", "applied"), ("orchard", "applied")
    ]  # fmt: skip
    for shop in both:
        with cells.at(shop.merchant.cell):
            assert shop.order("A-1") == ("OPEN", "5.00")
