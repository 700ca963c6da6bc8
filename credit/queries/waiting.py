"""What of credit waits for an operator (merchants.waiting)."""

from datetime import datetime, timedelta

from django.db.models import F, Q

from credit.models import LimitRequest, LimitReview, OrderFlag, OrderPayment, Withdrawal
from credit.queries.withdrawals import is_sendable
from merchants.waiting import Queue, with_status

LATELY = timedelta(days=30)
UNDER_WAY = Q(ended_at__isnull=True)
TOTAL = F("amount") + F("fee")


def _to_send(now: datetime) -> Q:
    """As queries.withdrawals.to_export has it."""
    return is_sendable() & Q(provider=Withdrawal.MANUAL)


REVIEWS = Queue(
    "to-decide",
    "Raises after a review",
    LimitReview,
    with_status(LimitReview.Status.PENDING),
    since="at",
    merchant="line_id",
    amount=F("limit_proposed") - F("limit_before"),
)
RAISES = Queue(
    "raises",
    "Raises asked for",
    LimitRequest,
    with_status(LimitRequest.Status.PENDING, kind=LimitRequest.Kind.RAISE),
    since="asked_at",
    merchant="line_id",
    amount=F("limit_wanted") - F("line__limit"),
)
QUESTIONS = Queue(
    "questions",
    "Questions about limits",
    LimitRequest,
    with_status(LimitRequest.Status.PENDING, kind=LimitRequest.Kind.QUESTION),
    since="asked_at",
    merchant="line_id",
)
TO_APPROVE = Queue(
    "to-approve",
    "Withdrawals to approve",
    Withdrawal,
    lambda now: UNDER_WAY & Q(status=Withdrawal.Status.REQUESTED, needs_approval=True),
    since="requested_at",
    merchant="line_id",
    amount=TOTAL,
)
TO_SEND = Queue(
    "to-send",
    "Withdrawals to send",
    Withdrawal,
    _to_send,
    since="requested_at",
    merchant="line_id",
    amount=TOTAL,
)
LATE = Queue(
    "late",
    "Withdrawals later than 24 hours",
    Withdrawal,
    lambda now: UNDER_WAY & Q(flagged_late_at__isnull=False),
    since="requested_at",
    merchant="line_id",
    amount=TOTAL,
)
UNKNOWN = Queue(
    "unknown",
    "Withdrawals without an answer",
    Withdrawal,
    lambda now: UNDER_WAY & Q(status=Withdrawal.Status.UNKNOWN),
    since="requested_at",
    merchant="line_id",
    amount=TOTAL,
)
FLAGS = Queue(
    "to-look-at",
    "Flagged orders",
    OrderFlag,
    with_status(OrderFlag.Status.OPEN),
    since="at",
    merchant="line_id",
)
# Nothing settles these: they are shown for as long as somebody may still ask about them.
UNMATCHED = Queue(
    "unmatched",
    "Cash that no order could take, last 30 days",
    OrderPayment,
    lambda now: Q(status=OrderPayment.Status.UNMATCHED, at__gt=now - LATELY),
    since="at",
    merchant="line_id",
    amount=F("amount"),
    like=OrderFlag,
)
QUEUES = (
    REVIEWS, RAISES, QUESTIONS, TO_APPROVE, TO_SEND, LATE, UNKNOWN, FLAGS, UNMATCHED,
)  # fmt: skip
