"""A refused event is sent again in the cell that its merchant is in by then."""

import pytest

from gateway.models import ReceivedEvent
from lib import cells
from tests import shops
from tests.credit.pages import set_clock
from tests.factories import browser_of, operator
from tests.gateway.asking import Caller

pytestmark = pytest.mark.django_db


def test_what_was_refused_before_its_merchant_joined_is_applied_in_the_merchants_cell(
    two_cells: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(monkeypatch)("2026-11-02 12:00")
    shops.join("2026-11-01 09:00", "meadow")
    platform = Caller()
    data = {"order": "B-1", "buyer": "Mei", "amount": "5.00", "currency": "USD"}
    sent = {"id": "e-1", "type": "order.placed", "at": "2026-11-02T11:00:00Z",
            "merchant": "orchard", "data": data}  # fmt: skip
    for one in (sent, {**sent, "id": "e-2", "merchant": "nobody"}):
        (result,) = platform.events(one)
        assert (result["outcome"], result["code"]) == ("rejected", "unknown_merchant")
    orchard = shops.join("2026-11-01 09:00", "orchard")
    assert orchard.merchant.cell == 2
    with cells.at(1):
        first, unknown = ReceivedEvent.objects.order_by("pk")
    browser = browser_of(operator("Credit officer"))
    for row in (first, unknown):
        address = f"/admin/gateway/receivedevent/{row.pk}/decide/send-again/"
        answer = browser.post(address, {"reason": "The shop is here now."})
        assert answer.status_code == 302
    with cells.at(2):
        assert orchard.order("B-1") == ("OPEN", "5.00")
        again = ReceivedEvent.objects.get()
        assert (again.event, again.outcome, again.again_id) == ("e-1", "applied", None)
    with cells.at(1):
        refused = ReceivedEvent.objects.order_by("pk")
        assert [(one.event, one.outcome, one.again_id) for one in refused] == [
            ("e-1", "rejected", None),
            ("e-2", "rejected", None),
            ("e-2", "rejected", unknown.pk),
        ]
        assert all(one.sent_again_at for one in refused[:2])
