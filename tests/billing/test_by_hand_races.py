"""Two people do the same by hand at the same moment: it is done once."""

import pytest

from lib.refusals import Refused
from tests import shops
from tests.billing.by_hand import charge, draw_up, waive
from tests.billing.paying import manual, means, state
from tests.threads import at_once, every_order

pytestmark = pytest.mark.django_db(transaction=True)

AT = "2026-11-10 12:00"


@every_order
def test_a_form_sent_eight_times_at_once_charges_once() -> None:
    shop = shops.join("2026-11-01 10:00")
    made = at_once(lambda _number: charge(shop, AT).pk)
    assert len(made) == 1
    assert shop.figures() == ("12.50", "0.00")


@every_order
def test_a_form_sent_eight_times_at_once_waives_once() -> None:
    shop = manual()
    made = at_once(lambda _number: waive(shop, AT, "9.00").pk)
    assert len(made) == 1
    assert (state(), means()) == ("OPEN 9.00/39.00", ["credit 9.00 SUCCEEDED"])


@every_order
def test_a_bill_asked_for_eight_times_at_once_is_one() -> None:
    shop = shops.join("2026-11-01 10:00")
    shop.charge("2026-11-02 10:00", "pick-pack", "30.00")

    def ask(_number: int) -> str:
        try:
            return draw_up(shop, AT).kind
        except Refused as refusal:
            return refusal.code

    assert at_once(ask) == {"ON_REQUEST": 1, "nothing_to_bill": 7}
    assert shop.invoices() == ["2026-11-10 ON_REQUEST 30.00"]
