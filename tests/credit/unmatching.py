"""Cash that no order could take, for tests of what becomes of it."""

from typing import Any

from moneyed import Money

from credit.models import OrderPayment, UnmatchedSettlement
from credit.operations import unmatched
from tests import shops
from tests.shops import Shop

OPERATOR = "olga@tael.example"
NOW = "2026-11-05 10:00"


def shop_with_unmatched_cash(**terms: Any) -> Shop:
    """A shop for whose order A over 100.00 150.00 came, which it could not take; order B over 80.00
    is open.
    """
    shop = shops.join("2026-11-01 10:00", credit_limit="5000.00", **terms)
    shop.place("2026-11-02 10:00", "A", "100.00")
    shop.place("2026-11-02 11:00", "B", "80.00")
    assert shop.pay("2026-11-03 10:00", "A", "150.00", "P") == "rejected overpayment"
    return shop


def cash(shop: Shop) -> OrderPayment:
    """The shop's UNMATCHED payment."""
    return shop.line.payments.get(status="UNMATCHED")


def settle(
    shop: Shop, kind: str, amount: str, at: str = NOW, /, **said: Any
) -> UnmatchedSettlement:
    """Settle so much of the UNMATCHED payment, in this way."""
    given: dict[str, Any] = {
        "payment_id": cash(shop).pk,
        "amount": Money(amount, shop.currency),
        "settled": cash(shop).settled,
        "actor": OPERATOR,
        "reason": "as the buyer wrote",
        "now": shop.at(at),
    }
    ways: dict[str, tuple[Any, dict[str, Any]]] = {
        "apply": (unmatched.apply, {"order": "B"}),
        "release": (unmatched.release, {}),
        "return": (unmatched.give_back, {"reference": "BANK-7"}),
    }
    way, more = ways[kind]
    settled: UnmatchedSettlement = way(**given | more | said)
    return settled
