"""What a merchant may owe, has reserved, and has earned.

CreditLine         one per merchant; limit, used and proceeds are the sums of its entries.
CreditPolicy       the figures of the rules for a currency; a version never changes.
FormerClosing      a time for which a line was closed, and is no more; append-only.
FormerDays         payment and settlement days that a line had before; append-only.
Freeze             a reason why the line takes no new orders; in force until lifted.
LimitEntry         a change of limit or used, with both balances after it; append-only.
LimitRequest       a question or raise that a merchant asks for; answered once, by an operator.
LimitReview        a monthly look at a line; inputs, points and outcome are kept for ever.
Order              one buyer's "pay later" order; used is the sum of what OPEN orders owe.
OrderFlag          orders that a person should look at; one per cause.
OrderPayment       cash that came for an order; kept even when it cannot take it (UNMATCHED).
OrderRefund        money given back to a buyer, in parts by where it came from; never changes.
PaymentFile        a pain.001 for the bank: how it is written again, byte for byte; append-only.
PayoutAnswer       a row of a PayoutAnswerFile, about one withdrawal; processed once.
PayoutAnswerFile   a file of the bank's answers about withdrawals; a job processes its rows.
PayoutDestination  where proceeds may go; its number is encrypted.
PayoutRun          the outcome of a schedule on a local day; one a day.
PayoutSchedule     automatic withdrawals of a merchant, each day or week; one in force at a time.
ProceedsCorrection  an operator's correction of proceeds, or its counter-entry; append-only.
ProceedsEntry      a change of the proceeds; append-only.
RefusedCash        a payment or refund that was refused; waits until it is sent again or is closed.
ShopMetrics        what the platform measured of a shop at an instant; input of reviews.
UnmatchedSettlement  a decision about a part of UNMATCHED cash; the parts never exceed it.
Withdrawal         proceeds on their way; debited once, returned at most once.
"""

from credit.models.corrections import ProceedsCorrection
from credit.models.lines import CreditLine, FormerClosing, FormerDays, Freeze, LimitEntry
from credit.models.metrics import ShopMetrics
from credit.models.orders import Order, OrderPayment
from credit.models.payment_files import PaymentFile
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
    "FormerClosing",
    "FormerDays",
    "Freeze",
    "LimitEntry",
    "LimitRequest",
    "LimitReview",
    "Order",
    "OrderFlag",
    "OrderPayment",
    "OrderRefund",
    "PaymentFile",
    "PayoutAnswer",
    "PayoutAnswerFile",
    "PayoutDestination",
    "PayoutRun",
    "PayoutSchedule",
    "ProceedsCorrection",
    "ProceedsEntry",
    "RefusedCash",
    "ShopMetrics",
    "UnmatchedSettlement",
    "Withdrawal",
]
