"""What a merchant may owe, has reserved, and has earned.

CreditLine     one per merchant; limit, used and proceeds are the sums of its entries.
Freeze         a reason why the line takes no new orders; in force until lifted.
LimitEntry     every change of limit or used, append-only; after it the balances it left.
Order          one buyer's "pay later" order; what is outstanding of OPEN ones is what is used.
OrderPayment   cash that came for an order; kept even when the order cannot take it (UNMATCHED).
ProceedsEntry  every change of what the merchant has earned, append-only.
ShopMetrics    what the platform measured of a shop at an instant; input of limit reviews.
"""

from credit.models.lines import CreditLine, Freeze, LimitEntry
from credit.models.metrics import ShopMetrics
from credit.models.orders import Order, OrderPayment
from credit.models.proceeds import ProceedsEntry

__all__ = [
    "CreditLine",
    "Freeze",
    "LimitEntry",
    "Order",
    "OrderPayment",
    "ProceedsEntry",
    "ShopMetrics",
]
