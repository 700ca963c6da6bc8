"""What a merchant may owe, has reserved, and has earned.

CreditLine         one per merchant; limit, used and proceeds are the sums of its entries.
CreditPolicy       the numbers of the rules per currency; a version never changes.
FormerDays         payment and settlement days that a line had before; append-only.
Freeze             a reason why the line takes no new orders; in force until lifted.
LimitEntry         every change of limit or used, append-only; after it the balances it left.
LimitRequest       a merchant asks about the limit; answered once, by an operator.
LimitReview        a monthly look at a line; inputs, points and outcome are kept for ever.
Order              one buyer's "pay later" order; what OPEN ones owe is what is used.
OrderFlag          orders that a person should look at; one per cause.
OrderPayment       cash that came for an order; kept even when it cannot take it (UNMATCHED).
OrderRefund        what a buyer was given back, split by where it came from.
PayoutAnswer       what the bank said of one withdrawal; taken in once.
PayoutAnswerFile   an upload of such; its rows are taken in by a job.
PayoutDestination  where proceeds may go; its number is encrypted.
PayoutRun          what a schedule came to on a local day; one a day.
PayoutSchedule     a merchant's wish to withdraw all there is each day or week; one at a time.
ProceedsEntry      every change of what the merchant has earned, append-only.
RefusedCash        a payment or refund that was refused; waits until it comes again or is closed.
ShopMetrics        what the platform measured of a shop at an instant; input of reviews.
UnmatchedSettlement  what became of UNMATCHED cash; the parts never exceed it.
Withdrawal         proceeds on their way; debited once, returned at most once.
"""

from credit.models.lines import CreditLine, FormerDays, Freeze, LimitEntry
from credit.models.metrics import ShopMetrics
from credit.models.orders import Order, OrderPayment
from credit.models.payout_answers import PayoutAnswer, PayoutAnswerFile
from credit.models.payout_schedules import PayoutRun, PayoutSchedule
from credit.models.policy import CreditPolicy
from credit.models.proceeds import ProceedsEntry
from credit.models.refunds import OrderRefund
from credit.models.requests import LimitRequest, OrderFlag
from credit.models.reviews import LimitReview
from credit.models.settlements import RefusedCash, UnmatchedSettlement
from credit.models.withdrawals import PayoutDestination, Withdrawal

__all__ = [
    "CreditLine",
    "CreditPolicy",
    "FormerDays",
    "Freeze",
    "LimitEntry",
    "LimitRequest",
    "LimitReview",
    "Order",
    "OrderFlag",
    "OrderPayment",
    "OrderRefund",
    "PayoutAnswer",
    "PayoutAnswerFile",
    "PayoutDestination",
    "PayoutRun",
    "PayoutSchedule",
    "ProceedsEntry",
    "RefusedCash",
    "ShopMetrics",
    "UnmatchedSettlement",
    "Withdrawal",
]
