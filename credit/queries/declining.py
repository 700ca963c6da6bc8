"""Why an order would be declined: asked when one is placed, and when a merchant asks (rule 4.5).
Nothing here writes.
"""

from moneyed import Money

from credit.models import CreditLine, Order
from credit.queries.exposure import owed_by
from credit.rules import HIGH_RISK


def decline_code(
    line: CreditLine, amount: Money, *, buyer: str | None = None, buyer_risk: int = 0
) -> str:
    """The code of the first reason to decline an order of `amount` in the line's
    currency; "" if there is none. They are asked in this order: closed account, freeze,
    pause, the merchant's caps on an order and on what a buyer owes (one code for both),
    a buyer's risk of HIGH_RISK or above, the limit. An amount equal to a cap, or to
    what is available, is no reason. Without a buyer, the cap on what one buyer may owe,
    which counts this order and written-off ones, is left out.
    """
    if line.is_closed:
        return Order.Decline.ACCOUNT_CLOSED
    if line.is_frozen:
        return Order.Decline.LINE_FROZEN
    if line.is_paused:
        return Order.Decline.PAUSED_BY_MERCHANT
    if line.order_cap is not None and amount > line.order_cap:
        return Order.Decline.ABOVE_OWN_CAP
    if _is_above_cap_of_buyer(line, amount, buyer):
        return Order.Decline.ABOVE_OWN_CAP
    if buyer_risk >= HIGH_RISK:
        return Order.Decline.BUYER_RISK
    if amount > line.available:
        return Order.Decline.INSUFFICIENT_CREDIT
    return ""


def _is_above_cap_of_buyer(line: CreditLine, amount: Money, buyer: str | None) -> bool:
    """Whether the order would take what its buyer owes, written-off orders included, above the
    merchant's cap for one buyer. False without a buyer or a cap.
    """
    if buyer is None or line.buyer_cap is None:
        return False
    return owed_by(line, buyer) + amount > line.buyer_cap
